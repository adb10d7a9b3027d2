"""Videos, read and written with OpenCV's own FFmpeg: MPEG-4, the one codec that its wheels can always write."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from harness.errors import DataError

Image = NDArray[np.uint8]

VIDEO_SUFFIXES = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v")


def video_facts(path: Path) -> tuple[int, float]:
    """Return (number of frames as the file says, frames a second).

    Raises:
        DataError: the file is missing or is not a video that can be read.
    """
    capture = _opened(path)
    try:
        count, rate = capture.get(cv2.CAP_PROP_FRAME_COUNT), capture.get(cv2.CAP_PROP_FPS)
    finally:
        capture.release()
    return max(0, int(count)), rate if 0 < rate < 1000 else 25.0


def read_video(path: Path) -> Iterator[Image]:
    """Give each frame as ``(H, W, 3)`` uint8 sRGB.

    Raises:
        DataError: the file is missing, is not a video that can be read, or holds no frame.
    """
    capture = _opened(path)
    try:
        is_empty = True
        while True:
            is_there, bgr = capture.read()
            if not is_there:
                break
            is_empty = False
            yield np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)
        if is_empty:
            raise DataError(f"{path} holds no frame that can be read: expected a whole video file")
    finally:
        capture.release()


class VideoWriter:
    """Writes frames of one size; the file has its name only when the block ended well."""

    def __init__(self, path: Path, *, fps: float) -> None:
        """Prepare to write ``path``, which ends in ``.mp4``; the first frame decides the size."""
        self.path = path
        self._fps = fps
        # OpenCV chooses the container by the last suffix, so the temporary name keeps it.
        self._temporary = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)
        self._num_frames = 0

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if self._writer is not None:
                self._writer.release()
            if kind is None and self._num_frames:
                self._require_all_frames()
                self._temporary.replace(self.path)
        finally:
            self._temporary.unlink(missing_ok=True)

    def append(self, rgb: Image) -> None:
        """Write ``(H, W, 3)`` uint8 sRGB; one of another size than the first is brought to it.

        The codec wants even numbers of rows and columns: an odd one loses its last.

        Raises:
            DataError: the video cannot be written.
        """
        height, width = (max(2, length - length % 2) for length in rgb.shape[:2])
        bgr = cv2.cvtColor(rgb[:height, :width], cv2.COLOR_RGB2BGR)
        if self._writer is None:
            self._size = (width, height)
            self._writer = cv2.VideoWriter(str(self._temporary), cv2.VideoWriter.fourcc(*"mp4v"), self._fps, self._size)
            if not self._writer.isOpened():
                raise DataError(f"{self.path} cannot be written as a video of {width} x {height} pixels")
        if (bgr.shape[1], bgr.shape[0]) != self._size:
            bgr = cv2.resize(bgr, self._size, interpolation=cv2.INTER_AREA)
        self._writer.write(bgr)
        self._num_frames += 1

    def _require_all_frames(self) -> None:
        """The encoder does not tell when the disk is full: the file itself must."""
        try:
            found, _ = video_facts(self._temporary)
        except DataError:
            found = 0
        if found != self._num_frames:
            raise DataError(
                f"{self.path} cannot be written: {found} of its {self._num_frames} frames read back. Is there room?"
            )


def _opened(path: Path) -> cv2.VideoCapture:
    if not path.is_file():
        raise DataError(f"{path} cannot be read: No such file or directory")
    # FFmpeg alone: the other readers of OpenCV take a name with digits for a series of pictures.
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    if not capture.isOpened():
        capture.release()
        raise DataError(f"{path} is not a video that can be read: expected one of {', '.join(VIDEO_SUFFIXES)}")
    return capture
