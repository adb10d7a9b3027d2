"""The obstacle detector in the street."""

from __future__ import annotations

from typing import Any

import msgpack
import pytest

DETECTOR = "sensor.other.obstacle"


def events(stand: Any) -> list[Any]:
    return [msgpack.unpackb(payload) for _, _, payload in stand.tick()]


def test_the_nearest_in_front_is_reported_and_the_carrier_is_not(stand: Any) -> None:
    car = stand.car(20.0)
    stand.sensor(DETECTOR, car, at=(0, 0, 0.7), distance=20, hit_radius=0.3)
    assert events(stand) == []
    other = stand.car(32.0)
    ((me, them, distance),) = events(stand)
    assert (me[0], them[0]) == (car.id, other.id)
    assert distance == pytest.approx(12.0 - 0.5 * other.spec.length_m - 0.3, abs=0.1)
    stand.car(28.0, -1.75)  # beside the way
    assert events(stand)[0][1][0] == other.id


def test_scenery_can_be_left_out(stand: Any) -> None:
    car = stand.car(140.0)
    stand.sensor(DETECTOR, car, at=(0, 0, 0.8), distance=20, only_dynamics=True)
    assert events(stand) == []
    stand.sensor(DETECTOR, car, at=(0, 0, 0.8), distance=20)
    ((_, other, distance),) = events(stand)
    assert (other[0], other[2][1]) == (0, "static.pole")
    assert distance == pytest.approx(10.0 - 0.5 - 0.07, abs=0.15)
    stand.world.enable_objects([2], False)  # the pole
    assert events(stand) == []


def test_a_sphere_that_touches_the_road_says_so_at_once(stand: Any) -> None:
    stand.sensor(DETECTOR, stand.car(20.0), at=(0, 0, 0.2), distance=4)
    ((_, other, distance),) = events(stand)
    assert (other[2][1], distance) == ("static.road", 0.0)


def test_one_without_a_carrier_looks_along_its_own_axis(stand: Any) -> None:
    detector = stand.sensor(DETECTOR, at=(20, 0, 3), turned=(-90, 0, 0), distance=5, hit_radius=0.5)
    ((me, other, distance),) = events(stand)
    assert (me[0], other[2][1]) == (detector.id, "static.road")
    assert distance == pytest.approx(2.5, abs=1e-3)
