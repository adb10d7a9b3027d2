"""Motorcycles, a scooter and bicycles, each with its rider: the machine carries its own tag, the rider another."""

from __future__ import annotations

import math

from sim_scenarios.embedded_simulator.render.mesh import Mesh, Model
from sim_scenarios.embedded_simulator.render.mesh_builder import Finish, MeshBuilder
from sim_scenarios.embedded_simulator.render.models import figure
from sim_scenarios.embedded_simulator.render.models.bicycles import RACER, ROADSTER, STURDY, Reach, add_bicycle
from sim_scenarios.embedded_simulator.render.models.levels import fitted, model_of
from sim_scenarios.embedded_simulator.render.models.motorcycles import add_cruiser, add_scooter, add_sport_motorcycle
from sim_scenarios.embedded_simulator.render.models.riders import RidingPose, add_rider
from sim_scenarios.embedded_simulator.render.models.tags import POLE
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
_CROSS_BICYCLE = RidingPose(
    hip=(-0.22, 0.10, 0.96), knee=(0.16, 0.12, 0.74), ankle=(-0.02, 0.12, 0.36), shoulder=(0.14, 0.19, 1.36),
    elbow=(0.30, 0.24, 1.14), hand=(0.46, 0.22, 0.98), head=(0.26, 0.0, 1.56), headgear="cycle_helmet", pedal_rise=0.30,
    jacket=(0.72, 0.70, 0.22), trousers=(0.12, 0.12, 0.13),
)  # fmt: skip
_RACING_BICYCLE = RidingPose(
    hip=(-0.24, 0.10, 0.98), knee=(0.15, 0.12, 0.75), ankle=(-0.02, 0.12, 0.36), shoulder=(0.22, 0.18, 1.30),
    elbow=(0.36, 0.24, 1.08), hand=(0.50, 0.24, 0.94), head=(0.38, 0.0, 1.48), headgear="cycle_helmet", pedal_rise=0.30,
    jacket=(0.70, 0.14, 0.14), trousers=(0.10, 0.10, 0.12),
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
    "vehicle.bh.crossbike": _CROSS_BICYCLE,
    "vehicle.diamondback.century": _RACING_BICYCLE,
}
_BICYCLES = {
    "vehicle.gazelle.omafiets": ROADSTER,
    "vehicle.bh.crossbike": STURDY,
    "vehicle.diamondback.century": RACER,
}


def two_wheeler_mesh(spec: VehicleSpec, level: int) -> Mesh:
    """Return machine and rider at level of detail 0 (near) to 2, about as large as ``spec`` says."""
    builder = MeshBuilder()
    pose = _POSES.get(spec.id, _SPORT)
    if spec.shape == "bicycle":
        add_bicycle(builder, spec, _BICYCLES[spec.id], _reach(pose), level)
    else:
        _add_handlebar(builder, spec, pose)
        if pose is _SCOOTER:
            add_scooter(builder, spec, pose.hand, level)
        elif pose is _CRUISER:
            add_cruiser(builder, spec, pose.hand, level)
        else:
            add_sport_motorcycle(builder, spec, pose.hand, level, is_full=spec.id == "vehicle.yamaha.yzf")
    add_rider(builder, pose, figure.LEVELS[level])
    return builder.build()


def parked_bicycle() -> Model:
    """A bicycle without a rider that leans on a hoop, 1.84 m long."""
    return model_of(*((distance, _parked_mesh(level)) for level, distance in enumerate((15.0, 40.0, math.inf))))


def _parked_mesh(level: int) -> Mesh:
    builder = MeshBuilder()
    spec = next(spec for spec in VEHICLES if spec.id == "vehicle.gazelle.omafiets")
    add_bicycle(builder, spec, ROADSTER, _reach(_UPRIGHT_BICYCLE), level)
    hoop = Finish(material="metal", tag=POLE)
    side, reach, top = 0.14, 0.36, 0.74
    path = [(-reach, side, 0.0), (-reach, side, top - 0.1), (-reach + 0.1, side, top), (reach - 0.1, side, top),
            (reach, side, top - 0.1), (reach, side, 0.0)]  # fmt: skip
    builder.tube(path if level < 2 else [path[0], path[1], path[4], path[5]], 0.025, hoop, sides=(6, 4, 3)[level])
    mesh = builder.build()
    return fitted(mesh, (-0.92, -0.3, 0.0), (0.92, 0.3, 1.12))


def _reach(pose: RidingPose) -> Reach:
    return Reach(hip=pose.hip, hand=pose.hand, ankle=pose.ankle, pedal_rise=pose.pedal_rise)


def _add_handlebar(builder: MeshBuilder, spec: VehicleSpec, pose: RidingPose) -> None:
    grip = Finish(material="rubber", tag=spec.tag)
    x, _, z = pose.hand
    half = spec.width_m / 2
    builder.tube(
        [(x - 0.05, -half, z - 0.02), (x + 0.06, 0, z), (x - 0.05, half, z - 0.02)], [0.018] * 3, grip, sides=4
    )
