"""Attributes of the sensors' blueprints.

``set_attribute`` on a name that is not declared raises IndexError in the client, so the cameras declare all of
CARLA's lens and post-processing attributes (Carla/Actor/ActorBlueprintFunctionLibrary.cpp); ``render/optics.py`` has
what they do.
"""

from __future__ import annotations

from sim_scenarios.embedded_simulator.world.actors import CAMERA_KINDS, PICTURE_KINDS, SensorKind
from sim_scenarios.embedded_simulator.world.blueprints.attributes import choice
from sim_scenarios.embedded_simulator.world.description import AttributeDefinition, AttributeType

# Attribute -> default, all floats, as CARLA declares them for every camera.
_LENS = {
    "lens_circle_falloff": "5.0", "lens_circle_multiplier": "0.0", "lens_k": "-1.0", "lens_kcube": "0.0",
    "lens_x_size": "0.08", "lens_y_size": "0.08",
}  # fmt: skip
_POST_PROCESSING = {
    "bloom_intensity": "0.675", "lens_flare_intensity": "0.1", "gamma": "2.2", "motion_blur_intensity": "0.45",
    "motion_blur_max_distortion": "0.35", "motion_blur_min_object_screen_size": "0.1", "exposure_compensation": "0.0",
    "exposure_min_bright": "10.0", "exposure_max_bright": "12.0", "exposure_speed_up": "3.0",
    "exposure_speed_down": "1.0", "calibration_constant": "16.0", "shutter_speed": "200.0", "iso": "100.0",
    "fstop": "1.4", "min_fstop": "1.2", "focal_distance": "1000.0", "blur_amount": "1.0", "blur_radius": "0.0",
    "slope": "0.88", "toe": "0.55", "shoulder": "0.26", "black_clip": "0.0", "white_clip": "0.04", "temp": "6500.0",
    "tint": "0.0", "chromatic_aberration_intensity": "0.0", "chromatic_aberration_offset": "0.0",
}  # fmt: skip
_GNSS_NOISE = (
    "noise_alt_bias", "noise_alt_stddev", "noise_lat_bias", "noise_lat_stddev", "noise_lon_bias", "noise_lon_stddev",
)  # fmt: skip
_IMU_NOISE = (
    *(f"noise_accel_stddev_{axis}" for axis in "xyz"),
    *(f"noise_gyro_bias_{axis}" for axis in "xyz"),
    *(f"noise_gyro_stddev_{axis}" for axis in "xyz"),
)
# (name, type, default) in CARLA's order; the semantic lidar has the ones without intensity and noise.
_LIDAR = (
    ("channels", AttributeType.INT, "32"),
    ("range", AttributeType.FLOAT, "10.0"),
    ("points_per_second", AttributeType.INT, "56000"),
    ("rotation_frequency", AttributeType.FLOAT, "10.0"),
    ("upper_fov", AttributeType.FLOAT, "10.0"),
    ("lower_fov", AttributeType.FLOAT, "-30.0"),
)
_LIDAR_SIGNAL = (
    ("atmosphere_attenuation_rate", AttributeType.FLOAT, "0.004"),
    ("noise_seed", AttributeType.INT, "0"),
    ("dropoff_general_rate", AttributeType.FLOAT, "0.45"),
    ("dropoff_intensity_limit", AttributeType.FLOAT, "0.8"),
    ("dropoff_zero_intensity", AttributeType.FLOAT, "0.4"),
    ("noise_stddev", AttributeType.FLOAT, "0.0"),
)
_LIDAR_TURN = (("horizontal_fov", AttributeType.FLOAT, "360.0"),)
_RADAR = (
    ("horizontal_fov", AttributeType.FLOAT, "30"),
    ("vertical_fov", AttributeType.FLOAT, "30"),
    ("range", AttributeType.FLOAT, "100"),
    ("points_per_second", AttributeType.INT, "1500"),
    ("noise_seed", AttributeType.INT, "0"),
)
UNSERVED_CAMERAS = ("sensor.camera.cosmos_visualization",)
"""Programs look these up beside the ones that they use (CARLA's manual_control.py); none can be spawned."""
_DVS = (
    ("positive_threshold", AttributeType.FLOAT, "0.3"),
    ("negative_threshold", AttributeType.FLOAT, "0.3"),
    ("sigma_positive_threshold", AttributeType.FLOAT, "0.0"),
    ("sigma_negative_threshold", AttributeType.FLOAT, "0.0"),
    ("refractory_period_ns", AttributeType.INT, "0"),
    ("use_log", AttributeType.BOOL, "True"),
    ("log_eps", AttributeType.FLOAT, "0.001"),
)
_PLACES = ("front", "back", "left", "right", "front_left", "front_right", "back_left", "back_right")
_WITHOUT_PLACE = frozenset({SensorKind.GNSS, SensorKind.IMU, SensorKind.RADAR})


def sensor_attributes(kind: SensorKind) -> tuple[AttributeDefinition, ...]:
    """What the blueprint of a sensor declares."""
    attributes = [
        choice("role_name", AttributeType.STRING, *(("default",) if kind in _WITHOUT_PLACE else _PLACES)),
        choice("ros_name", AttributeType.STRING, kind.value),
    ]
    if kind not in (SensorKind.COLLISION, SensorKind.LANE_INVASION):  # events: they come when something happens
        attributes.append(choice("sensor_tick", AttributeType.FLOAT, "0.0"))
    if kind in CAMERA_KINDS:
        attributes += _camera_attributes(kind)
    elif kind is SensorKind.GNSS:
        attributes += _noise_attributes(_GNSS_NOISE)
    elif kind is SensorKind.IMU:
        attributes += _noise_attributes(_IMU_NOISE)
    elif kind is SensorKind.LIDAR:
        attributes += [choice(*each) for each in _LIDAR + _LIDAR_SIGNAL + _LIDAR_TURN]
    elif kind is SensorKind.SEMANTIC_LIDAR:
        attributes += [choice(*each) for each in _LIDAR + _LIDAR_TURN]
    elif kind is SensorKind.RADAR:
        attributes += [choice(*each) for each in _RADAR]
    elif kind is SensorKind.OBSTACLE:
        attributes += [
            choice("distance", AttributeType.FLOAT, "5.0"),
            choice("hit_radius", AttributeType.FLOAT, "0.5"),
            choice("only_dynamics", AttributeType.BOOL, "False"),
            choice("debug_linetrace", AttributeType.BOOL, "False"),
        ]
    return tuple(attributes)


def unserved_camera_attributes(blueprint_id: str) -> tuple[AttributeDefinition, ...]:
    """Without ``sensor_tick``: who spawns all that have one means to receive something."""
    return (
        choice("role_name", AttributeType.STRING, *_PLACES),
        choice("ros_name", AttributeType.STRING, blueprint_id),
        *_camera_attributes(None),
    )


def _noise_attributes(names: tuple[str, ...]) -> list[AttributeDefinition]:
    noise = [choice(name, AttributeType.FLOAT, "0.0") for name in names]
    return [*noise, choice("noise_seed", AttributeType.INT, "0")]


def _camera_attributes(kind: SensorKind | None) -> list[AttributeDefinition]:
    attributes = [
        choice("image_size_x", AttributeType.INT, "800"),
        choice("image_size_y", AttributeType.INT, "600"),
        choice("fov", AttributeType.FLOAT, "90.0"),
        *(choice(name, AttributeType.FLOAT, default) for name, default in _LENS.items()),
    ]
    if kind in PICTURE_KINDS:
        attributes += [
            *(choice(name, AttributeType.FLOAT, default) for name, default in _POST_PROCESSING.items()),
            choice("enable_postprocess_effects", AttributeType.BOOL, "True"),
            choice("exposure_mode", AttributeType.STRING, "histogram", "manual"),
            choice("blade_count", AttributeType.INT, "5"),
        ]
    if kind is SensorKind.DVS:
        attributes += [choice(*each) for each in _DVS]
    return attributes
