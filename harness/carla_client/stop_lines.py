"""Where the traffic of a town has to wait: the stop lines of its traffic lights and stop signs, lane by lane.

CARLA's ``get_stop_waypoints`` lie in the middle of a light's trigger box, several metres before the painted line. Who
has passed a light is told where its lane enters the junction, as CARLA's leaderboard does (``RunningRedLightTest`` in
atomic_criteria.py): whoever stops on the painted line, or a little behind it, has stopped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import carla

from harness.carla_client.log_writer import traffic_lights

STOP_SIGN = "206"
"""OpenDRIVE signal type, as CARLA's maps use it."""

_TO_JUNCTION_M = 40.0
_STEP_M = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class LaneStop:
    """A stop line of one lane."""

    kind: Literal["light", "stop"]
    x: float
    """[m] of the lane's middle there."""
    y: float
    yaw_deg: float
    """Of the lane, in the direction of travel."""
    width_m: float
    """Of the lane."""
    light: int
    """Column of the traffic light in the drive log; -1 at a stop sign."""


def stop_lines(world: carla.World, town: carla.Map) -> tuple[LaneStop, ...]:
    """All stop lines of the town that is loaded: lights in the order of the drive log's columns, then signs."""
    return (*_of_lights(world), *_of_signs(town))


def _of_lights(world: carla.World) -> Iterator[LaneStop]:
    for column, light in enumerate(traffic_lights(world)):
        for waypoint in light.get_stop_waypoints():
            yield _lane_stop(_before_junction(waypoint), "light", column)


def _before_junction(waypoint: carla.Waypoint) -> carla.Waypoint:
    """The last place of its lane before the next junction; ``waypoint`` itself where none is near."""
    here = waypoint
    for _ in range(round(_TO_JUNCTION_M / _STEP_M)):
        ahead = here.next(_STEP_M)
        if not ahead or ahead[0].is_junction:
            return here
        here = ahead[0]
    return waypoint


def _of_signs(town: carla.Map) -> Iterator[LaneStop]:
    signs = town.get_all_landmarks_of_type(STOP_SIGN)
    for sign in sorted(signs, key=lambda each: (each.road_id, each.s, str(each.id))):
        for first, last in sign.get_lane_validities():
            for lane in range(min(first, last), max(first, last) + 1):
                waypoint = _at_sign(town, sign, lane)
                if waypoint is not None:
                    yield _lane_stop(waypoint, "stop", -1)


def _at_sign(town: carla.Map, sign: carla.Landmark, lane: int) -> carla.Waypoint | None:
    """Where a lane passes a sign that is for it; None: it is for the other direction, or the lane for no cars."""
    against = {carla.LandmarkOrientation.Positive: 1, carla.LandmarkOrientation.Negative: -1}.get(sign.orientation, 0)
    if lane == 0 or lane * against > 0:
        return None
    waypoint = town.get_waypoint_xodr(sign.road_id, lane, sign.s)
    return waypoint if waypoint is not None and waypoint.lane_type == carla.LaneType.Driving else None


def _lane_stop(waypoint: carla.Waypoint, kind: Literal["light", "stop"], light: int) -> LaneStop:
    place = waypoint.transform
    return LaneStop(
        kind=kind,
        x=place.location.x,
        y=place.location.y,
        yaw_deg=place.rotation.yaw,
        width_m=waypoint.lane_width,
        light=light,
    )
