"""Puts furniture down so that nothing stands in anything else.

``FOOTPRINTS`` is what a model may cover at scale 1, given by half its size along its own x and y; a tree's is its
trunk with a margin (a conifer's its lowest branches), not its crown, so that cars may stand under trees.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np

from sim_scenarios.embedded_simulator.road.curves import Array
from sim_scenarios.embedded_simulator.road.polygons import Claims, Rectangle
from sim_scenarios.embedded_simulator.road.town import SIDEWALK_HEIGHT_M, Placement
from sim_scenarios.embedded_simulator.world.snapshot import Vector

FOOTPRINTS: dict[str, tuple[float, float]] = {
    "tree_broadleaf": (0.45, 0.45),
    "tree_round": (0.45, 0.45),
    "tree_conifer": (1.6, 1.6),
    "bush": (1.05, 1.05),
    "hedge": (0.55, 1.5),
    "flower_bed": (1.05, 1.1),
    "street_lamp": (0.2, 0.2),
    "pole": (0.15, 0.15),
    "bollard": (0.12, 0.12),
    "bench": (0.35, 0.9),
    "bin": (0.3, 0.3),
    "hydrant": (0.2, 0.2),
    "fence": (0.08, 1.5),
    "wall": (0.18, 1.5),
    "guard_rail": (0.15, 1.5),
    "bus_stop": (0.95, 2.35),
    "kiosk": (1.65, 1.65),
    "sign_stop": (0.1, 0.4),
    "sign_yield": (0.1, 0.4),
    "sign_speed_30": (0.1, 0.4),
    "sign_speed_40": (0.1, 0.4),
    "sign_speed_50": (0.1, 0.4),
    "sign_speed_60": (0.1, 0.4),
    "sign_speed_90": (0.1, 0.4),
    "sign_crosswalk": (0.1, 0.4),
    "cone": (0.2, 0.2),
    "barrier": (0.35, 1.0),
    "planter": (0.35, 0.65),
    "parked_sedan": (2.45, 1.0),
    "parked_hatchback": (2.2, 0.95),
    "parked_suv": (2.6, 1.05),
    "parked_van": (3.0, 1.05),
    "parked_bicycle": (0.95, 0.32),
    "manhole": (0.33, 0.33),
    "drain": (0.24, 0.16),
    "fountain": (1.65, 1.65),
    "statue": (0.85, 0.85),
    "train_carriage": (9.8, 1.42),
}
"""Half extents [m] along the model's x and y."""

TREES = ("tree_broadleaf", "tree_round", "tree_conifer")


class Placer:
    """Collects placements; each claims its footprint."""

    def __init__(self, claims: Claims, rng: np.random.Generator) -> None:
        self.rng = rng
        self.placements: list[Placement] = []
        self._claims = claims

    def put(
        self,
        kind: str,
        point: Array,
        yaw: float,
        *,
        z: float = SIDEWALK_HEIGHT_M,
        gap_m: float = 0.1,
        scale: float = 1.0,
    ) -> bool:
        """Place a model at ``point`` (2,) [m] turned by ``yaw`` [rad], unless something stands within ``gap_m``."""
        rectangle = _footprint(kind, float(point[0]), float(point[1]), yaw, scale)
        if not self._claims.is_free(rectangle, gap_m):
            return False
        self._claims.take(rectangle)
        location = Vector(float(point[0]), float(point[1]), float(z))
        seed = int(self.rng.integers(2**31))
        self.placements.append(
            Placement(kind=kind, location=location, yaw_deg=math.degrees(yaw), scale=round(scale, 3), seed=seed)
        )
        return True

    def adopt(self, thing: Placement) -> None:
        """Add what stands where it must, whatever else is there."""
        yaw = math.radians(thing.yaw_deg)
        self._claims.take(_footprint(thing.kind, thing.location.x, thing.location.y, yaw, thing.scale))
        self.placements.append(thing)

    def is_free(self, point: Array, half_m: float) -> bool:
        """Whether a square of half size ``half_m`` about ``point`` is untouched."""
        return self._claims.is_free(Rectangle(float(point[0]), float(point[1]), 0.0, half_m, half_m))

    def turn(self) -> float:
        """A random heading [rad]."""
        return float(self.rng.uniform(-math.pi, math.pi))

    def choose(self, *names: str) -> str:
        """One of the names."""
        return names[int(self.rng.integers(len(names)))]

    def clear(self, boxes: Iterable[Rectangle], gap_m: float) -> None:
        """Take away what stands within ``gap_m`` of a box: a long vehicle's corners pass over the kerb in bends."""
        taken = Claims()
        for box in boxes:
            taken.take(box)
        self.keep(
            lambda thing: taken.is_free(
                _footprint(thing.kind, thing.location.x, thing.location.y, math.radians(thing.yaw_deg), thing.scale),
                gap_m,
            )
        )

    def keep(self, is_wanted: Callable[[Placement], bool]) -> None:
        """Take away all the rest; its ground stays claimed."""
        self.placements = [thing for thing in self.placements if is_wanted(thing)]


def _footprint(kind: str, x: float, y: float, yaw: float, scale: float) -> Rectangle:
    half_x, half_y = FOOTPRINTS[kind]
    # Planting grows by its scale, but a trunk's footprint already has a margin.
    grown = 1.0 if kind in TREES else scale
    return Rectangle(x, y, yaw, half_x * grown, half_y * grown)
