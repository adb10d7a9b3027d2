"""The blueprint library: every id a client may spawn, with the attributes its scripts set.

``set_attribute`` on a name that is not declared raises IndexError in the client, so the cameras declare all of
CARLA's lens and post-processing attributes (Carla/Actor/ActorBlueprintFunctionLibrary.cpp) although the renderer
has no such effects.
"""

from __future__ import annotations

from sim_scenarios.embedded_simulator.world.actors import CAMERA_KINDS, SensorKind
from sim_scenarios.embedded_simulator.world.catalogue import VEHICLES, WALKERS, VehicleSpec, WalkerSpec
from sim_scenarios.embedded_simulator.world.description import AttributeDefinition, AttributeType, Blueprint

WALKER_CONTROLLER_ID = "controller.ai.walker"

PROP_SIZES: dict[str, tuple[float, float, float]] = {
    "static.prop.constructioncone": (0.35, 0.35, 0.7),
    "static.prop.streetbarrier": (0.4, 1.5, 1.0),
    "static.prop.bench01": (0.6, 1.6, 0.9),
    "static.prop.bin": (0.6, 0.6, 1.0),
    "static.prop.box01": (0.5, 0.5, 0.5),
}
"""Length, width and height [m] of the props that can be spawned."""

_VEHICLE_COLORS = (
    "180,44,44", "17,37,103", "43,60,99", "210,210,215", "24,26,28", "120,124,130", "66,88,70", "199,158,62",
    "236,236,232", "92,24,30", "60,110,140", "140,140,120",
)  # fmt: skip

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


def build_library() -> tuple[Blueprint, ...]:
    """All blueprints, with uids from 1."""
    entries: list[tuple[str, tuple[AttributeDefinition, ...]]] = []
    entries += [(spec.id, _vehicle_attributes(spec)) for spec in VEHICLES]
    entries += [(spec.id, _walker_attributes(spec)) for spec in WALKERS]
    entries += [(kind.value, _sensor_attributes(kind)) for kind in SensorKind]
    entries.append((WALKER_CONTROLLER_ID, (_choice("role_name", AttributeType.STRING, "default"),)))
    entries += [(prop, _prop_attributes()) for prop in PROP_SIZES]
    return tuple(
        Blueprint(uid=uid, id=blueprint_id, attributes=attributes)
        for uid, (blueprint_id, attributes) in enumerate(entries, start=1)
    )


def _choice(name: str, kind: AttributeType, *values: str, restricted: bool = False) -> AttributeDefinition:
    """An attribute that a client may change; the first value is the default."""
    return AttributeDefinition(
        id=name, type=kind, value=values[0], recommended=values, restrict_to_recommended=restricted
    )


def _fact(name: str, kind: AttributeType, value: str) -> AttributeDefinition:
    """An attribute that a client can only read."""
    return AttributeDefinition(id=name, type=kind, value=value, is_modifiable=False)


def _vehicle_attributes(spec: VehicleSpec) -> tuple[AttributeDefinition, ...]:
    has_driver = (_choice("driver_id", AttributeType.INT, "0"),) if spec.number_of_wheels == 2 else ()
    return (
        _choice("role_name", AttributeType.STRING, "autopilot", "scenario", "ego_vehicle"),
        _choice("color", AttributeType.RGB_COLOR, *_VEHICLE_COLORS),
        *has_driver,
        _choice("sticky_control", AttributeType.BOOL, "True"),
        _choice("terramechanics", AttributeType.BOOL, "False"),
        _choice("ros_name", AttributeType.STRING, spec.id),
        _fact("number_of_wheels", AttributeType.INT, str(spec.number_of_wheels)),
        _fact("object_type", AttributeType.STRING, ""),
        _fact("base_type", AttributeType.STRING, spec.base_type),
        _fact("special_type", AttributeType.STRING, ""),
        _fact("has_lights", AttributeType.BOOL, "False" if spec.shape == "bicycle" else "True"),
        _fact("has_dynamic_doors", AttributeType.BOOL, "False"),
        _fact("generation", AttributeType.INT, "2"),
    )


def _walker_attributes(spec: WalkerSpec) -> tuple[AttributeDefinition, ...]:
    return (
        _choice("role_name", AttributeType.STRING, "pedestrian"),
        _choice("is_invincible", AttributeType.BOOL, "False"),
        _choice("can_use_wheelchair", AttributeType.BOOL, "False"),
        # Standing, walking, running: what CARLA's scripts read recommended_values[1] and [2] for.
        _choice("speed", AttributeType.FLOAT, "0.0", *(("1.2", "2.0") if spec.age == "child" else ("1.4", "2.8"))),
        _choice("ros_name", AttributeType.STRING, spec.id),
        _fact("gender", AttributeType.STRING, spec.gender),
        _fact("age", AttributeType.STRING, spec.age),
        _fact("generation", AttributeType.INT, "2"),
    )


def _prop_attributes() -> tuple[AttributeDefinition, ...]:
    return (_choice("role_name", AttributeType.STRING, "prop"), _fact("size", AttributeType.STRING, "small"))


def _sensor_attributes(kind: SensorKind) -> tuple[AttributeDefinition, ...]:
    attributes = [
        _choice("role_name", AttributeType.STRING, "front"),
        _choice("ros_name", AttributeType.STRING, kind.value),
    ]
    if kind not in (SensorKind.COLLISION, SensorKind.LANE_INVASION):  # events: they come when something happens
        attributes.append(_choice("sensor_tick", AttributeType.FLOAT, "0.0"))
    if kind in CAMERA_KINDS:
        attributes += _camera_attributes(kind)
    elif kind is SensorKind.GNSS:
        attributes += _noise_attributes(_GNSS_NOISE)
    elif kind is SensorKind.IMU:
        attributes += _noise_attributes(_IMU_NOISE)
    elif kind is SensorKind.OBSTACLE:
        attributes += [
            _choice("distance", AttributeType.FLOAT, "5.0"),
            _choice("hit_radius", AttributeType.FLOAT, "0.5"),
            _choice("only_dynamics", AttributeType.BOOL, "False"),
            _choice("debug_linetrace", AttributeType.BOOL, "False"),
        ]
    return tuple(attributes)


def _noise_attributes(names: tuple[str, ...]) -> list[AttributeDefinition]:
    noise = [_choice(name, AttributeType.FLOAT, "0.0") for name in names]
    return [*noise, _choice("noise_seed", AttributeType.INT, "0")]


def _camera_attributes(kind: SensorKind) -> list[AttributeDefinition]:
    attributes = [
        _choice("image_size_x", AttributeType.INT, "800"),
        _choice("image_size_y", AttributeType.INT, "600"),
        _choice("fov", AttributeType.FLOAT, "90.0"),
        *(_choice(name, AttributeType.FLOAT, default) for name, default in _LENS.items()),
    ]
    if kind is SensorKind.RGB:
        attributes += [
            *(_choice(name, AttributeType.FLOAT, default) for name, default in _POST_PROCESSING.items()),
            _choice("enable_postprocess_effects", AttributeType.BOOL, "True"),
            _choice("exposure_mode", AttributeType.STRING, "histogram", "manual"),
            _choice("blade_count", AttributeType.INT, "5"),
        ]
    return attributes
