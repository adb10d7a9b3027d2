"""Junctions: one carriageway for all the roads that lead through, and the sidewalks round it.

The connecting roads of a junction lie over one another. Their union is filled as one surface, so that nothing flickers
and no hole is left between them; its heights are those of the roads, blended where they disagree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from sim_scenarios.embedded_simulator.road.curves import Array
from sim_scenarios.embedded_simulator.road.ground import TAG_SIDEWALK, GroundMesh
from sim_scenarios.embedded_simulator.road.opendrive_ground.areas import (
    add_sides,
    closed,
    fill,
    joined,
    only_areas,
)
from sim_scenarios.embedded_simulator.road.opendrive_ground.carriageways import KERB_TOP_M, SIDE_M
from sim_scenarios.embedded_simulator.road.opendrive_ground.cross_sections import ROAD, Cover, Stretch, cover_of

_GAP_M = 2.0
_LARGEST_HOLE_M2 = 40.0
"""Between turning lanes; the middle of a roundabout is larger."""
_OVERLAP_M = 0.02
"""The carriageway reaches this far under what joins it, so that rounding leaves no crack."""
_HILLY_CELL_M = 2.0
_EDGE_STEP_M = 4.0
_FLAT_M = 1e-4
_BLUR_M = 0.2


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class JunctionArea:
    """The ground of one junction."""

    junction_id: int
    road: shapely.Geometry
    """Plan of the carriageway."""
    raised: tuple[tuple[Cover, shapely.Geometry], ...]
    """Plans of sidewalks and islands."""
    heights: JunctionHeights

    @property
    def outline(self) -> shapely.Geometry:
        """Plan of the whole."""
        return shapely.union_all([self.road, *(area for _, area in self.raised)])

    def edges(self) -> list[Array]:
        """Closed lines (N, 3) round the carriageway and what is raised, each as high as it stands."""
        parts = [(self.road, 0.0), *((area, cover.rise_m) for cover, area in self.raised)]
        edges = []
        for geometry, rise_m in parts:
            for ring in shapely.get_rings(geometry):
                line = shapely.get_coordinates(ring.segmentize(_EDGE_STEP_M))
                edges.append(np.concatenate([line, self.heights(line)[:, None] + rise_m], axis=1))
        return edges


class JunctionHeights:
    """Heights of a junction's carriageway: on each lane those of its road, between them something in between."""

    def __init__(self, stretches: Sequence[Stretch], *, is_smooth: bool) -> None:
        self._stretches = tuple(stretches)
        self._is_smooth = is_smooth
        heights = np.concatenate([stretch.points[:, :, 2].ravel() for stretch in stretches])
        self.is_flat = float(np.ptp(heights)) < _FLAT_M
        self._level = float(heights[0])

    def __call__(self, points: Array) -> Array:
        """Heights (N,) [m] of points (N, 2)."""
        if self.is_flat:
            return np.full(len(points), self._level)
        found = [_nearest_on(stretch, points) for stretch in self._stretches]
        distance, height = np.stack([d for d, _ in found]), np.stack([z for _, z in found])  # (R, N)
        if not self._is_smooth:
            return np.asarray(np.take_along_axis(height, distance.argmin(axis=0)[None], axis=0)[0])
        weight = 1.0 / (distance**2 + _BLUR_M**2) ** 3
        return np.asarray((weight * height).sum(axis=0) / weight.sum(axis=0))


def _nearest_on(stretch: Stretch, points: Array) -> tuple[Array, Array]:
    """Distance (N,) from a stretch's middle and the height there, of points (N, 2)."""
    middle = 0.5 * (stretch.points[0] + stretch.points[-1])  # (S, 3)
    start, along = middle[:-1], np.diff(middle, axis=0)
    squared = np.maximum((along[:, :2] ** 2).sum(axis=1), 1e-12)
    share = ((points[:, None] - start[:, :2]) * along[:, :2]).sum(axis=2) / squared
    share = np.clip(share, 0.0, 1.0)  # (N, S - 1)
    nearest = start + share[:, :, None] * along
    distance = np.linalg.norm(points[:, None] - nearest[:, :, :2], axis=2)
    best = distance.argmin(axis=1)
    row = np.arange(len(points))
    return distance[row, best], nearest[row, best, 2]


def junction_area(
    junction_id: int,
    stretches: Sequence[Stretch],
    arms: shapely.STRtree,
    *,
    additional_width_m: float,
    is_smooth: bool,
) -> JunctionArea | None:
    """The area of the connecting roads' stretches; None when there is nothing to drive on.

    Beyond its lanes it spreads over neither their sidewalks nor ``arms``, the plans of roads outside junctions.
    """
    plans: dict[Cover, list[shapely.Geometry]] = {}
    for stretch in stretches:
        for index, lane in enumerate(stretch.lanes):
            plans.setdefault(cover_of(lane), []).append(stretch.outline(index, index + 1))
    low = [plan for cover, members in plans.items() if cover.rise_m == 0.0 for plan in members]
    if not low:
        return None
    lanes = joined(low)
    high = {cover: joined(members) for cover, members in plans.items() if cover.rise_m > 0.0}
    near = arms.geometries[arms.query(lanes.buffer(additional_width_m + _GAP_M))]
    beside = shapely.union_all([*high.values(), *near])
    wider = closed(lanes, _GAP_M, _LARGEST_HOLE_M2)
    if additional_width_m > 0.0:
        wider = wider.buffer(additional_width_m, join_style="mitre", mitre_limit=2.0)
    road = shapely.union(lanes, shapely.difference(wider, beside))
    road = only_areas(shapely.set_precision(road.simplify(0.004), 1e-4))
    raised = tuple((cover, only_areas(shapely.difference(area, road))) for cover, area in high.items())
    return JunctionArea(
        junction_id=junction_id,
        road=road,
        raised=tuple((cover, area) for cover, area in raised if not area.is_empty),
        heights=JunctionHeights(stretches, is_smooth=is_smooth),
    )


def add_junction(mesh: GroundMesh, area: JunctionArea) -> None:
    """Carriageway, kerbs and sidewalks of a junction."""
    cell_m = None if area.heights.is_flat else _HILLY_CELL_M
    road = area.road.buffer(_OVERLAP_M, join_style="mitre", mitre_limit=2.0)
    fill(mesh, ROAD.material, ROAD.tag, road, area.heights, cell_m=cell_m)
    add_sides(mesh, area.road, area.heights, depth_m=SIDE_M)
    kerb_zone = area.road.buffer(KERB_TOP_M)
    for cover, plan in area.raised:

        def top(points: Array, rise_m: float = cover.rise_m) -> Array:
            return area.heights(points) + rise_m

        fill(mesh, "kerb", TAG_SIDEWALK, only_areas(shapely.intersection(plan, kerb_zone)), top, cell_m=cell_m)
        inner = only_areas(shapely.difference(plan, kerb_zone))
        fill(mesh, cover.material, cover.tag, inner, top, cell_m=cell_m)
        add_sides(mesh, plan, top, depth_m=SIDE_M)
