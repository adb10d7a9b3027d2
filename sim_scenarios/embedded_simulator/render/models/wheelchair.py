"""A wheelchair round a walker who sits: built about the standing figure, whose hips its pose lowers."""

from __future__ import annotations

from sim_scenarios.embedded_simulator.render.mesh import Joint
from sim_scenarios.embedded_simulator.render.mesh_builder import Finish, MeshBuilder, Point
from sim_scenarios.embedded_simulator.render.models import builds
from sim_scenarios.embedded_simulator.render.models.figure import FigureDetail
from sim_scenarios.embedded_simulator.render.models.wheels import add_cycle_wheel
from sim_scenarios.embedded_simulator.world.gait import SEATED_DROP
from sim_scenarios.embedded_simulator.world.walker_catalogue import TAG_PEDESTRIAN, WalkerSpec

_WHEEL_RADIUS, _CASTER_RADIUS = 0.170, 0.045
"""In body heights, like every size here."""


def add_wheelchair(builder: MeshBuilder, spec: WalkerSpec, detail: FigureDetail) -> None:
    """Add seat, back, rests and wheels; the large ones roll with the way gone."""
    h = spec.height_m
    canvas = Finish(material="cloth", tag=TAG_PEDESTRIAN, color=(0.16, 0.16, 0.18))
    frame = Finish(material="metal", tag=TAG_PEDESTRIAN)

    def at(x: float, y: float, z: float) -> Point:
        return builds.at(spec, x, y, z + SEATED_DROP)

    def slab(x: float, y: float, z: float, size: Point, finish: Finish) -> None:
        builder.box(at(x, y, z), tuple(h * side for side in size), finish, without=())

    slab(0.055, 0.0, 0.240, (0.25, 0.22, 0.020), canvas)
    slab(-0.090, 0.0, 0.400, (0.018, 0.22, 0.27), canvas)
    slab(0.275, 0.0, 0.062, (0.11, 0.19, 0.012), frame)
    tube_sides = 6 if detail.has_features else 3
    for side in (-1.0, 1.0):
        slab(0.030, 0.130 * side, 0.355, (0.17, 0.026, 0.018), canvas)
        add_cycle_wheel(
            builder, at(-0.015, 0.160 * side, _WHEEL_RADIUS), radius_m=_WHEEL_RADIUS * h, tyre_m=0.020 * h,
            joint=Joint.REAR_WHEELS, tag=TAG_PEDESTRIAN, sides=2 * detail.head_sides, filled=False,
            rounded=detail.has_features,
        )  # fmt: skip
        axle = [at(0.190, 0.105 * side + half, _CASTER_RADIUS) for half in (-0.008, 0.008)]
        builder.tube(axle, _CASTER_RADIUS * h, canvas, sides=detail.head_sides)
        if detail.has_bent_arms:
            bars = (
                [(-0.090, 0.112, 0.22), (-0.090, 0.112, 0.535), (-0.150, 0.112, 0.545)],
                [(0.115, 0.125, 0.350), (0.125, 0.120, 0.225), (-0.09, 0.115, 0.225)],
                [(0.160, 0.105, 0.235), (0.190, 0.105, 0.060)],
                [(0.160, 0.095, 0.235), (0.265, 0.080, 0.062)],
            )
            for bar in bars:
                path = [at(x, side * y, z) for x, y, z in bar]
                builder.tube(path, 0.008 * h, frame, sides=tube_sides, caps=False)
