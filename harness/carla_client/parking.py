"""Where cars may be parked in a town: beside the outermost driving lane, never on it, and not at a junction.

A parking lane or a hard shoulder is taken where there is one that is wide enough; where the kerb borders the driving
lane, the car stands on the sidewalk along it, if that leaves room to walk past. Places come in the order of the map, so
that a choice by a seeded generator is the same on every server with this map.
"""

from __future__ import annotations

from collections.abc import Iterator

import carla

from harness.carla_client.routes import ABOVE_ROAD_M

PLACE_LENGTH_M = 7.0
JUNCTION_FREE_M = 12.0
"""No car is parked so near a junction, before or behind it."""
BAY_WIDTH_M = 2.2
"""Least width of a lane that is parked on; the width of a car with its mirrors."""
SIDEWALK_WIDTH_M = 3.5
"""Least width of a sidewalk that is parked on."""
FROM_KERB_M = 1.3
"""From the edge of the driving lane to the middle of a car on the sidewalk: half a wide car, and a hand's breadth."""

_BAYS = (carla.LaneType.Parking, carla.LaneType.Shoulder)


def parking_places(town: carla.Map) -> list[carla.Transform]:
    """Where a car could stand, heading as the traffic beside it does, a little above the ground."""
    waypoints = town.generate_waypoints(PLACE_LENGTH_M)
    return [place for each in waypoints if not _is_near_junction(each) for place in _beside(each)]


def _beside(driving: carla.Waypoint) -> Iterator[carla.Transform]:
    """The place beside a driving lane, if there is one."""
    side = driving.get_right_lane()
    if side is None:
        return
    if side.lane_type in _BAYS and side.lane_width >= BAY_WIDTH_M:
        place = side.transform.location
    elif side.lane_type == carla.LaneType.Sidewalk and side.lane_width >= SIDEWALK_WIDTH_M:
        place = driving.transform.location + driving.transform.get_right_vector() * (
            driving.lane_width / 2.0 + FROM_KERB_M
        )
    else:
        return
    place.z += ABOVE_ROAD_M
    yield carla.Transform(place, driving.transform.rotation)


def _is_near_junction(waypoint: carla.Waypoint) -> bool:
    around = (waypoint, *waypoint.next(JUNCTION_FREE_M), *waypoint.previous(JUNCTION_FREE_M))
    return any(each.is_junction for each in around)
