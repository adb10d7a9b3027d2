"""Signals and objects of a road."""

from __future__ import annotations

import math
from xml.etree import ElementTree as Xml

import numpy as np

from sim_scenarios.embedded_simulator.road.curves import Array
from sim_scenarios.embedded_simulator.road.opendrive_reader.attributes import integer, number, word
from sim_scenarios.embedded_simulator.road.opendrive_reader.road_map import RoadObject, Signal, Span

TRAFFIC_LIGHT, STOP, YIELD, SPEED_LIMIT = "1000001", "206", "205", "274"
"""Signal types that CARLA knows (LibCarla/source/carla/road/SignalType.cpp)."""


def read_signals(road: Xml.Element) -> tuple[Signal, ...]:
    """Signals of a road, then what it refers to of other roads; a reference brings place and lanes only."""
    found = [_read_signal(item, is_reference=False) for item in road.findall("signals/signal")]
    found += [_read_signal(item, is_reference=True) for item in road.findall("signals/signalReference")]
    return tuple(found)


def _read_signal(element: Xml.Element, *, is_reference: bool) -> Signal:
    value = element.get("value")
    return Signal(
        id=element.get("id", ""),
        name=element.get("name", ""),
        s=number(element, "s"),
        right=-number(element, "t"),
        z_offset_m=number(element, "zOffset"),
        yaw_offset_deg=-math.degrees(number(element, "hOffset")),
        orientation=word(element, "orientation"),
        type=word(element, "type"),
        subtype=word(element, "subtype"),
        value=None if value is None else number(element, "value"),
        unit=word(element, "unit"),
        is_dynamic=word(element, "dynamic") == "yes",
        lanes=tuple(_lane_range(item) for item in element.findall("validity")),
        is_reference=is_reference,
    )


def _lane_range(validity: Xml.Element) -> tuple[int, int]:
    first, last = integer(validity, "fromLane"), integer(validity, "toLane")
    return min(first, last), max(first, last)


def read_objects(road: Xml.Element) -> tuple[RoadObject, ...]:
    """Things of a road that have an outline, or a size from which one follows."""
    return tuple(_read_object(item) for item in road.findall("objects/object"))


def read_spans(road: Xml.Element) -> tuple[Span, ...]:
    """Bridges and tunnels."""
    spans = []
    for kind in ("bridge", "tunnel"):
        for item in road.findall(f"objects/{kind}"):
            start = number(item, "s")
            spans.append(Span(kind=kind, start=start, end=start + number(item, "length")))
    return tuple(spans)


def _read_object(element: Xml.Element) -> RoadObject:
    s, right, z = number(element, "s"), -number(element, "t"), number(element, "zOffset")
    turn = -number(element, "hdg") + (math.pi if word(element, "orientation") == "-" else 0.0)
    return RoadObject(
        id=element.get("id", ""),
        name=element.get("name", ""),
        type=word(element, "type"),
        outline=_outline(element, s, right, z, turn),
    )


def _outline(element: Xml.Element, s: float, right: float, z: float, turn: float) -> Array:
    outline = next(element.iter("outline"), None)
    if outline is None:
        half_length, half_width = 0.5 * number(element, "length"), 0.5 * number(element, "width")
        if half_length <= 0.0 or half_width <= 0.0:
            return np.zeros((0, 3))
        corners = [(u * half_length, v * half_width, 0.0) for u, v in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        return _placed(np.array(corners), s, right, z, turn)
    local = [(number(c, "u"), -number(c, "v"), number(c, "z")) for c in outline.findall("cornerLocal")]
    if local:
        return _placed(np.array(local), s, right, z, turn)
    along = [(number(c, "s"), -number(c, "t"), number(c, "dz")) for c in outline.findall("cornerRoad")]
    return np.array(along).reshape(-1, 3)


def _placed(corners: Array, s: float, right: float, z: float, turn: float) -> Array:
    """Corners (N, 3) of an object's own frame as s, right and height, as if its road ran straight there."""
    cos, sin = math.cos(turn), math.sin(turn)
    ahead, aside = corners[:, 0] * cos - corners[:, 1] * sin, corners[:, 0] * sin + corners[:, 1] * cos
    return np.stack([s + ahead, right + aside, z + corners[:, 2]], axis=1)
