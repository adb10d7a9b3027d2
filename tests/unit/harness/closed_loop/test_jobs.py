"""One episode after the other, with made-up rollouts in place of a server: what is written, and what is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from PIL import Image

from datasets.labels import CARLA_29
from harness.carla_client.observation import CameraPair, Observation
from harness.carla_client.route_plan import Command
from harness.closed_loop import jobs
from harness.closed_loop.episode_files import clip_file, drive_log_file, load_timing, timing_file
from harness.closed_loop.episode_log import EpisodeLog
from harness.closed_loop.jobs import EpisodeRunner
from harness.closed_loop.policies.truth import TruthPolicy
from harness.closed_loop.policy import DrivingObservation, VehicleControl
from harness.closed_loop.rollout import EpisodeResult
from harness.errors import ServerLostError, UsageError
from harness.run_dir import digest_input
from harness.workers.protocol import EpisodeDone, EpisodeJob, Event, Failed, Frame, Note
from tests.unit.harness.closed_loop.drive_folder import DriveFolder, make_plan
from tests.unit.harness.closed_loop.made_logs import make_log


class NoSimulator:
    """Hands out no session."""

    def __init__(self) -> None:
        self.closed = 0

    def session_with(self, fixed_delta_seconds: float) -> Any:
        return None

    def close_session(self) -> None:
        self.closed += 1


class DriveLogFile:
    """A drive log as far as it is saved."""

    def save(self, path: Path) -> None:
        path.write_bytes(b"drive")


class Bench:
    """A runner with its events, whose rollouts are made up."""

    def __init__(self, out: Path, monkeypatch: pytest.MonkeyPatch, **nets: Any) -> None:
        self.simulator = NoSimulator()
        self.events: list[Event] = []
        self.out = out
        simulator: Any = self.simulator
        self.runner = EpisodeRunner(simulator, nets, CARLA_29, on_event=self.events.append)
        self.asked: dict[str, Any] = {}
        self.log: dict[str, Any] = {}
        self.error: Exception | None = None
        monkeypatch.setattr(jobs, "run_episode", self._run_episode)

    def job(self, **changes: Any) -> EpisodeJob:
        return DriveFolder(self.out, make_plan(**changes)).jobs[0]

    def _run_episode(
        self, session: Any, scenario: Any, policy: Any, *, on_tick: Callable[[int], None],
        on_look: Callable[..., None], on_pictures: Callable[[Observation], None], **asked: Any,
    ) -> EpisodeResult:  # fmt: skip
        self.asked = asked | {"scenario": scenario, "policy": policy}
        for tick in range(2):
            on_tick(tick)
            on_pictures(pictures(tick, asked["camera"].name) if policy.senses else pictures(tick))
            on_look(observation(tick), VehicleControl(), None)
        if self.error is not None:
            raise self.error
        drive_log: Any = DriveLogFile()
        return EpisodeResult(
            log=make_log(key=asked["key"], **self.log),
            drive_log=drive_log,
            timing={"act_s": np.array([0.25]), "tick_s": np.array([0.5, 0.5])},
            notes=("a picture never came",),
        )


def pictures(tick: int, *cameras: str) -> Observation:
    pair = CameraPair(
        rgb=np.full((180, 320, 3), 90, np.uint8), tags=np.ones((180, 320), np.uint8), transform=(0.0,) * 6
    )
    return Observation(
        frame=tick, tick=tick, timestamp_s=tick * 0.5, cameras=dict.fromkeys(cameras, pair), ego_transform=(0.0,) * 6,
        ego_speed=5.0, gaps=(),
    )  # fmt: skip


def observation(tick: int) -> DrivingObservation:
    return DrivingObservation(
        tick=tick, time_s=tick * 0.5, speed=5.0, yaw_rate=0.0, pitch_deg=0.0, roll_deg=0.0, speed_limit=10.0,
        command=Command.FOLLOW, command_distance_m=float("inf"),
    )  # fmt: skip


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path, monkeypatch)


def test_an_episode_writes_its_files_and_says_what_they_are(bench: Bench) -> None:
    job = bench.job(rules=replace(make_plan().rules, decide_every=3))
    done = bench.runner.run(job)
    assert isinstance(done, EpisodeDone)
    assert (done.status, done.message, done.ends_worker) == ("done", "", False)
    assert done.sha256 == digest_input(bench.out / job.file)
    assert EpisodeLog.load(bench.out / job.file).key == job.key
    assert (bench.out / drive_log_file(job.key)).read_bytes() == b"drive"
    assert load_timing(bench.out / timing_file(job.key))["tick_s"].tolist() == [0.5, 0.5]
    assert bench.events == [Frame(done=1), Frame(done=2), Note(text=f"{job}: a picture never came")]
    assert isinstance(bench.asked["policy"], TruthPolicy)
    assert bench.asked["rules"].decide_every == 3
    assert bench.asked["camera"].size == (320, 180)


def test_who_looks_has_a_clip_and_who_does_not_has_none(bench: Bench) -> None:
    looking, blind = bench.job(policies=["truth"]), bench.job(policies=["straight"])
    left_over = bench.out / clip_file(blind.key)
    left_over.parent.mkdir()
    left_over.touch()
    bench.runner.run(blind)
    assert not left_over.exists(), "an earlier try's"
    bench.runner.run(looking)
    with Image.open(bench.out / clip_file(looking.key)) as clip:
        assert getattr(clip, "n_frames", 1) == 2


@pytest.mark.parametrize(
    ("reason", "message", "told", "ends"),
    [
        ("policy raised", "ValueError: x", "policy raised: ValueError: x", False),
        ("policy hung", "", "policy hung", True),
    ],
)
def test_a_policy_that_cannot_go_on_has_failed_and_its_log_is_kept(
    bench: Bench, reason: str, message: str, told: str, ends: bool
) -> None:
    bench.log = {"reason": reason, "message": message}
    job = bench.job()
    done = bench.runner.run(job)
    assert isinstance(done, EpisodeDone)
    assert (done.status, done.message, done.ends_worker) == ("failed", told, ends)
    assert (bench.out / job.file).is_file()


def test_a_collision_is_a_result(bench: Bench) -> None:
    bench.log = {"reason": "collision", "message": "vehicle.audi.tt"}
    done = bench.runner.run(bench.job())
    assert isinstance(done, EpisodeDone)
    assert (done.status, done.message) == ("done", "")


def test_an_error_costs_the_episode_and_the_session(bench: Bench) -> None:
    bench.error = ValueError("a bug")
    job = bench.job()
    assert bench.runner.run(job) == Failed(message="ValueError: a bug")
    assert bench.simulator.closed == 1
    assert not (bench.out / job.file).exists()


def test_a_lost_server_is_not_the_episodes_fault(bench: Bench) -> None:
    bench.error = ServerLostError("gone")
    with pytest.raises(ServerLostError):
        bench.runner.run(bench.job())


def test_a_policy_that_cannot_be_made_is_known_before_the_first_tick(bench: Bench) -> None:
    bench.runner.check_policies(["truth", "route", "straight", "autopilot"])
    with pytest.raises(UsageError, match="policy mask asks for a net"):
        bench.runner.check_policies(["mask"])


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("def __init__(self): raise ValueError('no brain')", "cannot be made: ValueError: no brain"),
        ("senses = {'camera'}", "senses is {'camera'}, expected a frozenset of Sense"),
    ],
)
def test_a_users_policy_that_cannot_drive_is_known_before_the_first_tick(
    bench: Bench, tmp_path: Path, lines: str, told: str
) -> None:
    file = tmp_path / "own.py"
    file.write_text(
        "from harness.closed_loop.policies.straight import StraightPolicy\n"
        f"class Own(StraightPolicy):\n    {lines}\n"
    )  # fmt: skip
    with pytest.raises(UsageError, match=told):
        bench.runner.check_policies([f"{file}:Own"])


def test_a_net_is_handed_to_who_asks_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Net:
        label_set = CARLA_29
        origin: ClassVar[dict[str, Any]] = {}

    Bench(tmp_path, monkeypatch, net=Net()).runner.check_policies(["mask"])
