"""Every policy keeps the contract, and the contract finds what breaks each of its promises."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from datasets.labels import CARLA_29, label_set
from harness.carla_client.route_plan import Command
from harness.closed_loop.policies import PolicyContext, known_policies, make_policy
from harness.closed_loop.policy import (
    DrivingObservation,
    EpisodeFacts,
    Explanation,
    Policy,
    Sense,
    VehicleControl,
)
from harness.closed_loop.policy_contract import CAMERA, check_policy_contract, make_episode
from harness.errors import UsageError
from tests.unit.harness.closed_loop.policies.stand_in_nets import ReadingNet

USERS_FILE = """
from harness.closed_loop.policy import Policy, Sense, VehicleControl

class Darkness(Policy):
    '''Brakes in the dark.'''

    senses = frozenset({Sense.CAMERA})

    def begin(self, episode):
        self.seen = 0

    def act(self, observation):
        self.seen += 1
        return VehicleControl(throttle=0.3 / self.seen, brake=float(observation.rgb.mean() < 60))
"""


def maker(name: str, net: ReadingNet | None = None) -> Callable[[], Policy]:
    return lambda: make_policy(name, context=PolicyContext(load_net=lambda: net or ReadingNet()))


@pytest.mark.parametrize("name", known_policies())
def test_every_policy_keeps_it(name: str) -> None:
    check_policy_contract(maker(name))


def test_so_does_the_mask_policy_with_classes_of_another_set() -> None:
    check_policy_contract(maker("mask", ReadingNet(label_set("cityscapes19"))), decisions=30)


def test_so_does_a_policy_of_the_users_own(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(USERS_FILE)
    check_policy_contract(maker(f"{tmp_path / 'mine.py'}:Darkness"))


class Made(Policy):
    """Keeps the contract; the ones below break one promise each."""

    senses = frozenset({Sense.TAGS})
    label_set = CARLA_29

    def begin(self, episode: EpisodeFacts) -> None:
        self.count = 0
        self.shown: Any = Explanation()

    def act(self, observation: DrivingObservation) -> VehicleControl:
        assert observation.tags is not None
        self.count += 1
        self.shown = Explanation(mask=observation.tags)
        return VehicleControl(throttle=1.0 / self.count)

    def explain(self) -> Explanation | None:
        return cast(Explanation, self.shown)


class Deaf(Made):
    senses = cast(Any, {"tags"})


class Peeking(Made):
    def act(self, observation: DrivingObservation) -> VehicleControl:
        assert observation.rgb is not None, "no picture"
        return VehicleControl()


class Painting(Made):
    def act(self, observation: DrivingObservation) -> VehicleControl:
        assert observation.tags is not None
        observation.tags[0] = 0
        return VehicleControl()


class Unsteady(Made):
    def begin(self, episode: EpisodeFacts) -> None:
        raise OSError("no such planet")


class Overdoing(Made):
    def act(self, observation: DrivingObservation) -> VehicleControl:
        return VehicleControl(throttle=0.1 * observation.speed)


class Lost(Made):
    def act(self, observation: DrivingObservation) -> VehicleControl:
        return VehicleControl(steer=math.nan)


class Remembering(Made):
    count = 0

    def begin(self, episode: EpisodeFacts) -> None:
        self.shown = Explanation()


class Dicing(Made):
    def begin(self, episode: EpisodeFacts) -> None:
        self.rng = np.random.default_rng()

    def act(self, observation: DrivingObservation) -> VehicleControl:
        self.shown = Explanation()
        return VehicleControl(throttle=float(self.rng.uniform()))


class OfTwoMinds(Made):
    made = 0

    def __init__(self) -> None:
        OfTwoMinds.made += 1
        self.mind = OfTwoMinds.made

    def act(self, observation: DrivingObservation) -> VehicleControl:
        self.shown = Explanation(hazard_distance_m=float(self.mind))
        return VehicleControl()


class Shown(Made):
    """Explains itself by ``shows``."""

    shows: Any = None

    def act(self, observation: DrivingObservation) -> VehicleControl:
        self.shown = self.shows
        return VehicleControl()


class Small(Shown):
    shows = Explanation(mask=np.zeros((9, 16), np.uint8))


class Bent(Shown):
    shows = Explanation(center_line=np.zeros((3, 3), np.float32))


class Exact(Shown):
    shows = Explanation(center_line=cast(Any, np.zeros((3, 2))))


class Listed(Shown):
    shows = Explanation(center_line=cast(Any, [(0.0, 0.0)]))


class Endless(Shown):
    shows = Explanation(center_line=np.full((3, 2), np.inf, np.float32))


class Outlandish(Shown):
    shows = Explanation(mask=np.full((CAMERA.height, CAMERA.width), 77, np.uint8))


class Nameless(Shown):
    label_set = cast(Any, None)
    shows = Explanation(mask=np.zeros((CAMERA.height, CAMERA.width), np.uint8))


class Stateless(Shown):
    shows = Explanation(state=cast(Any, "driving"))


class Vague(Shown):
    shows = Explanation(hazard_distance_m=math.nan)


class Chatty(Shown):
    shows = "because"


def test_one_that_keeps_it_passes() -> None:
    check_policy_contract(Made)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (dict, r"must be a subclass of .*Policy, got dict"),
        (Deaf, r"Deaf\.senses is {'tags'}, expected a frozenset of Sense"),
        (Peeking, r"Peeking, decision 0: policy raised: AssertionError: no picture"),
        (Painting, r"decision 0: policy raised: ValueError: assignment destination is read-only"),
        (Unsteady, r"Unsteady\.begin: policy raised: OSError: no such planet"),
        (Overdoing, r"policy returned nonsense: throttle is .*, expected 0\.\.1"),
        (Lost, r"decision 0: policy returned nonsense: steer is nan"),
        (Remembering, r"Remembering decides otherwise after another episode: begin must forget \(decision 0"),
        (Dicing, r"Dicing decides otherwise"),
        (OfTwoMinds, r"two new OfTwoMinds decide otherwise: seed all"),
        (Small, r"mask of uint8 \(9, 16\), expected uint8 \(90, 160\)"),
        (Bent, r"center_line of float32 \(3, 3\), expected \(P, 2\)"),
        (Exact, r"center_line of float64"),
        (Listed, r"center_line of type list"),
        (Endless, r"expected finite"),
        (Outlandish, r"a mask with class id 77, but carla29 has 29 classes"),
        (Nameless, r"label_set is None"),
        (Stateless, r"state 'driving', expected a DriverState"),
        (Vague, r"hazard nan m ahead"),
        (Chatty, r"explain returned str"),
    ],
)
def test_what_breaks_it_is_told(made: Callable[[], Policy], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check_policy_contract(made, decisions=12)


@pytest.mark.parametrize("senses", [frozenset(), *(frozenset({sense}) for sense in Sense)])
def test_a_made_up_episode_shows_what_is_asked_for_and_nothing_else(senses: frozenset[Sense]) -> None:
    episode = make_episode(senses, tag_set=CARLA_29, seed=3, decisions=60)
    assert (episode.facts.route is not None) == (Sense.ROUTE in senses)
    for seen in episode.observations:
        assert (seen.rgb is not None) == (Sense.CAMERA in senses)
        assert (seen.tags is not None) == (Sense.TAGS in senses)
        assert (seen.pose is not None) == (seen.route_s_m is not None) == (Sense.ROUTE in senses)
        assert seen.applied.problem() is None
        assert (seen.command is Command.FOLLOW) == (seen.command_distance_m == math.inf)
        if seen.tags is not None:
            assert seen.tags.max() < CARLA_29.num_classes
    assert {seen.command for seen in episode.observations} == set(Command)
    assert 25.0 < max(seen.speed for seen in episode.observations) < 30.0


def test_a_made_up_episode_is_its_seeds() -> None:
    one, same, other = (
        make_episode(frozenset({Sense.CAMERA}), tag_set=CARLA_29, seed=seed, decisions=5).observations
        for seed in (1, 1, 2)
    )
    assert all((a.rgb == b.rgb).all() and a.speed == b.speed for a, b in zip(one, same, strict=True))
    assert any((a.rgb != b.rgb).any() for a, b in zip(one, other, strict=True))
