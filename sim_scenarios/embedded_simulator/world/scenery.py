"""The town's immovable objects as boxes to collide with.

The boxes stand for what the renderer draws (of a tree only the trunk is solid, of a sign the pole). Sizes are those of
the models and are not read from them: the world knows nothing of meshes. A test compares the two.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from sim_scenarios.embedded_simulator.physics.footprints import Footprint
from sim_scenarios.embedded_simulator.road.town import Town
from sim_scenarios.embedded_simulator.world.environment import (
    STOREY_M,
    TAG_BUILDING,
    TAG_POLE,
    building_id,
    head_boxes,
    placement_id,
)
from sim_scenarios.embedded_simulator.world.snapshot import Vector
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VEHICLES

_Sides = tuple[float, float, float, float]
"""Least and greatest x, least and greatest y [m] in a placement's own frame."""
_WALL_INSET_M = 0.35
"""Facades stand this far inside their lot; eaves, bays and signs fill it."""
_SIGNAL_POLE = (0.12, 6.1)
"""Half width and height [m]."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """A placement's semantic tag, its height [m] and the parts of it that stop a car, at scale 1."""

    tag: int
    height: float
    parts: tuple[_Sides, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Solid:
    """A box that stops what runs into it."""

    box: Footprint
    tag: int
    """Semantic tag."""
    object_id: int
    """The environment object that it is part of, 0 for none: it cannot be hidden."""
    signal_id: str = ""
    """OpenDRIVE id of the traffic light whose pole it is."""


def _box(tag: int, length: float, width: float, height: float) -> _Kind:
    return _Kind(tag, height, (_middle(length, width),))


def _pole(tag: int, width: float, height: float) -> _Kind:
    return _box(tag, width, width, height)


def _middle(length: float, width: float) -> _Sides:
    return (-0.5 * length, 0.5 * length, -0.5 * width, 0.5 * width)


def _parked(vehicle_id: str) -> _Kind:
    spec = next(spec for spec in VEHICLES if spec.id == vehicle_id)
    return _box(14, spec.length_m, spec.width_m, spec.height_m)


_BACK, _FLAG = (-0.7, -0.6, -1.84, 1.84), (0.86, 0.94, -2.34, -2.26)
_BUS_STOP_SIDES = (-0.62, 0.74, -1.84, -1.76), (-0.62, 0.74, 1.72, 1.84)
"""People wait inside."""

_KINDS: dict[str, _Kind] = {
    "tree_broadleaf": _pole(9, 0.4, 8.5),
    "tree_round": _pole(9, 0.3, 5.8),
    "tree_conifer": _pole(9, 0.4, 9.0),
    "hedge": _box(9, 1.0, 3.0, 1.2),
    "street_lamp": _pole(6, 0.22, 7.7),
    "pole": _pole(6, 0.26, 8.2),
    "bollard": _pole(6, 0.16, 0.9),
    "bench": _box(20, 0.55, 1.7, 0.9),
    "bin": _box(20, 0.58, 0.58, 1.06),
    "hydrant": _box(20, 0.34, 0.36, 0.74),
    "fence": _box(5, 0.1, 3.0, 1.2),
    "wall": _box(4, 0.26, 3.0, 1.6),
    "guard_rail": _box(28, 0.2, 3.0, 0.76),
    "bus_stop": _Kind(20, 2.9, (_BACK, *_BUS_STOP_SIDES, _FLAG)),
    "kiosk": _Kind(20, 2.8, ((-0.95, 1.19, -1.2, 1.2),)),
    "sign_stop": _pole(8, 0.1, 2.74),
    "sign_yield": _pole(8, 0.1, 2.73),
    "sign_speed_30": _pole(8, 0.1, 2.73),
    "sign_speed_40": _pole(8, 0.1, 2.73),
    "sign_speed_50": _pole(8, 0.1, 2.73),
    "sign_speed_60": _pole(8, 0.1, 2.73),
    "sign_speed_90": _pole(8, 0.1, 2.73),
    "sign_crosswalk": _pole(8, 0.1, 2.73),
    "barrier": _box(21, 0.7, 2.0, 1.0),
    "planter": _box(20, 0.62, 1.3, 0.78),
    "parked_sedan": _parked("vehicle.lincoln.mkz_2020"),
    "parked_hatchback": _parked("vehicle.nissan.micra"),
    "parked_suv": _parked("vehicle.nissan.patrol_2021"),
    "parked_van": _parked("vehicle.mercedes.sprinter"),
    "parked_bicycle": _box(19, 1.8, 0.3, 1.12),
    "fountain": _box(20, 3.28, 3.28, 2.1),
    "statue": _box(22, 1.14, 1.14, 3.64),
    "train_carriage": _box(17, 19.4, 2.84, 3.8),
}
_DRIVEN_OVER = _Kind(0, 0.0, ())
"""Bushes, flower beds, cones, covers in the road."""
_NO_OBJECT = 0


def solids(town: Town) -> Iterator[Solid]:
    """What stops a vehicle: buildings, placements, poles of traffic lights, then barriers, each in the town's order."""
    for index, lot in enumerate(town.lots):
        sides = _middle(lot.depth_m - 2.0 * _WALL_INSET_M, lot.width_m - 2.0 * _WALL_INSET_M)
        box = _footprint(lot.center, lot.yaw_deg, sides, STOREY_M * lot.storeys)
        yield Solid(box=box, tag=TAG_BUILDING, object_id=building_id(index))
    for index, placement in enumerate(town.placements):
        kind, scale = _KINDS.get(placement.kind, _DRIVEN_OVER), placement.scale
        for x0, x1, y0, y1 in kind.parts:
            sides = (scale * x0, scale * x1, scale * y0, scale * y1)
            box = _footprint(placement.location, placement.yaw_deg, sides, scale * kind.height)
            yield Solid(box=box, tag=kind.tag, object_id=placement_id(town, index))
    half, height = _SIGNAL_POLE
    pole_id = placement_id(town, len(town.placements))
    for site in town.traffic_lights:
        box = _footprint(site.pose.location, site.pose.rotation.yaw, (-half, half, -half, half), height)
        yield Solid(box=box, tag=TAG_POLE, object_id=pole_id, signal_id=site.opendrive_id)
        pole_id += 1 + len(head_boxes(site))
    for barrier in town.barriers:
        (x, y, z), (half_length, half_width, half_height) = barrier.center, barrier.extent
        sides = (-half_length, half_length, -half_width, half_width)
        box = _footprint(Vector(x, y, z - half_height), barrier.yaw_deg, sides, 2.0 * half_height)
        yield Solid(box=box, tag=barrier.tag, object_id=_NO_OBJECT)


def _footprint(foot: Vector, yaw_deg: float, sides: _Sides, height: float) -> Footprint:
    x0, x1, y0, y1 = sides
    x, y, yaw = 0.5 * (x0 + x1), 0.5 * (y0 + y1), math.radians(yaw_deg)
    return Footprint(
        x=foot.x + x * math.cos(yaw) - y * math.sin(yaw),
        y=foot.y + x * math.sin(yaw) + y * math.cos(yaw),
        half_length=0.5 * (x1 - x0),
        half_width=0.5 * (y1 - y0),
        cos_yaw=math.cos(yaw),
        sin_yaw=math.sin(yaw),
        bottom=foot.z,
        top=foot.z + height,
    )
