"""The pictures of a run, kept on the disk until the next run has been held against them.

A drive of minutes has gigabytes of pictures: they go, compressed without loss, into a temporary file that has no name
and is gone with this process. Memory holds one frame at a time.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.carla_client.observation import CameraPair, Observation
from harness.errors import DataError

PLANES = ("rgb", "tags", "depth", "instance")
_LEVEL = 1
"""Of zlib: the disk is only passed through."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    offset: int
    num_bytes: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


class Spool:
    """Planes by tick, camera and name; write in any order, read in any order."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # closed by __exit__
        self._places: dict[tuple[int, str, str], _Place] = {}

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):  # of a full disk, which put() has told of
            self._file.close()

    def put(self, observation: Observation) -> None:
        """Keep all planes of one tick.

        Raises:
            DataError: the disk is full, or fails.
        """
        for camera, pair in observation.cameras.items():
            for plane, array in planes_of(pair):
                packed = zlib.compress(array.tobytes(), _LEVEL)
                place = _Place(offset=self._append(packed), num_bytes=len(packed), shape=array.shape, dtype=array.dtype)
                self._places[observation.tick, camera, plane] = place

    def _append(self, content: bytes) -> int:
        """Where in the file it begins."""
        try:
            offset = self._file.seek(0, os.SEEK_END)
            self._file.write(content)
            self._file.flush()
        except OSError as error:
            raise DataError(
                f"the pictures of a run do not go into {tempfile.gettempdir()}: {error.strerror}. Make room there, or "
                "let TMPDIR name a folder that has some; cameras that are smaller need less"
            ) from error
        return offset

    def get(self, tick: int, camera: str, plane: str) -> npt.NDArray[Any] | None:
        """What was put in; None if it was not."""
        place = self._places.get((tick, camera, plane))
        if place is None:
            return None
        self._file.seek(place.offset)
        return np.frombuffer(zlib.decompress(self._file.read(place.num_bytes)), place.dtype).reshape(place.shape)


def planes_of(pair: CameraPair) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """The planes that a pair has, by name."""
    for plane in PLANES:
        array = getattr(pair, plane)
        if array is not None:
            yield plane, array
