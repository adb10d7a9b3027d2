"""What the world looks like after one tick: frozen, complete, and all that sensors and the renderer may know of it.

Frame of reference everywhere: CARLA's left-handed axes, x forward, y right, z up; metres, degrees, seconds.
A rotation is (pitch, yaw, roll) in degrees, in the order and with the signs of ``carla.Rotation``.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Vector(NamedTuple):
    """A point [m], velocity [m/s] or size [m] on CARLA's axes."""

    x: float = 0.0
    y: float = 0.0
    z: float = 0.0


class Rotation(NamedTuple):
    """Degrees, as ``carla.Rotation`` packs them."""

    pitch: float = 0.0
    yaw: float = 0.0
    roll: float = 0.0


class Pose(NamedTuple):
    """Where an actor's origin is and how it is turned, in world coordinates."""

    location: Vector = Vector()
    rotation: Rotation = Rotation()


class TrafficLightState(enum.IntEnum):
    """Values of ``carla.TrafficLightState``."""

    RED = 0
    YELLOW = 1
    GREEN = 2
    OFF = 3
    UNKNOWN = 4


class VehicleLight(enum.IntFlag):
    """Bits of ``carla.VehicleLightState``."""

    NONE = 0
    POSITION = 1
    LOW_BEAM = 2
    HIGH_BEAM = 4
    BRAKE = 8
    RIGHT_BLINKER = 16
    LEFT_BLINKER = 32
    REVERSE = 64
    FOG = 128
    INTERIOR = 256
    SPECIAL1 = 512
    SPECIAL2 = 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Weather:
    """The fourteen fields of ``carla.WeatherParameters`` in wire order; percent unless a unit is given."""

    cloudiness: float = 5.0
    precipitation: float = 0.0
    precipitation_deposits: float = 0.0
    wind_intensity: float = 10.0
    sun_azimuth_angle: float = -1.0  # [deg]
    sun_altitude_angle: float = 45.0  # [deg], -90 midnight .. 90 zenith
    fog_density: float = 2.0
    fog_distance: float = 0.75  # [m] where fog starts
    fog_falloff: float = 0.1
    wetness: float = 0.0
    scattering_intensity: float = 1.0
    mie_scattering_scale: float = 0.03
    rayleigh_scattering_scale: float = 0.0331
    dust_storm: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class VisibleActor:
    """One vehicle, walker or prop as a renderer needs it."""

    id: int
    blueprint_id: str
    pose: Pose
    """Of the actor's origin: a vehicle's is on the ground under its centre, a walker's at half its height."""
    color: tuple[int, int, int]
    """Paint, sRGB 0..255, from the ``color`` attribute (walkers: clothes, from the id when there is no attribute)."""
    lights: VehicleLight
    steer_deg: float
    """Angle of the front wheels, right positive."""
    travelled_m: float
    """Path length since spawning: turns the wheels, so that poses alone decide the picture."""
    speed: float
    """[m/s], along the actor's forward axis for vehicles, along the ground for walkers."""
    age_s: float = 0.0
    """Simulated time since spawning: blinkers follow it, so that a drive that is driven again shows the same."""
    gait_phase: float = 0.0
    """Strides walked since spawning: swings the limbs, like ``travelled_m`` from poses alone."""
    manner: int = 0
    """How a walker stands or sits (``gait.Manner``)."""
    posture: NDArray[np.float64] | None = None
    """(11, 3, 3) rotations of a walker's limbs (``gait.Limb``) where a client has set its bones, else the gait's."""


class LinearColor(NamedTuple):
    """Share of the light that a surface reflects, linear, 0..1."""

    red: float
    green: float
    blue: float


@dataclass(frozen=True, kw_only=True, slots=True)
class SwitchedLight:
    """A street lamp, or the windows of a building, that a client has changed."""

    object_id: int
    """Of the environment object that it is part of."""
    is_on: bool | None
    """None: it follows the sun."""
    color: tuple[int, int, int]
    """sRGB 0..255; windows keep their own."""
    share: float
    """Of the intensity that such a light has by itself; windows keep theirs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """The visible world at one frame."""

    frame: int
    elapsed_s: float
    delta_s: float
    weather: Weather
    actors: tuple[VisibleActor, ...]
    """Vehicles, walkers and props, ordered by id."""
    traffic_lights: dict[str, TrafficLightState]
    """Phase of every light, by OpenDRIVE signal id."""
    traffic_light_ids: Mapping[str, int] = field(default_factory=dict)
    """Actor id of every light, by OpenDRIVE signal id."""
    hidden_objects: frozenset[int] = frozenset()
    """Ids of the environment objects that are switched off (``world/environment.py``)."""
    switched_lights: tuple[SwitchedLight, ...] = ()
    """Lamps and windows that clients have changed, by id."""
    painted_objects: tuple[tuple[int, LinearColor], ...] = ()
    """Ids of environment objects with a texture of a client's, and its mean colour; by id."""
