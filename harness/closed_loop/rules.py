"""When an episode ends: judged tick by tick from plain numbers, with nothing of a server.

Decisions:

- What happens on the road (terminated) is kept apart from the time limit (truncated), which ends an episode only where
  nothing else does. Of two things in one tick, the one that ``Referee.judge`` asks about first counts.
- Off the road and wrong way are what :mod:`harness.closed_loop.metrics.road_use` says of the same tick. Both have to
  last without a break.
- Who stands at a red or yellow light, or in the queue before it, is not blocked: up to ``LIGHT_AHEAD_M`` before the
  stop line.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.closed_loop.episode_log import Reason, StopLine
from harness.closed_loop.metrics.road_use import JUNCTION_REACH, ROAD, WRONG_WAY_DEG
from sim_scenarios.scenario import Scenario

STANDING_BELOW = 0.1
"""[m/s]"""
LIGHT_AHEAD_M = 50.0
"""A queue of seven cars. Where approaches are green one after the other, red lasts longer than ``blocked_s``."""
_LIGHT_WITHIN_DEG = 30.0
_RED_OR_YELLOW = (0, 1)


@dataclass(frozen=True, kw_only=True)
class RolloutRules:
    """By what an episode is driven and ended."""

    time_limit_s: float | None = None
    """Simulated time [s]; None: the scenario's duration."""
    decide_every: int = 1
    """A decision every so many ticks, the first one included."""
    latency_ticks: int = 0
    """So many ticks later than at once, which is the tick after that of the picture, a decision is applied."""
    measured_latency: bool = False
    """The wall time of each decision, rounded up to ticks, is added to that: then no episode happens twice."""
    act_timeout_s: float = 10.0
    """Wall time that a policy may take for one decision [s]."""
    blocked_s: float = 30.0
    """Standing for so long ends an episode; time at a red light does not count."""
    route_deviation_m: float = 15.0
    """So far from its route an ego has lost it."""
    off_road_s: float = 2.0
    wrong_way_s: float = 3.0
    goal_m: float = 3.0
    """So near before the end of the route, along it, an ego has arrived."""

    def max_ticks(self, scenario: Scenario) -> int:
        """Ticks of an episode of ``scenario`` that goes on to its time limit."""
        limit_s = scenario.duration_s if self.time_limit_s is None else self.time_limit_s
        return max(1, round(limit_s / scenario.fixed_delta_seconds))


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """What the rules ask of one tick."""

    x: float
    """[m] of the ego's origin in the world."""
    y: float
    yaw_deg: float
    speed: float
    """[m/s] over the ground."""
    lane_center: tuple[float, float, float]
    """x, y, yaw [deg] of the nearest driving lane's middle."""
    lane_width_m: float
    in_junction: bool
    lane_type: int
    """``carla.LaneType`` under the origin."""
    route_progress_m: float
    route_distance_m: float
    light_states: Sequence[int]
    """``carla.TrafficLightState`` of each light."""


class Referee:
    """Watches one episode."""

    def __init__(
        self, rules: RolloutRules, *, delta_s: float, route_length_m: float, stop_lines: Sequence[StopLine]
    ) -> None:
        """Begin; see ``RolloutRules`` for what ends an episode."""
        self._rules = rules
        self._goal_m = route_length_m - rules.goal_m
        self._lights = tuple(line for line in stop_lines if line.kind == "light")
        self._delta_s = delta_s
        self._ticks_off_road = 0
        self._ticks_wrong_way = 0
        self._ticks_blocked = 0

    def judge(self, now: Situation) -> Reason | None:
        """Why the episode ends in this tick; None: it goes on. Called once for each tick, in order.

        Collisions are not judged here: they become known later, and end an episode in any case.
        """
        rules = self._rules
        self._ticks_off_road = self._ticks_off_road + 1 if is_off_road(now) else 0
        self._ticks_wrong_way = self._ticks_wrong_way + 1 if is_wrong_way(now) else 0
        if now.speed >= STANDING_BELOW:
            self._ticks_blocked = 0
        elif not waits_at_light(now, self._lights):
            self._ticks_blocked += 1
        asked: tuple[tuple[Reason, bool], ...] = (
            ("goal", now.route_progress_m >= self._goal_m),
            ("route deviation", now.route_distance_m > rules.route_deviation_m),
            ("off road", self._lasts(self._ticks_off_road, rules.off_road_s)),
            ("wrong way", self._lasts(self._ticks_wrong_way, rules.wrong_way_s)),
            ("blocked", self._lasts(self._ticks_blocked, rules.blocked_s)),
        )
        return next((reason for reason, is_so in asked if is_so), None)

    def _lasts(self, ticks: int, limit_s: float) -> bool:
        return ticks > 0 and ticks >= round(limit_s / self._delta_s)


def is_off_road(now: Situation) -> bool:
    """Whether the ego's origin is where no car belongs."""
    if now.lane_type & ROAD:
        return False
    from_middle_m = math.hypot(now.x - now.lane_center[0], now.y - now.lane_center[1])
    return not (now.in_junction and from_middle_m <= JUNCTION_REACH * now.lane_width_m)


def is_wrong_way(now: Situation) -> bool:
    """Whether the ego heads against its lane."""
    return not now.in_junction and abs(_turn_deg(now.lane_center[2], now.yaw_deg)) > WRONG_WAY_DEG


def waits_at_light(now: Situation, lights: Sequence[StopLine]) -> bool:
    """Whether a stop line of a light that is not green lies ahead in the ego's lane."""
    heading = math.radians(now.yaw_deg)
    for line in lights:
        if now.light_states[line.light] not in _RED_OR_YELLOW:
            continue
        dx, dy = line.x - now.x, line.y - now.y
        ahead_m = dx * math.cos(heading) + dy * math.sin(heading)
        aside_m = dy * math.cos(heading) - dx * math.sin(heading)
        is_ahead = 0.0 <= ahead_m <= LIGHT_AHEAD_M and abs(aside_m) <= line.width_m
        if is_ahead and abs(_turn_deg(line.yaw_deg, now.yaw_deg)) <= _LIGHT_WITHIN_DEG:
            return True
    return False


def _turn_deg(one: float, other: float) -> float:
    return (other - one + 180.0) % 360.0 - 180.0
