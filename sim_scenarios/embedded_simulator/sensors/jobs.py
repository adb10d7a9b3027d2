"""What is measured by looking at the scene: planned at the end of a tick, performed on the thread that renders."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol, TypeAlias, TypeVar

from sim_scenarios.embedded_simulator.render.ray_caster import RayCaster
from sim_scenarios.embedded_simulator.sensors.camera import CameraJob, RendersViews, expose
from sim_scenarios.embedded_simulator.sensors.lidar import Scan, perform_scan
from sim_scenarios.embedded_simulator.sensors.message import SensorMessage
from sim_scenarios.embedded_simulator.sensors.obstacle import Probe, perform_probe
from sim_scenarios.embedded_simulator.sensors.radar import Sweep, perform_sweep
from sim_scenarios.embedded_simulator.wire.sensor_data import SensorHeader, SensorType, pack_header
from sim_scenarios.embedded_simulator.world.actors import CameraShape, SensorKind
from sim_scenarios.embedded_simulator.world.snapshot import Snapshot

_T = TypeVar("_T")
_R = TypeVar("_R")
_J = TypeVar("_J")

Job: TypeAlias = CameraJob | Scan | Sweep | Probe


class SeesScene(RendersViews, Protocol):
    """A renderer that casts rays, too."""

    @property
    def rays(self) -> RayCaster:
        """Rays through what it draws."""

    @property
    def threads(self) -> int:
        """How many can draw at the same time."""

    def side_by_side(self, works: Sequence[Callable[[RendersViews], _T]], snapshot: Snapshot) -> list[_T]:
        """The results of at most ``threads`` works, each of which gets a renderer for itself."""


def shifts(jobs: Sequence[Job], threads: int) -> list[tuple[Job, ...]]:
    """What is done one after another: as many like cameras at once as there are threads, all else with all threads.

    Cameras are alike if they take about the same time: of one size, both in colour or neither.
    """
    if threads == 1:
        return [(job,) for job in jobs]
    alone: list[tuple[Job, ...]] = []
    together: list[tuple[Job, ...]] = []
    waiting: dict[tuple[CameraShape, bool], list[CameraJob]] = {}
    for job in jobs:
        if not isinstance(job, CameraJob):
            alone.append((job,))
            continue
        alike = waiting.setdefault((job.shape, job.in_color), [])
        alike.append(job)
        if len(alike) == threads:
            together.append(tuple(alike))
            alike.clear()
    return [*alone, *together, *((job,) for alike in waiting.values() for job in alike)]


def perform_shift(renderer: SeesScene, jobs: Sequence[Job], snapshot: Snapshot) -> list[SensorMessage]:
    """The messages of one shift; a sensor that cannot be served is told of on stderr and does not stop the others."""
    if len(jobs) == 1:
        return _or_tell(perform, renderer, job=jobs[0], snapshot=snapshot)
    works = [partial(_or_tell, expose, job=job, snapshot=snapshot) for job in jobs if isinstance(job, CameraJob)]
    return [message for messages in renderer.side_by_side(works, snapshot) for message in messages]


def _or_tell(
    measure: Callable[[_R, _J, Snapshot], list[SensorMessage]], renderer: _R, *, job: _J, snapshot: Snapshot
) -> list[SensorMessage]:
    try:
        return measure(renderer, job, snapshot)
    except Exception:
        traceback.print_exc()
        return []


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
