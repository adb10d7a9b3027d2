"""All sensors of the world after one tick: which are due, and what they measured.

Cheap measurements are ready at once; images and what takes rays come as jobs, for the server to perform when and where
it likes. A sensor that nobody listens to measures nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sim_scenarios.embedded_simulator.render.view import Sighting
from sim_scenarios.embedded_simulator.sensors.camera import Exposure, plan_jobs, view_of
from sim_scenarios.embedded_simulator.sensors.camera_settings import CameraSettings
from sim_scenarios.embedded_simulator.sensors.collision import measure_collisions
from sim_scenarios.embedded_simulator.sensors.event_pixels import EventPixels
from sim_scenarios.embedded_simulator.sensors.inertial import measure_imu
from sim_scenarios.embedded_simulator.sensors.jobs import Job
from sim_scenarios.embedded_simulator.sensors.lidar import plan_scan
from sim_scenarios.embedded_simulator.sensors.message import SensorMessage
from sim_scenarios.embedded_simulator.sensors.mounting import Mount, follow_mount
from sim_scenarios.embedded_simulator.sensors.obstacle import plan_probe
from sim_scenarios.embedded_simulator.sensors.radar import plan_sweep
from sim_scenarios.embedded_simulator.sensors.satellite import measure_gnss
from sim_scenarios.embedded_simulator.wire.sensor_data import SensorHeader, SensorType, pack_header
from sim_scenarios.embedded_simulator.world.actors import (
    CAMERA_KINDS,
    LIDAR_KINDS,
    PICTURE_KINDS,
    Actor,
    MovingActor,
    Sensor,
    SensorKind,
)
from sim_scenarios.embedded_simulator.world.snapshot import Vector
from sim_scenarios.embedded_simulator.world.world import Tick, World

_TICK_TOLERANCE_S = 1e-6
"""Simulated time is a sum of float steps; ten steps of 0.05 s must count as 0.5 s."""

_AT_ONCE = {
    SensorKind.COLLISION: SensorType.COLLISION,
    SensorKind.GNSS: SensorType.GNSS,
    SensorKind.IMU: SensorType.IMU,
}
_BY_RAYS = LIDAR_KINDS | {SensorKind.RADAR, SensorKind.OBSTACLE}
_MOVED = frozenset({SensorKind.IMU, SensorKind.RADAR})
"""Whose own motion is part of what they measure."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measurements:
    """Everything that the listened-to sensors give for one tick."""

    messages: tuple[SensorMessage, ...]
    jobs: tuple[Job, ...]


@dataclass(kw_only=True, slots=True)
class _Memory:
    """What a sensor remembers from tick to tick."""

    noise: np.random.Generator
    last_s: float | None = None
    """When it last measured."""
    angle_deg: float = 0.0
    """Of a lidar's head."""
    mount: Mount | None = None
    followed: int = -1
    """Frame of the mount."""
    sighting: Sighting | None = None
    """An optical flow camera's last."""
    events: EventPixels | None = None
    settings: CameraSettings | None = None
    """Of a camera."""
    before: Sighting | None = None
    """Of a camera that blurs motion: the tick before."""


class SensorSuite:
    """Measures after each tick; remembers when each sensor last did, where its noise is and how it moves."""

    def __init__(self, *, seed: int) -> None:
        self._seed = seed
        self._memories: dict[int, _Memory] = {}

    def measure(self, world: World, tick: Tick, *, is_listened_to: Callable[[int], bool]) -> Measurements:
        """Returns what the due sensors measured; ``is_listened_to`` takes a stream id."""
        sensors = [sensor for sensor in world.of_kind(Sensor) if sensor.stream_id]
        self._remember(sensors)
        heard = [sensor for sensor in sensors if is_listened_to(sensor.stream_id)]
        self._follow_mounts(heard, world, tick)
        due = [sensor for sensor in heard if self._is_due(sensor, world.elapsed_s)]
        for sensor in due:
            self._memories[sensor.id].last_s = world.elapsed_s
        messages = [
            SensorMessage(stream_id=sensor.stream_id, parts=(_header(sensor, tick) + payload,))
            for sensor in due
            if sensor.kind in _AT_ONCE
            for payload in self._payloads(sensor, world, tick)
        ]
        jobs = self._ray_jobs([sensor for sensor in due if sensor.kind in _BY_RAYS], world, tick)
        if world.settings.no_rendering_mode:
            self._close_eyes(except_for=[])
        else:
            self._close_eyes(except_for=heard)
            jobs += plan_jobs((camera, self._exposure(camera, tick)) for camera in due if camera.kind in CAMERA_KINDS)
            self._remember_motion(heard, tick)
        return Measurements(messages=tuple(messages), jobs=tuple(jobs))

    def _is_due(self, sensor: Sensor, elapsed_s: float) -> bool:
        last_s = self._memories[sensor.id].last_s
        return last_s is None or elapsed_s - last_s >= sensor.sensor_tick_s - _TICK_TOLERANCE_S

    def _remember(self, sensors: Iterable[Sensor]) -> None:
        """Forgets sensors that are gone; noise follows from the seeds alone, as in CARLA, not from the sensor's id."""
        known, self._memories = self._memories, {}
        for sensor in sensors:
            memory = known.get(sensor.id)
            if memory is None:
                own = int(sensor.number("noise_seed")) & 0xFFFFFFFF
                memory = _Memory(noise=np.random.default_rng([self._seed, own]))
                memory.settings = CameraSettings(sensor) if sensor.kind in CAMERA_KINDS else None
            self._memories[sensor.id] = memory

    def _follow_mounts(self, heard: Iterable[Sensor], world: World, tick: Tick) -> None:
        """In every tick, due or not; one that was not heard in the tick before starts anew."""
        for sensor in heard:
            if sensor.kind in _MOVED:
                memory = self._memories[sensor.id]
                before = memory.mount if memory.followed == tick.snapshot.frame - 1 else None
                carrier = world.actors.get(sensor.parent_id)
                memory.mount = follow_mount(sensor, carrier, before, tick.snapshot.delta_s)
                memory.followed = tick.snapshot.frame

    def _close_eyes(self, *, except_for: Iterable[Sensor]) -> None:
        """A camera that nobody looked through begins anew: its next image has no flow, no events, no motion blur."""
        open_eyes = {sensor.id for sensor in except_for}
        for sensor_id, memory in self._memories.items():
            if sensor_id not in open_eyes:
                memory.sighting = memory.events = memory.before = None

    def _remember_motion(self, heard: Iterable[Sensor], tick: Tick) -> None:
        """In every tick, due or not."""
        for camera in heard:
            memory = self._memories[camera.id]
            if camera.camera is not None and memory.settings is not None and memory.settings.optics.blurs_motion:
                memory.before = Sighting(view=view_of(camera.pose, camera.camera), snapshot=tick.snapshot)

    def _exposure(self, camera: Sensor, tick: Tick) -> Exposure:
        memory = self._memories[camera.id]
        earlier = memory.sighting
        if camera.kind is SensorKind.OPTICAL_FLOW:
            assert camera.camera is not None  # as every camera has
            memory.sighting = Sighting(view=view_of(camera.pose, camera.camera), snapshot=tick.snapshot)
        elif camera.kind is SensorKind.DVS and memory.events is None:
            assert camera.events is not None  # as every event camera has
            memory.events = EventPixels(camera.events, memory.noise)
        assert memory.settings is not None  # as every camera has
        return Exposure(
            kind=camera.kind,
            stream_id=camera.stream_id,
            lens=memory.settings.lens,
            shot=memory.settings.shot(memory.before) if camera.kind in PICTURE_KINDS else None,
            earlier=earlier,
            events=memory.events,
        )

    def _ray_jobs(self, sensors: Sequence[Sensor], world: World, tick: Tick) -> list[Job]:
        if not sensors:
            return []
        actors = dict(world.actors)  # as they are now: jobs are performed while the world goes on
        targets = {mover.id: mover.velocity for mover in world.of_kind(MovingActor)}
        return [self._ray_job(sensor, actors, targets, tick.snapshot.delta_s) for sensor in sensors]

    def _ray_job(
        self, sensor: Sensor, actors: Mapping[int, Actor], targets: Mapping[int, Vector], delta_s: float
    ) -> Job:
        memory = self._memories[sensor.id]
        if sensor.kind is SensorKind.OBSTACLE:
            return plan_probe(sensor, actors)
        if sensor.kind is SensorKind.RADAR:
            assert memory.mount is not None  # followed in this tick
            velocity = memory.mount.velocity
            return plan_sweep(sensor, velocity=velocity, targets=targets, delta_s=delta_s, noise=memory.noise)
        scan = plan_scan(sensor, first_angle_deg=memory.angle_deg, delta_s=delta_s, noise=memory.noise)
        memory.angle_deg = scan.last_angle_deg
        return scan

    def _payloads(self, sensor: Sensor, world: World, tick: Tick) -> Iterable[bytes]:
        memory = self._memories[sensor.id]
        match sensor.kind:
            case SensorKind.COLLISION:
                return measure_collisions(sensor, world, tick.collisions)
            case SensorKind.GNSS:
                return [measure_gnss(sensor, world.place.roads, noise=memory.noise)]
            case SensorKind.IMU:
                assert memory.mount is not None  # followed in this tick
                return [
                    measure_imu(
                        sensor, acceleration=memory.mount.acceleration, gravity=world.gravity, noise=memory.noise
                    )
                ]
            case _:
                raise AssertionError(f"{sensor.kind} is not measured at once")


def _header(sensor: Sensor, tick: Tick) -> bytes:
    return pack_header(
        SensorHeader(
            type_id=_AT_ONCE[sensor.kind],
            frame=tick.snapshot.frame,
            timestamp_s=tick.snapshot.elapsed_s,
            pose=sensor.pose,
        )
    )
