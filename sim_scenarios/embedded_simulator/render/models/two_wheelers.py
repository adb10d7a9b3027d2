"""Motorcycles, a scooter and bicycles, each with its rider: the machine carries its own tag, the rider another."""

from __future__ import annotations

import math

import numpy as np

from sim_scenarios.embedded_simulator.render.mesh import Joint, Mesh, Model, Part
from sim_scenarios.embedded_simulator.render.mesh_builder import Finish, MeshBuilder, Point
from sim_scenarios.embedded_simulator.render.models import figure
from sim_scenarios.embedded_simulator.render.models.levels import fitted, model_of
from sim_scenarios.embedded_simulator.render.models.riders import RidingPose, add_rider
from sim_scenarios.embedded_simulator.render.models.tags import POLE
from sim_scenarios.embedded_simulator.render.models.wheels import add_cycle_wheel
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VEHICLES, VehicleSpec

_SPORT = RidingPose(
    hip=(-0.32, 0.11, 0.82), knee=(0.10, 0.22, 0.66), ankle=(-0.30, 0.20, 0.34), shoulder=(0.12, 0.20, 1.20),
    elbow=(0.34, 0.30, 1.00), hand=(0.56, 0.32, 0.92), head=(0.26, 0.0, 1.38), headgear="full_helmet",
    jacket=(0.16, 0.16, 0.18), trousers=(0.12, 0.12, 0.14),
)  # fmt: skip
_CRUISER = RidingPose(
    hip=(-0.36, 0.11, 0.72), knee=(0.14, 0.24, 0.70), ankle=(0.36, 0.22, 0.32), shoulder=(-0.26, 0.21, 1.26),
    elbow=(0.02, 0.34, 1.08), hand=(0.30, 0.36, 1.06), head=(-0.22, 0.0, 1.48), headgear="full_helmet",
    jacket=(0.24, 0.17, 0.12), trousers=(0.20, 0.26, 0.38),
)  # fmt: skip
_SCOOTER = RidingPose(
    hip=(-0.28, 0.11, 0.80), knee=(0.16, 0.18, 0.78), ankle=(0.14, 0.14, 0.36), shoulder=(-0.22, 0.20, 1.30),
    elbow=(0.00, 0.29, 1.10), hand=(0.30, 0.30, 1.04), head=(-0.16, 0.0, 1.50), headgear="full_helmet",
    jacket=(0.56, 0.50, 0.40), trousers=(0.22, 0.24, 0.30),
)  # fmt: skip
_ROAD_BICYCLE = RidingPose(
    hip=(-0.22, 0.10, 0.96), knee=(0.16, 0.12, 0.74), ankle=(-0.02, 0.12, 0.36), shoulder=(0.14, 0.19, 1.36),
    elbow=(0.30, 0.24, 1.14), hand=(0.46, 0.22, 0.98), head=(0.26, 0.0, 1.56), headgear="cycle_helmet", pedal_rise=0.30,
    jacket=(0.72, 0.70, 0.22), trousers=(0.12, 0.12, 0.13),
)  # fmt: skip
_UPRIGHT_BICYCLE = RidingPose(
    hip=(-0.26, 0.10, 0.98), knee=(0.14, 0.13, 0.80), ankle=(0.02, 0.13, 0.38), shoulder=(-0.14, 0.19, 1.46),
    elbow=(0.02, 0.25, 1.22), hand=(0.26, 0.25, 1.10), head=(-0.09, 0.0, 1.66), headgear=None, pedal_rise=0.30,
    jacket=(0.45, 0.22, 0.22), trousers=(0.24, 0.28, 0.36),
)  # fmt: skip

_POSES = {
    "vehicle.harley-davidson.low_rider": _CRUISER,
    "vehicle.vespa.zx125": _SCOOTER,
    "vehicle.gazelle.omafiets": _UPRIGHT_BICYCLE,
    "vehicle.bh.crossbike": _ROAD_BICYCLE,
    "vehicle.diamondback.century": _ROAD_BICYCLE,
}


def two_wheeler_mesh(spec: VehicleSpec, level: int) -> Mesh:
    """Return machine and rider at level of detail 0 (near) to 2, about as large as ``spec`` says."""
    builder = MeshBuilder()
    pose = _POSES.get(spec.id, _SPORT)
    if spec.shape == "bicycle":
        _add_bicycle(builder, spec, pose, level)
    elif pose is _SCOOTER:
        _add_scooter(builder, spec, pose, level)
    else:
        _add_motorcycle(builder, spec, pose, level)
    _add_handlebar(builder, spec, pose)
    add_rider(builder, pose, figure.LEVELS[level])
    return builder.build()


def parked_bicycle() -> Model:
    """A bicycle without a rider that leans on a hoop, 1.84 m long."""
    return model_of(*((distance, _parked_mesh(level)) for level, distance in enumerate((15.0, 40.0, math.inf))))


def _parked_mesh(level: int) -> Mesh:
    builder = MeshBuilder()
    spec = next(spec for spec in VEHICLES if spec.id == "vehicle.gazelle.omafiets")
    _add_bicycle(builder, spec, _UPRIGHT_BICYCLE, level)
    _add_handlebar(builder, spec, _UPRIGHT_BICYCLE)
    hoop = Finish(material="metal", tag=POLE)
    side, reach, top = 0.14, 0.36, 0.74
    path = [(-reach, side, 0.0), (-reach, side, top - 0.1), (-reach + 0.1, side, top), (reach - 0.1, side, top),
            (reach, side, top - 0.1), (reach, side, 0.0)]  # fmt: skip
    builder.tube(path if level < 2 else [path[0], path[1], path[4], path[5]], 0.025, hoop, sides=(6, 4, 3)[level])
    mesh = builder.build()
    return fitted(mesh, (-0.92, -0.3, 0.0), (0.92, 0.3, 1.12))


def _add_handlebar(builder: MeshBuilder, spec: VehicleSpec, pose: RidingPose) -> None:
    grip = Finish(material="rubber", tag=spec.tag)
    x, _, z = pose.hand
    half = spec.width_m / 2
    builder.tube(
        [(x - 0.05, -half, z - 0.02), (x + 0.06, 0, z), (x - 0.05, half, z - 0.02)], [0.018] * 3, grip, sides=4
    )


def _axles(spec: VehicleSpec, radius: float) -> tuple[Point, Point]:
    """Return the middles of (rear, front) wheel, which touch the ends of the bounding box."""
    return (-spec.length_m / 2 + radius, 0.0, radius), (spec.length_m / 2 - radius, 0.0, radius)


def _add_wheels(
    builder: MeshBuilder, spec: VehicleSpec, level: int, *, radius: float, tyre: float, filled: bool
) -> None:
    sides = (18, 10, 6 if filled else 8)[level]  # a filled wheel has four times the triangles
    for center, joint in zip(_axles(spec, radius), (Joint.REAR_WHEELS, Joint.FRONT_WHEELS), strict=True):
        add_cycle_wheel(
            builder,
            center,
            radius_m=radius,
            tyre_m=tyre,
            joint=joint,
            tag=spec.tag,
            sides=sides,
            filled=filled,
            rounded=level == 0,
        )


def _add_bicycle(builder: MeshBuilder, spec: VehicleSpec, pose: RidingPose, level: int) -> None:
    radius = 0.335
    _add_wheels(builder, spec, level, radius=radius, tyre=0.045, filled=False)
    rear, front = _axles(spec, radius)
    frame = Finish(material="car_paint", tag=spec.tag, part=Part.PAINT)
    dark = Finish(material="rubber", tag=spec.tag)
    crank = (-0.06, 0.0, 0.30)
    saddle = (pose.hip[0] - 0.02, 0.0, pose.hip[2] - 0.10)
    head = (front[0] - 0.20, 0.0, 0.78)
    stem = (head[0] - 0.04, 0.0, pose.hand[2])
    seat_top = (saddle[0] + 0.02, 0.0, 0.76)
    bars = ((crank, seat_top), (crank, head), (seat_top, head), (crank, rear), (seat_top, rear), (head, front))
    for start, end in bars:
        builder.tube([start, end], [0.024, 0.020], frame, sides=(6, 4, 3)[level], caps=False)
    builder.tube([head, stem, (pose.hand[0], 0.0, pose.hand[2])], [0.020] * 3, dark, sides=3, caps=False)
    if level < 2:
        builder.tube([seat_top, saddle], [0.018, 0.018], dark, sides=4, caps=False)
        builder.rounded_box(saddle, (0.26, 0.15, 0.07), 0.03, dark)
        builder.disc((crank[0], 0.045, crank[2]), (0, 1, 0), 0.09, dark.but(material="metal"), sides=10)
        for side in (-1.0, 1.0):
            rise = pose.pedal_rise if side < 0.0 else 0.0
            foot = (pose.ankle[0] + 0.06, side * 0.12, pose.ankle[2] - 0.11 + rise)
            builder.tube([crank, (crank[0], side * 0.07, crank[2]), foot], [0.014] * 3, dark, sides=4)
    _add_lamps(
        builder, spec, front=(stem[0] + 0.10, stem[2] - 0.12), rear=(saddle[0] - 0.14, saddle[2] - 0.08), size=0.05
    )


def _add_motorcycle(builder: MeshBuilder, spec: VehicleSpec, pose: RidingPose, level: int) -> None:
    radius = 0.31
    _add_wheels(builder, spec, level, radius=radius, tyre=0.13, filled=True)
    rear, front = _axles(spec, radius)
    paint = Finish(material="car_paint", tag=spec.tag, part=Part.PAINT)
    dark = Finish(material="rubber", tag=spec.tag)
    chrome = Finish(material="metal", tag=spec.tag)
    sides, rings = ((10, 6), (6, 4), (4, 3))[level]
    is_sport = pose is _SPORT
    builder.ellipsoid((0.12, 0, 0.80), (0.34, 0.15, 0.16), paint, sides=sides, rings=rings)
    _add_block(builder, (0.02, 0, 0.47), (0.52, 0.28, 0.42), dark, rounded=level == 0)
    builder.tube([(0.30, 0, 0.72), (-0.28, 0, 0.70), (rear[0] - 0.08, 0, 0.82)], [0.09, 0.11, 0.06], dark, sides=sides)
    if level < 2:
        builder.tube([(-0.20, 0, 0.42), rear], [0.06, 0.04], dark, sides=4)
    for side in (-1.0, 1.0):
        builder.tube(
            [(front[0], side * 0.09, front[2]), (pose.hand[0] + 0.02, side * 0.09, 0.92)], [0.03] * 2, chrome, sides=4
        )
        if level < 2:
            exhaust = [(0.10, side * 0.13, 0.30), (-0.30, side * 0.17, 0.27), (rear[0] + 0.05, side * 0.18, 0.32)]
            builder.tube(exhaust, [0.03, 0.05, 0.055], chrome, sides=(6, 4)[level])
    if is_sport:
        fairing = [(0.20, 0, 0.66), (0.50, 0, 0.74), (0.72, 0, 0.82)]
        builder.tube(fairing, [0.22, 0.20, 0.10], paint, sides=sides)
        builder.tube([(-0.34, 0, 0.84), (rear[0] - 0.08, 0, 1.00)], [0.12, 0.05], paint, sides=sides, flatten=0.6)
    _add_mudguard(builder, front, radius, paint, sides=(6, 4, 2)[level])
    _add_mudguard(builder, rear, radius, paint, sides=(6, 4, 2)[level])
    lamp_x = 0.74 if is_sport else pose.hand[0] + 0.24
    _add_lamps(builder, spec, front=(lamp_x, 0.86), rear=(rear[0] - 0.10, 0.80), size=0.08)


def _add_scooter(builder: MeshBuilder, spec: VehicleSpec, pose: RidingPose, level: int) -> None:
    radius = 0.23
    _add_wheels(builder, spec, level, radius=radius, tyre=0.10, filled=True)
    rear, front = _axles(spec, radius)
    paint = Finish(material="car_paint", tag=spec.tag, part=Part.PAINT)
    dark = Finish(material="rubber", tag=spec.tag)
    sides, rings = ((10, 6), (6, 4), (4, 3))[level]
    builder.ellipsoid((rear[0] + 0.16, 0, 0.50), (0.44, 0.21, 0.25), paint, sides=sides, rings=rings)
    _add_block(builder, (rear[0] + 0.22, 0, 0.74), (0.66, 0.26, 0.12), dark, rounded=level == 0)
    builder.box((0.12, 0, 0.28), (0.46, 0.32, 0.08), paint, without=())
    shield = [(0.34, -0.20, 0.28), (0.34, 0.20, 0.28), (0.52, 0.17, 0.92), (0.52, -0.17, 0.92)]
    builder.extrusion(shield, (-0.05, 0, 0), paint)
    builder.tube(
        [front, (0.50, 0, 0.80), (pose.hand[0] + 0.06, 0, pose.hand[2])], [0.05, 0.06, 0.05], paint, sides=sides
    )
    _add_mudguard(builder, front, radius, paint, sides=(6, 4, 2)[level])
    _add_lamps(builder, spec, front=(pose.hand[0] + 0.16, pose.hand[2] - 0.02), rear=(rear[0] - 0.24, 0.58), size=0.07)


def _add_block(builder: MeshBuilder, center: Point, size: Point, finish: Finish, *, rounded: bool) -> None:
    if rounded:
        builder.rounded_box(center, size, 0.3 * min(size), finish)
    else:
        builder.box(center, size, finish)


def _add_mudguard(builder: MeshBuilder, wheel: Point, radius: float, finish: Finish, *, sides: int) -> None:
    """Add a curved strip over the upper back of a wheel."""
    angle = np.radians(np.linspace(50.0, 150.0, sides))
    reach = radius + 0.035
    strip = np.array(wheel) + np.stack([np.cos(angle), np.zeros(sides), np.sin(angle)], axis=1) * reach
    across = np.array([0.0, 0.075, 0.0])
    rings = [[p - across, p + across, p + across * 0.8 + (0, 0, 0.02), p - across * 0.8 + (0, 0, 0.02)] for p in strip]
    builder.loft(np.array(rings), finish)


def _add_lamps(
    builder: MeshBuilder, spec: VehicleSpec, *, front: tuple[float, float], rear: tuple[float, float], size: float
) -> None:
    """Add one head lamp and one tail lamp at the (x, z) places given."""
    lamp = Finish(material="car_paint", tag=spec.tag)
    head, tail = (
        lamp.but(color=(0.93, 0.94, 0.95), part=Part.HEADLIGHT),
        lamp.but(color=(0.62, 0.05, 0.05), part=Part.TAIL_LIGHT),
    )
    builder.box((front[0], 0, front[1]), (size, 1.6 * size, 1.4 * size), head, without=())
    builder.box((rear[0], 0, rear[1]), (0.6 * size, 1.4 * size, 0.9 * size), tail, without=())
