"""Reads a whole OpenDRIVE text.

As tolerant as CARLA's own parser: attributes that are missing count as 0, elements that nobody knows are passed over,
a namespace does not matter. What cannot be built (no reference line, a curve without length, a road without lanes, a
map of absurd size) is an error, because a town with silent holes helps nobody. OpenDRIVE is right-handed, CARLA
left-handed: y, headings, curvatures and lateral offsets change sign here and in the modules beside it.

Not applied, because the client's waypoints do not know them either: superelevation, crossfall and lateral shapes.
"""

from __future__ import annotations

from xml.etree import ElementTree as Xml

import numpy as np

from sim_scenarios.embedded_simulator.road.curves import Piece, RoadError
from sim_scenarios.embedded_simulator.road.opendrive_reader.attributes import cubic, integer, mirrored, number, word
from sim_scenarios.embedded_simulator.road.opendrive_reader.lanes import piecewise, read_lane_offset, read_sections
from sim_scenarios.embedded_simulator.road.opendrive_reader.plan_view import (
    ParametricCubic,
    PlanPiece,
    Spiral,
)
from sim_scenarios.embedded_simulator.road.opendrive_reader.road_map import (
    Connection,
    Junction,
    Road,
    RoadLink,
    RoadMap,
)
from sim_scenarios.embedded_simulator.road.opendrive_reader.roadside import read_objects, read_signals, read_spans

_LONGEST_ROAD_M = 50_000.0
_LONGEST_TOGETHER_M = 500_000.0
_TIGHTEST_1_M = 20.0
_FARTHEST_M = 100_000.0
_SHORTEST_M = 1e-6
_KMH = {"km/h": 1.0, "kmh": 1.0, "kph": 1.0, "mph": 1.609344, "m/s": 3.6, "": 3.6}
"""A speed's unit; OpenDRIVE's default is m/s."""


def read_opendrive(text: str) -> RoadMap:
    """The roads of an OpenDRIVE text.

    Raises:
        RoadError: It is no XML, no OpenDRIVE, or describes a road that cannot be built; says which one and why.
    """
    root = _parse(text)
    header = root.find("header")
    roads = [_read_road(element) for element in root.findall("road")]
    if not roads:
        raise RoadError("the OpenDRIVE text has no <road>, expected at least one")
    total = sum(road.length for road in roads)
    if total > _LONGEST_TOGETHER_M:
        raise RoadError(f"the roads are {total:g} m long together, expected at most {_LONGEST_TOGETHER_M:g}")
    junctions = [_read_junction(element) for element in root.findall("junction")]
    return RoadMap(
        name="" if header is None else header.get("name", ""),
        roads={road.id: road for road in roads},
        junctions={junction.id: junction for junction in junctions},
        controllers={item.get("id", ""): _controlled(item) for item in root.findall("controller")},
    )


def _parse(text: str) -> Xml.Element:
    try:
        root = Xml.fromstring(text.lstrip("\ufeff \t\r\n"))
    except (Xml.ParseError, ValueError) as error:
        start = " ".join(text[:60].split())
        raise RoadError(f"not OpenDRIVE: {error}; the text starts with {start!r}, expected XML") from error
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = element.tag.rpartition("}")[2]
    if root.tag != "OpenDRIVE":
        raise RoadError(f"not OpenDRIVE: the outermost element is <{root.tag}>, expected <OpenDRIVE>")
    return root


def _read_road(element: Xml.Element) -> Road:
    road_id = integer(element, "id", -1)
    try:
        return _read_sound_road(element, road_id)
    except RoadError as error:
        raise RoadError(f"road {element.get('id')!r}: {error}") from error


def _read_sound_road(element: Xml.Element, road_id: int) -> Road:
    geometries = sorted(element.findall("planView/geometry"), key=lambda item: number(item, "s"))
    geometries = [item for item in geometries if number(item, "length") > _SHORTEST_M]
    if not geometries:
        raise RoadError("no <geometry> with a length in its <planView>, expected at least one")
    pieces = tuple(_read_piece(item) for item in geometries)
    length = number(element, "length") or sum(piece.length for piece in pieces)
    for measured in (length, *(piece.length for piece in pieces)):
        if not _SHORTEST_M < measured <= _LONGEST_ROAD_M:
            raise RoadError(f"its length is {measured:g} m, expected more than 0 and at most {_LONGEST_ROAD_M:g}")
    lanes = element.find("lanes")
    sections = () if lanes is None else read_sections(lanes, length)
    if lanes is None or not sections:
        raise RoadError("no <laneSection> in its <lanes>, expected at least one")
    elevation = [(number(e, "s"), cubic(e)) for e in element.findall("elevationProfile/elevation")]
    return Road(
        id=road_id,
        name=element.get("name", ""),
        length=length,
        junction_id=integer(element, "junction", -1),
        pieces=pieces,
        starts=np.array([number(item, "s") for item in geometries]),
        elevation=piecewise(elevation),
        lane_offset=read_lane_offset(lanes),
        sections=sections,
        predecessor=_read_link(element.find("link/predecessor")),
        successor=_read_link(element.find("link/successor")),
        speed_kmh=_speed_kmh(element),
        signals=read_signals(element),
        objects=read_objects(element),
        spans=read_spans(element),
    )


def _read_piece(element: Xml.Element) -> PlanPiece:
    x, y, yaw = number(element, "x"), -number(element, "y"), -number(element, "hdg")
    length = number(element, "length")
    if abs(x) > _FARTHEST_M or abs(y) > _FARTHEST_M:
        raise RoadError(f"a <geometry> starts at ({x:g}, {-y:g}) m, expected at most {_FARTHEST_M:g} m from the origin")
    for curve in element:
        match curve.tag:
            case "line":
                return Piece(x, y, yaw, length, 0.0)
            case "arc":
                return Piece(x, y, yaw, length, -_curvature(curve, "curvature"))
            case "spiral":
                ends = -_curvature(curve, "curvStart"), -_curvature(curve, "curvEnd")
                return Spiral(x, y, yaw, length, *ends)
            case "poly3":
                return ParametricCubic(x, y, yaw, length, (0.0, 1.0, 0.0, 0.0), mirrored(cubic(curve)), length)
            case "paramPoly3":
                u, v = cubic(curve, "U"), mirrored(cubic(curve, "V"))
                greatest = length if word(curve, "pRange") == "arclength" else 1.0
                return ParametricCubic(x, y, yaw, length, u, v, greatest)
    kinds = [curve.tag for curve in element]
    raise RoadError(f"a <geometry> holds {kinds}, expected line, arc, spiral, poly3 or paramPoly3")


def _curvature(curve: Xml.Element, name: str) -> float:
    value = number(curve, name)
    if abs(value) > _TIGHTEST_1_M:
        raise RoadError(f"<{curve.tag}> has {name}={value:g} 1/m, expected at most {_TIGHTEST_1_M:g}")
    return value


def _read_link(element: Xml.Element | None) -> RoadLink | None:
    if element is None or element.get("elementId") is None:
        return None
    return RoadLink(
        is_junction=word(element, "elementType") == "junction",
        element_id=integer(element, "elementId"),
        at_start=word(element, "contactPoint") != "end",
    )


def _speed_kmh(road: Xml.Element) -> float | None:
    limits = [_in_kmh(number(item, "max"), word(item, "unit")) for item in road.findall("type/speed")]
    return min((limit for limit in limits if limit > 0.0), default=None)


def _in_kmh(value: float, unit: str) -> float:
    return value * _KMH.get(unit, 1.0)


def _controlled(element: Xml.Element) -> tuple[str, ...]:
    return tuple(item.get("signalId", "") for item in element.findall("control"))


def _read_junction(element: Xml.Element) -> Junction:
    rulers = sorted(element.findall("controller"), key=lambda item: number(item, "sequence"))
    return Junction(
        id=integer(element, "id"),
        name=element.get("name", ""),
        connections=tuple(_read_connection(item) for item in element.findall("connection")),
        controllers=tuple(item.get("id", "") for item in rulers),
    )


def _read_connection(element: Xml.Element) -> Connection:
    return Connection(
        incoming=integer(element, "incomingRoad"),
        connecting=integer(element, "connectingRoad"),
        at_start=word(element, "contactPoint") != "end",
        links=tuple((integer(item, "from"), integer(item, "to")) for item in element.findall("laneLink")),
    )
