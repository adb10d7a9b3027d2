"""Stop, yield and speed signs as actors, from the signals of the OpenDRIVE text.

Types are CARLA's (LibCarla/source/carla/road/SignalType.cpp). A sign stands at its signal with +x to the right of
the traffic, and its trigger box lies on the lanes it rules, just before it (Carla/Traffic/StopSignComponent.cpp).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import carla

from sim_scenarios.embedded_simulator.world.description import BoundingBox
from sim_scenarios.embedded_simulator.world.geometry import inverse_transform_point, wrap_degrees
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector

_LANE_SHARE = 0.9
_TRIGGER_HALF_HEIGHT_M = 1.5


@dataclass(frozen=True, kw_only=True, slots=True)
class SignSite:
    """One sign."""

    opendrive_id: str
    type_id: str
    """``traffic.stop``, ``traffic.yield`` or ``traffic.speed_limit.<km/h>``."""
    pose: Pose
    trigger: BoundingBox
    """In the sign's frame; empty where the signal rules no driving lane."""


def sign_sites(roads: carla.Map) -> tuple[SignSite, ...]:
    """All signs of a map, in the order of the map's landmarks, each signal once."""
    sites: dict[str, SignSite] = {}
    for landmark in roads.get_all_landmarks():
        type_id = _type_id(landmark)
        if type_id and landmark.id not in sites:
            pose = _pose(landmark.transform)
            trigger = _trigger(roads, landmark, pose)
            sites[landmark.id] = SignSite(opendrive_id=landmark.id, type_id=type_id, pose=pose, trigger=trigger)
    return tuple(sites.values())


def _type_id(landmark: carla.Landmark) -> str:
    match landmark.type:
        case "206":
            return "traffic.stop"
        case "205":
            return "traffic.yield"
        case "274":
            return f"traffic.speed_limit.{round(landmark.value)}"
        case _:
            return ""


def _pose(transform: carla.Transform) -> Pose:
    place = transform.location
    return Pose(Vector(place.x, place.y, place.z), Rotation(0.0, wrap_degrees(transform.rotation.yaw + 90.0), 0.0))


def _trigger(roads: carla.Map, landmark: carla.Landmark, pose: Pose) -> BoundingBox:
    """One box over all lanes of the signal, as long as a lane is wide."""
    found = (
        roads.get_waypoint_xodr(landmark.road_id, lane, landmark.s)
        for first, last in landmark.get_lane_validities()
        for lane in range(min(first, last), max(first, last) + 1)
        if lane != 0
    )
    lanes = [waypoint for waypoint in found if waypoint and waypoint.lane_type == carla.LaneType.Driving]
    if not lanes:
        return BoundingBox()
    yaw = math.radians(lanes[0].transform.rotation.yaw)
    forward, right = Vector(math.cos(yaw), math.sin(yaw)), Vector(-math.sin(yaw), math.cos(yaw))
    edges = [side * 0.5 * _LANE_SHARE * lane.lane_width + _along(right, lane) for lane in lanes for side in (-1.0, 1.0)]
    half_length = 0.5 * _LANE_SHARE * lanes[0].lane_width
    across, along = 0.5 * (min(edges) + max(edges)), _along(forward, lanes[0]) - half_length
    middle = Vector(
        along * forward.x + across * right.x,
        along * forward.y + across * right.y,
        lanes[0].transform.location.z + _TRIGGER_HALF_HEIGHT_M,
    )
    extent = Vector(half_length, 0.5 * (max(edges) - min(edges)), _TRIGGER_HALF_HEIGHT_M)
    turn = Rotation(0.0, wrap_degrees(lanes[0].transform.rotation.yaw - pose.rotation.yaw), 0.0)
    return BoundingBox(inverse_transform_point(pose, middle), extent, turn)


def _along(axis: Vector, lane: carla.Waypoint) -> float:
    place = lane.transform.location
    return float(axis.x * place.x + axis.y * place.y)
