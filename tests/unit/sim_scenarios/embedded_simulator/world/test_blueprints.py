"""The library has what client scripts look for."""

from __future__ import annotations

import pytest

from sim_scenarios.embedded_simulator.world.actors import Sensor
from sim_scenarios.embedded_simulator.world.blueprints.library import build_library
from sim_scenarios.embedded_simulator.world.blueprints.sensors import UNSERVED_CAMERAS
from sim_scenarios.embedded_simulator.world.description import ActorDescription, AttributeType, AttributeValue
from sim_scenarios.embedded_simulator.world.errors import WorldError
from sim_scenarios.embedded_simulator.world.event_camera import EventShape
from sim_scenarios.embedded_simulator.world.snapshot import Pose
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VEHICLES
from sim_scenarios.embedded_simulator.world.walker_catalogue import WALKERS
from sim_scenarios.embedded_simulator.world.world import World

LIBRARY = {blueprint.id: blueprint for blueprint in build_library()}


def attribute_names(blueprint_id: str) -> set[str]:
    return {attribute.id for attribute in LIBRARY[blueprint_id].attributes}


def test_every_vehicle_and_walker_of_the_catalogue_is_there() -> None:
    assert {*(spec.id for spec in VEHICLES), *(spec.id for spec in WALKERS)} <= LIBRARY.keys()


def test_uids_differ() -> None:
    assert len({blueprint.uid for blueprint in LIBRARY.values()}) == len(LIBRARY)


@pytest.mark.parametrize(
    "kind",
    ["rgb", "semantic_segmentation", "depth", "instance_segmentation", "normals", "optical_flow", "dvs"],
)
def test_cameras_declare_what_scripts_set(kind: str) -> None:
    names = attribute_names(f"sensor.camera.{kind}")
    assert {"image_size_x", "image_size_y", "fov", "sensor_tick", "role_name", "lens_circle_multiplier"} <= names


def test_cameras_that_are_not_rendered_are_found_and_refused(world: World) -> None:
    for name in UNSERVED_CAMERAS:
        assert {"image_size_x", "image_size_y", "fov"} <= attribute_names(name)
        assert "sensor_tick" not in attribute_names(name)
        with pytest.raises(WorldError, match="use a real CARLA"):
            world.spawn(ActorDescription(uid=1, id=name), Pose())


@pytest.mark.parametrize("kind", ["rgb", "dvs"])
def test_cameras_that_look_at_light_declare_post_processing(kind: str) -> None:
    names = attribute_names(f"sensor.camera.{kind}")
    assert {"gamma", "iso", "fstop", "shutter_speed", "exposure_mode", "motion_blur_intensity", "bloom_intensity",
            "enable_postprocess_effects", "chromatic_aberration_intensity"} <= names  # fmt: skip


def test_event_cameras_have_the_defaults_of_0_9_16() -> None:
    """Carla/Sensor/DVSCamera.cpp."""
    values = {attribute.id: attribute.value for attribute in LIBRARY["sensor.camera.dvs"].attributes}
    expected = {
        "positive_threshold": "0.3", "negative_threshold": "0.3", "sigma_positive_threshold": "0.0",
        "sigma_negative_threshold": "0.0", "refractory_period_ns": "0", "use_log": "True", "log_eps": "0.001",
    }  # fmt: skip
    assert expected.items() <= values.items()


@pytest.mark.parametrize(
    ("name", "value"),
    [("positive_threshold", "0"), ("negative_threshold", "-0.3"), ("sigma_positive_threshold", "-1"),
     ("refractory_period_ns", "-5"), ("log_eps", "0"), ("log_eps", "nan"), ("positive_threshold", "low")],
)  # fmt: skip
def test_event_cameras_that_cannot_be_meant_are_refused(world: World, name: str, value: str) -> None:
    """A threshold of 0 keeps CARLA's server busy for ever."""
    description = ActorDescription(uid=1, id="sensor.camera.dvs", attributes=(AttributeValue(name, 3, value),))
    with pytest.raises(WorldError, match=f"attribute {name} of sensor.camera.dvs is '{value}', expected a number"):
        world.spawn(description, Pose())


def test_event_cameras_are_as_they_are_described(world: World) -> None:
    values = {"positive_threshold": "0.2", "refractory_period_ns": "1000", "use_log": "false", "log_eps": "0.5"}
    attributes = tuple(AttributeValue(name, 3, value) for name, value in values.items())
    sensor = world.spawn(ActorDescription(uid=1, id="sensor.camera.dvs", attributes=attributes), Pose())
    assert isinstance(sensor, Sensor)
    assert sensor.events == EventShape(
        positive_threshold=0.2, negative_threshold=0.3, sigma_positive_threshold=0.0, sigma_negative_threshold=0.0,
        refractory_period_ns=1000, use_log=False, log_eps=0.5,
    )  # fmt: skip


def test_ray_sensors_have_the_defaults_of_0_9_16() -> None:
    """Carla/Actor/ActorBlueprintFunctionLibrary.cpp and Docs/ref_sensors.md."""
    scan = {
        "channels": 32, "range": 10, "points_per_second": 56000, "rotation_frequency": 10, "upper_fov": 10,
        "lower_fov": -30, "horizontal_fov": 360, "sensor_tick": 0,
    }  # fmt: skip
    signal = {
        "atmosphere_attenuation_rate": 0.004, "dropoff_general_rate": 0.45, "dropoff_intensity_limit": 0.8,
        "dropoff_zero_intensity": 0.4, "noise_stddev": 0, "noise_seed": 0,
    }  # fmt: skip
    radar = {
        "horizontal_fov": 30, "vertical_fov": 30, "range": 100, "points_per_second": 1500, "noise_seed": 0,
        "sensor_tick": 0,
    }  # fmt: skip
    expected = {
        "sensor.lidar.ray_cast": scan | signal, "sensor.lidar.ray_cast_semantic": scan, "sensor.other.radar": radar,
        "sensor.other.obstacle": {"distance": 5, "hit_radius": 0.5, "sensor_tick": 0},
    }  # fmt: skip
    for name, numbers in expected.items():
        attributes = {attribute.id: attribute for attribute in LIBRARY[name].attributes}
        found = {
            key: float(attribute.value)
            for key, attribute in attributes.items()
            if attribute.type in (AttributeType.INT, AttributeType.FLOAT)
        }
        assert found == numbers
        assert attributes["role_name"].value == ("default" if "radar" in name else "front")


def test_defaults_are_among_the_recommended_values() -> None:
    for blueprint in LIBRARY.values():
        for attribute in blueprint.attributes:
            assert not attribute.is_modifiable or attribute.value in attribute.recommended


def test_walkers_recommend_three_speeds() -> None:
    for spec in WALKERS:
        (speed,) = (a for a in LIBRARY[spec.id].attributes if a.id == "speed")
        assert [float(value) for value in speed.recommended] == sorted(map(float, speed.recommended))
        assert len(speed.recommended) == 3
