"""The ``<lanes>`` of a road: sections, widths (or borders), links and road marks."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from xml.etree import ElementTree as Xml

import numpy as np

from sim_scenarios.embedded_simulator.road.opendrive_reader.attributes import cubic, integer, mirrored, number, word
from sim_scenarios.embedded_simulator.road.opendrive_reader.road_map import (
    Lane,
    LaneSection,
    PiecewiseCubic,
    RoadMark,
)

STANDARD_MARK_M, BOLD_MARK_M = 0.12, 0.25
"""Widths of marks that give none: roads in towns have lines of 12 cm, and bold ones of 25 cm."""
_BORDER_STEP_M = 2.0

Coefficients = tuple[float, float, float, float]
_SAME = 1e-9


def piecewise(records: Sequence[tuple[float, Coefficients]]) -> PiecewiseCubic:
    """Cubics by their start; of equal starts the last one holds. No records are 0."""
    latest = dict(sorted(records, key=lambda record: record[0])) or {0.0: (0.0, 0.0, 0.0, 0.0)}
    return PiecewiseCubic(np.array(list(latest)), np.array(list(latest.values())))


def read_lane_offset(lanes: Xml.Element) -> PiecewiseCubic:
    """Offset of the middle line to the right [m]."""
    return piecewise([(number(item, "s"), mirrored(cubic(item))) for item in lanes.findall("laneOffset")])


def read_sections(lanes: Xml.Element, road_length: float) -> tuple[LaneSection, ...]:
    """All lane sections by their start; empty ones are left out."""
    elements = sorted(lanes.findall("laneSection"), key=lambda item: number(item, "s"))
    if not elements:
        return ()
    starts = [max(number(item, "s"), 0.0) for item in elements]
    sections = []
    for element, start, end in zip(elements, starts, (*starts[1:], road_length), strict=True):
        if end - start > _SAME:
            sections.append(_read_section(element, start, min(end, road_length)))
    return tuple(sections)


def _read_section(element: Xml.Element, start: float, end: float) -> LaneSection:
    items = [item for side in ("left", "center", "right") for item in element.findall(f"{side}/lane")]
    by_id = {lane.id: lane for lane in (_read_lane(item, start) for item in items)}
    outlined = {integer(item, "id") for item in items if item.find("border") is not None and item.find("width") is None}
    for lane_id in sorted(outlined, key=abs):
        element_of = next(item for item in items if integer(item, "id") == lane_id)
        by_id[lane_id] = _with_border(element_of, by_id, lane_id, start, end)
    return LaneSection(start=start, end=end, lanes=tuple(sorted(by_id.values(), key=lambda lane: -lane.id)))


def _read_lane(element: Xml.Element, start: float) -> Lane:
    link = element.find("link")
    return Lane(
        id=integer(element, "id"),
        type=word(element, "type"),
        width=piecewise([(start + number(item, "sOffset"), cubic(item)) for item in element.findall("width")]),
        marks=_read_marks(element, start),
        predecessor=_linked(link, "predecessor"),
        successor=_linked(link, "successor"),
    )


def _linked(link: Xml.Element | None, tag: str) -> int | None:
    found = None if link is None else link.find(tag)
    return None if found is None else integer(found, "id")


def _with_border(element: Xml.Element, lanes: dict[int, Lane], lane_id: int, start: float, end: float) -> Lane:
    """A lane that is given by its outer border: its width is what the lanes inside leave of that.

    CARLA's own reader takes such lanes as having no width.
    """
    border = piecewise([(start + number(item, "sOffset"), cubic(item)) for item in element.findall("border")])
    inside = [lane for lane in lanes.values() if lane.id * lane_id > 0 and abs(lane.id) < abs(lane_id)]
    knots = {start, *border.starts, *(s for lane in inside for s in lane.width.starts)}
    sign = 1.0 if lane_id > 0 else -1.0
    records = []
    for s in sorted(knots):
        # All are cubics between the knots: the Taylor coefficients of the difference are those of the width.
        a, b, c, d = sign * _taylor(border, s)
        for lane in inside:
            a, b, c, d = np.array([a, b, c, d]) - _taylor(lane.width, s)
        records.append((s, (float(a), float(b), float(c), float(d))))
    return replace(lanes[lane_id], width=piecewise(records))


def _taylor(function: PiecewiseCubic, s: float) -> np.ndarray:
    index = max(int(np.searchsorted(function.starts, s, side="right")) - 1, 0)
    a, b, c, d = function.coefficients[index]
    u = max(s - function.starts[index], 0.0)
    return np.array([a + u * (b + u * (c + u * d)), b + u * (2.0 * c + 3.0 * d * u), c + 3.0 * d * u, d])


def _read_marks(element: Xml.Element, start: float) -> tuple[RoadMark, ...]:
    marks = [_read_mark(item, start) for item in element.findall("roadMark")]
    return tuple(sorted(marks, key=lambda mark: mark.start))


def _read_mark(element: Xml.Element, start: float) -> RoadMark:
    line = element.find("type/line")
    width = number(element, "width")
    if width <= 0.0:
        width = BOLD_MARK_M if word(element, "weight") == "bold" else STANDARD_MARK_M
    return RoadMark(
        start=start + number(element, "sOffset"),
        kind=word(element, "type", "none"),
        color=word(element, "color", "standard"),
        width_m=width,
        dash_m=0.0 if line is None else number(line, "length"),
        gap_m=0.0 if line is None else number(line, "space"),
    )


def mark_ends(section: LaneSection, lane: Lane) -> list[tuple[RoadMark, float]]:
    """Each mark of a lane with the distance along the road at which it ends [m]."""
    stops = (*(mark.start for mark in lane.marks[1:]), section.end)
    return [(mark, min(stop, section.end)) for mark, stop in zip(lane.marks, stops, strict=False)]


def knots_of(section: LaneSection) -> set[float]:
    """Distances along the road at which something about a section's lanes changes [m]."""
    widths = (lane.width.starts for lane in section.lanes)
    return {
        float(s) for s in itertools.chain([section.start, section.end], *widths) if section.start <= s <= section.end
    }
