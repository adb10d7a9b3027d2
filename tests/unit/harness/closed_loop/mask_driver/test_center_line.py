"""The tracked middle of the lane, on drawn masks of which the answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.closed_loop.mask_driver.center_line import (
    BEHIND_M,
    LOST_S,
    CenterLine,
    _first_lost,
    _staying_m,
    solve_shift,
)
from harness.closed_loop.mask_driver.evidence import EvidenceMap
from harness.closed_loop.mask_driver.ground_plane import GroundPlane
from harness.closed_loop.mask_driver.lane_boundaries import Boundaries, find_boundaries
from harness.closed_loop.mask_driver.roles import roles_of
from tests.unit.harness.closed_loop.mask_driver.drawn_world import (
    CAMERA,
    CARLA_29,
    Car,
    Floats,
    Street,
    bend,
    draw,
    straight,
)

ROLES = roles_of(CARLA_29).lookup


def seen(street: Street, car: Car, times: int = 5) -> EvidenceMap:
    evidence = EvidenceMap()
    for _ in range(times):
        evidence.add(ROLES[draw(street, car)], GroundPlane.of(CAMERA))
    return evidence


def fitted(street: Street, car: Car, times: int = 5) -> Floats:
    """The line in the world, from the bumper to 22 m ahead."""
    line, evidence = CenterLine(), seen(street, car)
    for _ in range(times):
        line.fit(evidence)
    near = round(BEHIND_M) + 3
    return car.to_world(line.points[near : near + 20])


@pytest.mark.parametrize("y", [-0.6, 0.0, 0.6])
@pytest.mark.parametrize("yaw_deg", [-4.0, 0.0, 4.0])
@pytest.mark.parametrize("dash_m", [0.0, 3.0])
def test_on_a_straight_street(y: float, yaw_deg: float, dash_m: float) -> None:
    street = Street(lane=straight(), dash_m=dash_m)
    line = fitted(street, Car(y=y, yaw=math.radians(yaw_deg)))
    _, aside = street.offsets(line)
    assert np.abs(aside).max() < 0.2
    assert np.abs(aside).mean() < 0.1


@pytest.mark.parametrize("radius_m", [25.0, 40.0, 80.0])
@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_in_a_bend(radius_m: float, side: float) -> None:
    street = Street(lane=bend(radius_m, before_m=0.0, angle_deg=side * 90.0), dash_m=3.0)
    angle = 0.4
    car = Car(x=radius_m * math.sin(angle), y=side * radius_m * (1 - math.cos(angle)), yaw=side * angle)
    _, aside = street.offsets(fitted(street, car, times=12))
    assert np.abs(aside).mean() < 0.2


def test_a_tail_that_has_lost_its_lane_finds_it_again() -> None:
    street, car = Street(lane=straight()), Car()
    line, evidence = CenterLine(), seen(street, car)
    away = np.maximum(line.points[:, 0] - 14.0, 0.0)
    line.points[:, 1] = away**2 / 60.0
    for _ in range(5):
        line.fit(evidence)
    _, aside = street.offsets(line.points[: round(BEHIND_M) + 25])
    assert np.abs(aside).max() < 0.25


BESIDE_M = 3.5


def settled_beside(line: CenterLine) -> None:
    """From 14 m on the line lies in the lane of those who come."""
    line.points[:, 1] = -BESIDE_M / (1.0 + np.exp(-(line.points[:, 0] - 17.0) / 0.8))


def test_a_tail_that_has_settled_in_the_lane_beside_comes_back() -> None:
    street, car = Street(lane=straight()), Car()
    line, evidence = CenterLine(), seen(street, car)
    line.fit(evidence)
    settled_beside(line)
    for _ in range(5):
        line.fit(evidence)
    _, aside = street.offsets(line.points[: round(BEHIND_M) + 25])
    assert np.abs(aside).max() < 0.25


def test_where_it_may_not_leap_a_tail_stays_where_it_is() -> None:
    """In a junction nothing but the command says which lane is meant."""
    line, evidence = CenterLine(), seen(Street(lane=straight()), Car())
    line.fit(evidence, in_junction=True)
    settled_beside(line)
    for _ in range(5):
        line.fit(evidence, in_junction=True)
    assert line.points[round(BEHIND_M) + 25, 1] == pytest.approx(-BESIDE_M, abs=0.3)


def test_a_lane_that_was_lost_is_looked_for_anew_when_it_is_lost_for_long() -> None:
    street, car, step_s = Street(lane=straight()), Car(), 0.1
    line, evidence = CenterLine(step_s=step_s), seen(street, car)
    line.fit(evidence)
    line.points[:, 1] += 6.0  # where no border is in reach
    asides = []
    for _ in range(round(LOST_S / step_s) + 8):
        line.fit(evidence)
        asides.append(np.abs(street.offsets(line.points[4:20])[1]).mean())
    before = round(LOST_S / step_s) - 1
    assert min(asides[:before]) > 5.0
    assert asides[-1] < 0.15


def test_a_line_that_never_had_a_lane_looks_for_it_at_once() -> None:
    street = Street(lane=straight())
    line, evidence = CenterLine(), seen(street, Car())
    line.points[:, 1] += 6.0
    for _ in range(4):
        line.fit(evidence)
    assert np.abs(street.offsets(line.points[4:20])[1]).mean() < 0.15


ALL = np.ones(40, bool)


@given(st.integers(0, 39), st.integers(0, 40))
def test_a_tail_is_lost_where_six_judged_points_in_a_row_have_no_border(start: int, size: int) -> None:
    fits = np.ones(40)
    fits[start : start + size] = 0.0
    first = max(start, round(BEHIND_M) + 6)  # the points beside the car are no tail
    is_lost = min(start + size, 40) - first >= 6
    assert _first_lost(fits, judged=ALL) == (first if is_lost else 40)


@given(st.integers(12, 33))
def test_what_sees_nothing_is_not_lost(start: int) -> None:
    fits, judged = np.ones(40), ALL.copy()
    fits[start:] = 0.0
    assert _first_lost(fits, judged=judged) == start
    judged[start:] = False
    assert _first_lost(fits, judged=judged) == 40


def test_points_in_a_row_are_those_that_see_something() -> None:
    """Dashes of three points after every nine, all of them in the wrong place: the second dash makes six."""
    fits, judged = np.zeros(40), np.arange(40) % 12 < 3
    assert _first_lost(fits, judged=judged) == 12
    fits[24] = 1.0
    assert _first_lost(fits, judged=judged) == 40


def test_the_width_of_the_lane_is_learnt() -> None:
    line = CenterLine()
    line.width_m = 3.1
    evidence = seen(Street(lane=straight()), Car())
    for _ in range(60):
        line.fit(evidence)
    assert line.width_m == pytest.approx(3.5, abs=0.12)


def test_without_evidence_the_line_stays() -> None:
    line = CenterLine()
    before = line.points.copy()
    line.fit(EvidenceMap())
    np.testing.assert_allclose(line.points, before, atol=1e-6)
    assert not line.support.any()


def test_the_shift_is_the_minimum_of_its_formula() -> None:
    """By trying neighbours: no small change of any point makes the sum smaller."""
    rng = np.random.default_rng(4)
    points = np.stack([np.arange(20.0), 0.01 * np.arange(20.0) ** 2], axis=1)
    bounds = Boundaries(
        left_m=rng.normal(0, 0.1, 20), left_weights=rng.uniform(0, 1, 20),
        right_m=np.full(20, np.nan), right_weights=np.zeros(20),
    )  # fmt: skip
    odd_m = 0.5
    chords = np.diff(points, axis=0)
    change = np.diff(np.unwrap(np.arctan2(chords[:, 1], chords[:, 0])), n=2)
    robust = bounds.left_weights / 0.12**2 / (1 + (bounds.left_m / odd_m) ** 2) ** 2

    def cost(shift: Floats) -> float:
        return float(
            (robust * (shift - bounds.left_m) ** 2).sum()
            + ((change + np.diff(shift, n=3)) ** 2).sum() / 0.004**2
            + (np.diff(shift, n=2) ** 2).sum() / 0.02**2
            + (shift**2 / _staying_m(20) ** 2).sum()
        )

    best = solve_shift(points, bounds, odd_m=odd_m)
    for i in range(20):
        for step in (-1e-3, 1e-3):
            other = best.copy()
            other[i] += step
            assert cost(other) > cost(best)


def test_borders_are_found_where_they_are() -> None:
    evidence = seen(Street(lane=straight()), Car())
    way = np.stack([np.arange(8.0, 20.0), np.full(12, 0.3)], axis=1)  # 0.3 m too far right
    found = find_boundaries(evidence, way, width_m=3.5)
    np.testing.assert_allclose(np.nanmedian(found.left_m), -0.3, atol=0.08)
    np.testing.assert_allclose(np.nanmedian(found.right_m), -0.3, atol=0.08)
    assert (found.right_weights == 1.0).all(), "there is a kerb on the right"
    assert (found.fits[:, 1] < find_boundaries(evidence, way - [0, 0.3], width_m=3.5).fits[:, 1]).all()
