"""Where a route leads: places of a scenario on the map, and the way between them that the TrafficManager can keep to.

``TrafficManager.set_path`` takes locations and does not plan. At each junction it takes the branch whose far end lies
on the road of the next location, or else the one that ends nearest to it (LocalizationStage.cpp of CARLA 0.9.16), so
that a location inside a junction, or behind the next but one, sends it anywhere: with points every 2 m or every 20 m
it left two ways of three. So the way is planned here, along the lanes of the map, and the TrafficManager gets one
location for each junction, on the lane by which the way leaves it: it then kept to 12 of 12 random ways of up to 7
roads, of which it takes 1 by itself.

The TrafficManager does not change lanes to follow a path. A place is reached on any lane of its road and direction.

For a closed-loop drive the same way is planned as geometry (``plan_journey``), to the last place, which is the goal.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import carla
import numpy as np

from harness.carla_client.lane_graph import Lane, LaneGraph, beside_on, lane_of
from harness.carla_client.route_plan import RoutePlan
from harness.carla_client.route_sampling import Leg, sample
from harness.errors import ScenarioFileError
from sim_scenarios.scenario import Place, Scenario

BEHIND_JUNCTION_M = 8.0
"""Where on the lane after a junction the TrafficManager's location lies: it looks 7 m behind the junction's end."""
NEAREST_LANE_M = 30.0
"""A location without a driving lane this near is a mistake."""
ABOVE_ROAD_M = 0.5
"""A vehicle is spawned so far above the road, as on CARLA's own spawn points."""
SEEDED_SPEED = 6.0
"""[m/s] A route that no scenario gives is as long as this speed makes it in the scenario's time."""
_BEYOND_GOAL_M = 80.0
_WANDERING = 2
"""Beside the seed: the turns of a seeded route are drawn by a generator of their own."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Journey:
    """Where the ego of a closed-loop drive is to go."""

    start: carla.Transform
    """Where it is spawned."""
    plan: RoutePlan
    exits: tuple[carla.Location, ...]
    """For ``TrafficManager.set_path``: one location behind each junction on the way."""
    beyond: RoutePlan
    """The same way and ``_BEYOND_GOAL_M`` more, straight on: for those who drive ahead of the ego."""


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
    graph = LaneGraph(town)
    return [point for leg in _legs(town, graph, start, places) for point in _exits(graph, leg.lanes)]


def plan_journey(town: carla.Map, scenario: Scenario) -> Journey:
    """Where the ego of ``scenario`` is to go: along its route, or, where it has none, along one that its seed draws.

    A seeded route begins at the spawn point, turns at each junction as a generator of the scenario's seed says, and is
    ``SEEDED_SPEED`` times the duration long, or ends where the road does.

    Raises:
        ScenarioFileError: a place that does not exist, a way that the map does not give, or one without length.
    """
    ego = scenario.ego
    start = transform_at(town, ego.spawn_point, what="the ego")
    graph = LaneGraph(town)
    if ego.route:
        legs, max_length_m = _legs(town, graph, start, ego.route), float("inf")
    else:
        max_length_m = scenario.duration_s * SEEDED_SPEED
        rng = np.random.default_rng((scenario.seed, _WANDERING))
        legs = [_wandering(graph, town.get_waypoint(start.location), max_length_m, rng)]
    plan = sample(legs, max_length_m=max_length_m)
    if len(plan.s_m) < 2:
        raise ScenarioFileError("the route has no length: its last place is where the ego begins. Choose another goal")
    exits = [point for leg in legs for point in _exits(graph, leg.lanes)]
    beyond = sample([*legs[:-1], _longer(graph, legs[-1])], max_length_m=plan.length_m + _BEYOND_GOAL_M)
    return Journey(start=start, plan=plan, exits=tuple(exits), beyond=beyond)


def _legs(town: carla.Map, graph: LaneGraph, start: carla.Transform, places: Sequence[Place]) -> list[Leg]:
    here = town.get_waypoint(start.location)
    legs: list[Leg] = []
    for i, place in enumerate(places):
        there = town.get_waypoint(transform_at(town, place, what=f"route, place {i}").location)
        way = graph.shortest_way(here, there)
        if way is None:
            raise ScenarioFileError(
                f"route, place {i}: no way leads there from the place before without a change of lanes, which the "
                "TrafficManager does not make for a route: choose another place, or add one in between"
            )
        end = beside_on(way[-1], there)
        legs.append(Leg(start=here, lanes=tuple(way), end=end))
        here = end
    return legs


def _wandering(graph: LaneGraph, start: carla.Waypoint, length_m: float, rng: np.random.Generator) -> Leg:
    lanes, found_m = [lane_of(start)], 0.0
    while found_m < length_m:
        choices = graph.following(lanes[-1])
        if not choices:
            break
        lanes.append(choices[int(rng.integers(len(choices)))])
        # Without the rest of the first lane: too long by no more than the last lane, and cut off afterwards.
        found_m += len(graph.begin(lanes[-1]).next_until_lane_end(1.0))
    return Leg(start=start, lanes=tuple(lanes), end=None)


def _longer(graph: LaneGraph, leg: Leg) -> Leg:
    """A leg that goes on beyond its end, at each junction by the way that turns least."""
    lanes, found_m = list(leg.lanes), 0.0
    while found_m < _BEYOND_GOAL_M:
        choices = graph.following(lanes[-1])
        if not choices:
            break
        lanes.append(min(choices, key=lambda lane: (_turn_deg(graph, lane), lane)))
        found_m += len(graph.begin(lanes[-1]).next_until_lane_end(1.0))
    return Leg(start=leg.start, lanes=tuple(lanes), end=None)


def _turn_deg(graph: LaneGraph, lane: Lane) -> float:
    """By how much one turns on a lane, from its begin to its end."""
    points = [graph.begin(lane), *graph.begin(lane).next_until_lane_end(1.0)]
    turn: float = points[-1].transform.rotation.yaw - points[0].transform.rotation.yaw
    return abs((turn + 180.0) % 360.0 - 180.0)


def _exits(graph: LaneGraph, way: Sequence[Lane]) -> Iterator[carla.Location]:
    """A location on each lane by which ``way`` leaves a junction."""
    for before, lane in itertools.pairwise(way):
        begin = graph.begin(lane)
        if graph.begin(before).is_junction and not begin.is_junction:
            behind = [each for each in begin.next(BEHIND_JUNCTION_M) if lane_of(each) == lane]
            yield (behind or [begin])[0].transform.location
