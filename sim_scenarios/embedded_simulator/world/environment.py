"""The town's immovable objects as clients know them: named, labelled, boxed, and grouped into map layers.

Ids are places in one list (buildings, placements, pieces of traffic lights, pieces of the ground), counted from 1, so
they are the same in every run and after every reload. Boxes are those of the drawn models, in world coordinates; the
world knows nothing of meshes, so a placement's are a table here and a building's come from whoever draws it.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sim_scenarios.embedded_simulator.road.ground_pieces import GroundPiece, ground_pieces
from sim_scenarios.embedded_simulator.road.town import Lot, Placement, Town, TrafficLightSite
from sim_scenarios.embedded_simulator.world.description import BoundingBox, EnvironmentObject
from sim_scenarios.embedded_simulator.world.geometry import transform_point
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector

TAG_ANY = 255
TAG_BUILDING, TAG_POLE, TAG_TRAFFIC_LIGHT, TAG_TRAFFIC_SIGN = 3, 6, 7, 8
STOREY_M = 3.2

BuildingBox = Callable[[Lot], tuple[Vector, Vector]]
"""Lowest and highest corner of what stands on a lot, in the lot's own frame [m]."""


class MapLayer(enum.IntFlag):
    """Bits of ``carla.MapLayer`` (LibCarla/source/carla/rpc/MapLayer.h)."""

    NONE = 0
    BUILDINGS = 1
    DECALS = 2
    FOLIAGE = 4
    GROUND = 8
    PARKED_VEHICLES = 16
    PARTICLES = 32
    PROPS = 64
    STREET_LIGHTS = 128
    WALLS = 256
    ALL = 0xFFFF


@dataclass(frozen=True, slots=True)
class _Kind:
    """A placement's semantic tag, its layer, and the box of its model at scale 1 in its own frame [m]."""

    tag: int
    layer: MapLayer
    low: tuple[float, float, float]
    high: tuple[float, float, float]


_SIGN = MapLayer.NONE
"""Roads, sidewalks, traffic lights and signs are what stays when every layer is gone."""

_KINDS: dict[str, _Kind] = {
    "tree_broadleaf": _Kind(9, MapLayer.FOLIAGE, (-3.31, -3.15, -0.02), (3.62, 2.94, 8.47)),
    "tree_round": _Kind(9, MapLayer.FOLIAGE, (-2.1, -2.0, -0.01), (2.15, 2.01, 5.8)),
    "tree_conifer": _Kind(9, MapLayer.FOLIAGE, (-1.85, -2.1, 0.0), (1.95, 2.01, 9.0)),
    "bush": _Kind(9, MapLayer.FOLIAGE, (-0.97, -0.79, -0.1), (1.05, 0.85, 1.17)),
    "hedge": _Kind(9, MapLayer.FOLIAGE, (-0.54, -1.49, 0.0), (0.55, 1.49, 1.19)),
    "flower_bed": _Kind(9, MapLayer.FOLIAGE, (-1.02, -1.05, -0.25), (1.02, 1.05, 0.35)),
    "street_lamp": _Kind(6, MapLayer.STREET_LIGHTS, (-0.11, -0.13, 0.0), (2.54, 0.13, 7.66)),
    "pole": _Kind(6, MapLayer.PROPS, (-0.14, -0.9, 0.0), (0.32, 0.9, 8.2)),
    "bollard": _Kind(6, MapLayer.PROPS, (-0.08, -0.08, 0.0), (0.08, 0.08, 0.88)),
    "bench": _Kind(20, MapLayer.PROPS, (-0.26, -0.85, 0.0), (0.29, 0.85, 0.89)),
    "bin": _Kind(20, MapLayer.PROPS, (-0.29, -0.29, 0.04), (0.29, 0.29, 1.06)),
    "hydrant": _Kind(20, MapLayer.PROPS, (-0.15, -0.18, 0.0), (0.19, 0.18, 0.74)),
    "fence": _Kind(5, MapLayer.WALLS, (-0.03, -1.5, 0.0), (0.03, 1.5, 1.22)),
    "wall": _Kind(4, MapLayer.WALLS, (-0.18, -1.5, 0.0), (0.18, 1.5, 1.6)),
    "guard_rail": _Kind(28, MapLayer.WALLS, (-0.07, -1.5, 0.0), (0.12, 1.5, 0.76)),
    "bus_stop": _Kind(20, MapLayer.PROPS, (-0.78, -2.34, 0.0), (1.11, 1.9, 2.9)),
    "kiosk": _Kind(20, MapLayer.PROPS, (-1.25, -1.5, 0.0), (1.65, 1.5, 2.81)),
    "sign_stop": _Kind(8, _SIGN, (-0.04, -0.39, 0.0), (0.07, 0.39, 2.74)),
    "sign_yield": _Kind(8, _SIGN, (-0.04, -0.43, 0.0), (0.06, 0.43, 2.73)),
    "sign_speed_30": _Kind(8, _SIGN, (-0.04, -0.38, 0.0), (0.07, 0.38, 2.73)),
    "sign_speed_40": _Kind(8, _SIGN, (-0.04, -0.38, 0.0), (0.07, 0.38, 2.73)),
    "sign_speed_50": _Kind(8, _SIGN, (-0.04, -0.38, 0.0), (0.07, 0.38, 2.73)),
    "sign_speed_60": _Kind(8, _SIGN, (-0.04, -0.38, 0.0), (0.07, 0.38, 2.73)),
    "sign_speed_90": _Kind(8, _SIGN, (-0.04, -0.38, 0.0), (0.07, 0.38, 2.73)),
    "sign_crosswalk": _Kind(8, _SIGN, (-0.04, -0.34, 0.0), (0.07, 0.34, 2.73)),
    "cone": _Kind(21, MapLayer.PROPS, (-0.2, -0.2, 0.0), (0.2, 0.2, 0.72)),
    "barrier": _Kind(21, MapLayer.PROPS, (-0.35, -1.0, 0.0), (0.35, 1.0, 1.0)),
    "planter": _Kind(20, MapLayer.PROPS, (-0.31, -0.65, 0.0), (0.31, 0.65, 0.78)),
    "parked_sedan": _Kind(14, MapLayer.PARKED_VEHICLES, (-2.44, -0.93, 0.0), (2.44, 0.93, 1.49)),
    "parked_hatchback": _Kind(14, MapLayer.PARKED_VEHICLES, (-1.82, -0.89, 0.0), (1.82, 0.89, 1.5)),
    "parked_suv": _Kind(14, MapLayer.PARKED_VEHICLES, (-2.58, -1.0, 0.0), (2.58, 1.0, 1.94)),
    "parked_van": _Kind(14, MapLayer.PARKED_VEHICLES, (-2.96, -1.0, 0.0), (2.96, 1.0, 2.56)),
    "parked_bicycle": _Kind(19, MapLayer.PARKED_VEHICLES, (-0.92, -0.3, 0.0), (0.92, 0.3, 1.12)),
    "manhole": _Kind(1, MapLayer.DECALS, (-0.33, -0.33, 0.006), (0.33, 0.33, 0.006)),
    "drain": _Kind(1, MapLayer.DECALS, (-0.24, -0.16, 0.006), (0.24, 0.16, 0.006)),
    "fountain": _Kind(20, MapLayer.PROPS, (-1.65, -1.65, 0.0), (1.65, 1.65, 2.1)),
    "statue": _Kind(22, MapLayer.PROPS, (-0.85, -0.85, 0.0), (0.85, 0.85, 3.64)),
    "train_carriage": _Kind(17, MapLayer.PARKED_VEHICLES, (-9.8, -1.42, 0.0), (9.8, 1.42, 3.8)),
}
_GROUND_NAMES = {
    1: "Road",
    2: "SideWalk",
    10: "Terrain",
    24: "RoadLines",
    25: "Ground",
    26: "Bridge",
    4: "Wall",
    23: "Water",
    27: "RailTrack",
}
_GROUND_LAYER_TAGS = (10, 23, 25)
_POLE_HEAD, _POLE_HEAD_EXTENT = Vector(0.34, 0.0, 3.05), Vector(0.22, 0.18, 0.53)
_ARM_HEAD, _ARM_HEAD_EXTENT = Vector(0.16, 0.0, 5.35), Vector(0.22, 0.32, 0.66)
"""Middles and half sizes [m] of a signal's heads in its frame, visors and back plate included."""
_POLE_REACH_M, _POLE_HEIGHT_M, _ARM_PAST_HEAD_M = 0.17, 6.11, 0.25


def plot_box(lot: Lot) -> tuple[Vector, Vector]:
    """A building as far as its plot tells: all of it, and its storeys high."""
    x, y = 0.5 * lot.depth_m, 0.5 * lot.width_m
    return Vector(-x, -y, 0.0), Vector(x, y, STOREY_M * lot.storeys)


def environment_objects(town: Town, building_box: BuildingBox = plot_box) -> tuple[EnvironmentObject, ...]:
    """All objects in the order of their ids."""
    pieces = [
        *_buildings(town, building_box),
        *_placements(town),
        *(piece for site in town.traffic_lights for piece in _light_pieces(site)),
        *map(_ground, ground_pieces(town.surfaces)),
    ]
    return tuple(
        EnvironmentObject(
            id=number, name=piece.name, pose=piece.pose, box=piece.box, tag=piece.tag, layer=piece.layer,
            signal_id=piece.signal_id,
        )
        for number, piece in enumerate(pieces, start=1)
    )  # fmt: skip


def building_id(index: int) -> int:
    """Id of the building on a town's lot."""
    return 1 + index


def placement_id(town: Town, index: int) -> int:
    """Id of a town's placement."""
    return 1 + len(town.lots) + index


def head_boxes(site: TrafficLightSite) -> list[BoundingBox]:
    """Boxes of a signal's heads in the world: one on the pole and, if there is an arm, one at its end."""
    heads = [(_POLE_HEAD, _POLE_HEAD_EXTENT), (_ARM_HEAD._replace(y=site.arm_m), _ARM_HEAD_EXTENT)][: site.num_heads]
    pose = site.pose
    return [BoundingBox(transform_point(pose, middle), extent, pose.rotation) for middle, extent in heads]


@dataclass(frozen=True, slots=True)
class _Piece:
    name: str
    tag: int
    layer: int
    pose: Pose
    box: BoundingBox
    signal_id: str = ""


def _buildings(town: Town, building_box: BuildingBox) -> Iterator[_Piece]:
    for index, lot in enumerate(town.lots):
        pose = Pose(lot.center, Rotation(0.0, lot.yaw_deg, 0.0))
        box = _world_box(pose, *building_box(lot))
        yield _Piece(f"Building_{lot.style}_{index}", TAG_BUILDING, MapLayer.BUILDINGS, pose, box)


def _placements(town: Town) -> Iterator[_Piece]:
    for index, placement in enumerate(town.placements):
        kind = _KINDS[placement.kind]
        pose = _pose(placement)
        low, high = (Vector(*(side * placement.scale for side in corner)) for corner in (kind.low, kind.high))
        yield _Piece(f"{placement.kind}_{index}", kind.tag, kind.layer, pose, _world_box(pose, low, high))


def _pose(placement: Placement) -> Pose:
    return Pose(placement.location, Rotation(0.0, placement.yaw_deg, 0.0))


def _light_pieces(site: TrafficLightSite) -> Iterator[_Piece]:
    """A light's pole and each of its heads, as CARLA registers them; one model here, so they are hidden together."""
    name = f"TrafficLight_{site.opendrive_id}"
    past = site.arm_m + (_ARM_PAST_HEAD_M if site.arm_m > 0.0 else -_ARM_PAST_HEAD_M if site.arm_m < 0.0 else 0.0)
    low = Vector(-_POLE_REACH_M, min(-_POLE_REACH_M, past), 0.0)
    high = Vector(_POLE_REACH_M, max(_POLE_REACH_M, past), _POLE_HEIGHT_M)
    yield _Piece(
        f"{name}_Poles_0", TAG_POLE, MapLayer.NONE, site.pose, _world_box(site.pose, low, high), site.opendrive_id
    )
    for number, box in enumerate(head_boxes(site), start=1):
        head = f"{name}_TrafficLight_{number}"
        yield _Piece(head, TAG_TRAFFIC_LIGHT, MapLayer.NONE, site.pose, box, site.opendrive_id)


def _ground(piece: GroundPiece) -> _Piece:
    name = f"{_GROUND_NAMES.get(piece.tag, 'Surface')}_{piece.cell[0]}_{piece.cell[1]}"
    layer = MapLayer.GROUND if piece.tag in _GROUND_LAYER_TAGS else MapLayer.NONE
    box = _world_box(Pose(Vector()), piece.low, piece.high)
    return _Piece(name, piece.tag, layer, Pose(box.location), box)


def _world_box(pose: Pose, low: Vector, high: Vector) -> BoundingBox:
    """The box between two corners of a pose's frame."""
    middle = Vector(*(0.5 * (a + b) for a, b in zip(low, high, strict=True)))
    extent = Vector(*(0.5 * (b - a) for a, b in zip(low, high, strict=True)))
    return BoundingBox(transform_point(pose, middle), extent, pose.rotation)
