"""What is measured by looking at the scene: planned at the end of a tick, performed on the thread that renders."""

from __future__ import annotations

from typing import Protocol, TypeAlias

from sim_scenarios.embedded_simulator.render.ray_caster import RayCaster
from sim_scenarios.embedded_simulator.sensors.camera import CameraJob, RendersViews, expose
from sim_scenarios.embedded_simulator.sensors.lidar import Scan, perform_scan
from sim_scenarios.embedded_simulator.sensors.message import SensorMessage
from sim_scenarios.embedded_simulator.sensors.obstacle import Probe, perform_probe
from sim_scenarios.embedded_simulator.sensors.radar import Sweep, perform_sweep
from sim_scenarios.embedded_simulator.wire.sensor_data import SensorHeader, SensorType, pack_header
from sim_scenarios.embedded_simulator.world.actors import SensorKind
from sim_scenarios.embedded_simulator.world.snapshot import Snapshot

Job: TypeAlias = CameraJob | Scan | Sweep | Probe


class SeesScene(RendersViews, Protocol):
    """A renderer that casts rays, too."""

    @property
    def rays(self) -> RayCaster:
        """Rays through what it draws."""


def perform(renderer: SeesScene, job: Job, snapshot: Snapshot) -> list[SensorMessage]:
    """The messages of a job; an obstacle detector with a free way has none."""
    match job:
        case CameraJob():
            return expose(renderer, job, snapshot)
        case Scan():
            semantic = job.kind is SensorKind.SEMANTIC_LIDAR
            kind = SensorType.SEMANTIC_LIDAR if semantic else SensorType.LIDAR
            parts = perform_scan(renderer.rays, job, snapshot)
        case Sweep():
            kind, parts = SensorType.RADAR, perform_sweep(renderer.rays, job, snapshot)
        case Probe():
            kind, parts = SensorType.OBSTACLE, perform_probe(renderer.rays, job, snapshot)
            if not parts:
                return []
    header = SensorHeader(type_id=kind, frame=snapshot.frame, timestamp_s=snapshot.elapsed_s, pose=job.pose)
    return [SensorMessage(stream_id=job.stream_id, parts=(pack_header(header), *parts))]
