"""Rotating lidars (Carla/Sensor/RayCastSemanticLidar.cpp, RayCastLidar.cpp).

In each measurement every channel casts ``points_per_second * delta / channels`` rays while the head turns by
``rotation_frequency * horizontal_fov * delta``; the next one goes on from there. Channels come from the top down, and
the points of a channel in the order of their rays. A ray meets what a camera at the same place would draw, its
carrier's body included. As in CARLA, the time that counts is the world's step, also when ``sensor_tick`` is longer.

Scenery has ``object_idx`` 0; vehicles, walkers and traffic lights have their actor's id.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.ray_caster import Hits, RayCaster
from sim_scenarios.embedded_simulator.render.view import rotation_axes
from sim_scenarios.embedded_simulator.wire.sensor_data import LIDAR_POINT, SEMANTIC_LIDAR_POINT, pack_lidar_header
from sim_scenarios.embedded_simulator.wire.streams import Part
from sim_scenarios.embedded_simulator.world.actors import Sensor, SensorKind
from sim_scenarios.embedded_simulator.world.ray_sensors import LidarShape
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Snapshot


@dataclass(frozen=True, kw_only=True, slots=True)
class Scan:
    """What a lidar casts in one measurement."""

    kind: SensorKind
    stream_id: int
    pose: Pose
    shape: LidarShape
    points_per_channel: int
    first_angle_deg: float
    """Of the head, 0 at the start of its field of view."""
    turn_deg: float
    noise: np.random.Generator

    @property
    def last_angle_deg(self) -> float:
        """Of the head at the end; the next scan starts there."""
        fov = self.shape.horizontal_fov_deg
        return float(np.fmod(self.first_angle_deg + self.turn_deg, fov)) if fov > 0.0 else 0.0


def plan_scan(sensor: Sensor, *, first_angle_deg: float, delta_s: float, noise: np.random.Generator) -> Scan:
    """The scan of a step of ``delta_s``; a step too short for one point a channel turns nothing."""
    shape = sensor.lidar
    assert shape is not None  # every sensor of a lidar kind was spawned with one
    count = points_per_channel(shape, delta_s)
    return Scan(
        kind=sensor.kind,
        stream_id=sensor.stream_id,
        pose=sensor.pose,
        shape=shape,
        points_per_channel=count,
        first_angle_deg=first_angle_deg,
        turn_deg=shape.rotation_frequency * shape.horizontal_fov_deg * delta_s if count else 0.0,
        noise=noise,
    )


def points_per_channel(shape: LidarShape, delta_s: float) -> int:
    """Rounded in single precision, halves up, as Unreal does it."""
    share = np.float32(shape.points_per_second) * np.float32(delta_s) / np.float32(shape.channels)
    return int(np.floor(share + np.float32(0.5)))


def ray_directions(scan: Scan) -> NDArray[np.float64]:
    """(channels * points, 3) unit vectors in the sensor's frame, channel by channel from the top."""
    shape = scan.shape
    vertical = np.radians(np.linspace(shape.upper_fov_deg, shape.lower_fov_deg, shape.channels))[:, None]
    fov, count = shape.horizontal_fov_deg, scan.points_per_channel
    turned = scan.first_angle_deg + scan.turn_deg / max(1, count) * np.arange(count)
    horizontal = np.radians((np.fmod(turned, fov) if fov > 0.0 else 0.0 * turned) - 0.5 * fov)
    flat = np.cos(vertical)
    rays = np.empty((shape.channels, count, 3))
    rays[..., 0], rays[..., 1], rays[..., 2] = flat * np.cos(horizontal), flat * np.sin(horizontal), np.sin(vertical)
    return rays.reshape(-1, 3)


def perform_scan(rays: RayCaster, scan: Scan, snapshot: Snapshot) -> list[Part]:
    """Payload of a lidar message."""
    local = ray_directions(scan)
    channels = np.repeat(np.arange(scan.shape.channels), scan.points_per_channel)
    if scan.shape.dropoff_general_rate > 0.0:
        cast = scan.noise.random(len(local)) >= scan.shape.dropoff_general_rate
        local, channels = local[cast], channels[cast]
    reach = np.full(len(local), scan.shape.range_m)
    hits = rays.cast(snapshot, scan.pose.location, local @ rotation_axes(scan.pose.rotation), reach)
    if scan.kind is SensorKind.SEMANTIC_LIDAR:
        points, kept = _labelled(hits, local)
    else:
        points, kept = _measured(hits, local, scan)
    counts = np.bincount(channels[kept], minlength=scan.shape.channels)
    header = pack_lidar_header(horizontal_angle=np.radians(scan.last_angle_deg), point_counts=counts.tolist())
    return [header, points.view(np.uint8).data]


def _labelled(hits: Hits, local: NDArray[np.float64]) -> tuple[NDArray[np.void], NDArray[np.int64]]:
    """The semantic lidar's points, and which rays they belong to."""
    kept = np.flatnonzero(hits.row >= 0)
    points = np.empty(len(kept), SEMANTIC_LIDAR_POINT)
    points["point"] = local[kept] * hits.distance_m[kept, None]
    points["cos_inc_angle"] = hits.cosine[kept]
    points["object_idx"], points["object_tag"] = hits.actor_id[kept], hits.tag[kept]
    return points, kept


def _measured(hits: Hits, local: NDArray[np.float64], scan: Scan) -> tuple[NDArray[np.void], NDArray[np.int64]]:
    """The plain lidar's points with intensity and noise, less those that are too faint, and which rays they are of."""
    shape = scan.shape
    kept = np.flatnonzero(hits.row >= 0)
    distance = hits.distance_m[kept]
    intensity = np.exp(-shape.attenuation_per_m * distance)
    if shape.noise_stddev_m > 0.0:
        distance = distance + scan.noise.normal(0.0, shape.noise_stddev_m, len(kept))
    limit, at_zero = shape.dropoff_intensity_limit, shape.dropoff_zero_intensity
    if limit > 0.0 and at_zero > 0.0:
        chance = at_zero / limit * intensity + (1.0 - at_zero)
        bright = (intensity > limit) | (scan.noise.random(len(kept)) < chance)
        kept, distance, intensity = kept[bright], distance[bright], intensity[bright]
    points = np.empty(len(kept), LIDAR_POINT)
    points["point"] = local[kept] * distance[:, None]
    points["intensity"] = intensity
    return points, kept
