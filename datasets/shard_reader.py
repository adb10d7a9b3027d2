"""Reading a shard: every frame handed out has passed two checksums, and a damaged one is an error, never pixels.

Decisions:

* The file is examined once by `shard_guard`; after that frames are read by position with ``pread``. HDF5 is not
  involved: no lock shared by threads, no filter library, no state that a fork could break.
* A reader holds an open file and cannot be pickled. Open one in each process.
"""

from __future__ import annotations

import operator
import os
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt

from datasets.checksums import xxh64
from datasets.codec import tested_frame, unpacked
from datasets.errors import ShardError
from datasets.part_journal import examined_part
from datasets.sample import Sample
from datasets.shard_guard import examined
from datasets.shard_header import ShardHeader
from datasets.shard_layout import PART_SUFFIX, ShardContents


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
            raise ShardError(f"{path} is an unfinished recording; expected a finished shard. Record it again")
        self._contents = contents or (examined_part(path) if is_part else examined(path))
        self._file = path.open("rb", buffering=0)

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
    def compression(self) -> str:
        """Name of the compression of RGB."""
        return self._contents.compression.name

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
        """(N,) uint64 rising frame numbers of the simulator."""
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
            rgb=self.rgb(number),
            tags=self.tags(number),
            camera_transform=(x, y, z, pitch, yaw, roll),
        )

    def rgb(self, number: int) -> npt.NDArray[np.uint8]:
        """(H, W, 3) uint8, the caller's own; verified."""
        number = self._position(number)
        compression = self._contents.compression
        stored = self._unpacked("rgb", number, compression.item_shape(self.height, self.width))
        pixels = np.empty((self.height, self.width, 3), np.uint8)
        compression.inverse(stored, pixels)
        return self._verified("rgb", number, pixels)

    def tags(self, number: int) -> npt.NDArray[np.uint8]:
        """(H, W) uint8 raw tags of the server, the caller's own; verified."""
        number = self._position(number)
        stored = self._unpacked("tags", number, (self.height, self.width))
        return self._verified("tags", number, stored.copy())

    def check_stored(self, number: int) -> None:
        """ShardError when a chunk of frame `number` is not what was written; nothing is decompressed."""
        number = self._position(number)
        for plane in ("rgb", "tags"):
            try:
                tested_frame(self._chunk(plane, number))
            except ShardError as error:
                raise self._damaged(plane, number, error) from error

    def _position(self, number: int) -> int:
        number = operator.index(number)
        if not -len(self) <= number < len(self):
            raise IndexError(f"frame number {number} of {self.path}, which holds {len(self)}")
        return number % len(self)

    def _chunk(self, plane: str, number: int) -> bytes:
        offset, size = map(int, self._contents.chunks[plane][number])
        chunk = os.pread(self._file.fileno(), size, offset)
        if len(chunk) != size:
            raise ShardError(f"{len(chunk)} bytes at {offset}, expected {size}: the file was cut while it was open")
        return chunk

    def _unpacked(self, plane: str, number: int, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
        try:
            return unpacked(self._chunk(plane, number), shape)
        except ShardError as error:
            raise self._damaged(plane, number, error) from error

    def _verified(self, plane: str, number: int, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        found, expected = xxh64(pixels), int(self.index[f"{plane}_xxh64"][number])
        if found != expected:
            reason = f"pixels have XXH64 {found:#018x}, expected {expected:#018x}: swapped or damaged"
            raise self._damaged(plane, number, ShardError(reason))
        return pixels

    def _damaged(self, plane: str, number: int, error: ShardError) -> ShardError:
        frame = self.index["frame"][number]
        return ShardError(f"{self.path}, {plane} of frame {frame} (number {number} of {len(self)}): {error}")
