"""Motorcycles with a full or a half fairing or none, and a scooter; without their riders."""

from __future__ import annotations

from sim_scenarios.embedded_simulator.render.mesh import Part
from sim_scenarios.embedded_simulator.render.mesh_builder import Color, Finish, MeshBuilder, Point
from sim_scenarios.embedded_simulator.render.models.cycle_parts import add_lamps, add_mudguard, add_wheels, axles
from sim_scenarios.embedded_simulator.render.models.fittings import add_plate
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VehicleSpec

_RADIUS_M = 0.31
_LOWER_FAIRING: Color = (0.86, 0.86, 0.88)
_LEATHER: Color = (0.16, 0.11, 0.08)
_SIDES, _RINGS = (10, 6, 4), (6, 4, 3)
"""Of round shapes, by level of detail."""


def add_sport_motorcycle(builder: MeshBuilder, spec: VehicleSpec, hand: Point, level: int, *, is_full: bool) -> None:
    """Add a racer whose fairing reaches down to the belly (``is_full``) or leaves the engine free."""
    rear, _ = axles(spec, _RADIUS_M)
    paint, dark, chrome = _finishes(spec)
    _add_running_gear(builder, spec, hand, level)
    sides = _SIDES[level]
    builder.ellipsoid((0.10, 0, 0.82), (0.30, 0.14, 0.15), paint, sides=sides, rings=_RINGS[level])
    # Sections: x, half width, lowest and highest point.
    upper = ((0.18, 0.19, 0.58, 0.84), (0.42, 0.20, 0.66, 0.98), (0.62, 0.13, 0.70, 0.96), (0.78, 0.05, 0.79, 0.89))
    _add_shell(builder, upper, paint)
    if is_full:
        lower = ((-0.22, 0.12, 0.22, 0.44), (0.06, 0.17, 0.20, 0.62), (0.34, 0.17, 0.40, 0.72))
        _add_shell(builder, lower, paint.but(color=_LOWER_FAIRING, part=Part.PLAIN))
    else:
        _add_block(builder, (0.02, 0, 0.47), (0.50, 0.28, 0.42), dark, rounded=level == 0)
    builder.tube([(-0.34, 0, 0.84), (rear[0] - 0.08, 0, 1.00)], [0.12, 0.05], paint, sides=sides, flatten=0.6)
    if level < 2:
        builder.ellipsoid(
            (0.50, 0, 1.00), (0.17, 0.115, 0.11), dark.but(material="vehicle_glass"), sides=sides, rings=(4, 3)[level]
        )
        side = 1.0 if is_full else -1.0
        exhaust = [(0.05, side * 0.13, 0.30), (-0.32, side * 0.17, 0.30), (rear[0] - 0.02, side * 0.17, 0.56)]
        builder.tube(exhaust, [0.03, 0.045, 0.055], chrome, sides=(6, 3)[level])
    add_lamps(builder, spec, front=(0.75, 0.84), rear=(rear[0] - 0.10, 0.94), size=0.08)


def add_cruiser(builder: MeshBuilder, spec: VehicleSpec, hand: Point, level: int) -> None:
    """Add a long, low motorcycle with a bare engine and leather bags."""
    rear, _ = axles(spec, _RADIUS_M)
    paint, dark, chrome = _finishes(spec)
    _add_running_gear(builder, spec, hand, level)
    sides = _SIDES[level]
    builder.ellipsoid((0.16, 0, 0.82), (0.34, 0.16, 0.13), paint, sides=sides, rings=_RINGS[level])
    _add_block(builder, (0.02, 0, 0.40), (0.50, 0.26, 0.28), dark, rounded=level == 0)
    if level < 2:
        for lean in (-0.16, 0.16):  # the two cylinders
            builder.tube([(0.03, 0, 0.46), (0.03 + lean, 0, 0.72)], [0.10, 0.09], chrome, sides=(8, 4)[level])
        for side in (-1.0, 1.0):
            exhaust = [(0.16, side * 0.15, 0.34), (-0.30, side * 0.19, 0.26), (rear[0] - 0.10, side * 0.19, 0.28)]
            builder.tube(exhaust, [0.03, 0.045, 0.055], chrome, sides=(6, 4)[level])
            bar = [(rear[0] + 0.02, side * 0.10, 0.70), (rear[0] - 0.10, side * 0.10, 1.02)]
            builder.tube(bar, [0.016, 0.016], chrome, sides=(4, 3)[level])
    leather = dark.but(color=_LEATHER)
    for side in (-1.0, 1.0):
        _add_block(builder, (rear[0] + 0.06, side * 0.22, 0.56), (0.42, 0.16, 0.28), leather, rounded=level == 0)
    add_lamps(builder, spec, front=(hand[0] + 0.24, 0.90), rear=(rear[0] - 0.20, 0.72), size=0.09)


def _add_running_gear(builder: MeshBuilder, spec: VehicleSpec, hand: Point, level: int) -> None:
    """Add what all motorcycles have: wheels, fork, seat and frame, swing arm, mudguards, mirrors, a plate."""
    add_wheels(builder, spec, level, radius=_RADIUS_M, tyre=0.13, filled=True)
    rear, front = axles(spec, _RADIUS_M)
    paint, dark, chrome = _finishes(spec)
    builder.tube(
        [(0.30, 0, 0.72), (-0.28, 0, 0.70), (rear[0] - 0.08, 0, 0.82)], [0.09, 0.11, 0.06], dark, sides=_SIDES[level]
    )
    for side in (-1.0, 1.0):
        fork = [(front[0], side * 0.09, front[2]), (hand[0] + 0.02, side * 0.09, 0.92)]
        builder.tube(fork, [0.03] * 2, chrome, sides=4 if level < 2 else 3)
    for wheel in (front, rear):
        add_mudguard(builder, wheel, _RADIUS_M, paint, sides=(6, 4, 2)[level])
    if level < 2:
        builder.tube([(-0.20, 0, 0.42), rear], [0.06, 0.04], dark, sides=4)
        for side in (-1.0, 1.0):
            mirror = (hand[0] + 0.06, side * (hand[1] + 0.01), hand[2] + 0.12)
            builder.box(mirror, (0.04, 0.12, 0.07), dark, without=("+z", "-z"))
            stalk = [(hand[0] + 0.02, side * 0.22, hand[2]), mirror]
            builder.tube(stalk, [0.010] * 2, dark, sides=3, caps=False)
    if level == 0:
        add_plate(builder, rear[0] - _RADIUS_M + 0.04, 0.62, end=-1, tag=spec.tag, width_m=0.28)


def _finishes(spec: VehicleSpec) -> tuple[Finish, Finish, Finish]:
    """Return paint, black and chrome."""
    paint = Finish(material="car_paint", tag=spec.tag, part=Part.PAINT)
    return paint, Finish(material="rubber", tag=spec.tag), Finish(material="metal", tag=spec.tag)


def _add_shell(builder: MeshBuilder, sections: tuple[tuple[float, float, float, float], ...], finish: Finish) -> None:
    """Add a fairing through ``sections`` (x, half width, lowest z, highest z), six-sided."""
    rings = []
    for x, wide, low, high in sections:
        rise = high - low
        right = [(x, 0.3 * wide, low), (x, wide, low + 0.4 * rise), (x, 0.5 * wide, high)]
        rings.append([*right, *((x, -y, z) for x, y, z in right[::-1])])
    builder.loft(rings, finish, crease_deg=50.0)


def add_scooter(builder: MeshBuilder, spec: VehicleSpec, hand: Point, level: int) -> None:
    """Add a scooter with a leg shield and a round tail."""
    radius = 0.23
    add_wheels(builder, spec, level, radius=radius, tyre=0.10, filled=True)
    rear, front = axles(spec, radius)
    paint = Finish(material="car_paint", tag=spec.tag, part=Part.PAINT)
    dark = Finish(material="rubber", tag=spec.tag)
    sides, rings = ((10, 6), (6, 4), (4, 3))[level]
    builder.ellipsoid((rear[0] + 0.16, 0, 0.50), (0.44, 0.21, 0.25), paint, sides=sides, rings=rings)
    _add_block(builder, (rear[0] + 0.22, 0, 0.74), (0.66, 0.26, 0.12), dark, rounded=level == 0)
    builder.box((0.12, 0, 0.28), (0.46, 0.32, 0.08), paint, without=())
    shield = [(0.34, -0.20, 0.28), (0.34, 0.20, 0.28), (0.52, 0.17, 0.92), (0.52, -0.17, 0.92)]
    builder.extrusion(shield, (-0.05, 0, 0), paint)
    builder.tube([front, (0.50, 0, 0.80), (hand[0] + 0.06, 0, hand[2])], [0.05, 0.06, 0.05], paint, sides=sides)
    add_mudguard(builder, front, radius, paint, sides=(6, 4, 2)[level])
    add_lamps(builder, spec, front=(hand[0] + 0.16, hand[2] - 0.02), rear=(rear[0] - 0.24, 0.58), size=0.07)


def _add_block(builder: MeshBuilder, center: Point, size: Point, finish: Finish, *, rounded: bool) -> None:
    if rounded:
        builder.rounded_box(center, size, 0.3 * min(size), finish)
    else:
        builder.box(center, size, finish)
