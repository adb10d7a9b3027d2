"""When an episode ends, on made-up situations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.closed_loop.episode_log import Reason, StopLine
from harness.closed_loop.metrics.ego_track import ego_track
from harness.closed_loop.metrics.road_use import road_use
from harness.closed_loop.rules import LIGHT_AHEAD_M, Referee, RolloutRules, Situation, is_off_road, waits_at_light
from sim_scenarios.scenario import Scenario
from tests.unit.harness.closed_loop.made_logs import make_log

DELTA_S = 0.1
DRIVING, SIDEWALK, SHOULDER, PARKING, NONE = 2, 32, 8, 256, 1
FINE = Situation(
    x=0.0, y=0.0, yaw_deg=0.0, speed=8.0, lane_center=(0.0, 0.0, 0.0), lane_width_m=3.5, in_junction=False,
    lane_type=DRIVING, route_progress_m=10.0, route_distance_m=0.2, light_states=(2,),
)  # fmt: skip
LIGHT = StopLine(kind="light", x=20.0, y=0.0, yaw_deg=0.0, width_m=3.5, light=0)


def ends(situations: Iterable[Situation], rules: RolloutRules = RolloutRules()) -> tuple[int, Reason] | None:  # noqa: B008
    referee = Referee(rules, delta_s=DELTA_S, route_length_m=100.0, stop_lines=[LIGHT])
    for tick, situation in enumerate(situations):
        reason = referee.judge(situation)
        if reason is not None:
            return tick, reason
    return None


def test_driving_on_ends_nothing() -> None:
    assert ends([FINE] * 2000) is None


def test_the_goal_is_reached_a_little_before_the_end_of_the_route() -> None:
    ways = [replace(FINE, route_progress_m=90.0 + tick) for tick in range(20)]
    assert ends(ways) == (7, "goal")
    assert ends(ways, RolloutRules(goal_m=0.0)) == (10, "goal")


@pytest.mark.parametrize(
    ("change", "limit_s", "reason"),
    [
        ({"lane_type": SIDEWALK}, 2.0, "off road"),
        ({"lane_type": NONE}, 2.0, "off road"),
        ({"yaw_deg": 170.0}, 3.0, "wrong way"),
        ({"speed": 0.0}, 30.0, "blocked"),
    ],
)
def test_what_has_to_last(change: dict[str, object], limit_s: float, reason: Reason) -> None:
    bad = replace(FINE, **change)  # type: ignore[arg-type]
    ticks = round(limit_s / DELTA_S)
    assert ends([FINE] * 5 + [bad] * 1000) == (5 + ticks - 1, reason)
    assert ends(([bad] * (ticks - 1) + [FINE]) * 4) is None, "a break starts it anew"


def test_a_lost_route_ends_at_once() -> None:
    assert ends([FINE, replace(FINE, route_distance_m=15.1)]) == (1, "route deviation")
    assert ends([replace(FINE, route_distance_m=14.9)] * 100) is None


def test_what_is_asked_first_counts() -> None:
    assert ends([replace(FINE, route_progress_m=99.0, route_distance_m=99.0)]) == (0, "goal")


@pytest.mark.parametrize(
    ("lane_type", "is_off"), [(DRIVING, False), (PARKING, False), (SIDEWALK, True), (SHOULDER, True), (NONE, True)]
)
def test_where_cars_belong(lane_type: int, is_off: bool) -> None:
    assert is_off_road(replace(FINE, lane_type=lane_type)) is is_off


@pytest.mark.parametrize("lane_type", [1 << bit for bit in range(21)])
def test_episodes_end_by_what_the_metrics_call_off_road(lane_type: int) -> None:
    log = make_log(moves=[{"ticks": 2, "speed": 1.0}])
    log = replace(log, on_lane_types=np.full((2, 5), lane_type, np.int32))
    assert is_off_road(replace(FINE, lane_type=lane_type)) == road_use(log, ego_track(log)).off_road[0]


def test_the_middle_of_a_junction_is_road_and_the_house_at_its_corner_is_not() -> None:
    inside = replace(FINE, lane_type=NONE, in_junction=True, y=4.0)
    assert not is_off_road(inside)
    assert is_off_road(replace(inside, y=6.0))


@given(st.floats(-720.0, 720.0))
def test_headings_are_compared_across_full_circles(yaw: float) -> None:
    turned = abs((yaw + 180.0) % 360.0 - 180.0)
    if abs(turned - 90.0) > 1e-6:
        ended = ends([replace(FINE, yaw_deg=yaw)] * 40)
        assert (ended == (29, "wrong way")) is (turned > 90.0)


def test_in_a_junction_no_way_is_wrong() -> None:
    assert ends([replace(FINE, yaw_deg=180.0, in_junction=True)] * 100) is None


@pytest.mark.parametrize(
    ("change", "waits"),
    [
        ({}, True),
        ({"light_states": (1,)}, True),
        ({"light_states": (2,)}, False),
        ({"light_states": (3,)}, False),
        ({"x": 20.5}, False),
        ({"x": 20.0 - LIGHT_AHEAD_M - 1.0}, False),
        ({"y": 4.0}, False),
        ({"yaw_deg": 45.0, "x": 19.0}, False),
        ({"yaw_deg": 180.0}, False),
    ],
)
def test_which_lights_one_waits_for(change: dict[str, object], waits: bool) -> None:
    now = replace(FINE, light_states=(0,), speed=0.0)
    assert waits_at_light(replace(now, **change), [LIGHT]) is waits  # type: ignore[arg-type]


def test_time_at_a_red_light_does_not_count() -> None:
    red, green = (replace(FINE, speed=0.0, light_states=(state,)) for state in (0, 2))
    assert ends([red] * 5000) is None
    assert ends([green] * 200 + [red] * 500 + [green] * 200) == (200 + 500 + 99, "blocked")


def test_the_time_limit_in_ticks() -> None:
    scenario = Scenario.model_validate({"name": "a", "split": "test", "duration_s": 12.0, "fixed_delta_seconds": 0.05})
    assert RolloutRules().max_ticks(scenario) == 240
    assert RolloutRules(time_limit_s=3.0).max_ticks(scenario) == 60
    assert RolloutRules(time_limit_s=0.001).max_ticks(scenario) == 1
