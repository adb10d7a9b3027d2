from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.carla_client.observation import Pose
from harness.recording.thinning import TURN_DEG, IdleThinning


def pose(x: float = 0.0, *, yaw: float = 0.0) -> Pose:
    return (x, 0.0, 0.0, 0.0, yaw, 0.0)


def kept(poses: list[Pose], min_motion_m: float) -> list[int]:
    thinning = IdleThinning(min_motion_m)
    return [number for number, each in enumerate(poses) if thinning.keeps(each)]


def test_nothing_is_left_out_without_a_distance() -> None:
    assert kept([pose()] * 5, 0.0) == [0, 1, 2, 3, 4]


def test_the_way_is_measured_from_the_last_kept_tick() -> None:
    assert kept([pose(0.4 * i) for i in range(10)], 1.0) == [0, 3, 6, 9]


@pytest.mark.parametrize("start", [0.0, 178.0, -179.0])
def test_who_turns_on_the_spot_is_not_idle(start: float) -> None:
    assert kept([pose(yaw=(start + TURN_DEG / 2 * i) % 360.0) for i in range(7)], 1.0) == [0, 2, 4, 6]


def test_a_lost_ego_is_not_idle() -> None:
    assert kept([pose(), pose(math.nan), pose(), pose()], 1.0) == [0, 1, 2]


@given(steps=st.lists(st.floats(0.0, 2.0), max_size=40), min_motion_m=st.floats(0.01, 3.0), cut=st.integers(0, 40))
def test_who_goes_on_in_the_middle_decides_the_same(steps: list[float], min_motion_m: float, cut: int) -> None:
    poses = [pose(sum(steps[:i])) for i in range(len(steps))]
    thinning = IdleThinning(min_motion_m)
    before = [number for number, each in enumerate(poses[:cut]) if thinning.keeps(each)]
    after = [cut + number for number, each in enumerate(poses[cut:]) if thinning.keeps(each)]
    whole = kept(poses, min_motion_m)
    assert before + after == whole
    assert whole[:1] == [0][: len(poses)]
    for one, other in itertools.pairwise(whole):
        assert poses[other][0] - poses[one][0] >= min_motion_m
