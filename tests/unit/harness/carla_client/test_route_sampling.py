"""Routes as geometry, on the made-up map of the route tests and on numbers alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.carla_client.route_plan import COMMAND_AHEAD_M, SPACING_M, Command
from harness.carla_client.route_sampling import commands_of, turn_command
from harness.carla_client.routes import SEEDED_SPEED, plan_journey
from harness.errors import ScenarioFileError
from sim_scenarios.scenario import Scenario
from tests.unit.harness.carla_client.made_up_town import TOWN

START = {"x": 10.0, "y": 1.75}


def a_scenario(*route: dict[str, float], **content: Any) -> Scenario:
    shared = {"name": "a", "split": "test", "duration_s": 30.0, "ego": {"spawn_point": START, "route": list(route)}}
    return Scenario.model_validate(shared | content)


@pytest.mark.parametrize(
    ("turn", "command"),
    [
        (0.0, Command.STRAIGHT),
        (34.0, Command.STRAIGHT),
        (36.0, Command.RIGHT),
        (-36.0, Command.LEFT),
        (90.0, Command.RIGHT),
        (270.0, Command.LEFT),
        (-359.0, Command.STRAIGHT),
    ],
)
def test_a_turn_is_called_by_its_angle(turn: float, command: Command) -> None:
    assert turn_command(turn) is command


@given(st.floats(-179.0, 179.0), st.integers(-3, 3))
def test_full_circles_do_not_change_a_turn(turn: float, circles: int) -> None:
    assert turn_command(turn + 360.0 * circles) is turn_command(turn)


def test_a_straight_way_through_a_junction() -> None:
    plan = plan_journey(TOWN, a_scenario({"x": 200.0, "y": 1.75})).plan
    np.testing.assert_allclose(plan.points[:, 0], 10.0 + plan.s_m, atol=0.02)
    np.testing.assert_allclose(plan.points[:, 1], 1.75, atol=0.02)
    np.testing.assert_allclose(plan.yaws_deg, 0.0, atol=0.1)
    np.testing.assert_allclose(plan.lane_widths_m, 3.5)
    assert plan.length_m == pytest.approx(190.0, abs=0.05)
    inside = (plan.points[:, 0] > 101.0) & (plan.points[:, 0] < 119.0)
    outside = (plan.points[:, 0] < 99.0) | (plan.points[:, 0] > 121.0)
    assert plan.junctions[inside].all()
    assert not plan.junctions[outside].any()
    assert set(plan.lanes[inside, 0]) == {5}


def test_points_are_evenly_spaced_along_a_bent_way() -> None:
    plan = plan_journey(TOWN, a_scenario({"x": 121.75, "y": -100.0})).plan
    steps = np.linalg.norm(np.diff(plan.points[:, :2], axis=0), axis=1)
    np.testing.assert_allclose(np.diff(plan.s_m)[:-1], SPACING_M)
    np.testing.assert_allclose(steps, np.diff(plan.s_m), atol=0.3)  # the made-up roads have corners
    assert plan.s_m[0] == 0.0
    assert 0.0 < plan.s_m[-1] - plan.s_m[-2] <= SPACING_M


def test_a_command_is_given_ahead_of_its_junction_and_ends_with_it() -> None:
    plan = plan_journey(TOWN, a_scenario({"x": 121.75, "y": -100.0})).plan
    begin = plan.s_m[plan.junctions.argmax()]
    end = plan.s_m[len(plan.s_m) - 1 - plan.junctions[::-1].argmax()]
    left = plan.s_m[plan.commands == Command.LEFT]
    assert set(plan.commands) == {Command.LEFT, Command.FOLLOW}
    assert left[0] == pytest.approx(begin - COMMAND_AHEAD_M, abs=SPACING_M)
    assert left[-1] == end
    assert plan.command_at(begin - COMMAND_AHEAD_M - 5.0) == (Command.FOLLOW, math.inf)
    command, ahead_m = plan.command_at(begin - 10.0)
    assert (command, ahead_m) == (Command.LEFT, pytest.approx(10.0))
    assert plan.command_at(begin + 2.0) == (Command.LEFT, 0.0)
    assert plan.command_at(plan.length_m + 5.0) == (Command.FOLLOW, math.inf)


def test_between_two_near_junctions_the_next_one_counts() -> None:
    s_m = np.arange(60.0)
    junctions = ((s_m >= 20) & (s_m < 25)) | ((s_m >= 35) & (s_m < 40))
    yaws = np.where(s_m < 22, 0.0, np.where(s_m < 37, 90.0, 0.0))
    commands = commands_of(yaws, s_m, junctions)
    assert set(commands[:25]) == {Command.RIGHT}
    assert set(commands[25:40]) == {Command.LEFT}
    assert set(commands[40:]) == {Command.FOLLOW}


def test_a_route_within_a_junction_has_a_command_from_its_first_point_on() -> None:
    commands = commands_of(np.linspace(0.0, 90.0, 10), np.arange(10.0), np.ones(10, np.bool_))
    assert set(commands) == {Command.RIGHT}


def test_places_on_the_way_do_not_change_it() -> None:
    direct = plan_journey(TOWN, a_scenario({"x": 200.0, "y": 1.75})).plan
    by = plan_journey(TOWN, a_scenario({"x": 55.3, "y": 1.0}, {"x": 140.0, "y": 2.5}, {"x": 200.0, "y": 1.75})).plan
    np.testing.assert_allclose(by.points, direct.points, atol=0.02)
    np.testing.assert_array_equal(by.commands, direct.commands)


def test_what_lies_beyond_the_goal_begins_as_the_route() -> None:
    journey = plan_journey(TOWN, a_scenario({"x": 150.0, "y": 1.75}))
    assert journey.beyond.length_m > journey.plan.length_m + 50.0
    shared = len(journey.plan.s_m) - 1
    np.testing.assert_allclose(journey.beyond.points[:shared], journey.plan.points[:shared], atol=1e-6)


def test_a_seeded_route_is_the_same_for_a_seed_and_as_long_as_the_drive_lasts() -> None:
    def ends(seed: int) -> tuple[float, ...]:
        plan = plan_journey(TOWN, a_scenario(seed=seed)).plan
        assert plan.length_m == pytest.approx(30.0 * SEEDED_SPEED, abs=0.1)
        return tuple(plan.points[-1].round(3))

    assert ends(1) == ends(1)
    assert len({ends(seed) for seed in range(12)}) == 2  # the town's one junction has two exits


def test_a_seeded_route_ends_where_the_road_does() -> None:
    plan = plan_journey(TOWN, a_scenario(duration_s=3000.0)).plan
    assert 190.0 < plan.length_m < 230.0


@pytest.mark.parametrize(
    ("goal", "said"),
    [
        ({"x": 50.0, "y": 300.0}, "route, place 0: no way leads there"),
        ({"x": 50.0, "y": 900.0}, "route, place 0: .* no driving lane within 30 m"),
        ({"x": 10.0, "y": 1.75}, "no way leads there|has no length"),
    ],
)
def test_a_route_that_the_map_cannot_give(goal: dict[str, float], said: str) -> None:
    with pytest.raises(ScenarioFileError, match=said):
        plan_journey(TOWN, a_scenario(goal))
