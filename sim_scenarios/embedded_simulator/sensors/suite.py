"""All sensors of the world after one tick: which are due, and what they measured.

Cheap measurements are ready at once; images come as jobs, for the server to render when and where it likes. A
sensor that nobody listens to measures nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from sim_scenarios.embedded_simulator.sensors.camera import CameraJob, plan_jobs
from sim_scenarios.embedded_simulator.sensors.collision import measure_collisions
from sim_scenarios.embedded_simulator.sensors.inertial import measure_imu
from sim_scenarios.embedded_simulator.sensors.message import SensorMessage
from sim_scenarios.embedded_simulator.sensors.obstacle import measure_obstacle
from sim_scenarios.embedded_simulator.sensors.satellite import measure_gnss
from sim_scenarios.embedded_simulator.wire.sensor_data import SensorHeader, SensorType, pack_header
from sim_scenarios.embedded_simulator.world.actors import CAMERA_KINDS, Sensor, SensorKind
from sim_scenarios.embedded_simulator.world.world import Tick, World

_TICK_TOLERANCE_S = 1e-6
"""Simulated time is a sum of float steps; ten steps of 0.05 s must count as 0.5 s."""

_SENSOR_TYPES = {
    SensorKind.COLLISION: SensorType.COLLISION,
    SensorKind.GNSS: SensorType.GNSS,
    SensorKind.IMU: SensorType.IMU,
    SensorKind.OBSTACLE: SensorType.OBSTACLE,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Measurements:
    """Everything that the listened-to sensors give for one tick."""

    messages: tuple[SensorMessage, ...]
    jobs: tuple[CameraJob, ...]


class SensorSuite:
    """Measures after each tick; remembers when each sensor last did and where its noise is."""

    def __init__(self, *, seed: int) -> None:
        self._seed = seed
        self._last_s: dict[int, float] = {}
        self._noise: dict[int, np.random.Generator] = {}

    def measure(self, world: World, tick: Tick, *, is_listened_to: Callable[[int], bool]) -> Measurements:
        """Returns what the due sensors measured; ``is_listened_to`` takes a stream id."""
        sensors = world.of_kind(Sensor)
        self._forget_all_but(sensors)
        due = [s for s in sensors if s.stream_id and is_listened_to(s.stream_id) and self._is_due(s, world.elapsed_s)]
        for sensor in due:
            self._last_s[sensor.id] = world.elapsed_s
        cameras = [sensor for sensor in due if sensor.kind in CAMERA_KINDS]
        messages = [
            SensorMessage(stream_id=sensor.stream_id, parts=(_header(sensor, tick) + payload,))
            for sensor in due
            if sensor.kind not in CAMERA_KINDS
            for payload in self._payloads(sensor, world, tick)
        ]
        jobs = () if world.settings.no_rendering_mode else tuple(plan_jobs(cameras))
        return Measurements(messages=tuple(messages), jobs=jobs)

    def _is_due(self, sensor: Sensor, elapsed_s: float) -> bool:
        last_s = self._last_s.get(sensor.id)
        return last_s is None or elapsed_s - last_s >= sensor.sensor_tick_s - _TICK_TOLERANCE_S

    def _forget_all_but(self, sensors: Iterable[Sensor]) -> None:
        alive = {sensor.id for sensor in sensors}
        for memory in (self._last_s, self._noise):
            for gone in memory.keys() - alive:
                del memory[gone]

    def _payloads(self, sensor: Sensor, world: World, tick: Tick) -> Iterable[bytes]:
        match sensor.kind:
            case SensorKind.COLLISION:
                return measure_collisions(sensor, world, tick.collisions)
            case SensorKind.GNSS:
                return [measure_gnss(sensor, world.place.roads, noise=self._noise_of(sensor))]
            case SensorKind.IMU:
                return [measure_imu(sensor, gravity=world.gravity, noise=self._noise_of(sensor))]
            case SensorKind.OBSTACLE:
                seen = measure_obstacle(sensor, world)
                return [] if seen is None else [seen]
            case _:
                raise AssertionError(f"{sensor.kind} is no streaming sensor")

    def _noise_of(self, sensor: Sensor) -> np.random.Generator:
        if sensor.id not in self._noise:
            own = abs(int(sensor.number("noise_seed")))
            self._noise[sensor.id] = np.random.default_rng([self._seed, own, sensor.id])
        return self._noise[sensor.id]


def _header(sensor: Sensor, tick: Tick) -> bytes:
    return pack_header(
        SensorHeader(
            type_id=_SENSOR_TYPES[sensor.kind],
            frame=tick.snapshot.frame,
            timestamp_s=tick.snapshot.elapsed_s,
            pose=sensor.pose,
        )
    )
