"""Roads cut into stretches: the borders of all lanes at the stations where the surface has its corners.

A stretch belongs to one lane section and lies on one level. Its borders run from left to right as seen in the road's
direction; between two of them lies one lane, whose cover says what it is made of and how high it stands.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from sim_scenarios.embedded_simulator.road.curves import Array
from sim_scenarios.embedded_simulator.road.ground import TAG_ROAD, TAG_SIDEWALK, TAG_TERRAIN
from sim_scenarios.embedded_simulator.road.opendrive_reader.lanes import knots_of
from sim_scenarios.embedded_simulator.road.opendrive_reader.road_map import Lane, LaneSection, Road, Span
from sim_scenarios.embedded_simulator.road.town import SIDEWALK_HEIGHT_M

_STRAIGHT_STEP_M = 16.0
_SHORTEST_FACET_M = 1e-3
_SHORTEST_STEP_M = 0.5
_SIDEWAYS_M, _UPRIGHT_M = 0.01, 0.004
"""How far facets may lie beside and below what they stand for; paint lies 12 mm above the road."""
_BENT = 1e-7
_JUST_BEFORE_M = 1e-7
"""At its very end a section still has its own lanes, not those of the next one."""


@dataclass(frozen=True, slots=True)
class Cover:
    """What a lane is made of."""

    material: str
    tag: int
    rise_m: float
    """Above the road."""


ROAD = Cover("asphalt", TAG_ROAD, 0.0)
SIDEWALK = Cover("sidewalk", TAG_SIDEWALK, SIDEWALK_HEIGHT_M)
MEDIAN = Cover("grass", TAG_TERRAIN, SIDEWALK_HEIGHT_M)
VERGE = Cover("grass", TAG_TERRAIN, 0.0)
_COVERS = {
    "sidewalk": SIDEWALK, "walking": SIDEWALK, "curb": SIDEWALK, "median": MEDIAN, "border": VERGE, "none": VERGE,
}  # fmt: skip
"""Of lane types, all others are asphalt: what one drives, parks, cycles or stops on."""


def cover_of(lane: Lane) -> Cover:
    """What a lane is made of, by its type."""
    return _COVERS.get(lane.type, ROAD)


class Level(enum.Enum):
    """How a stretch lies to the land around it."""

    LAND = "land"
    BRIDGE = "bridge"
    TUNNEL = "tunnel"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Stretch:
    """A piece of a road."""

    road: Road
    section: LaneSection
    level: Level
    s: Array
    """(N,) stations along the road [m]."""
    lanes: tuple[Lane, ...]
    """(L,) from left to right, without line 0 and without what is nothing at the outside."""
    offsets: Array
    """(L + 1, N) borders of the lanes, right of the reference line [m]."""
    points: Array
    """(L + 1, N, 3) the borders in the world, on the road's own level [m]."""

    def edge(self, index: int, *, rise_m: float = 0.0) -> Array:
        """One border (N, 3), raised."""
        return np.asarray(self.points[index] + np.array([0.0, 0.0, rise_m]))

    def outer_edges(self) -> tuple[Array, Array]:
        """Left and right edge (N, 3) of the whole, as high as the outermost lanes stand."""
        rises = [cover_of(lane).rise_m for lane in (self.lanes[0], self.lanes[-1])]
        return self.edge(0, rise_m=rises[0]), self.edge(-1, rise_m=rises[1])

    def outline(self, first: int = 0, last: int = -1) -> shapely.Polygon:
        """The plan of the lanes between two borders."""
        ring = np.concatenate([self.points[first, :, :2], self.points[last, ::-1, :2]])
        return sound(shapely.Polygon(ring))


def sound(polygon: shapely.Geometry) -> shapely.Geometry:
    """A polygon without crossings of itself and without parts that have no area."""
    if polygon.is_valid:
        return polygon
    parts = [part for part in shapely.get_parts(shapely.make_valid(polygon)) if part.area > 0.0]
    return shapely.union_all(parts)


def stretches_of(road: Road, *, vertex_distance_m: float, spans: Sequence[Span] | None = None) -> list[Stretch]:
    """All stretches of a road in their order; ``spans`` says where it is bridge or tunnel, by default what it says."""
    spans = road.spans if spans is None else spans
    cuts = {s for span in spans for s in (span.start, span.end)}
    stretches = []
    for section in road.sections:
        inner = {s for s in cuts if section.start < s < section.end}
        for start, end in itertools.pairwise(sorted({section.start, section.end, *inner})):
            if end - start > _JUST_BEFORE_M:
                stretch = _stretch(road, section, start, end, _level_at(spans, 0.5 * (start + end)), vertex_distance_m)
                if stretch is not None:
                    stretches.append(stretch)
    return stretches


def _level_at(spans: Sequence[Span], s: float) -> Level:
    kinds = [span.kind for span in spans if span.start <= s <= span.end]
    return Level(kinds[-1]) if kinds else Level.LAND


def _stretch(
    road: Road, section: LaneSection, start: float, end: float, level: Level, vertex_distance_m: float
) -> Stretch | None:
    left, right = section.side(-1), section.side(1)
    while left and left[-1].type in ("none", ""):
        left.pop()
    while right and right[-1].type in ("none", ""):
        right.pop()
    if not left and not right:
        return None
    s = _stations(road, section, start, end, vertex_distance_m)
    inside = np.clip(s, section.start, section.end - _JUST_BEFORE_M)
    middle = road.lane_offset.at(inside)
    widths = {lane.id: np.maximum(lane.width.at(inside), 0.0) for lane in (*left, *right)}
    leftward = [middle - sum(widths[lane.id] for lane in left[: count + 1]) for count in range(len(left))]
    rightward = [middle + sum(widths[lane.id] for lane in right[: count + 1]) for count in range(len(right))]
    offsets = np.stack([*leftward[::-1], middle, *rightward])
    line, yaws = road.at(inside)
    aside = np.stack([-np.sin(yaws), np.cos(yaws)], axis=1)  # (N, 2)
    flat = line + offsets[:, :, None] * aside
    heights = np.broadcast_to(road.elevation.at(inside)[:, None], (*offsets.shape, 1))
    return Stretch(
        road=road,
        section=section,
        level=level,
        s=s,
        lanes=(*left[::-1], *right),
        offsets=offsets,
        points=np.concatenate([flat, heights], axis=2),
    )


def _stations(road: Road, section: LaneSection, start: float, end: float, vertex_distance_m: float) -> Array:
    stops = {start, end, *knots_of(section), *road.starts, *road.elevation.starts, *road.lane_offset.starts}
    knots = np.array(sorted(float(s) for s in stops if start <= s <= end))
    inner = knots[(knots > start + _SHORTEST_FACET_M) & (knots < end - _SHORTEST_FACET_M)]
    inner = inner[np.diff(inner, prepend=start) > _SHORTEST_FACET_M]
    knots = np.concatenate([[start], inner, [end]])
    parts = [knots[:1]]
    for low, high in itertools.pairwise(knots):
        step = _step(road, section, low, high, vertex_distance_m)
        parts.append(np.linspace(low, high, max(1, int(np.ceil((high - low) / step - 1e-6))) + 1)[1:])
    return np.concatenate(parts)


def _step(road: Road, section: LaneSection, low: float, high: float, vertex_distance_m: float) -> float:
    """How far stations may lie apart so that facets stay close to what they stand for [m]."""
    s = np.linspace(low, high, 10)[:-1] + 0.5 * (high - low) / 9.0
    yaws = np.unwrap(road.at(s)[1])
    turning = float(np.abs(np.diff(yaws)).max()) / (s[1] - s[0])
    widening = max((float(np.abs(lane.width.bend(s)).max()) for lane in section.lanes), default=0.0)
    sideways = turning + widening + float(np.abs(road.lane_offset.bend(s)).max())
    upward = float(np.abs(road.elevation.bend(s)).max())
    if sideways < _BENT and upward < _BENT:
        return _STRAIGHT_STEP_M
    chords = [
        np.sqrt(8.0 * off / bend) for off, bend in ((_SIDEWAYS_M, sideways), (_UPRIGHT_M, upward)) if bend > _BENT
    ]
    return float(np.clip(min(*chords, vertex_distance_m, _STRAIGHT_STEP_M), _SHORTEST_STEP_M, _STRAIGHT_STEP_M))
