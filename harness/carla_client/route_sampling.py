"""A way over lanes as a ``RoutePlan``: points along the middle of its lanes, and the commands at its junctions.

Decisions:

- The map is walked in steps of half the spacing along the lanes of the way, then the polyline is sampled evenly: steps
  of the map are measured along the middle of the road, which in a bend is not as long as its lanes.
- A command follows from the angle between entering and leaving a junction, as in CARLA's agents: less than 35 degrees
  (global_route_planner.py, ``_turn_decision``) is straight on, whatever the junction looks like.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import carla
import numpy as np
import numpy.typing as npt

from harness.carla_client.lane_graph import Lane, has_passed, lane_of
from harness.carla_client.route_plan import COMMAND_AHEAD_M, SPACING_M, Command, Floats64, RoutePlan
from harness.errors import ScenarioFileError

STRAIGHT_BELOW_DEG = 35.0
_STEP_M = 0.5 * SPACING_M
_SAME_PLACE_M = 1e-3


@dataclass(frozen=True, kw_only=True, slots=True)
class Leg:
    """A part of a way: lanes that lead into each other."""

    start: carla.Waypoint
    """On the first lane."""
    lanes: tuple[Lane, ...]
    end: carla.Waypoint | None
    """On the last lane; None: where that ends."""


def sample(legs: Sequence[Leg], *, max_length_m: float = float("inf")) -> RoutePlan:
    """The plan of legs of which each begins where the one before ends, cut off at ``max_length_m``."""
    return _plan([waypoint for leg in legs for waypoint in walk(leg)], max_length_m)


def walk(leg: Leg) -> list[carla.Waypoint]:
    """Waypoints from the start of a leg to its end, close together.

    Raises:
        ScenarioFileError: the lanes do not lead to the end.
    """
    here, at = leg.start, 0
    waypoints = [here]
    while True:
        if leg.end is not None and at == len(leg.lanes) - 1 and has_passed(here, leg.end):
            waypoints[-1] = leg.end
            return waypoints
        found = _next_on(leg.lanes, at, here)
        if found is None:
            if leg.end is None:
                return waypoints
            raise ScenarioFileError(
                f"the map's lanes end at ({here.transform.location.x:.1f}, {here.transform.location.y:.1f}), before "
                "the next place of the route: choose another place"
            )
        here, at = found
        waypoints.append(here)


def _next_on(lanes: Sequence[Lane], at: int, here: carla.Waypoint) -> tuple[carla.Waypoint, int] | None:
    """The next waypoint on the way and the index of its lane; None: the way ends."""
    ahead = {lane_of(each): each for each in reversed(here.next(_STEP_M))}
    for index in range(at, len(lanes)):  # a lane may be shorter than a step
        if lanes[index] in ahead:
            return ahead[lanes[index]], index
    return None


def commands_of(yaws_deg: Floats64, s_m: Floats64, junctions: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """The command in force at each point of a route.

    Args:
        yaws_deg: (N,) heading of the lanes.
        s_m: (N,) way from the start, rising.
        junctions: (N,) whether a point lies inside a junction.

    Returns:
        (N,) values of ``Command``; between two junctions that are near to each other, that of the next one.
    """
    commands = np.full(len(s_m), Command.FOLLOW, np.uint8)
    edges = np.diff(np.concatenate([[0], junctions.astype(np.int8), [0]]))
    begins, ends = (np.flatnonzero(edges == step).tolist() for step in (1, -1))
    free_from = 0
    for begin, end in zip(begins, ends, strict=True):
        turn = yaws_deg[min(end, len(s_m) - 1)] - yaws_deg[max(begin - 1, 0)]
        given_at = int(np.searchsorted(s_m, s_m[begin] - COMMAND_AHEAD_M))
        commands[max(free_from, given_at) : end] = turn_command(float(turn))
        free_from = end
    return commands


def turn_command(turn_deg: float) -> Command:
    """What one calls a turn by an angle, to the right positive."""
    turn_deg = (turn_deg + 180.0) % 360.0 - 180.0
    if abs(turn_deg) < STRAIGHT_BELOW_DEG:
        return Command.STRAIGHT
    return Command.RIGHT if turn_deg > 0.0 else Command.LEFT


def _plan(waypoints: Sequence[carla.Waypoint], max_length_m: float) -> RoutePlan:
    transforms = [each.transform for each in waypoints]
    places = np.array([(each.location.x, each.location.y, each.location.z) for each in transforms], np.float64)
    steps_m = np.linalg.norm(np.diff(places[:, :2], axis=0), axis=1)
    kept = np.concatenate([[True], steps_m > _SAME_PLACE_M])
    places, raw_s = places[kept], np.concatenate([[0.0], np.cumsum(steps_m[kept[1:]])])
    yaws = np.unwrap(np.array([each.rotation.yaw for each in transforms], np.float64)[kept], period=360.0)
    own = [each for each, is_kept in zip(waypoints, kept, strict=True) if is_kept]
    length_m = min(float(raw_s[-1]), max_length_m)
    s_m = np.arange(0.0, length_m, SPACING_M)
    s_m = np.append(s_m if length_m - s_m[-1] > _SAME_PLACE_M else s_m[:-1], length_m) if len(s_m) else np.zeros(1)
    nearest = np.abs(raw_s[None, :] - s_m[:, None]).argmin(axis=1)
    junctions = np.array([each.is_junction for each in own], bool)[nearest]
    yaws_deg = np.interp(s_m, raw_s, yaws)
    return RoutePlan(
        points=np.stack([np.interp(s_m, raw_s, places[:, axis]) for axis in range(3)], axis=1),
        yaws_deg=(yaws_deg + 180.0) % 360.0 - 180.0,
        s_m=s_m,
        lane_widths_m=np.array([each.lane_width for each in own], np.float64)[nearest],
        commands=commands_of(yaws_deg, s_m, junctions),
        junctions=junctions,
        lanes=np.array([lane_of(each) for each in own], np.int32)[nearest],
    )
