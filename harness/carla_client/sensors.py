"""Cameras on the ego: images of one place and instant that are proven to belong together.

Decisions:

- Images are matched by the frame number that the server wrote into them, never by their order of arrival, and all of a
  camera must state the same time and the same camera pose. What does not match is a gap with a reason; nothing is
  filled in, and a camera without one of its planes has no pair at all.
- The carla client's callbacks only put the image into a queue. Conversion happens in the thread that asks for the pair,
  so that a slow consumer slows the ticking down instead of growing a pile.
- Waiting is bounded. A sensor is stopped only after its last frame has arrived: stopping one while a message is on its
  way can crash the client.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import carla
import cv2
import numpy as np
import numpy.typing as npt

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

_SENSORS = {
    "rgb": "sensor.camera.rgb",
    "tags": "sensor.camera.semantic_segmentation",
    "depth": "sensor.camera.depth",
    "instance": "sensor.camera.instance_segmentation",
}
"""Which sensor takes a plane."""
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
    streams: dict[str, _Stream]
    """By plane."""


class CameraRig:
    """All cameras of one drive or replay; its sensors belong to ``scope``."""

    def __init__(
        self,
        scope: ActorScope,
        parent: carla.Actor,
        specs: Sequence[CameraSpec],
        *,
        cast: Sequence[int],
        sensor_tick_s: float = 0.0,
        server_is_alive: Callable[[], bool],
    ) -> None:
        """Spawn and start the sensors.

        Args:
            scope: Destroys the sensors.
            parent: The vehicle that they are attached to.
            specs: Cameras, each with a name of its own.
            cast: Actor ids in the order of the drive log.
            sensor_tick_s: Simulated time between two images [s]; 0 is every tick. The first image comes with the next
                tick in any case.
            server_is_alive: Asked while images are waited for.
        """
        self._server_is_alive = server_is_alive
        self._cast_numbers = number_cast(cast)
        self._due_frame = -1
        wanted = [(spec, plane) for spec in specs for plane in ("rgb", "tags", *spec.planes)]
        sensors = scope.spawn_all(
            [(_made_as(_SENSORS[plane], spec, sensor_tick_s), _mount(spec)) for spec, plane in wanted],
            attach_to=[parent.id] * len(wanted),
        )
        streams: dict[str, dict[str, _Stream]] = {spec.name: {} for spec in specs}
        for (spec, plane), sensor in zip(wanted, sensors, strict=True):
            streams[spec.name][plane] = _Stream(sensor=_spawned(sensor, spec))
        self._cameras = [_Camera(spec=spec, streams=streams[spec.name]) for spec in specs]
        scope.before_destroying(self._stop)
        for stream in self._streams():
            stream.sensor.listen(stream.arrived.put)

    def receive(self, frame: int, *, tick: int) -> tuple[dict[str, CameraPair], tuple[Gap, ...]]:
        """Wait for the images of ``frame``, the frame that was ticked last.

        Args:
            frame: The server's count.
            tick: Ours, for the gaps.

        Returns:
            Pairs by camera name, and a gap for each camera whose images are missing or not proven.
        """
        self._due_frame = frame
        deadline = time.monotonic() + FRAME_TIMEOUT_S
        pairs: dict[str, CameraPair] = {}
        gaps: list[Gap] = []
        for camera in self._cameras:
            images: dict[str, carla.Image] = {
                plane: stream.take(frame, deadline, is_alive=self._server_is_alive)
                for plane, stream in camera.streams.items()
            }
            reason = why_not_a_pair(images, camera.spec)
            if reason is None:
                pairs[camera.spec.name] = to_pair(images, self._cast_numbers)
            else:
                gaps.append(Gap(frame=tick, camera=camera.spec.name, reason=reason))
        return pairs, tuple(gaps)

    def expect(self, frame: int) -> None:
        """Images of ``frame`` will arrive, but nobody asks for them."""
        self._due_frame = frame

    def _streams(self) -> list[_Stream]:
        return [stream for camera in self._cameras for stream in camera.streams.values()]

    def _stop(self) -> None:
        pending = [stream for stream in self._streams() if stream.latest_frame < self._due_frame]
        if pending and self._server_is_alive():
            deadline = time.monotonic() + CLOSING_TIMEOUT_S
            for stream in pending:
                stream.take(self._due_frame, deadline, is_alive=self._server_is_alive)
        for stream in self._streams():
            stream.sensor.stop()


def why_not_a_pair(images: Mapping[str, carla.Image], spec: CameraSpec) -> str | None:
    """What keeps images, by plane, from being of one instant and place; None if nothing does. See ``Gap.reason``.

    An image that did not arrive is None.
    """
    missing = [plane for plane, image in images.items() if image is None]
    if missing:
        return f"missing: {' and '.join(missing)}"
    for plane, image in images.items():
        if (image.width, image.height) != spec.size or len(image.raw_data) != 4 * spec.width * spec.height:
            return (
                f"wrong size: {plane} is {image.width}x{image.height} in {len(image.raw_data)} bytes, "
                f"expected {spec.width}x{spec.height} in {4 * spec.width * spec.height}"
            )
    rgb = images["rgb"]
    pose = pose_of(rgb.transform)
    for plane, image in images.items():
        if image.frame != rgb.frame:
            return f"unpaired frame: rgb is of frame {rgb.frame}, {plane} of {image.frame}"
        if image.timestamp != rgb.timestamp:
            return f"unpaired time: rgb is of {rgb.timestamp} s, {plane} of {image.timestamp} s"
        if not _same_pose(pose, pose_of(image.transform)):
            return f"unpaired pose: rgb was taken at {pose}, {plane} at {pose_of(image.transform)}"
    return None


def to_pair(images: Mapping[str, carla.Image], cast_numbers: npt.NDArray[np.uint16]) -> CameraPair:
    """The pixels of images, by plane, that are proven to be a pair; ``cast_numbers`` as ``number_cast`` makes it."""
    return CameraPair(
        rgb=to_rgb(images["rgb"]),
        tags=to_tags(images["tags"]),
        transform=pose_of(images["rgb"].transform),
        depth=to_depth(images["depth"]) if "depth" in images else None,
        instance=cast_numbers[to_instance(images["instance"])] if "instance" in images else None,
    )


def number_cast(actor_ids: Sequence[int]) -> npt.NDArray[np.uint16]:
    """A table from a server's ids in an instance image to ours, of which a drive and all of its replays have the same.

    Servers count their actors for as long as they live, so that the same car has another id in each replay. The n-th of
    the cast becomes n, from 1 on. Whatever else has that id takes over one that became free, so that no two objects
    become one.

    Args:
        actor_ids: Of the cast, in the order of the drive log.

    Returns:
        (65536,) uint16, a permutation.
    """
    theirs = np.array(actor_ids, np.int64) & 0xFFFF
    ours = np.arange(1, len(theirs) + 1)
    table = np.arange(2**16, dtype=np.uint16)
    table[np.setdiff1d(ours, theirs)] = np.setdiff1d(theirs, ours)
    table[theirs] = ours
    return table


def to_rgb(image: carla.Image) -> Image:
    """(H, W, 3) uint8, red first; a copy."""
    rgb: Image = cv2.cvtColor(_bgra(image), cv2.COLOR_BGRA2RGB)
    return rgb


def to_tags(image: carla.Image) -> Image:
    """(H, W) uint8, the red channel of a semantic image; a copy."""
    tags: Image = cv2.extractChannel(_bgra(image), _RED_OF_BGRA)
    return tags


def to_depth(image: carla.Image) -> npt.NDArray[np.uint32]:
    """(H, W) uint32, R + 256 G + 65536 B of a depth image; a copy."""
    # Read most significant byte first, the bytes B, G, R, A are the code and one byte too many.
    code: npt.NDArray[np.uint32] = np.frombuffer(image.raw_data, ">u4").astype(np.uint32) >> np.uint32(8)
    return code.reshape(image.height, image.width)


def to_instance(image: carla.Image) -> npt.NDArray[np.uint16]:
    """(H, W) uint16, G + 256 B of an instance image; a copy."""
    halves = np.frombuffer(image.raw_data, ">u2").reshape(image.height, image.width, 2)
    return halves[..., 0].astype(np.uint16)


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
