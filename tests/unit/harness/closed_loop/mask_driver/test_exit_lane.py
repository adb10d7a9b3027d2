"""The lane that a turn leads to: known streets, seen on drawn masks, and the way into it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.carla_client.route_plan import Command
from harness.closed_loop.mask_driver.evidence import EvidenceMap
from harness.closed_loop.mask_driver.exit_lane import (
    MAX_RADIUS_M,
    ExitLane,
    _edges,
    _lane,
    _slope,
    find_exit,
    to_ego,
    usual_exit,
)
from harness.closed_loop.mask_driver.ground_plane import GroundPlane
from harness.closed_loop.mask_driver.path import curvatures
from harness.closed_loop.mask_driver.roles import roles_of
from sim_scenarios.camera import CameraSpec
from tests.unit.harness.closed_loop.mask_driver.drawn_crossing import Crossing
from tests.unit.harness.closed_loop.mask_driver.drawn_world import (
    CARLA_29,
    LANE_M,
    Car,
    Floats,
    Ground,
    Street,
    draw,
    straight,
)

CAMERA = CameraSpec(width=640, height=360)
ROLES = roles_of(CARLA_29).lookup
TURNS = st.sampled_from([Command.LEFT, Command.RIGHT])
NONE = math.nan


def seen_exit(ground: Ground, command: Command, *, distance_m: float) -> ExitLane | None:
    """What one look from before an entrance at x = 30 m tells."""
    evidence = EvidenceMap()
    evidence.add(ROLES[draw(ground, Car(x=30.0 - distance_m), CAMERA)], GroundPlane.of(CAMERA))
    return find_exit(evidence, np.array([distance_m, 0.0]), 0.0, command, lane_width_m=LANE_M)


@pytest.mark.parametrize("command", [Command.RIGHT, Command.LEFT])
def test_the_lane_of_a_street_that_leads_away(command: Command) -> None:
    """Far rows of the picture are a metre long, so that a single look may be off."""
    side = 1.0 if command is Command.RIGHT else -1.0
    angles, places = [], []
    for angle_deg in np.arange(75.0, 106.0, 5.0):
        crossing = Crossing(entrance_m=30.0, angle_deg=float(angle_deg), zebra=angle_deg < 90.0)
        for distance_m in (9.0, 11.0, 13.0, 16.0):
            found = seen_exit(crossing, command, distance_m=distance_m)
            assert found is not None
            angles.append(abs(math.degrees(found.angle - side * crossing.exit_heading(command))))
            places.append(abs(found.ahead_m - crossing.exit_ahead_m(command)))
    assert np.median(angles) < 2.5
    assert np.median(places) < 0.7
    assert max(angles) < 9.0
    assert max(places) < 2.4


@pytest.mark.parametrize("distance_m", [6.0, 12.0])
@pytest.mark.parametrize("command", [Command.RIGHT, Command.LEFT])
def test_right_angles_are_found_well(command: Command, distance_m: float) -> None:
    found = seen_exit(Crossing(entrance_m=30.0), command, distance_m=distance_m)
    assert found is not None
    assert found.ahead_m == pytest.approx({Command.RIGHT: 8.25, Command.LEFT: 11.75}[command], abs=0.4)
    assert math.degrees(found.angle) == pytest.approx(90.0, abs=3.0)


@pytest.mark.parametrize("command", [Command.RIGHT, Command.LEFT])
def test_where_no_street_leads_away_there_is_none(command: Command) -> None:
    assert seen_exit(Street(lane=straight()), command, distance_m=10.0) is None
    assert find_exit(EvidenceMap(), np.array([10.0, 0.0]), 0.0, command, lane_width_m=LANE_M) is None


def test_what_is_usual_is_a_right_angle_from_where_corners_begin() -> None:
    """The drawn crossing has the corners that are taken for usual."""
    crossing = Crossing(entrance_m=0.0)
    for command in (Command.RIGHT, Command.LEFT):
        assert usual_exit(command).angle == pytest.approx(math.pi / 2)
        assert usual_exit(command).ahead_m == pytest.approx(crossing.exit_ahead_m(command), abs=0.3)


EXITS = st.builds(ExitLane, ahead_m=st.floats(4.0, 34.0), slope=st.floats(-0.7, 0.7))


@given(EXITS)
def test_the_way_begins_in_one_lane_and_ends_in_the_other(exit_lane: ExitLane) -> None:
    way = exit_lane.way(exit_m=18.0)
    assert 0.0 <= way[0, 1] < 0.3, "one metre from the entrance"
    off = (way[-15:, 0] - exit_lane.slope * way[-15:, 1] - exit_lane.ahead_m) / math.hypot(1.0, exit_lane.slope)
    np.testing.assert_allclose(off, 0.0, atol=1e-6)
    last = way[-1] - way[-2]
    assert math.atan2(last[1], last[0]) == pytest.approx(exit_lane.angle, abs=1e-6)


@given(EXITS)
def test_the_way_is_an_arc_that_is_as_wide_as_fits(exit_lane: ExitLane) -> None:
    way = exit_lane.way(exit_m=18.0)
    steps = np.linalg.norm(np.diff(way, axis=0), axis=1)
    assert (steps > 0.9).all()
    assert (steps < 1.0 + 1e-9).all()
    radius = min(MAX_RADIUS_M, exit_lane.ahead_m / math.tan(0.5 * exit_lane.angle))
    assert curvatures(way).min() > -1e-6, "it turns to one side only"
    assert curvatures(way).max() < 1.15 / radius


@given(EXITS, EXITS, st.floats(0.0, 1.0))
def test_nearer_by_a_share(one: ExitLane, other: ExitLane, share: float) -> None:
    between = one.towards(other, share)
    assert between.ahead_m == pytest.approx((1 - share) * one.ahead_m + share * other.ahead_m)
    assert between.slope == pytest.approx((1 - share) * one.slope + share * other.slope, abs=1e-9)


@given(st.floats(-20, 20), st.floats(-20, 20), st.floats(-3, 3), TURNS)
def test_the_frame_of_a_junction(ahead: float, aside: float, heading: float, command: Command) -> None:
    entrance = np.array([3.0, -1.0])
    side = 1.0 if command is Command.RIGHT else -1.0
    forward = np.array([math.cos(heading), math.sin(heading)])
    right = np.array([-math.sin(heading), math.cos(heading)])
    placed = to_ego(np.array([[ahead, aside]]), entrance, heading, command)[0]
    np.testing.assert_allclose(placed, entrance + ahead * forward + side * aside * right, atol=1e-9)


AHEAD = np.arange(0.0, 20.0, 0.25)


def cut(*runs: tuple[float, float, float]) -> Floats:
    """Shares of road: pavement, and what each run (from, to, share) says."""
    shares = np.zeros(len(AHEAD))
    for begin, end, share in runs:
        shares[(begin <= AHEAD) & (end > AHEAD)] = share
    return shares


@pytest.mark.parametrize(
    ("shares", "edges"),
    [
        (cut((5.0, 12.0, 1.0)), (5.0, 12.0)),
        (cut((5.0, 12.0, 1.0), (8.0, 8.75, 0.0)), (5.0, 12.0)),  # a small gap
        (cut((2.0, 4.0, 1.0), (8.0, 14.0, 1.0)), (8.0, 14.0)),  # a driveway, then a street
        (cut((5.0, 12.0, 1.0), (14.0, 19.0, 1.0)), (5.0, 12.0)),  # the first of two
        (cut((0.0, 9.0, 1.0)), (NONE, 9.0)),
        (cut((5.0, 20.0, 1.0)), (5.0, NONE)),
        (cut((5.0, 12.0, 1.0), (12.0, 20.0, NONE)), (5.0, NONE)),  # a car hides the far edge
        (cut((0.0, 5.0, NONE), (5.0, 12.0, 1.0)), (NONE, 12.0)),
        (cut((5.0, 7.0, 1.0)), (NONE, NONE)),  # too narrow for a street
        (cut(), (NONE, NONE)),
        (cut((0.0, 20.0, NONE)), (NONE, NONE)),
    ],
)
def test_edges_of_a_cut(shares: Floats, edges: tuple[float, float]) -> None:
    np.testing.assert_allclose(_edges(shares, AHEAD), edges, atol=0.13)


@given(st.floats(-0.7, 0.7), st.integers(0, 7), st.floats(-9.0, 9.0))
def test_one_cut_that_is_wrong_does_not_change_the_slope(slope: float, wrong: int, by_m: float) -> None:
    cuts = 9.0 + np.arange(8.0)
    places = 10.0 + slope * cuts
    places[wrong] += by_m
    assert _slope((cuts, places)) == pytest.approx(slope)


def test_too_few_cuts_have_no_slope() -> None:
    two = (np.array([9.0, 11.0]), np.array([5.0, 5.0]))
    assert _slope(two, two) is None


@pytest.mark.parametrize(
    ("near_m", "far_m", "right_m", "left_m"),
    [
        (5.0, 12.0, 6.75, 10.25),  # two lanes
        (5.0, 19.0, 6.75, 13.75),  # four: the outer one, and the first beyond the middle
        (5.0, None, 6.75, 10.25),
        (None, 12.0, 6.75, 10.25),
        (5.0, 8.5, 6.75, 6.75),  # one, whose middle is its own
        (None, None, None, None),
    ],
)
def test_which_lane_is_meant(
    near_m: float | None, far_m: float | None, right_m: float | None, left_m: float | None
) -> None:
    assert _lane(near_m, far_m, Command.RIGHT, LANE_M) == right_m
    assert _lane(near_m, far_m, Command.LEFT, LANE_M) == left_m
