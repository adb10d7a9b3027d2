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

from sim_scenarios.embedded_simulator.road.crossing_edges import Edge, Edges, edges_of
from sim_scenarios.embedded_simulator.road.curves import Path
from sim_scenarios.embedded_simulator.road.markings import Mark, centre_marks, edge_marks, lane_marks
from sim_scenarios.embedded_simulator.road.network import Arm, Connection, Junction, Network, Street
from sim_scenarios.embedded_simulator.road.plan import CROSSWALK_M, LANE_WIDTH_M, Control, Profile
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
            _write_connecting_road(root, junction, connection, has_edges=not network.plan.is_level)
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
        limits |= {connection.road_id: _speed_across(junction, connection) for connection in junction.connections}
    return limits


def _speed_across(junction: Junction, connection: Connection) -> int:
    if junction.plan.control is Control.LANES:
        return min(connection.incoming.profile.speed_kmh, connection.outgoing.profile.speed_kmh)
    return _JUNCTION_SPEED_KMH


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


def _write_heights(road: Xml.Element, cubics: Iterable[tuple[float, float, float, float, float]]) -> None:
    profile = _add(road, "elevationProfile")
    for s, a, b, c, d in cubics:
        _add(profile, "elevation", s=s, a=a, b=b, c=c, d=d)
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
    _write_heights(road, street.elevation.cubics())
    _write_street_lanes(road, street)
    objects = _add(road, "objects")
    for start in (True, False):
        if has_crosswalk(network.junction_at(street, start=start), street.profile):
            _write_crosswalk(objects, Arm(street=street, at_start=start))
    _write_spans(objects, street)
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
    outward = _kinds_outward(street.profile)
    leftward = outward
    if street.profile.is_one_way:
        leftward = ["shoulder"] if street.profile.left_shoulder_m > 0.0 else []
    for side, sign, kinds in ((left, 1, leftward), (right, -1, outward)):
        numbered = list(enumerate(kinds, start=1))
        for number, kind in reversed(numbered) if sign > 0 else numbered:
            lane = _add(side, "lane", id=sign * number, type=kind, level="false")
            _write_street_width(lane, street, kind, sign)
            if kind == "driving" and number < street.profile.lanes:
                _write_marks(lane, lane_marks(street, toward_start=sign > 0))
            elif kind == "driving":
                _write_marks(lane, edge_marks(street))
            else:
                _add(lane, "roadMark", sOffset=0.0, type="none", weight="standard", color="standard", width=0.0)


def _kinds_outward(profile: Profile) -> list[str]:
    """Types of the lanes on the right side, from the middle outwards."""
    kind, width = profile.outer_lane
    bays = ["parking"] if profile.parking_m > 0.0 else []
    return ["driving"] * profile.lanes + bays + ([kind] if width > 0.0 else [])


def _write_street_width(lane: Xml.Element, street: Street, kind: str, sign: int) -> None:
    fixed = {"driving": LANE_WIDTH_M, "shoulder": street.profile.shoulder_m}
    if street.profile.is_one_way and sign > 0:
        fixed["shoulder"] = street.profile.left_shoulder_m
    if kind in fixed:
        _add(lane, "width", sOffset=0.0, a=fixed[kind], b=0.0, c=0.0, d=0.0)
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


def has_crosswalk(junction: Junction, profile: Profile) -> bool:
    """Whether walkers cross a street of this profile there: from sidewalk to sidewalk."""
    return profile.sidewalk_m > 0.0 and not profile.is_one_way and junction.plan.control is not Control.LANES


def _write_spans(objects: Xml.Element, street: Street) -> None:
    for kind, shares in (("bridge", street.plan.bridge), ("tunnel", street.plan.tunnel)):
        if shares is not None:
            start, end = (share * street.length for share in shares)
            type_ = "concrete" if kind == "bridge" else "standard"
            _add(objects, kind, id=f"{kind}-{street.road_id}", name="", s=start, length=end - start, type=type_)


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


def _write_connecting_road(root: Xml.Element, junction: Junction, connection: Connection, *, has_edges: bool) -> None:
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
    _write_type(road, _speed_across(junction, connection))
    _write_plan_view(road, connection.path)
    _write_heights(road, [(0.0, junction.plan.z, 0.0, 0.0, 0.0)])
    lanes = _add(road, "lanes")
    _add(lanes, "laneOffset", s=0.0, a=0.0, b=0.0, c=0.0, d=0.0)
    section = _add(lanes, "laneSection", s=0.0)
    edges = edges_of(junction, connection) if has_edges else Edges()
    if edges.left is not None:
        _write_edge(_add(section, "left"), 1, edges.left, connection.path.length)
    _write_no_mark(_add(_add(section, "center"), "lane", id=0, type="none", level="false"))
    right = _add(section, "right")
    lane = _add(right, "lane", id=-1, type="driving", level="false")
    lane_link = _add(lane, "link")
    _add(lane_link, "predecessor", id=connection.incoming.lane_id(connection.incoming_lane, incoming=True))
    _add(lane_link, "successor", id=connection.outgoing.lane_id(connection.outgoing_lane, incoming=False))
    _add(lane, "width", sOffset=0.0, a=LANE_WIDTH_M, b=0.0, c=0.0, d=0.0)
    if edges.mark is None:
        _write_no_mark(lane)
    else:
        _write_marks(lane, [edges.mark])
    if edges.right is not None:
        _write_edge(right, -2, edges.right, connection.path.length)


def _write_edge(side: Xml.Element, lane_id: int, edge: Edge, length: float) -> None:
    lane = _add(side, "lane", id=lane_id, type=edge.kind, level="false")
    slope = (edge.end_m - edge.start_m) / length
    _add(lane, "width", sOffset=0.0, a=edge.start_m, b=slope, c=0.0, d=0.0)
    _write_no_mark(lane)


def _write_no_mark(lane: Xml.Element) -> None:
    _add(lane, "roadMark", sOffset=0.0, type="none", weight="standard", color="standard", width=0.0)


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
