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
from sim_scenarios.embedded_simulator.render.models.car_models import body_shape
from sim_scenarios.embedded_simulator.render.models.emergency import ROOF_GEAR_M, add_roof_gear, add_service_body
from sim_scenarios.embedded_simulator.render.models.levels import fitted, model_of
from sim_scenarios.embedded_simulator.render.models.truck import (
    add_cargo,
    add_frame,
    body_skin,
    cab_skin,
    has_cab_and_body,
)
from sim_scenarios.embedded_simulator.render.models.two_wheelers import two_wheeler_mesh
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VehicleSpec

NEAR_M, MIDDLE_M = 25.0, 70.0
"""Distances up to which the first and the second level of detail are used."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Level:
    body: BodyDetail
    wheel_sides: int
    fittings: bool
    """Door gaps, handles, number plates, rounded edges."""


_LEVELS = (
    _Level(body=car_body.NEAR, wheel_sides=16, fittings=True),
    _Level(body=car_body.MIDDLE_DISTANCE, wheel_sides=8, fittings=False),
    _Level(body=car_body.FAR, wheel_sides=6, fittings=False),
)


def vehicle_model(spec: VehicleSpec) -> Model:
    """Return the model of one vehicle: origin on the ground under its middle, x forward."""
    distances = (NEAR_M, MIDDLE_M, math.inf)
    cabin = _skin(spec).cabin() if spec.number_of_wheels == 4 else (0.0,) * 8
    return model_of(*((distance, _mesh(spec, level)) for level, distance in enumerate(distances)), cabin=cabin)


def _mesh(spec: VehicleSpec, level: int) -> Mesh:
    has_two_wheels = spec.number_of_wheels == 2
    mesh = two_wheeler_mesh(spec, level) if has_two_wheels else _four_wheeler_mesh(spec, _LEVELS[level])
    half_length, half_width = spec.length_m / 2, spec.width_m / 2
    return fitted(mesh, (-half_length, -half_width, 0.0), (half_length, half_width, spec.height_m))


def _four_wheeler_mesh(spec: VehicleSpec, level: _Level) -> Mesh:
    builder = MeshBuilder()
    simple = not level.fittings
    skin = _skin(spec)
    car_body.add_skin(builder, skin, level.body, spec.tag)
    fittings.add_wheels(builder, skin, tag=spec.tag, sides=level.wheel_sides)
    if has_cab_and_body(spec):
        _add_body(builder, spec, skin, level)
    else:
        fittings.add_underbody(builder, skin, tag=spec.tag, flat=not level.body.arch_steps)
        add_roof_gear(builder, spec, skin, simple=simple)
        if not simple:
            fittings.add_plates(builder, skin, tag=spec.tag, ends=(-1, 1))
    fittings.add_mirrors(builder, skin, reach_m=spec.width_m / 2, tag=spec.tag, simple=simple)
    if skin.shape.has_spare_wheel:
        fittings.add_spare_wheel(builder, skin, tag=spec.tag, sides=level.wheel_sides)
    if not simple:
        fittings.add_seams(builder, skin, spec.tag)
        if skin.shape.tail_glass and not skin.shape.nose_glass:
            fittings.add_rear_doors(builder, skin, spec.tag)
    return builder.build()


def _add_body(builder: MeshBuilder, spec: VehicleSpec, cab: BodySkin, level: _Level) -> None:
    """Add what stands behind a cab."""
    simple = not level.fittings
    add_frame(builder, spec, cab)
    body = body_skin(spec, cab, half_width_m=spec.width_m / 2 - fittings.MIRROR_M)
    if not simple:
        fittings.add_plates(builder, cab, tag=spec.tag, ends=(1,))
    if body is None:
        add_cargo(builder, spec, cab, rounded=not simple)
    else:
        if not simple:
            fittings.add_plates(builder, body, tag=spec.tag, ends=(-1,))
        car_body.add_skin(builder, body, level.body, spec.tag)
        add_service_body(builder, spec, cab, body, simple=simple)


def _skin(spec: VehicleSpec) -> BodySkin:
    if has_cab_and_body(spec):
        return cab_skin(spec)
    shape = body_shape(spec)
    spare = 0.17 if shape.has_spare_wheel else 0.0
    half_length = (spec.length_m - spare) / 2 / (1.0 + 2.0 * shape.nose_bow)
    return BodySkin(
        shape,
        tail_m=-half_length + spare / 2,
        nose_m=half_length + spare / 2,
        half_width_m=spec.width_m / 2 - fittings.MIRROR_M,
        height_m=spec.height_m - ROOF_GEAR_M.get(spec.id, 0.0),
        axles_m=(-spec.wheelbase_m / 2, spec.wheelbase_m / 2),
    )
