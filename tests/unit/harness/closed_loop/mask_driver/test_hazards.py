"""Things in the way: where they touch the ground."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.closed_loop.mask_driver.ground_plane import GroundPlane
from harness.closed_loop.mask_driver.hazards import Hazard, HazardTrack, find_contacts, nearest_in_corridor
from harness.closed_loop.mask_driver.roles import Role, roles_of
from tests.unit.harness.closed_loop.mask_driver.drawn_world import (
    CAMERA,
    CAR,
    CARLA_29,
    WALKER,
    Box,
    Car,
    Street,
    draw,
    straight,
)

ROLES = roles_of(CARLA_29).lookup
PIXELS = np.stack(np.meshgrid(np.arange(CAMERA.width), np.arange(CAMERA.height)), axis=-1).reshape(-1, 2) + 0.5
AHEAD = np.stack([np.arange(-4.0, 42.0), np.zeros(46)], axis=1)


def nearest(*boxes: Box) -> Hazard | None:
    ids = draw(Street(lane=straight(), boxes=boxes), Car())
    contacts = find_contacts(ids, ROLES[ids], GroundPlane.of(CAMERA))
    return nearest_in_corridor(contacts, AHEAD, half_width_m=0.95, front_m=2.4)


@pytest.mark.parametrize("x", [8.0, 15.0, 25.0])
def test_a_car_ahead_is_as_far_as_its_rear(x: float) -> None:
    found = nearest(Box(x=x + 0.9, y=0.0, half_m=0.9, height_m=1.5, tag=CAR))
    assert found is not None
    assert found.role is Role.VEHICLE
    assert found.class_id == CAR
    one_pixel_m = (x - 1.5) ** 2 / 320.0
    assert found.distance_m == pytest.approx(x - 2.4, abs=0.1 + 1.5 * one_pixel_m)


def test_the_nearer_one_counts() -> None:
    found = nearest(
        Box(x=25.0, y=0.0, half_m=0.9, height_m=1.5, tag=CAR), Box(x=12.0, y=0.3, half_m=0.25, height_m=1.8, tag=WALKER)
    )
    assert found is not None
    assert found.role is Role.WALKER


def test_what_stands_beside_the_way_is_none() -> None:
    assert nearest(Box(x=12.0, y=2.6, half_m=0.9, height_m=1.5, tag=CAR)) is None
    assert nearest(Box(x=12.0, y=3.0, half_m=0.25, height_m=1.8, tag=WALKER)) is None, "on the pavement"


def test_a_walker_on_the_road_counts_from_farther_aside() -> None:
    assert nearest(Box(x=12.0, y=-2.2, half_m=0.25, height_m=1.8, tag=WALKER)) is not None
    assert nearest(Box(x=12.0, y=-2.2, half_m=0.25, height_m=1.8, tag=CAR)) is None


def test_a_single_wrong_pixel_is_nothing() -> None:
    ids = draw(Street(lane=straight()), Car())
    ids[130, 160] = CAR
    assert not len(find_contacts(ids, ROLES[ids], GroundPlane.of(CAMERA)).places)


def test_a_sliver_that_stands_is_too_narrow_for_a_car() -> None:
    ids = draw(Street(lane=straight()), Car())
    ids[90:131, 160] = CAR
    contacts = find_contacts(ids, ROLES[ids], GroundPlane.of(CAMERA))
    assert len(contacts.places) == 1
    assert nearest_in_corridor(contacts, AHEAD, half_width_m=0.95, front_m=2.4) is None


@settings(max_examples=40)
@given(st.floats(6.0, 28.0), st.floats(-0.4, 0.4), st.floats(0.45, 0.9), st.floats(1.0, 3.0))
def test_what_stands_is_a_hazard_and_the_same_patch_lying_flat_is_none(
    x: float, y: float, half_m: float, height_m: float
) -> None:
    """Flat: as long as a quarter of its distance, which is longer than what a net makes of a zebra's bars."""
    assert nearest(Box(x=x + half_m, y=y, half_m=half_m, height_m=height_m, tag=CAR)) is not None
    ids = draw(Street(lane=straight()), Car())
    ground = GroundPlane.of(CAMERA).to_ground(PIXELS)
    is_patch = (ground[:, 0] > x) & (ground[:, 0] < 1.25 * x) & (np.abs(ground[:, 1] - y) < half_m)
    ids.reshape(-1)[is_patch] = CAR
    assert is_patch.any()
    contacts = find_contacts(ids, ROLES[ids], GroundPlane.of(CAMERA))
    assert nearest_in_corridor(contacts, AHEAD, half_width_m=0.95, front_m=2.4) is None


def test_a_foot_in_the_air_belongs_to_the_leg_beside_it() -> None:
    foot = Box(x=12.0, y=-0.3, half_m=0.15, height_m=0.2, tag=WALKER)
    leg = Box(x=12.0, y=0.2, half_m=0.15, height_m=1.7, tag=WALKER)
    assert nearest(foot) is None
    ids = draw(Street(lane=straight(), boxes=(foot, leg)), Car())
    places = find_contacts(ids, ROLES[ids], GroundPlane.of(CAMERA)).places
    assert places[:, 1].min() < -0.2, "the foot, too"
    far_leg = Box(x=12.0, y=1.4, half_m=0.15, height_m=1.7, tag=WALKER)
    ids = draw(Street(lane=straight(), boxes=(foot, far_leg)), Car())
    places = find_contacts(ids, ROLES[ids], GroundPlane.of(CAMERA)).places
    assert places[:, 1].min() > 1.0


def test_what_hangs_over_the_road_touches_nothing() -> None:
    ids = draw(Street(lane=straight()), Car())
    ids[60:70, 150:170] = CARLA_29.class_id("TrafficLight")
    assert not len(find_contacts(ids, ROLES[ids], GroundPlane.of(CAMERA)).places)


def seen_at(distance_m: float) -> Hazard:
    return Hazard(distance_m=distance_m, role=Role.VEHICLE, class_id=CAR)


def test_one_sighting_is_not_believed_unless_it_is_near() -> None:
    assert HazardTrack(step_s=0.1).update(seen_at(20.0), speed=8.0) is None
    assert HazardTrack(step_s=0.1).update(seen_at(2.0), speed=8.0) is not None


def test_a_thing_that_is_missed_once_is_still_there() -> None:
    track = HazardTrack(step_s=0.1)
    for distance in (20.0, 19.2):
        track.update(seen_at(distance), speed=8.0)
    missed = track.update(None, speed=8.0)
    assert missed is not None
    assert missed.distance_m == pytest.approx(18.4, abs=0.2)
    track.update(None, speed=8.0)
    assert track.update(None, speed=8.0) is None


def test_the_closing_speed_is_learnt() -> None:
    track = HazardTrack(step_s=0.1)
    for k in range(40):
        last = track.update(seen_at(20.0 - 0.1 * 1.5 * k), speed=8.0)
    assert last is not None
    assert last.closing_speed == pytest.approx(1.5, abs=0.1)


def test_another_thing_is_no_leap_of_the_same() -> None:
    track = HazardTrack(step_s=0.1)
    for k in range(5):
        track.update(seen_at(30.0 - 0.8 * k), speed=8.0)
    leapt = track.update(seen_at(10.0), speed=8.0)
    assert leapt is not None
    assert leapt.distance_m == 10.0
    assert leapt.closing_speed == 8.0
    assert not math.isnan(leapt.closing_speed)
