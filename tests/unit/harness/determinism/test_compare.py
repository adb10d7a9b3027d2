"""Differences that were put into made-up runs are found: the first one, whose, and how large."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.carla_client.drive_log import Floats, LoggedActor
from harness.determinism.compare import PictureComparison, cast_difference, pose_difference

CAR = LoggedActor(blueprint="vehicle.audi.tt", attributes={"color": "1,2,3"})
WALKER = LoggedActor(blueprint="walker.pedestrian.0001", attributes={})
ACTORS = (CAR, WALKER, CAR)


def poses(*, ticks: int = 20, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).normal(0.0, 50.0, (ticks, 3, 6)).astype(np.float32)


def test_equal_runs_have_no_difference() -> None:
    one = poses()
    one[:4, 1] = np.nan
    assert pose_difference(one, one.copy(), actors=ACTORS, first_tick=-5) is None


@given(tick=st.integers(0, 19), actor=st.integers(0, 2), axis=st.integers(0, 5), step=st.floats(0.01, 100.0))
def test_one_step_aside_is_found(tick: int, actor: int, axis: int, step: float) -> None:
    one = poses()
    other = one.copy()
    other[tick, actor, axis] += np.float32(step)
    seen = pose_difference(one, other, actors=ACTORS, first_tick=-5)
    assert seen is not None
    assert (seen.tick, seen.actor, seen.blueprint) == (tick - 5, actor, ACTORS[actor].blueprint)
    assert seen.num_ticks == 1
    distance_m, angle_deg = (step, 0.0) if axis < 3 else (0.0, step)
    assert seen.distance_m == seen.max_distance_m == pytest.approx(distance_m, rel=2e-3)
    assert seen.angle_deg == seen.max_angle_deg == pytest.approx(angle_deg, rel=2e-3)


def test_the_first_tick_names_who_is_farthest_then_and_the_maximum_is_of_all_ticks() -> None:
    one = poses()
    other = one.copy()
    other[7, 0, 0] += 0.25
    other[7, 2, 1] += 0.5
    other[12, 1, 2] += 4.0
    other[12, 1, 4] += 90.0
    seen = pose_difference(one, other, actors=ACTORS, first_tick=0)
    assert seen is not None
    assert (seen.tick, seen.actor, seen.num_ticks) == (7, 2, 2)
    assert seen.distance_m == pytest.approx(0.5, rel=1e-4)
    assert (seen.max_distance_m, seen.max_angle_deg) == pytest.approx((4.0, 90.0), rel=1e-4)


def test_a_turn_through_north_is_a_small_one() -> None:
    one = np.zeros((1, 3, 6), np.float32)
    other = one.copy()
    one[0, 0, 4], other[0, 0, 4] = 179.0, -179.0
    seen = pose_difference(one, other, actors=ACTORS, first_tick=0)
    assert seen is not None
    assert seen.angle_deg == pytest.approx(2.0)


def test_an_actor_that_is_there_in_one_run_only_comes_first() -> None:
    one = poses()
    other = one.copy()
    other[3, 0] = np.nan
    other[3, 1, 0] += 8.0
    seen = pose_difference(one, other, actors=ACTORS, first_tick=0)
    assert seen is not None
    assert (seen.tick, seen.actor) == (3, 0)
    assert math.isnan(seen.distance_m)
    assert seen.max_distance_m == pytest.approx(8.0, rel=1e-4)


def test_runs_of_different_length_are_compared_as_far_as_both_go() -> None:
    one = poses()
    assert pose_difference(one, one[:11], actors=ACTORS, first_tick=0) is None


def test_casts_are_compared_in_order() -> None:
    assert cast_difference(ACTORS, ACTORS) is None
    other = (CAR, replace(WALKER, blueprint="walker.pedestrian.0002"), CAR)
    assert cast_difference(ACTORS, other) == "actor 1 is walker.pedestrian.0001 and then walker.pedestrian.0002"
    other = (replace(CAR, attributes={"color": "9,9,9"}), WALKER, CAR)
    assert (
        cast_difference(ACTORS, other) == "actor 0 is vehicle.audi.tt color=1,2,3 and then vehicle.audi.tt color=9,9,9"
    )
    assert cast_difference(ACTORS, ACTORS[:2]) == "3 actors and then 2"


def test_pictures_that_differ_are_counted_and_the_first_is_described() -> None:
    comparison = PictureComparison()
    rgb = np.full((4, 5, 3), 100, np.uint8)
    tags = np.full((4, 5), 7, np.uint8)
    for tick in range(6):
        other, labels = rgb.copy(), tags.copy()
        if tick == 2:
            other[0, 0] = (90, 100, 103)
        if tick == 4:
            other[:2] = 101
            labels[3, 3] = 250
        comparison.add(tick=tick, camera="front", plane="rgb", one=rgb, other=other)
        comparison.add(tick=tick, camera="front", plane="tags", one=tags, other=labels)
    seen = comparison.difference
    assert seen is not None
    assert (seen.tick, seen.camera, seen.plane, seen.share, seen.largest) == (2, "front", "rgb", 1 / 20, 10)
    assert (seen.num_pictures, seen.max_share, comparison.num_compared) == (3, 0.5, 12)


def test_names_differ_without_an_amount() -> None:
    comparison = PictureComparison()
    comparison.add(tick=0, camera="a", plane="tags", one=np.zeros((2, 2), np.uint8), other=np.eye(2, dtype=np.uint8))
    assert comparison.difference is not None
    assert (comparison.difference.share, comparison.difference.largest) == (0.5, None)


def test_depth_differs_by_its_code_without_an_overflow() -> None:
    comparison = PictureComparison()
    near, far = np.zeros((1, 2), np.uint32), np.full((1, 2), 2**24 - 1, np.uint32)
    comparison.add(tick=0, camera="a", plane="depth", one=near, other=far)
    assert comparison.difference is not None
    assert comparison.difference.largest == 2**24 - 1


def test_a_picture_that_one_run_lacks_is_a_difference_and_one_that_both_lack_is_none() -> None:
    comparison = PictureComparison()
    comparison.add(tick=0, camera="a", plane="rgb", one=None, other=None)
    assert comparison.difference is None
    comparison.add(tick=1, camera="a", plane="rgb", one=np.zeros((2, 2, 3), np.uint8), other=None)
    assert comparison.difference is not None
    assert (comparison.difference.tick, comparison.difference.plane) == (1, "missing")
