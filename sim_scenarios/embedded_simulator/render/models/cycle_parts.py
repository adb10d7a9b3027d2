"""Parts that bicycles, motorcycles and scooters share: wheels on their axles, mudguards, lamps."""

from __future__ import annotations

import numpy as np

from sim_scenarios.embedded_simulator.render.mesh import Joint, Part
from sim_scenarios.embedded_simulator.render.mesh_builder import Finish, MeshBuilder, Point
from sim_scenarios.embedded_simulator.render.models.wheels import add_cycle_wheel
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VehicleSpec


def axles(spec: VehicleSpec, radius: float) -> tuple[Point, Point]:
    """Return the middles of (rear, front) wheel, which touch the ends of the bounding box."""
    return (-spec.length_m / 2 + radius, 0.0, radius), (spec.length_m / 2 - radius, 0.0, radius)


def add_wheels(
    builder: MeshBuilder, spec: VehicleSpec, level: int, *, radius: float, tyre: float, filled: bool
) -> None:
    """Add both wheels: ``filled`` ones have solid rims, the others spokes."""
    sides = (18, 10, 6 if filled else 8)[level]  # a filled wheel has four times the triangles
    for center, joint in zip(axles(spec, radius), (Joint.REAR_WHEELS, Joint.FRONT_WHEELS), strict=True):
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


def add_mudguard(
    builder: MeshBuilder, wheel: Point, radius: float, finish: Finish, *, sides: int, width_m: float = 0.15
) -> None:
    """Add a curved strip over the upper back of a wheel."""
    angle = np.radians(np.linspace(50.0, 150.0, sides))
    reach = radius + 0.035
    strip = np.array(wheel) + np.stack([np.cos(angle), np.zeros(sides), np.sin(angle)], axis=1) * reach
    across = np.array([0.0, width_m / 2, 0.0])
    rings = [[p - across, p + across, p + across * 0.8 + (0, 0, 0.02), p - across * 0.8 + (0, 0, 0.02)] for p in strip]
    builder.loft(np.array(rings), finish)


def add_lamps(
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
