"""A cab-over delivery lorry: a lofted cab, a box body on a frame."""

from __future__ import annotations

from sim_scenarios.embedded_simulator.render.mesh import Part
from sim_scenarios.embedded_simulator.render.mesh_builder import Color, Finish, MeshBuilder
from sim_scenarios.embedded_simulator.render.models.car_body import BodySkin
from sim_scenarios.embedded_simulator.render.models.car_shapes import TRUCK_CAB
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VehicleSpec

_CAB_LENGTH_M = 1.75
_FLOOR_M = 0.86
_STRIPE: Color = (0.70, 0.08, 0.08)
_CARGO: Color = (0.90, 0.89, 0.86)


def truck_cab(spec: VehicleSpec, *, mirror_m: float) -> BodySkin:
    """Return the skin of the cab; the axles are the whole lorry's, so that its arches and wheels agree."""
    nose = spec.length_m / 2 - 2 * TRUCK_CAB.nose_bow * _CAB_LENGTH_M
    return BodySkin(
        TRUCK_CAB,
        tail_m=nose - _CAB_LENGTH_M,
        nose_m=nose,
        half_width_m=spec.width_m / 2 - mirror_m,
        height_m=0.92 * spec.height_m,
        axles_m=(-spec.wheelbase_m / 2, spec.wheelbase_m / 2),
    )


def add_cargo(builder: MeshBuilder, spec: VehicleSpec, cab: BodySkin, *, rounded: bool) -> None:
    """Add the box body with its coloured band, the frame under it, and the lamps at its tail."""
    rear, front = -spec.length_m / 2, cab.tail_m - 0.08
    middle, length, width = (rear + front) / 2, front - rear, 2 * cab.half_width_m
    walls = Finish(material="painted_metal", tag=spec.tag, color=_CARGO)
    paint = Finish(material="car_paint", tag=spec.tag, part=Part.PAINT)
    dark = Finish(material="rubber", tag=spec.tag, color=(0.6, 0.6, 0.6))
    top, band = spec.height_m, 0.30
    builder.box((middle, 0, _FLOOR_M + band / 2), (length, width, band), paint, without=("+z",))
    center, size = (middle, 0, (_FLOOR_M + band + top) / 2), (length, width, top - _FLOOR_M - band)
    if rounded:
        builder.rounded_box(center, size, 0.06, walls)
        stripe = walls.but(color=_STRIPE)
        height = _FLOOR_M + 0.52 * (top - _FLOOR_M)
        builder.box((middle, 0, height), (length - 0.14, width + 0.012, 0.34), stripe, without=("-z", "+z", "-x", "+x"))
    else:
        builder.box(center, size, walls)
    builder.box(((rear + cab.nose_m) / 2, 0, 0.64), (cab.nose_m - rear - 0.3, 0.9, 0.44), dark, without=("+z",))
    if rounded:
        for side in (-1.0, 1.0):
            tank = (middle + 0.1, side * (width / 2 - 0.28), 0.60)
            builder.rounded_box(tank, (0.9, 0.44, 0.42), 0.08, dark)
            builder.box((rear + 0.55, side * (width / 2 - 0.02), 0.80), (1.15, 0.03, 0.10), dark)
    _add_tail(builder, spec, rear, width)


def _add_tail(builder: MeshBuilder, spec: VehicleSpec, rear: float, width: float) -> None:
    dark = Finish(material="rubber", tag=spec.tag, color=(0.6, 0.6, 0.6))
    lamp = Finish(material="car_paint", tag=spec.tag, color=(0.62, 0.05, 0.05), part=Part.TAIL_LIGHT)
    gap = [(rear - 0.002, 0.012, _FLOOR_M), (rear - 0.002, -0.012, _FLOOR_M)]
    top = [(x, y, spec.height_m - 0.08) for x, y, _ in gap[::-1]]
    builder.quad([*gap, *top], dark)
    builder.box((rear + 0.06, 0, 0.60), (0.12, width - 0.1, 0.14), dark, without=())
    for side, part in ((-1.0, Part.BLINKER_LEFT), (1.0, Part.BLINKER_RIGHT)):
        for y, finish in ((0.16, lamp), (0.34, lamp.but(color=(0.85, 0.5, 0.16), part=part))):
            outer, inner, face = side * (width / 2 - y + 0.09), side * (width / 2 - y - 0.09), rear - 0.001
            low, high = (outer, inner) if side > 0 else (inner, outer)
            builder.quad([(face, low, 0.70), (face, high, 0.70), (face, high, 0.82), (face, low, 0.82)], finish)
