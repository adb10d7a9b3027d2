"""Who is about to step into the way: walkers that go where they are told, seen from a car that drives."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.closed_loop.mask_driver.driver import MaskDriver
from harness.closed_loop.mask_driver.hazards import Contacts, Hazard
from harness.closed_loop.mask_driver.roles import Role, roles_of
from harness.closed_loop.mask_driver.walkers import FORGOTTEN_AFTER_S, KNOWN_AFTER_S, WalkerTracks, nearer
from harness.closed_loop.policy import DriverState
from tests.unit.harness.closed_loop.mask_driver.drawn_world import (
    CARLA_29,
    WALKER,
    Box,
    Car,
    Street,
    draw,
    episode,
    observe,
    straight,
)

STEP_S = 0.1
FRONT_M = 2.4
HALF_M = 0.95
AHEAD = np.stack([np.arange(-4.0, 42.0), np.zeros(46)], axis=1)


def contacts_of(*walkers: tuple[float, float], columns: int = 3, role: Role = Role.WALKER) -> Contacts:
    """Each touches the ground in some columns, 6 cm apart."""
    places = [(x, y + 0.06 * (k - 0.5 * (columns - 1))) for x, y in walkers for k in range(columns)]
    count = len(places)
    return Contacts(
        places=np.array(places).reshape(-1, 2), roles=np.full(count, int(role), np.uint8),
        class_ids=np.full(count, WALKER, np.uint8), on_road=np.zeros(count, bool), widths_m=np.full(count, 0.06),
    )  # fmt: skip


def watch(
    where: Callable[[float], tuple[float, float]], *, speed: float, seconds: float, car_x: float = 0.0
) -> tuple[WalkerTracks, list[Hazard | None], list[float]]:
    """Drive along x past one walker who is at ``where(time)`` in the world; what was said, and how far right he was."""
    tracks = WalkerTracks(step_s=STEP_S)
    said, asides = [], []
    for k in range(round(seconds / STEP_S)):
        x, y = where(k * STEP_S)
        tracks.update(contacts_of((x - car_x - speed * k * STEP_S, y)), AHEAD, speed=speed, front_m=FRONT_M)
        said.append(tracks.stepping_in(speed=speed, half_width_m=HALF_M))
        asides.append(y)
    return tracks, said, asides


@settings(max_examples=40)
@given(st.floats(2.0, 6.0), st.sampled_from([-1.0, 1.0]), st.floats(0.0, 12.0))
def test_who_stands_beside_the_way_is_no_hazard(aside: float, side: float, speed: float) -> None:
    _, said, _ = watch(lambda t: (30.0, side * aside), speed=speed, seconds=2.0)
    assert not any(said)


@settings(max_examples=40)
@given(st.floats(1.0, 2.0), st.sampled_from([-1.0, 1.0]), st.floats(4.0, 10.0))
def test_who_walks_into_the_way_is_one_before_he_is_there(walking: float, side: float, speed: float) -> None:
    """He needs 1.4 s to the corridor, and is there when the car comes."""
    edge = HALF_M + 0.4
    _, said, asides = watch(
        lambda t: (FRONT_M + 2.5 * speed, side * (edge + 1.4 * walking - walking * t)), speed=speed, seconds=2.0
    )
    first = next(k for k, hazard in enumerate(said) if hazard is not None)
    assert abs(asides[first]) > edge + 0.3 * walking, "at least 0.3 s before he is there"
    assert all(said[first:])
    hazard = said[first]
    assert hazard is not None
    assert (hazard.role, hazard.class_id) == (Role.WALKER, WALKER)
    assert hazard.distance_m == pytest.approx(2.5 * speed - speed * first * STEP_S, abs=0.5)


@settings(max_examples=40)
@given(st.floats(0.8, 2.0), st.sampled_from([-1.0, 1.0]))
def test_who_walks_away_is_none(walking: float, side: float) -> None:
    _, said, _ = watch(lambda t: (25.0, side * (2.0 + walking * t)), speed=6.0, seconds=2.0)
    assert not any(said)


def test_who_comes_after_the_car_has_passed_is_none() -> None:
    _, said, _ = watch(lambda t: (12.0, 8.0 - 1.2 * t), speed=10.0, seconds=0.9)
    assert not any(said)


def test_who_stands_in_the_way_is_one_as_soon_as_he_is_known() -> None:
    _, said, _ = watch(lambda t: (25.0, 0.5), speed=5.0, seconds=1.0)
    first = math.ceil(KNOWN_AFTER_S / STEP_S)
    assert not any(said[:first])
    assert all(said[first:])


@given(st.floats(8.0, 30.0), st.floats(-5.0, 5.0), st.integers(1, 3))
def test_a_walker_is_where_his_foot_is(x: float, y: float, feet: int) -> None:
    """In the other columns he ends at his hips, which lie under the same bearings, on the ground far behind him."""
    foot = contacts_of((x, y), columns=feet)
    hips = contacts_of((x, y), columns=5)
    hips = replace(hips, places=hips.places * 1.45)
    seen = Contacts(
        **{each.name: np.concatenate([getattr(part, each.name) for part in (hips, foot)]) for each in fields(foot)}
    )
    tracks = WalkerTracks(step_s=STEP_S)
    tracks.update(seen, AHEAD, speed=8.0, front_m=FRONT_M)
    (walker,) = tracks.walkers
    assert walker.along_m == pytest.approx(x - FRONT_M, abs=0.1)
    assert walker.aside_m == pytest.approx(y, abs=0.1)


@settings(max_examples=40)
@given(st.floats(-1.8, 1.8), st.floats(0.0, 10.0))
def test_his_speed_across_is_learnt(walking: float, speed: float) -> None:
    tracks, _, _ = watch(lambda t: (40.0, 3.0 + walking * t), speed=speed, seconds=2.0)
    (walker,) = tracks.walkers
    assert walker.aside_speed == pytest.approx(walking, abs=0.25)


@settings(max_examples=40)
@given(st.floats(25.0, 80.0), st.sampled_from([-1.0, 1.0]), st.floats(3.0, 8.0))
def test_in_a_bend_who_stands_stands(radius: float, side: float, speed: float) -> None:
    """Against the car he moves sideways; along the way he does not."""
    along = np.arange(-4.0, 42.0) / radius
    line = np.stack([radius * np.sin(along), side * radius * (1.0 - np.cos(along))], axis=1)
    middle = np.array([0.0, side * radius])
    tracks = WalkerTracks(step_s=STEP_S)
    for k in range(20):
        angle = side * (20.0 - speed * k * STEP_S) / radius
        outward = np.array([math.sin(abs(angle)) * np.sign(angle * side), -side * math.cos(angle)])
        place = middle + (radius + 3.0) * outward
        tracks.update(contacts_of((place[0], place[1])), line, speed=speed, front_m=FRONT_M)
        assert tracks.stepping_in(speed=speed, half_width_m=HALF_M) is None
    (walker,) = tracks.walkers
    assert walker.aside_m == pytest.approx(-side * 3.0, abs=0.15)
    assert abs(walker.aside_speed) < 0.2


def test_who_is_hidden_for_a_moment_is_still_known_and_then_forgotten() -> None:
    tracks, _, _ = watch(lambda t: (30.0, 3.0 - t), speed=5.0, seconds=1.0)
    (before,) = tracks.walkers
    for _ in range(round(FORGOTTEN_AFTER_S / STEP_S)):
        tracks.update(contacts_of(), AHEAD, speed=5.0, front_m=FRONT_M)
    (hidden,) = tracks.walkers
    assert hidden.along_m == pytest.approx(before.along_m - 5.0 * FORGOTTEN_AFTER_S)
    assert hidden.aside_m == pytest.approx(before.aside_m + before.aside_speed * FORGOTTEN_AFTER_S)
    for _ in range(2):
        tracks.update(contacts_of(), AHEAD, speed=5.0, front_m=FRONT_M)
    assert tracks.walkers == ()


def test_two_who_walk_beside_each_other_are_two() -> None:
    tracks = WalkerTracks(step_s=STEP_S)
    for k in range(15):
        y = 5.0 - 0.1 * k
        tracks.update(contacts_of((20.0, y), (20.0, y + 1.3)), AHEAD, speed=0.0, front_m=FRONT_M)
        assert len(tracks.walkers) == 2
    assert sorted(each.aside_m for each in tracks.walkers) == pytest.approx([y, y + 1.3], abs=0.25)


def test_a_single_column_is_nobody_and_neither_is_a_car() -> None:
    for contacts in (contacts_of((20.0, 0.0), columns=1), contacts_of((20.0, 0.0), role=Role.VEHICLE)):
        tracks = WalkerTracks(step_s=STEP_S)
        tracks.update(contacts, AHEAD, speed=5.0, front_m=FRONT_M)
        assert tracks.walkers == ()


@settings(max_examples=60)
@given(st.lists(st.tuples(st.floats(-5, 40), st.floats(-20, 20)), max_size=6), st.floats(0, 30))
def test_whatever_is_seen_all_is_finite(places: list[tuple[float, float]], speed: float) -> None:
    tracks = WalkerTracks(step_s=STEP_S)
    for k in range(6):
        tracks.update(contacts_of(*places[k % 2 :]), AHEAD, speed=speed, front_m=FRONT_M)
        hazard = tracks.stepping_in(speed=speed, half_width_m=HALF_M)
        assert hazard is None or 0.0 <= hazard.distance_m < math.inf
        assert all(math.isfinite(each.aside_speed + each.aside_m + each.along_m) for each in tracks.walkers)


def at(distance_m: float) -> Hazard:
    return Hazard(distance_m=distance_m, role=Role.WALKER, class_id=WALKER)


def test_the_nearer_of_two() -> None:
    assert nearer(None, None) is None
    assert nearer(at(3.0), None) == nearer(None, at(3.0)) == nearer(at(3.0), at(4.0)) == nearer(at(4.0), at(3.0))


def test_the_car_slows_down_for_one_who_is_still_on_the_pavement() -> None:
    """The whole driver: he walks towards the road, and steps onto it in front of the car."""
    car, driver = Car(speed=8.0), MaskDriver(episode(), roles_of(CARLA_29))
    lane, braked_at = straight(), math.nan
    for k in range(70):
        y = max(0.0, 4.5 - 1.3 * max(0.0, k * STEP_S - 0.5))
        street = Street(lane=lane, boxes=(Box(x=30.0, y=y, half_m=0.25, height_m=1.75, tag=WALKER),))
        control = driver.act(draw(street, car), observe(car, k))
        if math.isnan(braked_at) and driver.explanation.state is not DriverState.DRIVING:
            braked_at = y
        for _ in range(2):
            car.step(control, step_s=0.05)
    assert braked_at > 1.75 + 0.25, "beyond the kerb"
    assert car.speed == 0.0
    assert car.x + FRONT_M < 29.7
