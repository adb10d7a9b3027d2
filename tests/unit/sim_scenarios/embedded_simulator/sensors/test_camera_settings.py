"""From a blueprint's attributes to what the renderer takes."""

from __future__ import annotations

from dataclasses import fields

import pytest

from sim_scenarios.embedded_simulator.render.optics import CARLA_OPTICS, PINHOLE, FilmCurve, LensShape, Optics
from sim_scenarios.embedded_simulator.sensors.camera_settings import CameraSettings, lens_of, optics_of
from sim_scenarios.embedded_simulator.world.actors import CAMERA_KINDS, Sensor, SensorKind
from sim_scenarios.embedded_simulator.world.blueprints.sensors import sensor_attributes
from sim_scenarios.embedded_simulator.world.description import ActorDescription, AttributeValue
from sim_scenarios.embedded_simulator.world.snapshot import Pose
from sim_scenarios.embedded_simulator.world.world import World

NOT_ACTING = {
    "role_name", "ros_name", "sensor_tick", "image_size_x", "image_size_y", "fov",  # of every camera, acting elsewhere
    "calibration_constant", "motion_blur_min_object_screen_size",  # deprecated; saves draw calls
}  # fmt: skip


def spawned(world: World, kind: SensorKind, **changes: str) -> Sensor:
    """A camera as a client spawns it: with all attributes of its blueprint."""
    declared = {each.id: (each.type, each.value) for each in sensor_attributes(kind)}
    assert changes.keys() <= declared.keys()
    values = tuple(AttributeValue(name, type_, changes.get(name, value)) for name, (type_, value) in declared.items())
    sensor = world.spawn(ActorDescription(uid=1, id=kind.value, attributes=values), Pose())
    assert isinstance(sensor, Sensor)
    return sensor


def test_the_blueprints_defaults_are_the_renderers(world: World) -> None:
    for kind in CAMERA_KINDS:
        assert lens_of(spawned(world, kind)) == PINHOLE
    assert optics_of(spawned(world, SensorKind.RGB)) == CARLA_OPTICS


def test_every_picture_attribute_of_the_blueprint_is_read() -> None:
    declared = {each.id for each in sensor_attributes(SensorKind.RGB)} - NOT_ACTING
    read = {each.name for kind in (Optics, FilmCurve, LensShape) for each in fields(kind)} - {"film"}
    assert read == declared


@pytest.mark.parametrize("field", [each.name for each in fields(Optics) if each.type == "float"])
def test_numbers_come_through(world: World, field: str) -> None:
    assert getattr(optics_of(spawned(world, SensorKind.RGB, **{field: "3.25"})), field) == 3.25


def test_the_other_attributes_come_through(world: World) -> None:
    camera = spawned(
        world, SensorKind.RGB, enable_postprocess_effects="false", exposure_mode="manual", blade_count="7", toe="0.3",
        gamma="1.8", lens_k="0.4", lens_circle_multiplier="2.0",
    )  # fmt: skip
    optics = optics_of(camera)
    assert (optics.enable_postprocess_effects, optics.exposure_mode, optics.blade_count) == (False, "manual", 7)
    assert optics.film == FilmCurve(toe=0.3, gamma=1.8)
    assert lens_of(camera) == LensShape(lens_k=0.4, lens_circle_multiplier=2.0)


def test_only_a_metering_camera_has_an_eye(world: World) -> None:
    assert CameraSettings(spawned(world, SensorKind.RGB)).shot(None).eye is None
    metering = CameraSettings(spawned(world, SensorKind.DVS, exposure_min_bright="3.0"))
    assert metering.shot(None).eye is metering.shot(None).eye is not None


def test_numbers_that_are_none_count_as_the_default(world: World) -> None:
    for text in ("", "much", "nan", "inf"):
        assert optics_of(spawned(world, SensorKind.RGB, iso=text)).iso == 100.0
    assert optics_of(spawned(world, SensorKind.RGB, iso="1e30")).iso == 1e6
