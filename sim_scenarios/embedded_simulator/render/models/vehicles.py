"""One model for every row of the vehicle table, exactly as large as its bounding box.

Three levels of detail; the silhouette stays, what lies within it goes. Bodies take the actor's colour (``Part.PAINT``);
wheels turn and steer by their joints.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sim_scenarios.embedded_simulator.render.mesh import Mesh, Model
from sim_scenarios.embedded_simulator.render.mesh_builder import MeshBuilder
from sim_scenarios.embedded_simulator.render.models import car_body, fittings
from sim_scenarios.embedded_simulator.render.models.car_body import BodyDetail, BodySkin
from sim_scenarios.embedded_simulator.render.models.car_shapes import body_shape
from sim_scenarios.embedded_simulator.render.models.levels import fitted, model_of
from sim_scenarios.embedded_simulator.render.models.truck import add_cargo, truck_cab
from sim_scenarios.embedded_simulator.render.models.two_wheelers import two_wheeler_mesh
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VehicleSpec

NEAR_M, MIDDLE_M = 25.0, 70.0
"""Distances up to which the first and the second level of detail are used."""

_MIRROR_M = 0.07
"""What a mirror adds to half the width; tables of sizes count it in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Level:
    body: BodyDetail
    wheel_sides: int
    mirrors: bool
    fittings: bool
    """Door gaps, handles, number plates."""


_LEVELS = (
    _Level(body=car_body.NEAR, wheel_sides=16, mirrors=True, fittings=True),
    _Level(body=car_body.MIDDLE_DISTANCE, wheel_sides=8, mirrors=True, fittings=False),
    _Level(body=car_body.FAR, wheel_sides=6, mirrors=False, fittings=False),
)


def vehicle_model(spec: VehicleSpec) -> Model:
    """Return the model of one vehicle: origin on the ground under its middle, x forward."""
    distances = (NEAR_M, MIDDLE_M, math.inf)
    return model_of(*((distance, _mesh(spec, level)) for level, distance in enumerate(distances)))


def _mesh(spec: VehicleSpec, level: int) -> Mesh:
    has_two_wheels = spec.number_of_wheels == 2
    mesh = two_wheeler_mesh(spec, level) if has_two_wheels else _four_wheeler_mesh(spec, _LEVELS[level])
    half_length, half_width = spec.length_m / 2, spec.width_m / 2
    return fitted(mesh, (-half_length, -half_width, 0.0), (half_length, half_width, spec.height_m))


def _four_wheeler_mesh(spec: VehicleSpec, level: _Level) -> Mesh:
    builder = MeshBuilder()
    skin = _skin(spec, mirror_m=_MIRROR_M if level.mirrors else 0.0)
    car_body.add_skin(builder, skin, level.body, spec.tag)
    fittings.add_wheels(builder, skin, tag=spec.tag, sides=level.wheel_sides)
    if spec.shape == "truck":
        add_cargo(builder, spec, skin, rounded=level.fittings)
    else:
        fittings.add_underbody(builder, skin, tag=spec.tag, flat=not level.body.arch_steps)
    if level.mirrors:
        fittings.add_mirrors(builder, skin, reach_m=spec.width_m / 2, tag=spec.tag, simple=not level.fittings)
        if skin.shape.has_spare_wheel:
            fittings.add_spare_wheel(builder, skin, tag=spec.tag, sides=level.wheel_sides)
    if level.fittings:
        fittings.add_seams(builder, skin, spec.tag)
        if spec.shape != "truck":
            fittings.add_plates(builder, skin, tag=spec.tag)
    return builder.build()


def _skin(spec: VehicleSpec, *, mirror_m: float) -> BodySkin:
    if spec.shape == "truck":
        return truck_cab(spec, mirror_m=mirror_m)
    shape = body_shape(spec)
    spare = 0.17 if shape.has_spare_wheel else 0.0
    half_length = (spec.length_m - spare) / 2 / (1.0 + 2.0 * shape.nose_bow)
    return BodySkin(
        shape,
        tail_m=-half_length + spare / 2,
        nose_m=half_length + spare / 2,
        half_width_m=spec.width_m / 2 - mirror_m,
        height_m=spec.height_m,
        axles_m=(-spec.wheelbase_m / 2, spec.wheelbase_m / 2),
    )
