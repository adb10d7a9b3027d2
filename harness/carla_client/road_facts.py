"""What the map says about the place where a car is: its lane, and what lies under its corners."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import carla

from harness.carla_client.lane_graph import Lane, lane_of

NO_LANE = int(carla.LaneType.NONE)
_DRIVING = int(carla.LaneType.Driving)
_ROUNDING_M = 1e-3
_OTHER_TYPES = tuple(
    kind
    for kind in carla.LaneType.values.values()
    if kind not in (carla.LaneType.NONE, carla.LaneType.Any, carla.LaneType.Driving)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class RoadFacts:
    """Of one car at one instant."""

    lane_center: tuple[float, float, float]
    """x, y [m] and yaw [deg] of the middle of the nearest driving lane, in the lane's own direction of travel."""
    lane_width_m: float
    lane: Lane
    """Road, section and lane of OpenDRIVE of that lane."""
    in_junction: bool
    """Whether that lane is part of a junction."""
    lane_types: tuple[int, int, int, int, int]
    """``carla.LaneType`` under the origin and the front left, front right, rear right and rear left corner of the box;
    ``NO_LANE`` where there is none."""


def road_facts(town: carla.Map, transform: carla.Transform, box: carla.BoundingBox) -> RoadFacts:
    """Look up where a car at ``transform`` with the bounding box ``box`` is."""
    nearest = town.get_waypoint(transform.location)
    middle = nearest.transform
    types = tuple(_lane_type_at(town, point) for point in (transform.location, *_corners(transform, box)))
    return RoadFacts(
        lane_center=(middle.location.x, middle.location.y, middle.rotation.yaw),
        lane_width_m=nearest.lane_width,
        lane=lane_of(nearest),
        in_junction=nearest.is_junction,
        lane_types=types,  # type: ignore[arg-type]
    )


def _corners(transform: carla.Transform, box: carla.BoundingBox) -> Iterator[carla.Location]:
    for along, aside in ((1, -1), (1, 1), (-1, 1), (-1, -1)):
        corner = carla.Location(box.location.x + along * box.extent.x, box.location.y + aside * box.extent.y, 0.0)
        yield transform.transform(corner)


def _lane_type_at(town: carla.Map, point: carla.Location) -> int:
    # A single question for any kind of lane would be about the lane whose middle is nearest, which near the edge of a
    # wide lane is its narrow neighbour. Nearly always it is a driving lane, so that is asked first.
    driving = town.get_waypoint(point)
    if driving.transform.location.distance_2d(point) <= 0.5 * driving.lane_width + _ROUNDING_M:
        return _DRIVING
    for kind in _OTHER_TYPES:
        if town.get_waypoint(point, project_to_road=False, lane_type=kind) is not None:
            return int(kind)
    return NO_LANE
