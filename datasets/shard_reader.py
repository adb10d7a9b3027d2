"""Reading a shard: every frame handed out has passed two checksums, and a damaged one is an error, never pixels.

Decisions:

* The file is examined once by `shard_guard`; after that frames are read by position with ``pread``. HDF5 is not
  involved: no lock shared by threads, no filter library, no state that a fork could break.
* Whoever reads in a loop gives an array to decode into: fresh memory costs a tenth of the time.
* A reader holds an open file and cannot be pickled. Open one in each process.
"""

from __future__ import annotations

import operator
import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from datasets.codec import PLANE_DTYPES, checked_frame, image_shape
from datasets.errors import ShardError, storage_error
from datasets.frame_log import examined_log
from datasets.kernels import split_channels
from datasets.sample import Sample
from datasets.shard_guard import examined
from datasets.shard_header import ShardHeader
from datasets.shard_layout import PART_SUFFIX, ShardContents

_per_thread = threading.local()


class ShardReader:
    """A shard as a sequence of `Sample`; safe for many threads at once."""

    def __init__(self, path: Path, *, allow_part: bool = False, contents: ShardContents | None = None) -> None:
        """Open and examine; ShardError when the file is missing, cut, damaged, hostile or of another version.

        An unfinished ``.part`` is only read with `allow_part`, up to its last acknowledged frame. With `contents` the
        file has been examined already.
        """
        self.path = path
        if not path.is_file():
            raise ShardError(f"{path} is not a file; expected a shard. Record one first, or mend the path")
        is_part = path.suffix == PART_SUFFIX
        if is_part and not allow_part and contents is None:
            raise ShardError(f"{path} is an unfinished recording; expected a finished shard. Recover it first")
        self._contents = contents or (examined_log(path).frames if is_part else examined(path))
        try:
            self._file = path.open("rb", buffering=0)
        except OSError as error:
            raise storage_error(f"{path} cannot be opened", error) from error

    def __enter__(self) -> ShardReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back; nothing can be read afterwards."""
        self._file.close()

    @property
    def header(self) -> ShardHeader:
        """Provenance of all frames."""
        return self._contents.header

    @property
    def header_digest(self) -> str:
        """SHA-256 (hex) of the header's text as it lies in the file; for a file of version 2 that of `header`."""
        return self._contents.header_digest

    @property
    def version(self) -> int:
        """Of the file's format."""
        return self._contents.version

    @property
    def compression(self) -> str:
        """Name of the compression."""
        return self._contents.compression.name

    @property
    def is_lossless(self) -> bool:
        """Whether RGB is as the camera gave it; the other planes always are."""
        return self._contents.compression.is_lossless

    @property
    def planes(self) -> tuple[str, ...]:
        """Names of the images that every frame has: rgb, tags, and perhaps depth and instance."""
        return tuple(self._contents.chunks)

    @property
    def height(self) -> int:
        """Of each frame [px]."""
        return self._contents.height

    @property
    def width(self) -> int:
        """Of each frame [px]."""
        return self._contents.width

    @property
    def index(self) -> npt.NDArray[np.void]:
        """(N,) of `frame_index.INDEX_DTYPE`, read-only: frame, time, camera transform and pixel hashes."""
        return self._contents.index

    @property
    def frames(self) -> npt.NDArray[np.uint64]:
        """(N,) uint64 rising frame numbers: ticks of the drive; in version 1 the server's own count."""
        frames: npt.NDArray[np.uint64] = self.index["frame"]
        return frames

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, number: int) -> Sample:
        """The `number`-th pair of the shard, from the end when negative; IndexError outside it."""
        number = self._position(number)
        row = self.index[number]
        x, y, z, pitch, yaw, roll = map(float, row["camera_transform"])
        return Sample(
            frame=int(row["frame"]),
            timestamp_s=float(row["timestamp_s"]),
            camera_transform=(x, y, z, pitch, yaw, roll),
            **{plane: self._image(plane, number) for plane in self.planes},
        )

    def rgb(
        self, number: int, out: npt.NDArray[np.uint8] | None = None, *, planar: bool = False
    ) -> npt.NDArray[np.uint8]:
        """(H, W, 3) uint8 sRGB, or (3, H, W) when `planar`; the caller's own, in `out` if given; verified.

        `out` must be a C-contiguous array of that shape and type. After a ShardError its content means nothing.
        """
        if not planar:
            return self._image("rgb", number, out)
        shape = (3, self.height, self.width)
        planes = np.empty(shape, np.uint8) if out is None else _checked_out(out, shape, np.dtype("u1"))
        split_channels(self._image("rgb", number, _scratch(image_shape("rgb", self.height, self.width))), planes)
        return planes

    def tags(self, number: int, out: npt.NDArray[np.uint8] | None = None) -> npt.NDArray[np.uint8]:
        """(H, W) uint8 raw tags, the caller's own, in `out` if given (as for `rgb`); verified."""
        return self._image("tags", number, out)

    def depth(self, number: int, out: npt.NDArray[np.uint32] | None = None) -> npt.NDArray[np.uint32]:
        """(H, W) uint32 codes (`sample.depth_metres`), in `out` if given (as for `rgb`); verified.

        ShardError when the shard has no depth: see `planes`.
        """
        return self._image("depth", number, out)

    def instance(self, number: int, out: npt.NDArray[np.uint16] | None = None) -> npt.NDArray[np.uint16]:
        """(H, W) uint16 ids of objects, in `out` if given (as for `rgb`); verified.

        ShardError when the shard has no instance ids: see `planes`.
        """
        return self._image("instance", number, out)

    def check_stored(self, number: int) -> None:
        """ShardError when a chunk of frame `number` is not what was written; nothing is decompressed."""
        for plane in self.planes:
            self.stored_chunk(plane, number)

    def stored_chunk(self, plane: str, number: int) -> bytes:
        """Compressed bytes and Fletcher32 of an image as they lie in the file; ShardError when they do not fit."""
        number = self._position(number)
        try:
            chunk = self._chunk(plane, number)
            checked_frame(chunk)
        except ShardError as error:
            raise self._damaged(plane, number, error) from error
        return chunk

    def _image(self, plane: str, number: int, out: npt.NDArray[Any] | None = None) -> npt.NDArray[Any]:
        number = self._position(number)
        if plane not in self.planes:
            raise ShardError(f"{self.path} has no {plane}, it has {', '.join(self.planes)}; record it with that plane")
        shape, dtype = image_shape(plane, self.height, self.width), PLANE_DTYPES[plane]
        image = np.empty(shape, dtype) if out is None else _checked_out(out, shape, dtype)
        digest = int(self.index[f"{plane}_xxh64"][number])
        try:
            self._contents.compression.planes[plane].decode(self._chunk(plane, number), digest, image)
        except ShardError as error:
            raise self._damaged(plane, number, error) from error
        return image

    def _position(self, number: int) -> int:
        number = operator.index(number)
        if not -len(self) <= number < len(self):
            raise IndexError(f"frame number {number} of {self.path}, which holds {len(self)}")
        return number % len(self)

    def _chunk(self, plane: str, number: int) -> bytes:
        offset, size = map(int, self._contents.chunks[plane][number])
        try:
            chunk = os.pread(self._file.fileno(), size, offset)
        except OSError as error:
            raise storage_error(f"{size} bytes at {offset} cannot be read", error) from error
        if len(chunk) != size:
            raise ShardError(f"{len(chunk)} bytes at {offset}, expected {size}: the file was cut while it was open")
        return chunk

    def _damaged(self, plane: str, number: int, error: ShardError) -> ShardError:
        frame = self.index["frame"][number]
        return type(error)(f"{self.path}, {plane} of frame {frame} (number {number} of {len(self)}): {error}")


def _checked_out(out: npt.NDArray[Any], shape: tuple[int, ...], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    if out.shape != shape or out.dtype != dtype or not out.flags.c_contiguous or not out.flags.writeable:
        raise ShardError(f"out is {out.dtype} {out.shape}, expected a C-contiguous, writable {dtype} {shape}")
    return out


def _scratch(shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """This thread's array of `shape`, to be used before the next call."""
    scratch: npt.NDArray[np.uint8] | None = getattr(_per_thread, "scratch", None)
    if scratch is None or scratch.shape != shape:
        scratch = _per_thread.scratch = np.empty(shape, np.uint8)
    return scratch
