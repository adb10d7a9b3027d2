"""Works out the geometry of a street plan: how far streets reach, how high they lie and which lanes meet where."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from sim_scenarios.embedded_simulator.road.crossing import connections_across
from sim_scenarios.embedded_simulator.road.curves import (
    Array,
    Path,
    RoadError,
    are_parallel,
    meeting_point,
    path_through,
    wrap,
)
from sim_scenarios.embedded_simulator.road.elevation import Elevation
from sim_scenarios.embedded_simulator.road.network import Arm, Junction, Network, Street
from sim_scenarios.embedded_simulator.road.plan import KERB_RADIUS_M, JunctionPlan, StreetPlan, TownPlan

_CONNECTING_ROAD_IDS_FROM = 100
_JUNCTION_IDS_FROM = 1000
_SMALLEST_SETBACK_M = 6.0


def build_network(plan: TownPlan) -> Network:
    """Work out the geometry of a plan.

    Raises:
        RoadError: when streets, corners or turns do not fit.
    """
    places = {junction.name: junction for junction in plan.junctions}
    full = [_full_path(street, places) for street in plan.streets]
    setbacks = _setbacks(plan, full)
    streets = []
    for i, (street_plan, path) in enumerate(zip(plan.streets, full, strict=True)):
        trimmed = path.trimmed(setbacks.get((i, True), 0.0), path.length - setbacks.get((i, False), 0.0))
        ends = places[street_plan.start].z, places[street_plan.end].z
        elevation = _elevation(street_plan, trimmed.length, *ends)
        streets.append(Street(road_id=i + 1, plan=street_plan, path=trimmed, elevation=elevation))
    junctions = []
    next_road = _CONNECTING_ROAD_IDS_FROM
    for number, junction_plan in enumerate(plan.junctions):
        arms = _arms_of(junction_plan.name, streets)
        connections = tuple(connections_across(junction_plan.control, arms, next_road))
        next_road += len(connections)
        junction_id = _JUNCTION_IDS_FROM + number
        junctions.append(
            Junction(
                junction_id=junction_id,
                plan=junction_plan,
                arms=arms,
                connections=connections,
            )
        )
    return Network(plan=plan, streets=tuple(streets), junctions=tuple(junctions))


def _full_path(street: StreetPlan, places: dict[str, JunctionPlan]) -> Path:
    if street.course is not None:
        return street.course
    start, end = places[street.start], places[street.end]
    first, last = street.starts_at or (start.x, start.y), street.ends_at or (end.x, end.y)
    points = [first, *((x, y) for x, y, _ in street.via), last]
    return path_through(points, [radius for _, _, radius in street.via])


def _elevation(street: StreetPlan, length: float, start_z: float, end_z: float) -> Elevation:
    shares, heights = zip((0.0, start_z), *street.heights, (1.0, end_z), strict=True)
    return Elevation(tuple(share * length for share in shares), heights)


def _arms_of(name: str, streets: list[Street]) -> tuple[Arm, ...]:
    arms = [Arm(street=street, at_start=True) for street in streets if street.plan.start == name]
    arms += [Arm(street=street, at_start=False) for street in streets if street.plan.end == name]
    if len(arms) < 3:
        raise RoadError(f"junction {name} has {len(arms)} arms, at least 3 are needed: let the street run through")
    return tuple(sorted(arms, key=lambda arm: arm.yaw % (2.0 * math.pi)))


def _setbacks(plan: TownPlan, paths: list[Path]) -> dict[tuple[int, bool], float]:
    """How far each street (index, at its start) ends before the centre of the junction, so that the corners fit."""
    setbacks: dict[tuple[int, bool], float] = {}
    for junction in plan.junctions:
        ends = sorted(_ends_at(junction, plan, paths))
        if junction.setback_m is not None:
            setbacks |= {end.key: junction.setback_m for end in ends}
            continue
        for a, b in zip(ends, ends[1:] + ends[:1], strict=True):
            need_a, need_b = _corner_needs(np.array([junction.x, junction.y]), a.yaw, a.right_m, b.yaw, b.left_m)
            setbacks[a.key] = max(setbacks.get(a.key, _SMALLEST_SETBACK_M), need_a)
            setbacks[b.key] = max(setbacks.get(b.key, _SMALLEST_SETBACK_M), need_b)
    return setbacks


class _End(NamedTuple):
    yaw: float
    """Outward heading [rad]."""
    right_m: float
    """Half the carriageway on the right of that heading, where traffic leaves."""
    left_m: float
    key: tuple[int, bool]
    """Number of the street and whether it starts here."""


def _ends_at(junction: JunctionPlan, plan: TownPlan, paths: list[Path]) -> Iterator[_End]:
    """The ends of streets at a junction whose place depends on its corners."""
    for i, (street, path) in enumerate(zip(plan.streets, paths, strict=True)):
        half = street.profile.carriageway_m
        other = 0.0 if street.profile.is_one_way else half
        if street.course is not None:
            continue
        if street.start == junction.name and street.starts_at is None:
            yield _End(float(path.at(0.0)[1][0]) % (2.0 * math.pi), half, other, (i, True))
        if street.end == junction.name and street.ends_at is None:
            yaw = float(path.at(path.length)[1][0] + math.pi) % (2.0 * math.pi)
            yield _End(yaw, other, half, (i, False))


def _corner_needs(center: Array, yaw_a: float, half_a: float, yaw_b: float, half_b: float) -> tuple[float, float]:
    if are_parallel(yaw_a + math.pi, yaw_b):
        return 0.0, 0.0
    start = center + half_a * np.array([-math.sin(yaw_a), math.cos(yaw_a)])
    end = center - half_b * np.array([-math.sin(yaw_b), math.cos(yaw_b)])
    _, back, ahead = meeting_point(start, yaw_a + math.pi, end, yaw_b)
    cut = KERB_RADIUS_M * math.tan(abs(wrap(yaw_b - yaw_a - math.pi)) / 2.0)
    return cut - back, cut - ahead
