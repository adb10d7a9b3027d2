"""Policies that raise, return nonsense or hang: each becomes a named end, and nobody asks them again."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from datasets.labels import CARLA_29, LabelSet
from harness.carla_client.route_plan import Command
from harness.closed_loop.policy import (
    DrivingObservation,
    EpisodeFacts,
    Explanation,
    Policy,
    VehicleControl,
    VehicleFacts,
)
from harness.closed_loop.policy_guard import Decision, PolicyFailure, PolicyGuard
from harness.errors import ScenarioFileError
from sim_scenarios.camera import CameraSpec

FACTS = EpisodeFacts(
    camera=CameraSpec(),
    vehicle=VehicleFacts(
        wheelbase_m=2.9, rear_axle_x_m=-1.4, front_m=2.4, rear_m=2.4, width_m=1.9, max_steer_deg=70.0,
        steering_curve=((0.0, 1.0),),
    ),
    decision_s=0.05,
    tag_set=CARLA_29,
    seed=0,
)  # fmt: skip
SEEN = DrivingObservation(
    tick=0, time_s=0.0, speed=0.0, yaw_rate=0.0, pitch_deg=0.0, roll_deg=0.0, speed_limit=10.0,
    command=Command.FOLLOW, command_distance_m=math.inf, rgb=np.zeros((4, 6, 3), np.uint8),
)  # fmt: skip


class MadeUp(Policy):
    """Does in ``act`` what it was given."""

    def __init__(
        self,
        act: Callable[[], Any],
        *,
        begin: Callable[[], Any] = lambda: None,
        shown: Any = None,
        label_set: Any = None,
    ) -> None:
        self._act, self._begin, self._shown, self._label_set = act, begin, shown, label_set
        self.threads: list[threading.Thread] = []
        self.asked = 0

    def begin(self, episode: EpisodeFacts) -> None:
        self.threads.append(threading.current_thread())
        self._begin()

    def act(self, observation: DrivingObservation) -> VehicleControl:
        self.threads.append(threading.current_thread())
        self.asked += 1
        return cast(VehicleControl, self._act())

    def explain(self) -> Explanation | None:
        return cast("Explanation | None", self._shown)

    @property
    def label_set(self) -> LabelSet | None:
        if isinstance(self._label_set, Exception):
            raise self._label_set
        return cast("LabelSet | None", self._label_set)


@pytest.fixture
def guarded() -> Iterator[Callable[[Policy], PolicyGuard]]:
    guards: list[PolicyGuard] = []

    def guard(policy: Policy, *, timeout_s: float = 5.0) -> PolicyGuard:
        guards.append(PolicyGuard(policy, act_timeout_s=timeout_s))
        return guards[-1]

    yield guard
    for each in guards:
        each.close()


def fail() -> None:
    raise ValueError("no road today")


def test_a_good_policy_is_passed_through(guarded: Callable[[Policy], PolicyGuard]) -> None:
    control, shown = VehicleControl(throttle=0.3), Explanation(mask=np.zeros((4, 6), np.uint8))
    policy = MadeUp(lambda: control, shown=shown)
    guard = guarded(policy)
    assert guard.begin(FACTS) is None
    decision = guard.act(SEEN)
    assert isinstance(decision, Decision)
    assert decision.control is control
    assert decision.explanation is shown
    assert len(set(policy.threads)) == 1, "one thread does all"
    assert policy.threads[0] is not threading.current_thread()


def test_an_error_is_told_with_its_place_and_without_a_path(guarded: Callable[[Policy], PolicyGuard]) -> None:
    policy = MadeUp(fail)
    guard = guarded(policy)
    failure = guard.act(SEEN)
    assert isinstance(failure, PolicyFailure)
    assert failure.reason == "policy raised"
    assert failure.message.startswith("ValueError: no road today (test_policy_guard.py:")
    assert "/" not in failure.message
    assert guard.act(SEEN) is failure
    assert policy.asked == 1, "it is never asked again"


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), MemoryError()])
def test_whatever_it_raises_stays_with_it(guarded: Callable[[Policy], PolicyGuard], error: BaseException) -> None:
    def leave() -> None:
        raise error

    failure = guarded(MadeUp(leave)).act(SEEN)
    assert isinstance(failure, PolicyFailure)
    assert type(error).__name__ in failure.message


def test_a_begin_that_raises(guarded: Callable[[Policy], PolicyGuard]) -> None:
    policy = MadeUp(VehicleControl, begin=fail)
    guard = guarded(policy)
    failure = guard.begin(FACTS)
    assert failure is not None
    assert failure.reason == "policy raised"
    assert guard.act(SEEN) is failure
    assert policy.asked == 0


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "act returned NoneType, expected a VehicleControl"),
        ((0.1, 0.0, 0.0), "act returned tuple"),
        (VehicleControl(steer=math.nan), "steer is nan"),
        (VehicleControl(throttle=1.5), "throttle is 1.5"),
        (VehicleControl(brake=-0.1), "brake is -0.1"),
        (VehicleControl(throttle=cast(float, "much")), "throttle is 'much'"),
    ],
)
def test_nonsense(guarded: Callable[[Policy], PolicyGuard], answer: Any, said: str) -> None:
    failure = guarded(MadeUp(lambda: answer)).act(SEEN)
    assert isinstance(failure, PolicyFailure)
    assert failure.reason == "policy returned nonsense"
    assert said in failure.message


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ("a mask", "explain returned str"),
        (Explanation(mask=np.zeros((2, 3), np.uint8)), r"mask of uint8 (2, 3), expected uint8 (4, 6)"),
        (Explanation(mask=cast(Any, np.zeros((4, 6), np.int64))), "mask of int64"),
        (Explanation(mask=cast(Any, [[0] * 6] * 4)), "mask of list, expected an array"),
        (Explanation(mask=np.full((4, 6), 29, np.uint8)), "class id 29, but carla29 has 29 classes"),
        (Explanation(mask=np.full((4, 6), 255, np.uint8)), "class id 255, but carla29 has 29 classes"),
        (Explanation(center_line=cast(Any, [[1.0, 2.0]])), "center_line of type list, expected an array"),
        (Explanation(center_line=np.zeros(4, np.float32)), "center_line of float32 (4,), expected (P, 2)"),
        (Explanation(center_line=cast(Any, np.array([["a", "b"]]))), "expected an array of floats"),
        (Explanation(hazard_distance_m=cast(float, None)), "hazard_distance_m None, expected a number"),
        (Explanation(hazard_class=cast(int, "car")), "hazard_class 'car'"),
        (Explanation(state=cast(Any, 2)), "state 2"),
        (Explanation(reason=cast(str, None)), "reason None"),
    ],
)
def test_an_explanation_that_cannot_be_logged(guarded: Callable[[Policy], PolicyGuard], shown: Any, said: str) -> None:
    guard = guarded(MadeUp(VehicleControl, shown=shown, label_set=CARLA_29))
    assert guard.begin(FACTS) is None
    failure = guard.act(SEEN)
    assert isinstance(failure, PolicyFailure)
    assert failure.reason == "policy returned nonsense"
    assert said in failure.message


def test_numbers_of_numpy_are_numbers(guarded: Callable[[Policy], PolicyGuard]) -> None:
    control = VehicleControl(throttle=cast(float, np.float32(0.25)))
    shown = Explanation(
        center_line=np.ones((3, 2), np.float32),
        hazard_distance_m=cast(float, np.float32(2)),
        hazard_class=cast(int, np.int64(3)),
    )
    assert isinstance(guarded(MadeUp(lambda: control, shown=shown)).act(SEEN), Decision)


@pytest.mark.parametrize("label_set", ["carla29", ValueError("none today")])
def test_a_label_set_that_is_none(guarded: Callable[[Policy], PolicyGuard], label_set: Any) -> None:
    guard = guarded(MadeUp(VehicleControl, label_set=label_set))
    failure = guard.begin(FACTS)
    assert failure is not None
    assert failure.reason == ("policy raised" if isinstance(label_set, Exception) else "policy returned nonsense")
    assert guard.act(SEEN) is failure


def test_an_error_of_ours_is_told_as_it_is(guarded: Callable[[Policy], PolicyGuard]) -> None:
    def refuse() -> None:
        raise ScenarioFileError("the camera sees no ground: tilt it")

    failure = guarded(MadeUp(VehicleControl, begin=refuse)).begin(FACTS)
    assert failure is not None
    assert failure.message == "the camera sees no ground: tilt it"


def test_a_message_names_files_without_their_folders(guarded: Callable[[Policy], PolicyGuard], tmp_path: Path) -> None:
    failure = guarded(MadeUp((tmp_path / "weights.pt").read_bytes)).act(SEEN)
    assert isinstance(failure, PolicyFailure)
    assert "No such file or directory: 'weights.pt'" in failure.message


def test_one_that_hangs_is_left_behind() -> None:
    wakes = threading.Event()
    policy = MadeUp(lambda: wakes.wait(30.0))
    guard = PolicyGuard(policy, act_timeout_s=0.2, begin_timeout_s=0.2)
    started = time.monotonic()
    failure = guard.act(SEEN)
    assert isinstance(failure, PolicyFailure)
    assert failure.reason == "policy hung"
    assert failure.message == "no answer to act within 0.2 s"
    assert guard.act(SEEN) is failure
    assert time.monotonic() - started < 10.0
    assert policy.threads[0].daemon
    wakes.set()
    guard.close()


def test_the_first_decision_may_take_as_long_as_the_beginning(guarded: Callable[[Policy], PolicyGuard]) -> None:
    """Kernels are compiled in it."""

    def slowly() -> VehicleControl:
        time.sleep(0.3)
        return VehicleControl()

    guard = guarded(MadeUp(slowly), timeout_s=0.1)
    assert isinstance(guard.act(SEEN), Decision)
    failure = guard.act(SEEN)
    assert isinstance(failure, PolicyFailure)
    assert failure.message == "no answer to act within 0.1 s"


def test_even_one_that_computes_for_ever_lets_go() -> None:
    stop = threading.Event()

    def spin() -> None:
        while not stop.is_set():
            pass

    guard = PolicyGuard(MadeUp(spin), act_timeout_s=0.2, begin_timeout_s=0.2)
    failure = guard.act(SEEN)
    stop.set()
    guard.close()
    assert isinstance(failure, PolicyFailure)
    assert failure.reason == "policy hung"
