"""Cameras on the ego: pairs of RGB and semantic images that are proven to belong together.

Decisions:

- Images are matched by the frame number that the server wrote into them, never by their order of arrival, and both must
  state the same camera pose. What does not match is a gap with a reason; nothing is filled in.
- The carla client's callbacks only put the image into a queue. Conversion happens in the thread that asks for the pair,
  so that a slow consumer slows the ticking down instead of growing a pile.
- Waiting is bounded. A sensor is stopped only after its last frame has arrived: stopping one while a message is on its
  way can crash the client.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import carla
import cv2
import numpy as np

from harness.carla_client.actors import ActorScope, pose_of
from harness.carla_client.drive_log import LoggedActor
from harness.carla_client.observation import CameraPair, Gap, Image, Pose
from sim_scenarios.camera import CameraSpec

FRAME_TIMEOUT_S = 30.0
"""For a frame that is due. The first one may have to wait for shaders or kernels to be compiled."""
CLOSING_TIMEOUT_S = 2.0
_LOOK_EVERY_S = 1.0
"""Whether a server that owes an image is still there."""
POSE_TOLERANCE = 1e-4
"""[m] and [deg]: float32 has steps of 3e-5 at the far end of a town."""

_RGB, _TAGS = "sensor.camera.rgb", "sensor.camera.semantic_segmentation"
_RED_OF_BGRA = 2


@dataclass(kw_only=True, slots=True, eq=False)
class _Stream:
    """One sensor and the images of it that were not asked for yet."""

    sensor: carla.Sensor
    arrived: queue.SimpleQueue[carla.Image] = field(default_factory=queue.SimpleQueue)
    held: carla.Image | None = None
    """Taken out of the queue, of a later frame than was asked for."""
    latest_frame: int = -1
    """Of all that were taken out of the queue."""

    def take(self, frame: int, deadline: float, *, is_alive: Callable[[], bool]) -> carla.Image | None:
        """The image of ``frame``; None if a later one came instead, or none until ``deadline``. Drops earlier ones."""
        while True:
            image, self.held = self.held or self._next(deadline, is_alive), None
            if image is None or image.frame == frame:
                return image
            if image.frame > frame:
                self.held = image
                return None

    def _next(self, deadline: float, is_alive: Callable[[], bool]) -> carla.Image | None:
        while True:
            remaining = deadline - time.monotonic()
            try:
                image = self.arrived.get(timeout=max(0.0, min(remaining, _LOOK_EVERY_S)))
            except queue.Empty:
                if remaining <= _LOOK_EVERY_S or not is_alive():
                    return None
                continue
            self.latest_frame = image.frame
            return image


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Camera:
    spec: CameraSpec
    rgb: _Stream
    tags: _Stream


class CameraRig:
    """All cameras of one drive or replay; its sensors belong to ``scope``."""

    def __init__(
        self,
        scope: ActorScope,
        parent: carla.Actor,
        specs: Sequence[CameraSpec],
        *,
        sensor_tick_s: float = 0.0,
        server_is_alive: Callable[[], bool],
    ) -> None:
        """Spawn and start the sensors.

        Args:
            scope: Destroys the sensors.
            parent: The vehicle that they are attached to.
            specs: Cameras, each with a name of its own.
            sensor_tick_s: Simulated time between two images [s]; 0 is every tick. The first image comes with the next
                tick in any case.
            server_is_alive: Asked while images are waited for.
        """
        self._server_is_alive = server_is_alive
        self._due_frame = -1
        kinds = [(kind, spec) for spec in specs for kind in (_RGB, _TAGS)]
        sensors = scope.spawn_all(
            [(_made_as(kind, spec, sensor_tick_s), _mount(spec)) for kind, spec in kinds],
            attach_to=[parent.id] * len(kinds),
        )
        streams = [_Stream(sensor=_spawned(sensor, spec)) for sensor, (_, spec) in zip(sensors, kinds, strict=True)]
        self._cameras = [
            _Camera(spec=spec, rgb=streams[2 * i], tags=streams[2 * i + 1]) for i, spec in enumerate(specs)
        ]
        scope.before_destroying(self._stop)
        for stream in streams:
            stream.sensor.listen(stream.arrived.put)

    def receive(self, frame: int) -> tuple[dict[str, CameraPair], tuple[Gap, ...]]:
        """Wait for the pairs of ``frame``, the frame that was ticked last.

        Returns:
            Pairs by camera name, and a gap for each camera whose pair is missing or not proven.
        """
        self._due_frame = frame
        deadline = time.monotonic() + FRAME_TIMEOUT_S
        pairs: dict[str, CameraPair] = {}
        gaps: list[Gap] = []
        for camera in self._cameras:
            rgb, tags = (
                stream.take(frame, deadline, is_alive=self._server_is_alive) for stream in (camera.rgb, camera.tags)
            )
            reason = why_not_a_pair(rgb, tags, camera.spec)
            if reason is not None or rgb is None or tags is None:
                gaps.append(Gap(frame=frame, camera=camera.spec.name, reason=reason or "missing"))
            else:
                pose = pose_of(rgb.transform)
                pairs[camera.spec.name] = CameraPair(rgb=to_rgb(rgb), tags=to_tags(tags), transform=pose)
        return pairs, tuple(gaps)

    def expect(self, frame: int) -> None:
        """Images of ``frame`` will arrive, but nobody asks for them."""
        self._due_frame = frame

    def _stop(self) -> None:
        streams = [stream for camera in self._cameras for stream in (camera.rgb, camera.tags)]
        pending = [stream for stream in streams if stream.latest_frame < self._due_frame]
        if pending and self._server_is_alive():
            deadline = time.monotonic() + CLOSING_TIMEOUT_S
            for stream in pending:
                stream.take(self._due_frame, deadline, is_alive=self._server_is_alive)
        for stream in streams:
            stream.sensor.stop()


def why_not_a_pair(rgb: carla.Image | None, tags: carla.Image | None, spec: CameraSpec) -> str | None:
    """What keeps two images from being a pair; None if nothing does."""
    if rgb is None or tags is None:
        missing = " and ".join(name for name, image in (("rgb", rgb), ("tags", tags)) if image is None)
        return f"{missing} missing"
    for name, image in (("rgb", rgb), ("tags", tags)):
        if (image.width, image.height) != spec.size or len(image.raw_data) != 4 * spec.width * spec.height:
            return f"{name} is {image.width}x{image.height} in {len(image.raw_data)} bytes"
    if rgb.frame != tags.frame:
        return f"rgb is of frame {rgb.frame}, tags of {tags.frame}"
    if not _same_pose(pose_of(rgb.transform), pose_of(tags.transform)):
        return f"rgb was taken at {pose_of(rgb.transform)}, tags at {pose_of(tags.transform)}"
    return None


def to_rgb(image: carla.Image) -> Image:
    """(H, W, 3) uint8, red first; a copy."""
    rgb: Image = cv2.cvtColor(_bgra(image), cv2.COLOR_BGRA2RGB)
    return rgb


def to_tags(image: carla.Image) -> Image:
    """(H, W) uint8, the red channel of a semantic image; a copy."""
    tags: Image = cv2.extractChannel(_bgra(image), _RED_OF_BGRA)
    return tags


def _bgra(image: carla.Image) -> Image:
    return np.frombuffer(image.raw_data, np.uint8).reshape(image.height, image.width, 4)


def _same_pose(a: Pose, b: Pose) -> bool:
    return all(abs(x - y) <= POSE_TOLERANCE for x, y in zip(a, b, strict=True))


def _made_as(kind: str, spec: CameraSpec, sensor_tick_s: float) -> LoggedActor:
    attributes = {
        "image_size_x": str(spec.width),
        "image_size_y": str(spec.height),
        "fov": str(spec.fov),
        "sensor_tick": str(sensor_tick_s),
        "role_name": spec.name,
    }
    return LoggedActor(blueprint=kind, attributes=attributes)


def _mount(spec: CameraSpec) -> carla.Transform:
    return carla.Transform(carla.Location(spec.x, spec.y, spec.z), carla.Rotation(spec.pitch, spec.yaw, spec.roll))


def _spawned(sensor: carla.Actor | None, spec: CameraSpec) -> carla.Actor:
    if sensor is None:
        raise RuntimeError(f"the server did not spawn camera {spec.name!r}")
    return sensor
