"""What tells the vehicles of the services: light bars, roller shutters, a ladder, the star of life, the taxi's sign."""

from __future__ import annotations

import math

import numpy as np

from sim_scenarios.embedded_simulator.render.mesh import Part
from sim_scenarios.embedded_simulator.render.mesh_builder import Color, Finish, MeshBuilder, Point
from sim_scenarios.embedded_simulator.render.models.car_body import BodySkin
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VehicleSpec

_BLUE: Color = (0.07, 0.16, 0.80)
_SHUTTER: Color = (0.66, 0.67, 0.69)
_YELLOW: Color = (0.92, 0.82, 0.18)
_ORANGE: Color = (0.90, 0.36, 0.10)
_STAR: Color = (0.08, 0.22, 0.55)
_PROUD_M = 0.006
"""How far what is painted on stands off the sheet under it."""

ROOF_GEAR_M = {
    "vehicle.dodge.charger_police": 0.12,
    "vehicle.dodge.charger_police_2020": 0.14,
    "vehicle.ford.crown": 0.14,
}
"""Height of what stands on the roof and is counted in the table's height, by blueprint id."""


def add_roof_gear(builder: MeshBuilder, spec: VehicleSpec, skin: BodySkin, *, simple: bool) -> None:
    """Add the light bar or the sign of a car that has one."""
    rise = ROOF_GEAR_M.get(spec.id, 0.0)
    if not rise:
        return
    place = (float(skin.x_m(-0.02)), 0.0, skin.height_m)
    if spec.special_type == "taxi":
        _add_taxi_sign(builder, place, rise, spec.tag)
    else:
        add_light_bar(builder, place, (0.30, 0.62 * spec.width_m, rise), spec.tag, simple=simple)


def add_light_bar(builder: MeshBuilder, foot: Point, size: Point, tag: int, *, simple: bool) -> None:
    """Add a bar of blue lamps across a roof; ``foot`` is the middle of its underside."""
    x, y, z = foot
    length, width, height = size
    blue = Finish(material="car_paint", tag=tag, color=_BLUE, part=Part.BEACON)
    center = (x, y, z + height / 2)
    if simple:
        builder.box(center, size, blue)
        return
    grey = Finish(material="painted_metal", tag=tag, color=(0.75, 0.76, 0.78))
    base = 0.3 * height
    builder.box((x, y, z + base / 2), (0.8 * length, 0.92 * width, base), grey.but(color=(0.12, 0.12, 0.13)))
    builder.rounded_box((x, y, z + 0.62 * height), (length, 0.24 * width, 0.76 * height), 0.02, grey)
    for side in (-1.0, 1.0):
        lens = (x, y + side * 0.31 * width, z + 0.62 * height)
        builder.rounded_box(lens, (length, 0.38 * width, 0.76 * height), 0.03, blue)


def _add_taxi_sign(builder: MeshBuilder, foot: Point, height: float, tag: int) -> None:
    x, y, z = foot
    sign = Finish(material="sign_face", tag=tag, color=(0.95, 0.90, 0.62))
    builder.box((x, y, z + height / 2), (0.18, 0.42, height), sign, taper=0.8)
    builder.box((x, y, z + 0.02), (0.26, 0.50, 0.04), sign.but(color=(0.08, 0.08, 0.08)))


def add_service_body(builder: MeshBuilder, spec: VehicleSpec, cab: BodySkin, body: BodySkin, *, simple: bool) -> None:
    """Add what is fitted to the body of a fire engine or an ambulance, and the light bar over its cab."""
    fit = _add_fire_gear if spec.shape == "truck" else _add_ambulance_gear
    fit(builder, spec, cab, body, simple)


def _add_fire_gear(builder: MeshBuilder, spec: VehicleSpec, cab: BodySkin, body: BodySkin, simple: bool) -> None:
    shutter = Finish(material="roof_metal", tag=spec.tag, color=_SHUTTER)
    yellow = Finish(material="sign_face", tag=spec.tag, color=_YELLOW)
    dark = Finish(material="rubber", tag=spec.tag, color=(0.5, 0.5, 0.5))
    low, high = 0.30 * body.height_m, 0.86 * body.height_m
    arch, gap = body.arch_radius_m + 0.06, 0.04
    rear, front = body.axles_m[0] - arch, body.axles_m[0] + arch
    over_wheel = body.shape.wheel_radius_m + arch + 0.05
    for edge, end, foot in (
        (body.tail_m + 0.20, rear - gap, low), (rear + gap, front - gap, over_wheel),
        (front + gap, body.nose_m - 0.95, low), (body.nose_m - 0.87, body.nose_m - 0.12, low),
    ):  # fmt: skip
        _both_sides(builder, body, edge, end, foot, high, shutter)
    _both_sides(builder, body, body.tail_m + 0.05, body.nose_m - 0.03, high + 0.07, high + 0.21, yellow)
    _on_tail(builder, body, 0.62, low + 0.15, high, shutter)
    add_light_bar(
        builder, (cab.tail_m + 0.75 * (cab.nose_m - cab.tail_m), 0, cab.height_m - 0.01),
        (0.34, 1.5 * cab.half_width_m, 0.20), spec.tag, simple=simple,
    )  # fmt: skip
    top = body.height_m
    builder.box((cab.tail_m, 0, cab.height_m + 0.08), (0.5, 1.1, 0.16), dark)  # the pump's bay
    _add_ladder(builder, spec, body.tail_m, cab.tail_m + 1.0, top, simple=simple)


def _add_ladder(
    builder: MeshBuilder, spec: VehicleSpec, rear: float, front: float, roof: float, *, simple: bool
) -> None:
    """Add a ladder that lies on the roof up to the vehicle's full height, on two trestles."""
    metal = Finish(material="metal", tag=spec.tag)
    half, high = 0.36, spec.height_m
    rail = 0.16
    middle, length = (rear + front) / 2, front - rear
    for x in (rear + 0.4, front - 1.4):
        builder.box((x, 0, (roof + high - rail) / 2), (0.16, 2 * half, high - rail - roof), metal)
    reel = Finish(material="rubber", tag=spec.tag, color=(0.75, 0.20, 0.16))
    for side in (-0.85, 0.85):
        builder.box((middle - 0.6, side, roof + 0.12), (2.2, 0.36, 0.24), reel)
    if simple:
        builder.box((middle, 0, high - rail / 2), (length, 2 * half + 0.08, rail), metal, without=())
        return
    for side in (-half, half):
        builder.box((middle, side, high - rail / 2), (length, 0.08, rail), metal, without=())
    for x in np.linspace(rear + 0.2, front - 0.2, 11):
        builder.box((float(x), 0, high - rail / 2), (0.06, 2 * half, 0.06), metal, without=("+y", "-y"))


def _add_ambulance_gear(builder: MeshBuilder, spec: VehicleSpec, cab: BodySkin, body: BodySkin, simple: bool) -> None:
    orange = Finish(material="sign_face", tag=spec.tag, color=_ORANGE)
    glass = Finish(material="vehicle_glass", tag=spec.tag)
    middle, height = (body.tail_m + body.nose_m) / 2, body.height_m
    _both_sides(builder, body, body.tail_m + 0.03, body.nose_m - 0.03, 0.44 * height, 0.54 * height, orange)
    _on_tail(builder, body, 0.66, 0.62 * height, 0.86 * height, glass)
    _both_sides(builder, body, body.nose_m - 0.85, body.nose_m - 0.30, 0.64 * height, 0.86 * height, glass)
    blue = Finish(material="car_paint", tag=spec.tag, color=_BLUE, part=Part.BEACON)
    for rear in (body.tail_m + 0.10, body.nose_m - 0.50):
        _both_sides(builder, body, rear, rear + 0.40, 0.90 * height, 0.96 * height, blue)
    bar = 0.16 if cab.height_m + 0.16 < height else height - cab.height_m
    foot = (cab.tail_m + 0.22, 0.0, cab.height_m - 0.02)
    add_light_bar(builder, foot, (0.30, 1.5 * cab.half_width_m, bar), spec.tag, simple=simple)
    if not simple:
        star = Finish(material="sign_face", tag=spec.tag, color=_STAR)
        _add_star(builder, middle - 0.1, body.half_width_m, 0.74 * height, 0.13 * height, star)


def _add_star(builder: MeshBuilder, x: float, y: float, z: float, radius: float, finish: Finish) -> None:
    """Add the six-armed star of life on both flanks: three bars across one another."""
    right = MeshBuilder()
    for arm in range(3):
        angle = math.radians(90.0 + 60.0 * arm)
        along = np.array([math.cos(angle), 0.0, math.sin(angle)]) * radius
        across = np.array([-math.sin(angle), 0.0, math.cos(angle)]) * 0.3 * radius
        middle = np.array([x, y + _PROUD_M + 0.001 * arm, z])
        right.quad([middle - along - across, middle - along + across, middle + along + across,
                    middle + along - across], finish)  # fmt: skip
    builder.add(right)
    builder.mirrored(right)


def _both_sides(
    builder: MeshBuilder, body: BodySkin, rear: float, front: float, low: float, high: float, finish: Finish
) -> None:
    """Add a flat panel on each flank between two places x and two heights [m]."""
    right = MeshBuilder()
    y = body.half_width_m + _PROUD_M
    right.quad([(front, y, low), (rear, y, low), (rear, y, high), (front, y, high)], finish)
    builder.add(right)
    builder.mirrored(right)


def _on_tail(builder: MeshBuilder, body: BodySkin, width: float, low: float, high: float, finish: Finish) -> None:
    """Add a panel on the tail, ``width`` of its width across."""
    x, half = body.tail_m - _PROUD_M, width * body.half_width_m
    builder.quad([(x, half, low), (x, -half, low), (x, -half, high), (x, half, high)], finish)
