"""What the sensors that cast rays are asked for: their attributes, read and checked when they are spawned.

Names, defaults and meanings are CARLA's (Carla/Actor/ActorBlueprintFunctionLibrary.cpp, ``SetLidar``, ``SetRadar``).
"""

from __future__ import annotations

from dataclasses import dataclass

from sim_scenarios.embedded_simulator.world.attribute_values import number_within
from sim_scenarios.embedded_simulator.world.description import ActorDescription

MAX_CHANNELS = 2048
MAX_POINTS_PER_SECOND = 5_000_000
"""As many as the largest lidars have. A step of a second then takes 600 MB while it is cast."""
MAX_RANGE_M = 10_000.0


@dataclass(frozen=True, kw_only=True, slots=True)
class LidarShape:
    """A rotating lidar."""

    channels: int
    range_m: float
    points_per_second: int
    rotation_frequency: float
    """Turns of the horizontal field of view in a second."""
    upper_fov_deg: float
    lower_fov_deg: float
    horizontal_fov_deg: float
    attenuation_per_m: float = 0.0
    """Intensity is ``exp(-attenuation_per_m * distance)``."""
    dropoff_general_rate: float = 0.0
    """Share of rays that are not cast at all."""
    dropoff_intensity_limit: float = 0.0
    """Points brighter than this are all kept."""
    dropoff_zero_intensity: float = 0.0
    """Share that is dropped of points without intensity; between the two it falls in proportion."""
    noise_stddev_m: float = 0.0
    """Of the distance."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RadarShape:
    """A radar, whose rays crowd around its axis."""

    horizontal_fov_deg: float
    vertical_fov_deg: float
    range_m: float
    """Along the axis."""
    points_per_second: int


def lidar_shape(description: ActorDescription) -> LidarShape:
    """The shape of a lidar; the semantic one has no attributes for intensity and noise, and none of either.

    Raises:
        WorldError: A value cannot be meant.
    """
    return LidarShape(
        channels=int(number_within(description, "channels", 32, 1, MAX_CHANNELS)),
        range_m=number_within(description, "range", 10.0, 0.0, MAX_RANGE_M),
        points_per_second=int(number_within(description, "points_per_second", 56000, 0, MAX_POINTS_PER_SECOND)),
        rotation_frequency=number_within(description, "rotation_frequency", 10.0, 0.0, 1e6),
        upper_fov_deg=number_within(description, "upper_fov", 10.0, -90.0, 90.0),
        lower_fov_deg=number_within(description, "lower_fov", -30.0, -90.0, 90.0),
        horizontal_fov_deg=number_within(description, "horizontal_fov", 360.0, 0.0, 360.0),
        attenuation_per_m=number_within(description, "atmosphere_attenuation_rate", 0.0, 0.0, 1e6),
        dropoff_general_rate=number_within(description, "dropoff_general_rate", 0.0, 0.0, 1.0),
        dropoff_intensity_limit=number_within(description, "dropoff_intensity_limit", 0.0, 0.0, 1.0),
        dropoff_zero_intensity=number_within(description, "dropoff_zero_intensity", 0.0, 0.0, 1.0),
        noise_stddev_m=number_within(description, "noise_stddev", 0.0, 0.0, MAX_RANGE_M),
    )


def radar_shape(description: ActorDescription) -> RadarShape:
    """The shape of a radar.

    Raises:
        WorldError: A value cannot be meant.
    """
    return RadarShape(
        horizontal_fov_deg=number_within(description, "horizontal_fov", 30.0, 0.0, 179.0),
        vertical_fov_deg=number_within(description, "vertical_fov", 30.0, 0.0, 179.0),
        range_m=number_within(description, "range", 100.0, 0.0, MAX_RANGE_M),
        points_per_second=int(number_within(description, "points_per_second", 1500, 0, MAX_POINTS_PER_SECOND)),
    )
