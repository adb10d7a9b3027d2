"""The radar (Carla/Sensor/Radar.cpp): rays that crowd around its axis, and how fast what they meet comes or goes.

A detection's velocity is the change of its distance: negative for what approaches, as CARLA's source has it. What a
wheel's rim does counts as the car's own velocity. Depth is the length of the ray. Azimuth is positive to the right,
altitude upwards.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.ray_caster import RayCaster
from sim_scenarios.embedded_simulator.render.view import rotation_axes
from sim_scenarios.embedded_simulator.wire.sensor_data import RADAR_DETECTION
from sim_scenarios.embedded_simulator.wire.streams import Part
from sim_scenarios.embedded_simulator.world.actors import Sensor
from sim_scenarios.embedded_simulator.world.ray_sensors import RadarShape
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Snapshot, Vector


@dataclass(frozen=True, kw_only=True, slots=True)
class Sweep:
    """What a radar casts in one measurement."""

    stream_id: int
    pose: Pose
    shape: RadarShape
    velocity: Vector
    """Of the radar, world [m/s]."""
    targets: Mapping[int, Vector]
    """Velocity of every actor that moves [m/s]."""
    count: int
    noise: np.random.Generator


def plan_sweep(
    sensor: Sensor, *, velocity: Vector, targets: Mapping[int, Vector], delta_s: float, noise: np.random.Generator
) -> Sweep:
    """The rays of a step of ``delta_s``."""
    assert sensor.radar is not None  # every radar was spawned with one
    count = int(np.float32(sensor.radar.points_per_second) * np.float32(delta_s))
    return Sweep(
        stream_id=sensor.stream_id,
        pose=sensor.pose,
        shape=sensor.radar,
        velocity=velocity,
        targets=targets,
        count=count,
        noise=noise,
    )


def ray_ends(shape: RadarShape, chances: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 3) ends of rays in the sensor's frame [m], from (N, 2) numbers in [0, 1): share of the radius, of a turn."""
    radius, angle = chances[:, 0], math.tau * chances[:, 1]
    half_width, half_height = (
        math.tan(math.radians(0.5 * fov)) * shape.range_m for fov in (shape.horizontal_fov_deg, shape.vertical_fov_deg)
    )
    return np.stack(
        [
            np.full(len(chances), shape.range_m),
            half_width * radius * np.cos(angle),
            half_height * radius * np.sin(angle),
        ],
        axis=1,
    )


def perform_sweep(rays: RayCaster, sweep: Sweep, snapshot: Snapshot) -> list[Part]:
    """Payload of a radar message."""
    ends = ray_ends(sweep.shape, sweep.noise.random((sweep.count, 2)))
    reach = np.maximum(np.linalg.norm(ends, axis=1), 1e-9)
    local = ends / reach[:, None]
    directions = local @ rotation_axes(sweep.pose.rotation)
    hits = rays.cast(snapshot, sweep.pose.location, directions, reach)
    met = np.flatnonzero(hits.row >= 0)
    still = Vector()
    ids, index = np.unique(hits.actor_id[met], return_inverse=True)
    velocities = np.array([sweep.targets.get(int(actor), still) for actor in ids], float).reshape(-1, 3)
    detections = np.empty(len(met), RADAR_DETECTION)
    approach = velocities[index.reshape(-1)] - np.array(sweep.velocity)
    detections["velocity"] = np.einsum("ni,ni->n", approach, directions[met])
    detections["azimuth"] = np.arctan2(local[met, 1], local[met, 0])
    detections["altitude"] = np.arcsin(local[met, 2])
    detections["depth"] = hits.distance_m[met]
    return [detections.view(np.uint8).data]
