"""What becomes of the line when a junction is announced, word by word."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.carla_client.route_plan import Command
from harness.closed_loop.mask_driver.center_line import CenterLine
from harness.closed_loop.mask_driver.ego_motion import EgoMotion
from harness.closed_loop.mask_driver.evidence import EvidenceMap
from harness.closed_loop.mask_driver.exit_lane import usual_exit
from harness.closed_loop.mask_driver.ground_plane import GroundPlane
from harness.closed_loop.mask_driver.junction_way import KEPT_FROM_M, UNMARKED_M, JunctionWay
from harness.closed_loop.mask_driver.path import headings, locate
from harness.closed_loop.mask_driver.roles import roles_of
from tests.unit.harness.closed_loop.mask_driver.drawn_crossing import Crossing
from tests.unit.harness.closed_loop.mask_driver.drawn_world import CAMERA, CARLA_29, Car, draw

ROLES = roles_of(CARLA_29).lookup
NOTHING_SEEN = EvidenceMap()
SIDES = {Command.RIGHT: 1.0, Command.LEFT: -1.0}
TURNS = st.sampled_from(list(SIDES))


def forward(metres: float) -> EgoMotion:
    return EgoMotion(x=metres, y=0.0, yaw=0.0)


def test_without_a_junction_the_line_is_left_alone() -> None:
    line = CenterLine()
    before = line.points.copy()
    assert JunctionWay().lead(line, NOTHING_SEEN, Command.FOLLOW, math.inf) == math.inf
    np.testing.assert_array_equal(line.points, before)


@given(TURNS, st.floats(0.0, 18.0))
def test_before_anything_is_seen_a_turn_is_a_right_angle(command: Command, distance_m: float) -> None:
    line = CenterLine()
    up_to_m = JunctionWay().lead(line, NOTHING_SEEN, command, distance_m)
    lane = distance_m + usual_exit(command).ahead_m
    far = line.points[np.abs(line.points[:, 1]) > 12.5]
    assert len(far)
    np.testing.assert_allclose(far[:, 0], lane, atol=0.3)
    assert (far[:, 1] * SIDES[command] > 0.0).all()
    near = line.points[line.points[:, 0] < distance_m - 1.5]
    np.testing.assert_allclose(near[:, 1], 0.0, atol=1e-6)
    here, _ = locate(line.points, np.zeros(2))
    assert up_to_m == pytest.approx(max(0.0, here + distance_m - UNMARKED_M), abs=0.1)


@given(st.floats(0.0, 25.0))
def test_straight_on_is_straight_on(distance_m: float) -> None:
    line = CenterLine()
    line.points[:, 1] = np.maximum(line.points[:, 0] - distance_m, 0.0) ** 2 / 40.0  # round the corner, by the kerb
    JunctionWay().lead(line, NOTHING_SEEN, Command.STRAIGHT, distance_m)
    np.testing.assert_allclose(line.points[:, 1], 0.0, atol=0.02)


def test_straight_on_goes_as_the_lane_goes_at_the_entrance() -> None:
    line = CenterLine()
    line.points = line.points @ np.array([[math.cos(0.2), math.sin(0.2)], [-math.sin(0.2), math.cos(0.2)]])
    JunctionWay().lead(line, NOTHING_SEEN, Command.STRAIGHT, 15.0)
    np.testing.assert_allclose(headings(line.points), 0.2, atol=0.01)


@given(TURNS, st.floats(0.5, 6.0), st.floats(-6.0, 6.0))
def test_right_before_the_entrance_it_is_carried_along(command: Command, metres: float, wrong_m: float) -> None:
    """The distance may be off, and the line may follow a zebra: the turn stays where it was."""
    line, way = CenterLine(), JunctionWay()
    way.lead(line, NOTHING_SEEN, command, KEPT_FROM_M)
    lane = KEPT_FROM_M + usual_exit(command).ahead_m
    line.move(forward(metres))
    way.move(forward(metres))
    way.lead(line, NOTHING_SEEN, command, min(KEPT_FROM_M, max(0.0, KEPT_FROM_M - metres + wrong_m)))
    far = line.points[np.abs(line.points[:, 1]) > 12.5]
    assert len(far)
    np.testing.assert_allclose(far[:, 0], lane - metres, atol=0.3)


def test_farther_ahead_it_is_placed_anew_little_by_little() -> None:
    line, way = CenterLine(), JunctionWay()
    way.lead(line, NOTHING_SEEN, Command.RIGHT, 20.0)
    lanes = []
    for _ in range(20):
        line.points = CenterLine().points
        way.lead(line, NOTHING_SEEN, Command.RIGHT, 14.0)
        lanes.append(line.points[line.points[:, 1] > 12.5, 0].mean() - usual_exit(Command.RIGHT).ahead_m)
    assert lanes[0] == pytest.approx(20.0 - 0.3 * 6.0, abs=0.2)
    assert (np.diff(lanes) < 0.05).all()
    assert lanes[-1] == pytest.approx(14.0, abs=0.2)


@pytest.mark.parametrize("command", list(SIDES))
def test_a_car_that_drives_the_way_stays_on_it_until_the_line_goes_on_alone(command: Command) -> None:
    line, way = CenterLine(), JunctionWay()
    radius, turned = usual_exit(command).ahead_m, 0.0
    way.lead(line, NOTHING_SEEN, command, 0.0)
    step = 0.05  # [rad]
    chord = 2.0 * radius * math.sin(0.5 * step)
    on_circle = EgoMotion(
        x=chord * math.cos(0.5 * step), y=SIDES[command] * chord * math.sin(0.5 * step), yaw=SIDES[command] * step
    )
    led = []
    while turned < math.pi / 2:
        line.move(on_circle)
        way.move(on_circle)
        turned += step
        led.append(way.lead(line, NOTHING_SEEN, command, 0.0) < math.inf)
        assert abs(locate(line.points, np.zeros(2))[1]) < 0.1
    done = led.index(False)
    assert not any(led[done:])
    assert math.degrees(step * (done + 1)) == pytest.approx(70.0, abs=4.0)


def test_straight_on_the_line_goes_on_alone_behind_the_entrance() -> None:
    line, way = CenterLine(), JunctionWay()
    assert way.lead(line, NOTHING_SEEN, Command.STRAIGHT, 1.0) < math.inf
    way.move(forward(1.5))
    line.move(forward(1.5))
    assert way.lead(line, NOTHING_SEEN, Command.STRAIGHT, 0.0) == math.inf


def test_another_command_forgets_the_junction_before() -> None:
    line, way = CenterLine(), JunctionWay()
    way.lead(line, NOTHING_SEEN, Command.RIGHT, 5.0)
    way.lead(line, NOTHING_SEEN, Command.LEFT, 5.0)
    assert line.points[-1, 1] < -10.0
    assert way.lead(line, NOTHING_SEEN, Command.FOLLOW, math.inf) == math.inf
    line.points = CenterLine().points
    way.lead(line, NOTHING_SEEN, Command.RIGHT, 18.0)
    far = line.points[line.points[:, 1] > 12.5]
    np.testing.assert_allclose(far[:, 0], 18.0 + usual_exit(Command.RIGHT).ahead_m, atol=0.3)


@pytest.mark.parametrize(("into_m", "is_seen"), [(0.5, True), (2.0, False)])
def test_inside_the_junction_the_exit_stays_where_it_was_seen(into_m: float, is_seen: bool) -> None:
    """From there the near edge of the street is out of sight."""
    crossing = Crossing(entrance_m=12.0, angle_deg=70.0)
    evidence, line, way = EvidenceMap(), CenterLine(), JunctionWay()
    evidence.add(ROLES[draw(crossing, Car())], GroundPlane.of(CAMERA))
    way.lead(line, NOTHING_SEEN, Command.RIGHT, 12.0)
    motion = forward(12.0 + into_m)
    evidence.move(motion, step_s=0.1)
    line.move(motion)
    way.move(motion)
    way.lead(line, evidence, Command.RIGHT, 0.0)
    turned = math.degrees(headings(line.points)[-1])
    assert (turned < 87.0) == is_seen
    assert turned < 90.5
