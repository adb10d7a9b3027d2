"""Where a car is on its route: on a straight, on a way that meets itself, and before a search of all of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.carla_client.route_plan import Floats64, RoutePlan
from harness.carla_client.route_progress import RouteTracker


def plan_of(points: Floats64) -> RoutePlan:
    count = len(points)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    return RoutePlan(
        points=np.concatenate([points, np.zeros((count, 1))], axis=1),
        yaws_deg=np.zeros(count),
        s_m=np.concatenate([[0.0], np.cumsum(steps)]),
        lane_widths_m=np.full(count, 3.5),
        commands=np.full(count, 4, np.uint8),
        junctions=np.zeros(count, np.bool_),
        lanes=np.zeros((count, 3), np.int32),
    )


STRAIGHT = plan_of(np.stack([np.arange(101.0), np.zeros(101)], axis=1))
ROUND = np.linspace(0.0, 2 * np.pi, 315)
CIRCLE = plan_of(np.stack([50.0 * np.sin(ROUND), 50.0 - 50.0 * np.cos(ROUND)], axis=1))


def test_along_and_beside_a_straight() -> None:
    tracker = RouteTracker(STRAIGHT)
    place = tracker.update(7.25, -2.0)
    assert (place.s_m, place.progress_m, place.distance_m) == pytest.approx((7.25, 7.25, 2.0))
    place = tracker.update(4.0, 1.0)
    assert (place.s_m, place.progress_m, place.distance_m) == pytest.approx((4.0, 7.25, 1.0))


def test_before_the_start_and_behind_the_goal() -> None:
    tracker = RouteTracker(STRAIGHT)
    assert tracker.update(-5.0, 0.0).s_m == 0.0
    for x in range(0, 120, 10):
        place = tracker.update(float(x), 0.0)
    assert place.s_m == pytest.approx(100.0)
    assert place.distance_m == pytest.approx(10.0)


def test_a_way_that_meets_itself_is_not_cut_short() -> None:
    tracker = RouteTracker(CIRCLE)
    assert tracker.update(0.0, 0.0).s_m == pytest.approx(0.0)  # its goal is the same place
    seen = [tracker.update(50.0 * np.sin(a), 50.0 - 50.0 * np.cos(a)).s_m for a in np.linspace(0.0, 2 * np.pi, 60)]
    assert (np.diff(seen) >= 0.0).all()
    assert seen[-1] == pytest.approx(CIRCLE.length_m)


@given(st.lists(st.tuples(st.floats(0.0, 5.0), st.floats(-3.0, 3.0)), min_size=1, max_size=40))
def test_it_finds_what_a_search_of_the_whole_route_finds(steps: list[tuple[float, float]]) -> None:
    tracker, x = RouteTracker(STRAIGHT), 0.0
    for forward, aside in steps:
        x = min(100.0, x + forward)
        place = tracker.update(x, aside)
        assert place.s_m == pytest.approx(x, abs=1e-9)
        assert place.distance_m == pytest.approx(abs(aside), abs=1e-9)
