"""Traffic lights and signs of a map: which lanes they rule, where their poles stand, and which lights take turns.

A light stands where its signal says. Lights of one junction take turns by its controllers; without those, approaches
that face each other share a phase.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from sim_scenarios.embedded_simulator.road.curves import Array, wrap
from sim_scenarios.embedded_simulator.road.opendrive_ground.lane_paint import road_point
from sim_scenarios.embedded_simulator.road.opendrive_reader.road_map import Road, RoadMap, Signal
from sim_scenarios.embedded_simulator.road.opendrive_reader.roadside import SPEED_LIMIT, STOP, TRAFFIC_LIGHT, YIELD
from sim_scenarios.embedded_simulator.road.town import PLACEMENT_KINDS, Placement, TrafficLightSite
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector

_TRIGGER_HALF_LENGTH_M, _TRIGGER_HALF_HEIGHT_M = 5.0, 1.5
_LONGEST_ARM_M = 9.0
_SAME_HEADING_RAD = math.radians(40.0)
_LONE_GROUPS_FROM = 1_000_000
_SIGNS = {STOP: "sign_stop", YIELD: "sign_yield"}


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Approach:
    """The lanes of one direction that a signal (or a reference to one) rules on a road."""

    road: Road
    signal: Signal
    forward: bool
    """Whether its traffic goes in the road's direction."""
    rights: tuple[float, float]
    """Outer borders of its lanes, lower offset first [m]."""

    @property
    def heading(self) -> float:
        """Of its traffic [rad]."""
        yaw = float(self.road.at(self.signal.s)[1][0])
        return wrap(yaw if self.forward else yaw + math.pi)


def approaches_of(road: Road, signal: Signal) -> Iterator[Approach]:
    """The directions of a road that a signal rules and the driving lanes of each."""
    section = road.section_at(signal.s)
    for forward in (True, False):
        if signal.orientation == ("-" if forward else "+"):
            continue
        rights = []
        for lane in section.lanes:
            is_ruled = not signal.lanes or any(low <= lane.id <= high for low, high in signal.lanes)
            if lane.type == "driving" and (lane.id < 0) == forward and is_ruled:
                rights += [float(border[0]) for border in road.borders(section, lane, np.array([signal.s]))]
        if rights:
            yield Approach(road=road, signal=signal, forward=forward, rights=(min(rights), max(rights)))


def light_sites(roads: RoadMap) -> tuple[TrafficLightSite, ...]:
    """One site for each traffic light of the map, in the order of the file."""
    ruled = _ruled_by(roads)
    lights = [(road, signal) for road in roads.roads.values() for signal in road.signals if _is_light(signal)]
    lights = [(road, signal) for road, signal in lights if ruled.get(signal.id)]
    groups = {signal.id: _junction_of(roads, signal, ruled[signal.id]) for _, signal in lights}
    phases = _phases(roads, groups, ruled)
    sites = []
    for number, (road, signal) in enumerate(lights):
        junction = groups[signal.id]
        group = _LONE_GROUPS_FROM + number if junction is None else junction
        sites.append(_site(road, signal, ruled[signal.id][0], group, phases[signal.id]))
    return tuple(sites)


def _is_light(signal: Signal) -> bool:
    return signal.type == TRAFFIC_LIGHT and not signal.is_reference


def _ruled_by(roads: RoadMap) -> dict[str, list[Approach]]:
    """What each signal rules: by references to it if there are any, else on its own road."""
    own: dict[str, list[Approach]] = {}
    referred: dict[str, list[Approach]] = {}
    for road in roads.roads.values():
        for signal in road.signals:
            (referred if signal.is_reference else own).setdefault(signal.id, []).extend(approaches_of(road, signal))
    return {key: referred.get(key) or own.get(key, []) for key in own}


def _junction_of(roads: RoadMap, signal: Signal, approaches: Iterable[Approach]) -> int | None:
    """The junction that a light belongs to: that of its controller, or the one its traffic comes to."""
    for junction in roads.junctions.values():
        if any(signal.id in roads.controllers.get(controller, ()) for controller in junction.controllers):
            return junction.id
    for approach in approaches:
        if approach.road.junction_id != -1:
            return approach.road.junction_id
        link = approach.road.link(at_start=not approach.forward)
        if link is not None and link.is_junction:
            return link.element_id
    return None


def _phases(roads: RoadMap, groups: dict[str, int | None], ruled: dict[str, list[Approach]]) -> dict[str, int]:
    """Green phase of each light within its junction."""
    phases: dict[str, int] = {}
    for junction_id in sorted({group for group in groups.values() if group is not None}):
        members = [light for light, group in groups.items() if group == junction_id]
        junction = roads.junctions.get(junction_id)
        controllers = [roads.controllers.get(name, ()) for name in junction.controllers] if junction else []
        headings: list[float] = []
        for light in members:
            chosen = next((number for number, lights in enumerate(controllers) if light in lights), None)
            if chosen is None:
                heading = ruled[light][0].heading
                match = (i for i, other in enumerate(headings) if _is_parallel(heading, other))
                found = next(match, None)
                if found is None:
                    found = len(headings)
                    headings.append(heading)
                chosen = len(controllers) + found
            phases[light] = chosen
    return {light: phases.get(light, 0) for light in groups}


def _is_parallel(a: float, b: float) -> bool:
    turn = abs(wrap(a - b))
    return min(turn, math.pi - turn) < _SAME_HEADING_RAD


def _site(road: Road, signal: Signal, approach: Approach, group: int, phase: int) -> TrafficLightSite:
    foot = _foot(road, signal)
    facing = wrap(approach.heading + math.pi)
    ahead, aside = np.array([math.cos(facing), math.sin(facing)]), np.array([-math.sin(facing), math.cos(facing)])
    back = _TRIGGER_HALF_LENGTH_M * (-1.0 if approach.forward else 1.0)
    middle = road_point(approach.road, approach.signal.s + back, 0.5 * sum(approach.rights))[0]
    stop = road_point(approach.road, approach.signal.s, 0.5 * sum(approach.rights))[0]
    reach = float((stop - foot)[:2] @ aside)
    relative = middle - foot
    half_width = 0.5 * (approach.rights[1] - approach.rights[0])
    return TrafficLightSite(
        opendrive_id=signal.id,
        pose=Pose(_vector(foot), Rotation(0.0, math.degrees(facing), 0.0)),
        arm_m=round(float(np.clip(reach, -_LONGEST_ARM_M, _LONGEST_ARM_M)), 2),
        group=group,
        phase=phase,
        trigger_center=Vector(
            float(relative[:2] @ ahead), float(relative[:2] @ aside), float(relative[2]) + _TRIGGER_HALF_HEIGHT_M
        ),
        trigger_extent=Vector(_TRIGGER_HALF_LENGTH_M, max(0.3, half_width - 0.2), _TRIGGER_HALF_HEIGHT_M),
        trigger_yaw_deg=0.0,
        stop_lane_yaw_deg=math.degrees(approach.heading),
    )


def _foot(road: Road, signal: Signal) -> Array:
    """Where a pole stands (3,), on the ground: z offsets of signals give the height of the head."""
    foot: Array = road_point(road, signal.s, signal.right)[0]
    return foot


def sign_placements(roads: RoadMap) -> tuple[Placement, ...]:
    """Stop, yield and speed signs as street furniture, those there are models of."""
    signs = []
    for road in roads.roads.values():
        for signal in road.signals:
            kind = None if signal.is_reference else _sign_kind(signal)
            if kind is not None:
                yaw = float(road.at(signal.s)[1][0]) + (0.0 if signal.orientation == "-" else math.pi)
                turn = math.degrees(wrap(yaw)) + signal.yaw_offset_deg
                signs.append(Placement(kind=kind, location=_vector(_foot(road, signal)), yaw_deg=turn))
    return tuple(signs)


def _sign_kind(signal: Signal) -> str | None:
    if signal.type == SPEED_LIMIT:
        value = signal.value if signal.value is not None and signal.value > 0.0 else None
        text = f"{value:g}" if value is not None else signal.subtype
        kind = f"sign_speed_{text}"
        return kind if kind in PLACEMENT_KINDS else None
    return _SIGNS.get(signal.type)


def stop_lines(roads: RoadMap) -> Iterator[tuple[Road, float, tuple[float, float]]]:
    """Road, distance along it and borders to the right [m] of each line at which traffic stops."""
    kinds = {signal.id: signal.type for road in roads.roads.values() for signal in road.signals if signal.type}
    for road in roads.roads.values():
        for signal in road.signals:
            if kinds.get(signal.id) in (TRAFFIC_LIGHT, STOP) and road.junction_id == -1:
                for approach in approaches_of(road, signal):
                    yield road, signal.s, approach.rights


def _vector(point: Array) -> Vector:
    return Vector(float(point[0]), float(point[1]), float(point[2]))
