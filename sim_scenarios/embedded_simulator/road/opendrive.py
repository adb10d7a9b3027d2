"""Network -> OpenDRIVE 1.4 text that the CARLA client can read.

Written with the standard library: we use a small, fixed part of the format, and every number must agree with the
meshes to the last digit, which a general-purpose writer that re-computes start points would not promise.
OpenDRIVE is right-handed, CARLA left-handed: y, headings, curvatures and lateral offsets change sign here and
nowhere else.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from xml.etree import ElementTree as Xml

from sim_scenarios.embedded_simulator.road.curves import Path
from sim_scenarios.embedded_simulator.road.markings import Mark, centre_marks, edge_marks, lane_marks
from sim_scenarios.embedded_simulator.road.network import Arm, Connection, Junction, Network, Street
from sim_scenarios.embedded_simulator.road.plan import CROSSWALK_M, LANE_WIDTH_M
from sim_scenarios.embedded_simulator.road.signals import RoadSignal, phases, signals_of

_GEO_REFERENCE = (
    "+proj=tmerc +lat_0=49 +lon_0=8 +k=1 +x_0=0 +y_0=0 +datum=WGS84 +units=m +geoidgrids=egm96_15.gtx +no_defs"
)
_JUNCTION_SPEED_KMH = 30


def write_opendrive(network: Network) -> str:
    """The whole map as XML text."""
    root = Xml.Element("OpenDRIVE")
    header = _add(root, "header", revMajor=1, revMinor=4, name=network.plan.name, version="1.00")
    _add(header, "geoReference").text = _GEO_REFERENCE
    for street in network.streets:
        _write_street(root, network, street)
    for junction in network.junctions:
        for connection in junction.connections:
            _write_connecting_road(root, junction, connection)
    controllers = itertools.count(1)
    junction_controllers = {
        junction.junction_id: _write_controllers(root, junction, controllers) for junction in network.junctions
    }
    for junction in network.junctions:
        _write_junction(root, junction, junction_controllers[junction.junction_id])
    Xml.indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def speed_limits_kmh(network: Network) -> dict[int, int]:
    """Speed limit of every road by id."""
    limits = {street.road_id: street.profile.speed_kmh for street in network.streets}
    for junction in network.junctions:
        limits |= {connection.road_id: _JUNCTION_SPEED_KMH for connection in junction.connections}
    return limits


def _add(parent: Xml.Element, tag: str, **attributes: object) -> Xml.Element:
    return Xml.SubElement(parent, tag, {name.rstrip("_"): _text(value) for name, value in attributes.items()})


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value + 0.0:.12g}"
    return str(value)


def _write_plan_view(road: Xml.Element, path: Path) -> None:
    view = _add(road, "planView")
    for piece, s in zip(path.pieces, path.starts, strict=True):
        geometry = _add(view, "geometry", s=s, x=piece.x, y=-piece.y, hdg=-piece.yaw, length=piece.length)
        if piece.curvature == 0.0:
            _add(geometry, "line")
        else:
            _add(geometry, "arc", curvature=-piece.curvature)


def _write_type(road: Xml.Element, speed_kmh: int) -> None:
    kind = _add(road, "type", s=0.0, type="town")
    _add(kind, "speed", max=speed_kmh, unit="km/h")


def _write_flat_profiles(road: Xml.Element) -> None:
    elevation = _add(road, "elevationProfile")
    _add(elevation, "elevation", s=0.0, a=0.0, b=0.0, c=0.0, d=0.0)
    _add(road, "lateralProfile")


def _write_street(root: Xml.Element, network: Network, street: Street) -> None:
    name = f"{street.plan.start}-{street.plan.end}"
    road = _add(root, "road", name=name, length=street.length, id=street.road_id, junction=-1)
    link = _add(road, "link")
    for tag, start in (("predecessor", True), ("successor", False)):
        junction = network.junction_at(street, start=start)
        _add(link, tag, elementType="junction", elementId=junction.junction_id)
    _write_type(road, street.profile.speed_kmh)
    _write_plan_view(road, street.path)
    _write_flat_profiles(road)
    _write_street_lanes(road, street)
    objects = _add(road, "objects")
    for start in (True, False):
        _write_crosswalk(objects, Arm(street=street, at_start=start))
    signals = _add(road, "signals")
    for start in (True, False):
        for signal in signals_of(network.junction_at(street, start=start), Arm(street=street, at_start=start)):
            _write_signal(signals, signal)


def _write_street_lanes(road: Xml.Element, street: Street) -> None:
    lanes = _add(road, "lanes")
    _add(lanes, "laneOffset", s=0.0, a=0.0, b=0.0, c=0.0, d=0.0)
    section = _add(lanes, "laneSection", s=0.0)
    left, center, right = (_add(section, side) for side in ("left", "center", "right"))
    _write_marks(_add(center, "lane", id=0, type="none", level="false"), centre_marks(street))
    has_bays = street.profile.parking_m > 0.0
    count = street.profile.lanes + has_bays + 1
    for side, sign, order in ((left, 1, range(count, 0, -1)), (right, -1, range(1, count + 1))):
        for number in order:
            kind = "driving" if number <= street.profile.lanes else "sidewalk" if number == count else "parking"
            lane = _add(side, "lane", id=sign * number, type=kind, level="false")
            _write_street_width(lane, street, kind)
            if number < street.profile.lanes:
                _write_marks(lane, lane_marks(street, toward_start=sign > 0))
            elif number == street.profile.lanes:
                _write_marks(lane, edge_marks(street))
            else:
                _add(lane, "roadMark", sOffset=0.0, type="none", weight="standard", color="standard", width=0.0)


def _write_street_width(lane: Xml.Element, street: Street, kind: str) -> None:
    if kind == "driving":
        _add(lane, "width", sOffset=0.0, a=LANE_WIDTH_M, b=0.0, c=0.0, d=0.0)
        return
    knots = street.parking_knots()
    if kind == "sidewalk":
        total = street.profile.parking_m + street.profile.sidewalk_m
        knots = [(s, total - width) for s, width in knots]
    for (s, width), (s_next, width_next) in itertools.pairwise(knots):
        _add(lane, "width", sOffset=s, a=width, b=(width_next - width) / (s_next - s), c=0.0, d=0.0)


def _write_marks(lane: Xml.Element, marks: Iterable[Mark]) -> None:
    for mark in marks:
        _add(
            lane,
            "roadMark",
            sOffset=mark.start,
            type=mark.kind,
            weight="standard",
            color=mark.color,
            width=mark.width_m,
            laneChange=mark.lane_change,
            material="standard",
        )


def _write_crosswalk(objects: Xml.Element, arm: Arm) -> None:
    near, far = CROSSWALK_M
    half = arm.profile.carriageway_m
    crosswalk = _add(
        objects,
        "object",
        type="crosswalk",
        id=2 * arm.street.road_id + (0 if arm.at_start else 1),
        name="SimpleCrosswalk",
        s=arm.s(0.5 * (near + far)),
        t=0.0,
        zOffset=0.0,
        orientation="none",
        hdg=0.0,
        pitch=0.0,
        roll=0.0,
        length=far - near,
        width=2.0 * half,
    )
    outline = _add(crosswalk, "outline")
    u = 0.5 * (far - near)
    for corner_u, corner_v in ((-u, -half), (u, -half), (u, half), (-u, half), (-u, -half)):
        _add(outline, "cornerLocal", u=corner_u, v=corner_v, z=0.0)


def _write_signal(signals: Xml.Element, signal: RoadSignal) -> None:
    element = _add(
        signals,
        "signal",
        id=signal.signal_id,
        name=signal.name,
        s=signal.s,
        t=signal.t,
        zOffset=0.0,
        hOffset=0.0,
        roll=0.0,
        pitch=0.0,
        orientation=signal.orientation,
        dynamic="yes" if signal.is_dynamic else "no",
        country="OpenDRIVE",
        type=signal.type,
        subtype=signal.subtype,
        value=float(signal.value),
        unit="km/h" if signal.value > 0 else "",
        text="",
        height=0.8,
        width=0.5,
    )
    _add(element, "validity", fromLane=min(signal.lanes), toLane=max(signal.lanes))


def _write_connecting_road(root: Xml.Element, junction: Junction, connection: Connection) -> None:
    road = _add(
        root,
        "road",
        name=f"{junction.plan.name}-{connection.road_id}",
        length=connection.path.length,
        id=connection.road_id,
        junction=junction.junction_id,
    )
    link = _add(road, "link")
    for tag, arm in (("predecessor", connection.incoming), ("successor", connection.outgoing)):
        contact = "start" if arm.at_start else "end"
        _add(link, tag, elementType="road", elementId=arm.street.road_id, contactPoint=contact)
    _write_type(road, _JUNCTION_SPEED_KMH)
    _write_plan_view(road, connection.path)
    _write_flat_profiles(road)
    lanes = _add(road, "lanes")
    _add(lanes, "laneOffset", s=0.0, a=0.0, b=0.0, c=0.0, d=0.0)
    section = _add(lanes, "laneSection", s=0.0)
    none = {"sOffset": 0.0, "type": "none", "weight": "standard", "color": "standard", "width": 0.0}
    _add(_add(_add(section, "center"), "lane", id=0, type="none", level="false"), "roadMark", **none)
    lane = _add(_add(section, "right"), "lane", id=-1, type="driving", level="false")
    lane_link = _add(lane, "link")
    _add(lane_link, "predecessor", id=connection.incoming.lane_id(connection.incoming_lane, incoming=True))
    _add(lane_link, "successor", id=connection.outgoing.lane_id(connection.outgoing_lane, incoming=False))
    _add(lane, "width", sOffset=0.0, a=LANE_WIDTH_M, b=0.0, c=0.0, d=0.0)
    _add(lane, "roadMark", **none)


def _write_controllers(root: Xml.Element, junction: Junction, numbers: Iterable[int]) -> list[int]:
    """One controller for each green phase; returns their ids."""
    ids = []
    for sequence, (phase, number) in enumerate(zip(phases(junction), numbers, strict=False)):
        controller = _add(root, "controller", id=number, name=f"{junction.plan.name}-{sequence}", sequence=sequence)
        for signal_id in phase:
            _add(controller, "control", signalId=signal_id, type="")
        ids.append(number)
    return ids


def _write_junction(root: Xml.Element, junction: Junction, controllers: list[int]) -> None:
    element = _add(root, "junction", id=junction.junction_id, name=junction.plan.name)
    for number, connection in enumerate(junction.connections):
        entry = _add(
            element,
            "connection",
            id=number,
            incomingRoad=connection.incoming.street.road_id,
            connectingRoad=connection.road_id,
            contactPoint="start",
        )
        incoming = connection.incoming.lane_id(connection.incoming_lane, incoming=True)
        _add(entry, "laneLink", from_=incoming, to=-1)
    for sequence, number in enumerate(controllers):
        _add(element, "controller", id=number, type="", sequence=sequence)
