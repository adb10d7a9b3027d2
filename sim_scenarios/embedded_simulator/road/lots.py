"""Building plots: rows of them along every street, filled from the corners, never overlapping anything."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sim_scenarios.embedded_simulator.road.blocks import Block, Frontage
from sim_scenarios.embedded_simulator.road.chance import weighted_index
from sim_scenarios.embedded_simulator.road.plan import BlockUse
from sim_scenarios.embedded_simulator.road.polygons import Claims, Rectangle, contains
from sim_scenarios.embedded_simulator.road.town import SIDEWALK_HEIGHT_M, Lot
from sim_scenarios.embedded_simulator.world.snapshot import Vector

_STEP_M = 1.0
_PARTY_WALL_M = 0.04
_PAST_ENDS_M = 6.0
"""How far rows may run past the ends of a street, round the corners; what does not fit there is refused."""
_SHORTEST_END_M = 6.0
_LONGEST_CHORD_SAG_M = 1.2


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kind:
    """How one style of building is cut to size: (least, most) each."""

    style: str
    weight: float
    width_m: tuple[float, float]
    depth_m: tuple[float, float]
    storeys: tuple[int, int]
    setback_m: tuple[float, float] = (0.1, 0.1)
    gap_m: tuple[float, float] = (0.0, 0.0)


_HOUSE = _Kind(
    style="house", weight=5, width_m=(9, 13), depth_m=(9, 12), storeys=(1, 3), setback_m=(2.5, 5), gap_m=(2.5, 6)
)
_SHOP = _Kind(style="shop", weight=3, width_m=(9, 17), depth_m=(13, 17), storeys=(2, 4))
_APARTMENT = _Kind(style="apartment", weight=3, width_m=(13, 23), depth_m=(12, 16), storeys=(4, 7))
_OFFICE = _Kind(style="office", weight=3, width_m=(18, 30), depth_m=(16, 24), storeys=(5, 11), gap_m=(0, 3))
_TOWER = _Kind(
    style="tower", weight=1.4, width_m=(22, 30), depth_m=(20, 26), storeys=(13, 24), setback_m=(0.5, 4), gap_m=(2, 5)
)
_WAREHOUSE = _Kind(
    style="warehouse", weight=1, width_m=(18, 30), depth_m=(16, 24), storeys=(1, 2), setback_m=(0.5, 3), gap_m=(1, 5)
)
_COTTAGE = _Kind(
    style="house", weight=6, width_m=(9, 12), depth_m=(9, 11), storeys=(1, 2), setback_m=(3.5, 7), gap_m=(5, 11)
)
_CORNER_SHOP = _Kind(style="shop", weight=1, width_m=(9, 14), depth_m=(11, 14), storeys=(1, 2), gap_m=(3, 8))
_KINDS = {
    BlockUse.OFFICES: (_OFFICE, _TOWER, _SHOP),
    BlockUse.SHOPS: (_SHOP, _APARTMENT),
    BlockUse.HOUSES: (_HOUSE, _APARTMENT),
    BlockUse.MIXED: (_APARTMENT, _SHOP, _OFFICE, _WAREHOUSE),
    BlockUse.PARK: (),
    BlockUse.VILLAGE: (_COTTAGE, _CORNER_SHOP),
    BlockUse.INDUSTRY: (_WAREHOUSE, _OFFICE),
    BlockUse.FIELDS: (),
    BlockUse.SKYLINE: (_APARTMENT, _SHOP, _OFFICE, _TOWER, _WAREHOUSE),
}
_FILLER_STYLE, _FILLER_STOREYS = "shop", 3
"""What stands on the left-over ends of rows, too narrow for the style that was drawn."""


def build_lots(block: Block, claims: Claims, rng: np.random.Generator) -> list[Lot]:
    """Plots of one block; their rectangles are added to ``claims``."""
    lots: list[Lot] = []
    for frontage in block.frontages:
        lots += build_row(frontage, block.use, claims, rng, fits=lambda plot: _fits(block, plot))
    return lots


def build_row(
    frontage: Frontage,
    use: BlockUse,
    claims: Claims,
    rng: np.random.Generator,
    *,
    fits: Callable[[Rectangle], bool],
    height: Callable[[Rectangle], float] = lambda _: SIDEWALK_HEIGHT_M,
) -> list[Lot]:
    """Plots along one side of a street, where ``fits`` allows; ``height`` is that of the ground under one [m]."""
    kinds = _KINDS[use]
    if not kinds:
        return []
    lots = []
    weights = tuple(float(kind.weight) for kind in kinds)
    # The back of the sidewalk runs on round the corner, so the row may begin before the street's own end does.
    along, end = -_PAST_ENDS_M, frontage.length + _PAST_ENDS_M
    while along < end - _SHORTEST_END_M:
        kind = kinds[weighted_index(rng, weights)]
        width, depth, setback, gap = (
            float(rng.uniform(*span)) for span in (kind.width_m, kind.depth_m, kind.setback_m, kind.gap_m)
        )
        if end - along - width < kind.width_m[0]:
            width = min(end - along, 1.35 * kind.width_m[1])
        width = _fit_to_curve(frontage, along, width)
        storeys, seed = int(rng.integers(kind.storeys[0], kind.storeys[1] + 1)), int(rng.integers(2**31))
        placed = _place(frontage, along, width, depth, setback, claims, fits)
        if placed is None:
            along += _STEP_M
            continue
        rectangle, width = placed
        claims.take(rectangle)
        style = kind.style
        if width < 0.7 * kind.width_m[0]:
            style, storeys = _FILLER_STYLE, min(storeys, _FILLER_STOREYS)
        lots.append(
            Lot(
                center=Vector(rectangle.x, rectangle.y, height(rectangle)),
                yaw_deg=math.degrees(rectangle.yaw),
                depth_m=2.0 * rectangle.half_length,
                width_m=2.0 * rectangle.half_width,
                storeys=storeys,
                style=style,
                seed=seed,
            )
        )
        along += width + gap + _PARTY_WALL_M
    return lots


def _fit_to_curve(frontage: Frontage, along: float, width: float) -> float:
    """Narrower plots where the street bends, so that fronts follow the curve."""
    bend = max(frontage.bend(along + t * width) for t in (0.1, 0.5, 0.9))
    if bend == 0.0:
        return width
    return min(width, math.sqrt(8.0 * _LONGEST_CHORD_SAG_M / bend))


def _place(
    frontage: Frontage,
    along: float,
    width: float,
    depth: float,
    setback: float,
    claims: Claims,
    fits: Callable[[Rectangle], bool],
) -> tuple[Rectangle, float] | None:
    """The plot from ``along`` on, narrowed or pushed back until it fits; None when it does not."""
    is_straight = frontage.bend(along + 0.5 * width) == 0.0
    for factor in (1.0, 0.75, 0.55):
        for push in (0.0,) if is_straight else (0.0, 0.7, 1.5, 2.5):
            middle = along + 0.5 * width * factor
            yaw = frontage.facing(middle)
            center = frontage.point(middle, setback + push + 0.5 * depth)
            rectangle = Rectangle(float(center[0]), float(center[1]), yaw, 0.5 * depth, 0.5 * width * factor)
            if claims.is_free(rectangle) and fits(rectangle):
                return rectangle, width * factor
    return None


def _fits(block: Block, rectangle: Rectangle) -> bool:
    corners = rectangle.corners()
    rim = np.concatenate([corners + t * (np.roll(corners, -1, axis=0) - corners) for t in (0.0, 0.25, 0.5, 0.75)])
    inside = contains(block.outline, rim)
    if block.is_outside:
        return not inside.any() and not contains(corners, block.outline).any()
    return bool(inside.all()) and not contains(corners, block.outline).any()
