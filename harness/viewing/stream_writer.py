"""One stream of a recording as entities of a rerun file: pose, lens, pictures, tags, depth and instance ids."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from datasets.sample import Sample, depth_metres
from harness.streams import Stream
from harness.viewing.poses import intrinsics, right_handed_pose

SECONDS = "simulated_time"
FRAMES = "frame"
"""The two time lines of the file."""

JPEG_QUALITY = 90
FLUSH_EVERY = 32
"""Frames that may wait in memory for the file."""
FAR_M = 100.0
"""Depth is coloured from 0 to here [m]; farther is as the farthest."""


def entity_of(stream: Stream) -> list[str]:
    """Of a camera; pictures from elsewhere may name neither weather nor camera."""
    return [stream.scenario, stream.weather or "weather", stream.camera or "camera"]


def moves(stream: Stream) -> bool:
    """Whether the poses say something: imported pictures have none."""
    return len(stream) > 1 and bool(np.ptp(stream.index["camera_transform"][:, :3], axis=0).any())


class StreamWriter:
    """Writes one stream into an open rerun file."""

    def __init__(self, rerun: Any, file: Any, stream: Stream, *, lossless: bool) -> None:
        self._rerun = rerun
        self._file = file
        self._stream = stream
        self._lossless = lossless
        self._entity = entity_of(stream)

    def write(self, every: int, progress: Callable[[str, int, int], None] | None) -> int:
        """Write what holds for the whole stream, then every n-th frame; returns how many."""
        self._write_standing()
        numbers = range(0, len(self._stream), every)
        name = "/".join(self._entity)
        for done, sample in enumerate(self._stream.read(numbers), start=1):
            self._write_frame(sample)
            if done % FLUSH_EVERY == 0:
                self._file.flush()
            if progress is not None:
                progress(name, done, len(numbers))
        self._file.reset_time()
        return len(numbers)

    def _write_standing(self) -> None:
        rerun, stream, labels = self._rerun, self._stream, self._stream.labels
        self._log([stream.scenario], rerun.ViewCoordinates.RIGHT_HAND_Z_UP, static=True)
        classes = rerun.AnnotationContext(
            [(number, label.name, label.color) for number, label in enumerate(labels.classes)]
        )
        self._log([*self._entity, "tags"], classes, static=True)
        if moves(stream):
            places = stream.index["camera_transform"][:, :3] * (1.0, -1.0, 1.0)
            path = rerun.LineStrips3D([places], radii=rerun.Radius.ui_points(1.5))
            self._log([*self._entity[:2], f"{self._entity[2]}_path"], path, static=True)
        fov = stream.header.camera.get("fov")
        if isinstance(fov, (int, float)):
            shard = stream.shards[0]
            pinhole = rerun.Pinhole(
                image_from_camera=intrinsics(shard.width, shard.height, float(fov)),
                width=shard.width,
                height=shard.height,
                camera_xyz=rerun.ViewCoordinates.FLU,
                image_plane_distance=2.0,
            )
            self._log(self._entity, pinhole, static=True)

    def _write_frame(self, sample: Sample) -> None:
        rerun = self._rerun
        self._file.set_time(SECONDS, duration=sample.timestamp_s)
        self._file.set_time(FRAMES, sequence=sample.frame)
        translation, rotation = right_handed_pose(sample.camera_transform)
        self._log(self._entity, rerun.Transform3D(translation=translation, mat3x3=rotation))
        self._log([*self._entity, "rgb"], self._picture(sample.rgb))
        self._log([*self._entity, "tags"], rerun.SegmentationImage(sample.tags))
        if sample.depth is not None:
            metres = depth_metres(sample.depth)
            self._log([*self._entity, "depth"], rerun.DepthImage(metres, meter=1.0, depth_range=(0.0, FAR_M)))
        if sample.instance is not None:
            self._log([*self._entity, "instance"], rerun.SegmentationImage(sample.instance))

    def _picture(self, rgb: npt.NDArray[np.uint8]) -> Any:
        if self._lossless:
            return self._rerun.Image(rgb)
        encoded, content = cv2.imencode(
            ".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
        )
        assert encoded, "a picture of a shard is always a valid image"
        return self._rerun.EncodedImage(contents=content.tobytes(), media_type="image/jpeg")

    def _log(self, entity: list[str], content: Any, *, static: bool = False) -> None:
        self._file.log(list(entity), content, static=static)
