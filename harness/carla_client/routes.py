"""Where a route leads: places of a scenario on the map, and the way between them that the TrafficManager can keep to.

``TrafficManager.set_path`` takes locations and does not plan. At each junction it takes the branch whose far end lies
on the road of the next location, or else the one that ends nearest to it (LocalizationStage.cpp of CARLA 0.9.16), so
that a location inside a junction, or behind the next but one, sends it anywhere: with points every 2 m or every 20 m
it left two ways of three. So the way is planned here, along the lanes of the map, and the TrafficManager gets one
location for each junction, on the lane by which the way leaves it: it then kept to 12 of 12 random ways of up to 7
roads, of which it takes 1 by itself.

The TrafficManager does not change lanes to follow a path. A place is reached on any lane of its road and direction.
"""

from __future__ import annotations

import heapq
import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import carla

from harness.errors import ScenarioFileError
from sim_scenarios.scenario import Place

BEHIND_JUNCTION_M = 8.0
"""Where on the lane after a junction the TrafficManager's location lies: it looks 7 m behind the junction's end."""
NEAREST_LANE_M = 30.0
"""A location without a driving lane this near is a mistake."""
ABOVE_ROAD_M = 0.5
"""A vehicle is spawned so far above the road, as on CARLA's own spawn points."""

Lane: TypeAlias = tuple[int, int, int]
"""Road, lane section and lane of OpenDRIVE."""


def transform_at(town: carla.Map, place: Place, *, what: str) -> carla.Transform:
    """Where a vehicle is spawned for ``place``; ``what`` it is, for the message.

    Raises:
        ScenarioFileError: no such spawn point, or no driving lane near the location.
    """
    if isinstance(place, int):
        points = town.get_spawn_points()
        if place >= len(points):
            raise ScenarioFileError(
                f"{what}: spawn point {place} does not exist: {town.name} has {len(points)}, numbered from 0"
            )
        return points[place]
    wanted = carla.Location(place.x, place.y, place.z)
    nearest = town.get_waypoint(wanted)
    if nearest is None or nearest.transform.location.distance_2d(wanted) > NEAREST_LANE_M:
        raise ScenarioFileError(
            f"{what}: {town.name} has no driving lane within {NEAREST_LANE_M:.0f} m of ({place.x:g}, {place.y:g}): "
            "is the scenario of another town?"
        )
    transform: carla.Transform = nearest.transform
    transform.location.z += ABOVE_ROAD_M
    return transform


def plan_route(town: carla.Map, start: carla.Transform, places: Sequence[Place]) -> list[carla.Location]:
    """What to give to ``TrafficManager.set_path`` so that it drives from ``start`` to all ``places``, in order.

    Returns:
        One location behind each junction on the way; none where the way meets no junction.

    Raises:
        ScenarioFileError: a place that does not exist, or cannot be reached without a change of lanes.
    """
    lanes = _Lanes(town)
    here = town.get_waypoint(start.location)
    points: list[carla.Location] = []
    for i, place in enumerate(places):
        there = town.get_waypoint(transform_at(town, place, what=f"route, place {i}").location)
        way = lanes.shortest_way(here, there)
        if way is None:
            raise ScenarioFileError(
                f"route, place {i}: no way leads there from the place before without a change of lanes, which the "
                "TrafficManager does not make for a route: choose another place, or add one in between"
            )
        points += lanes.exits(way)
        here = lanes.on_lane_of(way, there)
    return points


class _Lanes:
    """The driving lanes of a town and which leads into which."""

    def __init__(self, town: carla.Map) -> None:
        self._begins: dict[Lane, carla.Waypoint] = {}
        self._next: defaultdict[Lane, set[Lane]] = defaultdict(set)
        for one, following in town.get_topology():
            self._begins[_lane(one)] = one
            self._begins[_lane(following)] = following
            self._next[_lane(one)].add(_lane(following))

    def shortest_way(self, here: carla.Waypoint, there: carla.Waypoint) -> list[Lane] | None:
        """The lanes of the way, the first that of ``here``; None if there is no way."""
        first = _lane(here)
        if _same_direction(first, _lane(there)) and _is_ahead(here, there):
            return [first]
        queue: list[tuple[float, Lane, tuple[Lane, ...]]] = [
            (0.0, following, (first,)) for following in sorted(self._next[first])
        ]
        seen: set[Lane] = set()
        while queue:
            length, lane, before = heapq.heappop(queue)
            if _same_direction(lane, _lane(there)):
                return [*before, lane]
            if lane not in seen:
                seen.add(lane)
                for following in sorted(self._next[lane]):
                    heapq.heappush(queue, (length + self._distance(lane, following), following, (*before, lane)))
        return None

    def exits(self, way: Sequence[Lane]) -> Iterator[carla.Location]:
        """A location on each lane by which ``way`` leaves a junction."""
        for before, lane in itertools.pairwise(way):
            begin = self._begins[lane]
            if self._begins[before].is_junction and not begin.is_junction:
                behind = [each for each in begin.next(BEHIND_JUNCTION_M) if _lane(each) == lane]
                yield (behind or [begin])[0].transform.location

    def on_lane_of(self, way: Sequence[Lane], there: carla.Waypoint) -> carla.Waypoint:
        """The end of ``way`` beside ``there``, on the lane by which it came."""
        _, _, lane = way[-1]
        while there.lane_id != lane:
            there = there.get_left_lane() if abs(lane) < abs(there.lane_id) else there.get_right_lane()
        return there

    def _distance(self, one: Lane, other: Lane) -> float:
        distance: float = self._begins[one].transform.location.distance(self._begins[other].transform.location)
        return distance


def _lane(waypoint: carla.Waypoint) -> Lane:
    return waypoint.road_id, waypoint.section_id, waypoint.lane_id


def _same_direction(one: Lane, other: Lane) -> bool:
    return one[:2] == other[:2] and (one[2] > 0) == (other[2] > 0)


def _is_ahead(here: carla.Waypoint, there: carla.Waypoint) -> bool:
    # Lanes with a positive number run against the road's own coordinate.
    return bool(there.s > here.s if here.lane_id < 0 else there.s < here.s)
