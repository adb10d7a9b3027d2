from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.closed_loop.metrics.ego_track import ego_track
from harness.closed_loop.metrics.route_error import RouteError, route_error
from tests.unit.harness.closed_loop.made_logs import along, make_log, nearest_of, route_of


def error_of(log) -> RouteError:  # type: ignore[no-untyped-def]
    return route_error(log, ego_track(log))


@settings(max_examples=25, deadline=None)
@given(
    radius=st.sampled_from([None, 15.0, -15.0, 60.0]),
    y=st.floats(-3, 3),
    yaw=st.floats(-30, 30),
    turn=st.floats(-20, 20),
)
def test_it_is_the_way_to_the_nearest_of_many_points(radius: float | None, y: float, yaw: float, turn: float) -> None:
    log = make_log(
        start=(5.0, y, yaw), moves=[{"ticks": 40, "speed": 8.0, "turn_deg": turn}], bend_radius_m=radius, length_m=50.0
    )
    found = error_of(log)
    positions = log.actor_transforms[:, 0, :2].astype(np.float64)
    dense = along(log.route_points, log.route_yaws_deg)
    near = dense[nearest_of(dense, positions)]
    np.testing.assert_allclose(np.abs(found.lateral_m), np.hypot(*(positions - near[:, :2]).T), atol=2e-3)
    turned = log.actor_transforms[:, 0, 4] - near[:, 2]
    np.testing.assert_allclose(found.heading_deg, (turned + 180) % 360 - 180, atol=0.3)
    ahead = np.radians(near[:, 2])
    right = (positions[:, 1] - near[:, 1]) * np.cos(ahead) - (positions[:, 0] - near[:, 0]) * np.sin(ahead)
    clear = np.abs(right) > 0.05
    np.testing.assert_array_equal(found.lateral_m[clear] > 0, right[clear] > 0)


@pytest.mark.parametrize("y", [0.4, -0.4])
def test_before_the_start_and_behind_the_goal_the_route_goes_straight_on(y: float) -> None:
    log = make_log(start=(-5.0, y, 0.0), moves=[{"ticks": 120, "speed": 10.0}], length_m=50.0)
    np.testing.assert_allclose(error_of(log).lateral_m, y, atol=1e-6)


def test_a_crossing_with_the_same_route_is_no_mistake() -> None:
    # Out along x and back across it: at x=40 the way back is 80 m later.
    there, back = np.arange(0.0, 81.0), np.arange(-40.0, 41.0)
    points = np.zeros((len(there) + 40 + len(back), 3))
    points[: len(there), 0] = there
    points[len(there) : -len(back), 0] = np.linspace(79, 41, 40)
    points[len(there) : -len(back), 1] = -40.0
    points[-len(back) :, 0], points[-len(back) :, 1] = 40.0, back
    lengths = np.hypot(*np.diff(points[:, :2], axis=0).T)
    yaws = np.where(np.arange(len(points)) < len(there), 0.0, 90.0)
    plain = make_log(start=(0.0, 0.5, 0.0), moves=[{"ticks": 100, "speed": 10.0}])
    log = replace(
        plain,
        route_points=points, route_yaws_deg=yaws, route_s_m=np.concatenate([[0.0], np.cumsum(lengths)]),
        route_lane_widths_m=np.full(len(points), 3.5), route_commands=np.full(len(points), 4, np.uint8),
        route_junctions=np.zeros(len(points), np.bool_),
    )  # fmt: skip
    found = error_of(log)
    np.testing.assert_allclose(found.lateral_m, 0.5, atol=1e-6)
    np.testing.assert_allclose(found.heading_deg, 0.0, atol=1e-6)


def test_headings_go_the_short_way_round() -> None:
    log = make_log(start=(0.0, 0.0, 175.0), moves=[{"ticks": 10, "speed": 1.0}], reason="wrong way")
    turned = replace(log, route_yaws_deg=np.full(len(log.route_yaws_deg), -175.0))
    np.testing.assert_allclose(error_of(turned).heading_deg, -10.0, atol=1e-4)


def test_a_bend_is_measured_along_its_points() -> None:
    points, yaws = route_of(20.0, 30.0)
    assert yaws[-1] == pytest.approx(np.degrees(1.5))
    np.testing.assert_allclose(np.hypot(points[:, 0], points[:, 1] - 20.0), 20.0)
