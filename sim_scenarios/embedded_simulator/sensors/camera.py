"""Cameras: what is to be rendered after a tick, and the messages made from it.

Cameras with the same pose, size, field of view and lens share one render, however many kinds of image they want of it:
an RGB and a semantic camera on one mount cost little more than the RGB camera alone. Cameras for light that are set
differently, or meter for themselves, are rendered apart. A job is plain data of one tick, so that it can be rendered on
another thread while the world goes on; only the pixels of an event camera and the eye of one that meters remember
something from job to job, on that thread alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.camera_stages import PLAIN_SHOT, Shot
from sim_scenarios.embedded_simulator.render.optics import PINHOLE, LensShape
from sim_scenarios.embedded_simulator.render.view import Frame, Sighting, View
from sim_scenarios.embedded_simulator.sensors.event_pixels import EventPixels
from sim_scenarios.embedded_simulator.sensors.message import SensorMessage
from sim_scenarios.embedded_simulator.sensors.pixels import (
    bgra_from_depth,
    bgra_from_instances,
    bgra_from_normals,
    bgra_from_rgb,
    bgra_from_tags,
)
from sim_scenarios.embedded_simulator.wire.sensor_data import (
    SensorHeader,
    SensorType,
    pack_camera_header,
    pack_header,
)
from sim_scenarios.embedded_simulator.world.actors import PICTURE_KINDS, CameraShape, Sensor, SensorKind
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Snapshot

_SENSOR_TYPES = {
    SensorKind.RGB: SensorType.RGB_CAMERA,
    SensorKind.SEMANTIC: SensorType.SEMANTIC_CAMERA,
    SensorKind.DEPTH: SensorType.DEPTH_CAMERA,
    SensorKind.INSTANCE: SensorType.INSTANCE_CAMERA,
    SensorKind.NORMALS: SensorType.NORMALS_CAMERA,
    SensorKind.OPTICAL_FLOW: SensorType.OPTICAL_FLOW_CAMERA,
    SensorKind.DVS: SensorType.DVS_CAMERA,
}


class RendersViews(Protocol):
    """The renderer as the cameras see it; ``render/renderer.py`` is the one, tests bring their own."""

    def render(
        self, view: View, snapshot: Snapshot, *, color: bool, normals: bool = False, earlier: Sequence[Sighting] = (),
        shot: Shot = PLAIN_SHOT,
    ) -> Frame:  # fmt: skip
        """Draws one view; the frame's arrays may be overwritten by the next call, but for its flows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Exposure:
    """One camera's wish of a view."""

    kind: SensorKind
    stream_id: int
    lens: LensShape = PINHOLE
    shot: Shot | None = None
    """Of a camera for light."""
    earlier: Sighting | None = None
    """Of an optical flow camera: since when it wants the flow. None: this is its first image."""
    events: EventPixels | None = None
    """Of an event camera."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CameraJob:
    """One view to render and the cameras that want it."""

    pose: Pose
    shape: CameraShape
    exposures: tuple[Exposure, ...]
    lens: LensShape = PINHOLE
    shot: Shot = PLAIN_SHOT
    """For the cameras for light."""

    @property
    def in_color(self) -> bool:
        """Whether any of its cameras wants more than labels and geometry."""
        return any(exposure.kind in PICTURE_KINDS for exposure in self.exposures)


def view_of(pose: Pose, shape: CameraShape, lens: LensShape = PINHOLE) -> View:
    """What a camera of that shape sees there."""
    return View(pose=pose, width=shape.width, height=shape.height, fov_deg=shape.fov_deg, lens=lens)


def plan_jobs(cameras: Iterable[tuple[Sensor, Exposure]]) -> list[CameraJob]:
    """Groups cameras that see the same; jobs in the order of the first camera at their place."""
    places: dict[tuple[Pose, CameraShape, LensShape], dict[Shot | None, list[Exposure]]] = {}
    for camera, exposure in cameras:
        assert camera.camera is not None  # every sensor of a camera kind was spawned with a shape
        by_shot = places.setdefault((camera.pose, camera.camera, exposure.lens), {})
        by_shot.setdefault(exposure.shot, []).append(exposure)
    jobs = []
    for (pose, shape, lens), by_shot in places.items():
        colorless = by_shot.pop(None, [])  # they go with whichever camera for light there is
        for shot, exposures in by_shot.items() or {PLAIN_SHOT: []}.items():
            everything = (*exposures, *colorless)
            jobs.append(CameraJob(pose=pose, shape=shape, lens=lens, shot=shot or PLAIN_SHOT, exposures=everything))
            colorless = []
    return jobs


def expose(renderer: RendersViews, job: CameraJob, snapshot: Snapshot) -> list[SensorMessage]:
    """Renders a job and packs a message for each of its cameras; an event camera without events has none."""
    shape, exposures = job.shape, job.exposures
    frame = renderer.render(
        view_of(job.pose, shape, job.lens),
        snapshot,
        color=job.in_color,
        normals=any(exposure.kind is SensorKind.NORMALS for exposure in exposures),
        earlier=[exposure.earlier for exposure in exposures if exposure.earlier is not None],
        shot=job.shot,
    )
    flows = iter(frame.flows)
    content: NDArray[Any]
    camera_header = pack_camera_header(width=shape.width, height=shape.height, fov_deg=shape.fov_deg)
    messages = []
    for exposure in exposures:
        if exposure.kind is SensorKind.OPTICAL_FLOW:
            content = next(flows) if exposure.earlier else np.zeros((shape.height, shape.width, 2), np.float32)
        elif exposure.events is not None:
            assert frame.rgb is not None  # asked for with color=True
            content = exposure.events.watch(frame.rgb, snapshot.elapsed_s)
            if not len(content):
                continue
        else:
            content = _pixels(exposure.kind, frame)
        header = SensorHeader(
            type_id=_SENSOR_TYPES[exposure.kind],
            frame=snapshot.frame,
            timestamp_s=snapshot.elapsed_s,
            pose=job.pose,
        )
        parts = (pack_header(header) + camera_header, content.reshape(-1).view(np.uint8).data)
        messages.append(SensorMessage(stream_id=exposure.stream_id, parts=parts))
    return messages


def _pixels(kind: SensorKind, frame: Frame) -> NDArray[np.uint8]:
    """(H, W, 4) BGRA in memory of its own."""
    out = np.empty((*frame.tag.shape, 4), np.uint8)
    if kind is SensorKind.RGB:
        assert frame.rgb is not None  # asked for with color=True
        bgra_from_rgb(frame.rgb, out)
    elif kind is SensorKind.SEMANTIC:
        bgra_from_tags(frame.tag, out)
    elif kind is SensorKind.INSTANCE:
        bgra_from_instances(frame.tag, frame.instance, out)
    elif kind is SensorKind.NORMALS:
        assert frame.normal is not None  # asked for with normals=True
        bgra_from_normals(frame.normal, out)
    else:
        bgra_from_depth(frame.depth_m, out)
    return out
