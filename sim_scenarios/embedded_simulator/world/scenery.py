"""The town's immovable objects as boxes to collide with.

The boxes stand for what the renderer draws (buildings fill their lot, a tree collides with its trunk only). Sizes
are close to the models' and are not read from them: the world knows nothing of meshes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sim_scenarios.embedded_simulator.physics.contacts import Footprint
from sim_scenarios.embedded_simulator.road.town import Town
from sim_scenarios.embedded_simulator.world.snapshot import Vector

STOREY_M = 3.2


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kind:
    """Size of a placement [m] as seen and as hit, at scale 1."""

    tag: int
    length: float
    width: float
    height: float
    solid: tuple[float, float] | None = None
    """Length and width of the part that stops a car; None when it can be driven over."""


def _solid(tag: int, length: float, width: float, height: float) -> _Kind:
    return _Kind(tag=tag, length=length, width=width, height=height, solid=(length, width))


_KINDS: dict[str, _Kind] = {
    "tree_broadleaf": _Kind(tag=9, length=5.0, width=5.0, height=8.0, solid=(0.4, 0.4)),
    "tree_round": _Kind(tag=9, length=4.0, width=4.0, height=6.0, solid=(0.3, 0.3)),
    "tree_conifer": _Kind(tag=9, length=3.5, width=3.5, height=9.0, solid=(0.4, 0.4)),
    "bush": _Kind(tag=9, length=1.2, width=1.2, height=1.0),
    "hedge": _solid(9, 0.6, 3.0, 1.2),
    "flower_bed": _Kind(tag=9, length=1.5, width=1.5, height=0.4),
    "street_lamp": _Kind(tag=6, length=2.5, width=0.3, height=8.0, solid=(0.2, 0.2)),
    "pole": _solid(6, 0.2, 0.2, 4.0),
    "bollard": _solid(6, 0.15, 0.15, 0.9),
    "bench": _solid(20, 0.6, 1.6, 0.9),
    "bin": _solid(20, 0.5, 0.5, 1.0),
    "hydrant": _solid(20, 0.3, 0.3, 0.8),
    "fence": _solid(5, 0.1, 3.0, 1.2),
    "wall": _solid(4, 0.25, 3.0, 2.0),
    "guard_rail": _solid(28, 0.2, 3.0, 0.8),
    "bus_stop": _solid(20, 1.5, 4.0, 2.5),
    "kiosk": _solid(20, 2.2, 2.8, 2.8),
    "sign_stop": _Kind(tag=8, length=0.1, width=0.75, height=2.6, solid=(0.1, 0.1)),
    "sign_yield": _Kind(tag=8, length=0.1, width=0.75, height=2.6, solid=(0.1, 0.1)),
    "sign_speed_30": _Kind(tag=8, length=0.1, width=0.65, height=2.6, solid=(0.1, 0.1)),
    "sign_speed_60": _Kind(tag=8, length=0.1, width=0.65, height=2.6, solid=(0.1, 0.1)),
    "sign_crosswalk": _Kind(tag=8, length=0.1, width=0.65, height=2.6, solid=(0.1, 0.1)),
    "cone": _Kind(tag=21, length=0.35, width=0.35, height=0.7),
    "barrier": _solid(21, 0.4, 1.5, 1.0),
    "planter": _solid(20, 0.8, 0.8, 0.9),
    "parked_sedan": _solid(14, 4.89, 1.86, 1.49),
    "parked_hatchback": _solid(14, 3.81, 1.82, 1.48),
    "parked_suv": _solid(14, 5.17, 1.99, 1.94),
    "parked_van": _solid(14, 5.92, 1.99, 2.56),
}  # fmt: skip


def solid_footprints(town: Town) -> Iterator[tuple[Footprint, int]]:
    """What stops a vehicle, and its semantic tag."""
    for lot in town.lots:
        yield _footprint(lot.center, lot.yaw_deg, lot.depth_m, lot.width_m, STOREY_M * lot.storeys), 3
    for placement in town.placements:
        kind = _KINDS[placement.kind]
        if kind.solid:
            length, width = (side * placement.scale for side in kind.solid)
            height = kind.height * placement.scale
            yield _footprint(placement.location, placement.yaw_deg, length, width, height), kind.tag


def _footprint(foot: Vector, yaw_deg: float, length: float, width: float, height: float) -> Footprint:
    return Footprint.of(
        x=foot.x,
        y=foot.y,
        yaw_deg=yaw_deg,
        half_length=0.5 * length,
        half_width=0.5 * width,
        bottom=foot.z,
        top=foot.z + height,
    )
