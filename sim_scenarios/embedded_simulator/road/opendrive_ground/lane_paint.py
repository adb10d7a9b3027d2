"""Road marks, crosswalks and stop lines, a little above the road.

Lines follow the facets of the road (their corners lie at the same stations), so that none dips below it. They leave out
crosswalks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import shapely

from sim_scenarios.embedded_simulator.road.curves import Array
from sim_scenarios.embedded_simulator.road.ground import TAG_ROAD_LINE, TAG_SIDEWALK, TAG_TERRAIN, GroundMesh
from sim_scenarios.embedded_simulator.road.markings import DASH_M, DASH_PERIOD_M, DOUBLE_GAP_M
from sim_scenarios.embedded_simulator.road.opendrive_ground.areas import triangles_over
from sim_scenarios.embedded_simulator.road.opendrive_ground.cross_sections import ROAD, Stretch, cover_of
from sim_scenarios.embedded_simulator.road.opendrive_reader.lanes import mark_ends
from sim_scenarios.embedded_simulator.road.opendrive_reader.road_map import Lane, Road, RoadMark, RoadObject
from sim_scenarios.embedded_simulator.road.paint import PAINT_HEIGHT_M

CROSSWALK_CLEAR_M = 0.6
_BAR_M, _BAR_PERIOD_M = 0.5, 1.0
_STOP_LINE_M = 0.4
_EDGE_INSET_M = 0.12
"""How far from the end of the asphalt a line along it stays."""
_SINGLE = ("solid", "broken", "botts dots", "curb", "grass")
_PAINTS = ("yellow", "orange", "red", "green", "blue")
"""Colours of OpenDRIVE's marks that are not white."""
_EDGINGS = {"curb": ("kerb", TAG_SIDEWALK, 0.15), "grass": ("grass", TAG_TERRAIN, 0.3)}
"""Marks that are no paint but the rim of the road: material, tag, least width [m]."""
_DOT_M, _DOTS, _DOT_CORNERS = 0.1, 4, 8
"""Botts dots: round, four in the place of a dash."""

Interval = tuple[float, float]


def add_marks(mesh: GroundMesh, stretch: Stretch, crosswalks: Sequence[Interval]) -> None:
    """All lines of a stretch; ``crosswalks`` are the parts of its road [m] that they leave out."""
    middle = next((i for i, lane in enumerate(stretch.lanes) if lane.id < 0), len(stretch.lanes))
    zero = stretch.section.lane(0)
    if zero is not None:
        _add_border_marks(mesh, stretch, zero, middle, crosswalks, outward=1.0)
    for index, lane in enumerate(stretch.lanes):
        border, outward = (index + 1, 1.0) if lane.id < 0 else (index, -1.0)
        _add_border_marks(mesh, stretch, lane, border, crosswalks, outward=outward)


def _add_border_marks(
    mesh: GroundMesh, stretch: Stretch, lane: Lane, border: int, crosswalks: Sequence[Interval], *, outward: float
) -> None:
    left, right = (0 <= i < len(stretch.lanes) and cover_of(stretch.lanes[i]) is ROAD for i in (border - 1, border))
    if not (left or right):
        return
    for mark, end in mark_ends(stretch.section, lane):
        start, end = max(mark.start, float(stretch.s[0])), min(end, float(stretch.s[-1]))
        # A line that bounds the asphalt lies on it.
        inset = 0.0 if left and right else (_EDGE_INSET_M + 0.5 * mark.width_m) * (-1.0 if left else 1.0)
        for kind, aside in _lines(mark, outward):
            for a, b in _free(start, end, crosswalks):
                _add_mark(mesh, stretch, border, mark, kind, aside + inset, a, b)


def _lines(mark: RoadMark, outward: float) -> Iterator[tuple[str, float]]:
    """Kind, and how far to the right of the border, of each line of a mark."""
    if mark.kind in _SINGLE:
        yield mark.kind, 0.0
        return
    kinds = mark.kind.split()
    if len(kinds) == 2 and all(kind in ("solid", "broken") for kind in kinds):
        apart = 0.5 * (DOUBLE_GAP_M + mark.width_m)
        # Named from the inside to the outside; of the middle line from left to right.
        yield kinds[0], -outward * apart
        yield kinds[1], outward * apart


def _free(start: float, end: float, blocked: Sequence[Interval]) -> Iterator[Interval]:
    for low, high in sorted(blocked):
        if high <= start or low >= end:
            continue
        if low > start:
            yield start, low
        start = max(start, high)
    if end - start > 1e-3:
        yield start, end


def _add_mark(
    mesh: GroundMesh, stretch: Stretch, border: int, mark: RoadMark, kind: str, aside: float, start: float, end: float
) -> None:
    if kind in _EDGINGS:
        material, tag, least_m = _EDGINGS[kind]
        _add_strip(mesh, stretch, border, (material, tag), max(mark.width_m, least_m), aside, start, end)
        return
    paint = f"paint_{mark.color}" if mark.color in _PAINTS else "paint_white", TAG_ROAD_LINE
    if kind == "solid":
        _add_strip(mesh, stretch, border, paint, mark.width_m, aside, start, end)
        return
    dash = mark.dash_m or DASH_M
    period = dash + (mark.gap_m or DASH_PERIOD_M - DASH_M)
    count = int((end - start + period - dash) // period)
    first = start + 0.5 * (end - start - (count - 1) * period - dash)  # both ends look alike
    for number in range(count):
        begin = first + number * period
        if kind == "broken":
            _add_strip(mesh, stretch, border, paint, mark.width_m, aside, begin, begin + dash)
            continue
        for s in np.linspace(begin + 0.5 * _DOT_M, begin + dash - 0.5 * _DOT_M, _DOTS):
            _add_dot(mesh, stretch, border, paint, aside, float(s))


def _add_dot(mesh: GroundMesh, stretch: Stretch, border: int, paint: tuple[str, int], aside: float, s: float) -> None:
    """A dot whose middle lies ``aside`` to the right of a border."""
    middle, right = _along_border(stretch, border, np.array([s - 0.5 * _DOT_M, s + 0.5 * _DOT_M]))
    angle = np.arange(_DOT_CORNERS) * (2.0 * np.pi / _DOT_CORNERS)
    center, ahead = middle.mean(axis=0) + aside * right[0], (middle[1] - middle[0]) / _DOT_M
    rim = center + 0.5 * _DOT_M * (np.cos(angle)[:, None] * ahead + np.sin(angle)[:, None] * right[0])
    corner = np.arange(1, _DOT_CORNERS - 1, dtype=np.int64)
    mesh.add(*paint, rim, np.stack([np.zeros_like(corner), corner, corner + 1], axis=1))


def _add_strip(
    mesh: GroundMesh, stretch: Stretch, border: int, cover: tuple[str, int], width_m: float, aside: float,
    start: float, end: float,
) -> None:  # fmt: skip
    """A line of some material and tag, its middle ``aside`` to the right of a border."""
    inside = stretch.s[(stretch.s > start + 1e-3) & (stretch.s < end - 1e-3)]
    s = np.concatenate([[start], inside, [end]])
    points, right = _along_border(stretch, border, s)
    offsets = aside - 0.5 * width_m, aside + 0.5 * width_m
    uvs = tuple(np.stack([s, np.full_like(s, offset)], axis=1) for offset in offsets)
    edges = [points + offset * right for offset in offsets]
    mesh.add_strip(*cover, edges[0], edges[1], (uvs[0], uvs[1]))


def _along_border(stretch: Stretch, border: int, s: Array) -> tuple[Array, Array]:
    """Points (N, 3) of a border at distances (N,) along the road, as high as paint, and unit vectors to the right."""
    points = np.stack([np.interp(s, stretch.s, stretch.points[border, :, axis]) for axis in range(3)], axis=1)
    # Most are dashes between two stations, of which there are hundreds and ``gradient`` takes its time.
    along = np.gradient(points[:, :2], s, axis=0) if len(s) > 2 else np.diff(points[:, :2], axis=0) / (s[1] - s[0])
    along = np.broadcast_to(along, (len(s), 2))
    right = np.stack([-along[:, 1], along[:, 0], np.zeros(len(s))], axis=1)
    right /= np.maximum(np.linalg.norm(right, axis=1, keepdims=True), 1e-9)
    points[:, 2] += PAINT_HEIGHT_M
    return points, right


def crosswalk_corners(road: Road, thing: RoadObject) -> Array:
    """Outline (N, 3) [m] of a crosswalk on the road's surface; empty if the object has none."""
    if len(thing.outline) < 3:
        return np.zeros((0, 3))
    corners = road.points(thing.outline[:, 0], thing.outline[:, 1])
    for index, (s, right, _) in enumerate(thing.outline.tolist()):
        if not 0.0 <= s <= road.length:
            corners[index] = road_point(road, s, right)
    return corners


def road_point(road: Road, s: float, right: float) -> Array:
    """A point (1, 3) of a road's surface, where the road runs straight on beyond its ends."""
    point = road.points(s, right)
    beyond = s - min(max(s, 0.0), road.length)
    if beyond:
        yaw = float(road.at(s)[1][0])
        point = point + beyond * np.array([[np.cos(yaw), np.sin(yaw), 0.0]])
    return point


def crosswalks_of(road: Road) -> list[RoadObject]:
    """The crosswalks of a road."""
    return [thing for thing in road.objects if thing.type == "crosswalk" and len(thing.outline) >= 3]


def crosswalk_intervals(road: Road) -> list[Interval]:
    """Where along a road its crosswalks lie [m]."""
    spans = [(float(t.outline[:, 0].min()), float(t.outline[:, 0].max())) for t in crosswalks_of(road)]
    return [(low - CROSSWALK_CLEAR_M, high + CROSSWALK_CLEAR_M) for low, high in spans]


def add_crosswalk(mesh: GroundMesh, road: Road, thing: RoadObject) -> None:
    """Zebra bars over the outline, along the traffic."""
    corners = crosswalk_corners(road, thing)
    plan = shapely.Polygon(corners[:, :2]).buffer(0)
    if plan.area < 0.5:
        return
    box = np.array(plan.minimum_rotated_rectangle.exterior.coords)[:4]
    sides = np.diff(box[:3], axis=0)
    if np.linalg.norm(sides[0]) < np.linalg.norm(sides[1]):
        box, sides = np.roll(box, -1, axis=0), sides[::-1] * np.array([[1.0], [-1.0]])
    walk, length = sides[0] / np.linalg.norm(sides[0]), float(np.linalg.norm(sides[0]))
    across = np.array([-walk[1], walk[0]])
    reach = 2.0 * float(np.linalg.norm(sides[1])) + 1.0
    count = max(1, int((length - 0.3 + _BAR_PERIOD_M - _BAR_M) // _BAR_PERIOD_M))
    first = 0.5 * (length - (count - 1) * _BAR_PERIOD_M - _BAR_M)
    low = box[0] + walk * (first + np.arange(count)[:, None] * _BAR_PERIOD_M)
    high = low + walk * _BAR_M
    rims = [low - reach * across, high - reach * across, high + reach * across, low + reach * across]
    bars = shapely.intersection(plan, shapely.polygons(np.stack(rims, axis=1)))
    s, right = float(thing.outline[:, 0].mean()), float(thing.outline[:, 1].mean())
    points, triangles = triangles_over(shapely.GeometryCollection(bars))
    heights = _heights_near(road, s, right, points) + PAINT_HEIGHT_M
    mesh.add("paint_white", TAG_ROAD_LINE, np.concatenate([points, heights[:, None]], axis=1), triangles)


def _heights_near(road: Road, s: float, right: float, points: Array) -> Array:
    """Heights (N,) of a road's surface at points (N, 2) near a place on it, as if it ran straight there."""
    origin = road_point(road, s, right)[0]
    yaw = float(road.at(s)[1][0])
    ahead = (points - origin[:2]) @ np.array([np.cos(yaw), np.sin(yaw)])
    return road.elevation.at(np.clip(s + ahead, 0.0, road.length))


def add_stop_line(mesh: GroundMesh, road: Road, s: float, rights: tuple[float, float]) -> None:
    """A bar across the lanes between two offsets to the right [m], its far edge at ``s``."""
    near, far = np.clip([s - 0.5 * _STOP_LINE_M, s + 0.5 * _STOP_LINE_M], 0.05, road.length - 0.05)
    edges = [road.points(np.array([near, far]), right) + np.array([0.0, 0.0, PAINT_HEIGHT_M]) for right in rights]
    mesh.add_strip("paint_white", TAG_ROAD_LINE, edges[0], edges[1])
