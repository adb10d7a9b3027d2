"""The driving lanes of a town as a graph: which leads into which, and the shortest way over them."""

from __future__ import annotations

import heapq
from collections import defaultdict
from typing import TypeAlias

import carla

Lane: TypeAlias = tuple[int, int, int]
"""Road, lane section and lane of OpenDRIVE."""


class LaneGraph:
    """The driving lanes of one town."""

    def __init__(self, town: carla.Map) -> None:
        self._begins: dict[Lane, carla.Waypoint] = {}
        self._next: defaultdict[Lane, set[Lane]] = defaultdict(set)
        for one, following in town.get_topology():
            self._begins[lane_of(one)] = one
            self._begins[lane_of(following)] = following
            self._next[lane_of(one)].add(lane_of(following))

    def begin(self, lane: Lane) -> carla.Waypoint:
        """Where a lane begins, in its direction of travel."""
        return self._begins[lane]

    def following(self, lane: Lane) -> list[Lane]:
        """The lanes that a lane leads into, sorted; none at a dead end."""
        return sorted(self._next[lane])

    def shortest_way(self, here: carla.Waypoint, there: carla.Waypoint) -> list[Lane] | None:
        """The lanes of the way, the first that of ``here``; None if there is no way."""
        first = lane_of(here)
        if _same_direction(first, lane_of(there)) and _is_ahead(here, there):
            return [first]
        queue: list[tuple[float, Lane, tuple[Lane, ...]]] = [
            (0.0, following, (first,)) for following in self.following(first)
        ]
        seen: set[Lane] = set()
        while queue:
            length, lane, before = heapq.heappop(queue)
            if _same_direction(lane, lane_of(there)):
                return [*before, lane]
            if lane not in seen:
                seen.add(lane)
                for following in self.following(lane):
                    heapq.heappush(queue, (length + self._distance(lane, following), following, (*before, lane)))
        return None

    def _distance(self, one: Lane, other: Lane) -> float:
        distance: float = self._begins[one].transform.location.distance(self._begins[other].transform.location)
        return distance


def lane_of(waypoint: carla.Waypoint) -> Lane:
    """Which lane a waypoint lies on."""
    return waypoint.road_id, waypoint.section_id, waypoint.lane_id


def beside_on(lane: Lane, there: carla.Waypoint) -> carla.Waypoint:
    """The point beside ``there`` on ``lane``, which is of the same road and direction."""
    _, _, lane_id = lane
    while there.lane_id != lane_id:
        there = there.get_left_lane() if abs(lane_id) < abs(there.lane_id) else there.get_right_lane()
    return there


def has_passed(here: carla.Waypoint, there: carla.Waypoint) -> bool:
    """Whether ``here`` is at or beyond ``there``, both on one lane."""
    # Lanes with a positive number run against the road's own coordinate.
    return bool(here.s >= there.s if here.lane_id < 0 else here.s <= there.s)


def _same_direction(one: Lane, other: Lane) -> bool:
    return one[:2] == other[:2] and (one[2] > 0) == (other[2] > 0)


def _is_ahead(here: carla.Waypoint, there: carla.Waypoint) -> bool:
    return bool(there.s > here.s if here.lane_id < 0 else there.s < here.s)
