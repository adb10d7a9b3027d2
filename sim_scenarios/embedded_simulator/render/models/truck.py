"""Vehicles made of a cab and a body behind it, on one frame: lorries, the fire engine, the ambulance.

The cab is lofted like a car; so are bodies whose skirts reach down over the wheels. The axles are the whole vehicle's,
so that arches and wheels agree.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sim_scenarios.embedded_simulator.render.mesh import Part
from sim_scenarios.embedded_simulator.render.mesh_builder import Color, Finish, MeshBuilder
from sim_scenarios.embedded_simulator.render.models.car_body import BodyShape, BodySkin
from sim_scenarios.embedded_simulator.render.models.car_shapes import BONNET_CAB, TRUCK_CAB
from sim_scenarios.embedded_simulator.render.models.fittings import MIRROR_M, add_plate
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VehicleSpec

_STRIPE: Color = (0.70, 0.08, 0.08)
_CARGO: Color = (0.90, 0.89, 0.86)
_LAMP_RED: Color = (0.62, 0.05, 0.05)


@dataclass(frozen=True, kw_only=True, slots=True)
class CabAndBody:
    """What a vehicle with a body behind its cab is put together from."""

    cab: BodyShape
    cab_length_m: float
    cab_height: float
    """Share of the whole height."""
    body: BodyShape | None = None
    """A body with skirts; without one there is a box on a frame."""
    body_height: float = 1.0
    floor_m: float = 0.86
    """Of a box on a frame."""
    has_skirts: bool = False
    """A plain box with panels between the wheels instead of a band, as on long hauls."""


_BODY = BodyShape(
    top=((-1.0, 0.985), (-0.99, 1.0), (0.99, 1.0), (1.0, 0.985)),
    belt=((-1.0, 0.42), (1.0, 0.42)),
    plan=((-1.0, 0.985), (-0.99, 1.0), (0.99, 1.0), (1.0, 0.985)),
    sill=((-1.0, 0.17), (1.0, 0.17)),
    windscreen=(1.0, 1.0),
    rear_window=(-1.0, -1.0),
    side_windows=(),
    tumblehome=0.0,
    bulge=0.0,
    nose_bow=0.0,
    crease_deg=20.0,
    head_lamps=False,
    wheel_radius_m=0.50,
)
_CREW_CAB = replace(TRUCK_CAB, wheel_radius_m=0.50, side_windows=((-0.90, -0.22), (-0.14, 0.72)), seams=(-0.18, 0.76),
                    top=((-1.0, 0.97), (-0.96, 0.99), (0.4, 1.0), (0.66, 0.99), (0.74, 0.96), (0.95, 0.545),
                         (0.98, 0.50), (1.0, 0.43)), windscreen=(0.74, 0.95))  # fmt: skip

_BY_ID = {
    "vehicle.carlamotors.carlacola": CabAndBody(cab=TRUCK_CAB, cab_length_m=1.75, cab_height=0.92),
    "vehicle.carlamotors.european_hgv": CabAndBody(
        cab=replace(TRUCK_CAB, wheel_radius_m=0.50), cab_length_m=2.15, cab_height=0.93, floor_m=1.04, has_skirts=True
    ),
    "vehicle.carlamotors.firetruck": CabAndBody(
        cab=_CREW_CAB, cab_length_m=3.0, cab_height=0.78, body=_BODY, body_height=0.87
    ),
    "vehicle.ford.ambulance": CabAndBody(
        cab=BONNET_CAB, cab_length_m=2.75, cab_height=0.84, body=replace(_BODY, wheel_radius_m=0.37)
    ),
}


def has_cab_and_body(spec: VehicleSpec) -> bool:
    """Return whether the vehicle is built by this module."""
    return spec.id in _BY_ID


def cab_skin(spec: VehicleSpec) -> BodySkin:
    """Return the skin of the cab."""
    parts = _BY_ID[spec.id]
    nose = spec.length_m / 2 - 2 * parts.cab.nose_bow * parts.cab_length_m
    return BodySkin(
        parts.cab,
        tail_m=nose - parts.cab_length_m,
        nose_m=nose,
        half_width_m=spec.width_m / 2 - MIRROR_M - (0.14 if parts.cab is BONNET_CAB else 0.0),
        height_m=parts.cab_height * spec.height_m,
        axles_m=(-spec.wheelbase_m / 2, spec.wheelbase_m / 2),
    )


def body_skin(spec: VehicleSpec, cab: BodySkin, *, half_width_m: float) -> BodySkin | None:
    """Return the skin of the body behind ``cab``, or None for a box on a frame."""
    parts = _BY_ID[spec.id]
    if parts.body is None:
        return None
    return BodySkin(
        parts.body,
        tail_m=-spec.length_m / 2,
        nose_m=cab.tail_m - 0.05,
        half_width_m=half_width_m,
        height_m=parts.body_height * spec.height_m,
        axles_m=cab.axles_m,
    )


def add_frame(builder: MeshBuilder, spec: VehicleSpec, cab: BodySkin) -> None:
    """Add the dark frame under cab and body."""
    rear = -spec.length_m / 2
    dark = Finish(material="rubber", tag=spec.tag, color=(0.6, 0.6, 0.6))
    builder.box(((rear + cab.nose_m) / 2, 0, 0.64), (cab.nose_m - rear - 0.3, 0.9, 0.44), dark, without=("+z",))


def add_cargo(builder: MeshBuilder, spec: VehicleSpec, cab: BodySkin, *, rounded: bool) -> None:
    """Add a box on the frame, with its coloured band, tanks and the lamps at its tail."""
    floor, has_skirts = _BY_ID[spec.id].floor_m, _BY_ID[spec.id].has_skirts
    rear, front = -spec.length_m / 2, cab.tail_m - 0.08
    middle, length, width = (rear + front) / 2, front - rear, 2 * cab.half_width_m
    walls = Finish(material="painted_metal", tag=spec.tag, color=_CARGO)
    paint = Finish(material="car_paint", tag=spec.tag, part=Part.PAINT)
    dark = Finish(material="rubber", tag=spec.tag, color=(0.6, 0.6, 0.6))
    top, band = spec.height_m, 0.30
    builder.box((middle, 0, floor + band / 2), (length, width, band), paint, without=("+z",))
    center, size = (middle, 0, (floor + band + top) / 2), (length, width, top - floor - band)
    if rounded:
        builder.rounded_box(center, size, 0.06, walls)
        stripe = paint if has_skirts else walls.but(color=_STRIPE)
        height = floor + (0.80 if has_skirts else 0.52) * (top - floor)
        builder.box((middle, 0, height), (length - 0.14, width + 0.012, 0.34), stripe, without=("-z", "+z", "-x", "+x"))
    else:
        builder.box(center, size, walls)
    if rounded:
        add_plate(builder, rear - 0.002, floor - 0.32, end=-1, tag=spec.tag)
        for side in (-1.0, 1.0):
            tank = (middle + 0.1, side * (width / 2 - 0.28), floor - 0.26)
            builder.rounded_box(tank, (0.9, 0.44, 0.42), 0.08, dark)
            builder.box((rear + 0.55, side * (width / 2 - 0.02), floor - 0.06), (1.15, 0.03, 0.10), dark)
    if has_skirts:
        start, end = cab.axles_m[0] + 0.65, front
        panel = ((start + end) / 2, 0, 0.70), (end - start, width - 0.04, 0.68)
        builder.box(*panel, paint, without=("+z", "-z"))
    _add_tail(builder, spec, rear, width, floor)


def _add_tail(builder: MeshBuilder, spec: VehicleSpec, rear: float, width: float, floor: float) -> None:
    dark = Finish(material="rubber", tag=spec.tag, color=(0.6, 0.6, 0.6))
    lamp = Finish(material="car_paint", tag=spec.tag, color=_LAMP_RED, part=Part.TAIL_LIGHT)
    gap = [(rear - 0.002, 0.012, floor), (rear - 0.002, -0.012, floor)]
    top = [(x, y, spec.height_m - 0.08) for x, y, _ in gap[::-1]]
    builder.quad([*gap, *top], dark)
    builder.box((rear + 0.06, 0, floor - 0.26), (0.12, width - 0.1, 0.14), dark, without=())
    low_z, high_z = floor - 0.16, floor - 0.04
    for side, part in ((-1.0, Part.BLINKER_LEFT), (1.0, Part.BLINKER_RIGHT)):
        for y, finish in ((0.16, lamp), (0.34, lamp.but(color=(0.85, 0.5, 0.16), part=part))):
            outer, inner, face = side * (width / 2 - y + 0.09), side * (width / 2 - y - 0.09), rear - 0.001
            low, high = (outer, inner) if side > 0 else (inner, outer)
            corners = [(face, low, low_z), (face, high, low_z), (face, high, high_z), (face, low, high_z)]
            builder.quad(corners, finish)
