"""Writing a shard: one thread owns the file, each frame is safe when its `append` returns.

Decisions:

* What has been acknowledged is in the kernel's hands: pixels by HDF5's direct chunk write, which is not buffered, then
  a row of the journal (`part_journal`). HDF5's own tables reach the file at the end, and nobody needs them before.
* The final name means: closed, read back, on the disk. Until then it is ``NAME.h5.part``, and it stays that after any
  failure, for the frames in it can be read with ``ShardReader(part, allow_part=True)``.
* A file is never overwritten, neither a finished shard nor what a dead recorder left.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import TracebackType

import h5py
import hdf5plugin  # noqa: F401  # registers the Zstd filter, without which HDF5 refuses to create the data sets
import numpy as np

from datasets.codec import compression_named
from datasets.durable_file import fsync_path
from datasets.encoded_sample import EncodedSample, encode_sample
from datasets.errors import ShardError
from datasets.frame_index import INDEX_DTYPE
from datasets.part_journal import PartJournal, journal_path
from datasets.sample import Sample
from datasets.shard_guard import examined
from datasets.shard_header import ShardHeader
from datasets.shard_layout import (
    COMPRESSION_ATTRIBUTE,
    FORMAT_ATTRIBUTE,
    FORMAT_NAME,
    FORMAT_VERSION,
    HEADER_ATTRIBUTE,
    INDEX_NAME,
    LIBVER,
    MAX_FRAMES,
    PART_SUFFIX,
    SUFFIX,
    VERSION_ATTRIBUTE,
    Plane,
    check_frame_size,
    planes,
    write_text,
)
from datasets.shard_reader import ShardReader


class ShardWriter:
    """A shard being written; a context manager that finishes it, or leaves the ``.part`` when an exception passes.

    Not for several threads. Raises ShardError for a name that is taken, frames that do not fit, and a disk that fails.
    """

    def __init__(self, path: Path, header: ShardHeader, *, compression: str = "residual") -> None:
        if path.suffix != SUFFIX:
            raise ShardError(f"{path} does not end in {SUFFIX}")
        self.path = path
        """Final name."""
        self.part_path = path.with_name(path.name + PART_SUFFIX)
        """Name until `close`."""
        self.header = header
        self._compression = compression_named(compression)
        self._planes: dict[str, Plane] = {}
        self._datasets: dict[str, h5py.Dataset] = {}
        self._journal: PartJournal | None = None
        self._rows: list[bytes] = []
        self._last_frame = -1
        self._failure = ""
        self._file = self._created()

    def __len__(self) -> int:
        """Frames acknowledged so far."""
        return len(self._rows)

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.leave_part()

    def append(self, sample: Sample) -> None:
        """Encode and write `sample`; when it returns, the frame survives the death of this process."""
        self.append_encoded(encode_sample(sample, tag_table=self.header.tag_table, compression=self._compression.name))

    def append_encoded(self, encoded: EncodedSample) -> None:
        """Write what `encode_sample` made; when it returns, the frame survives the death of this process."""
        if self._failure or not self._file:
            raise ShardError(self._failure or f"{self.path} is closed, no frame can be added")
        self._check_fits(encoded)
        try:
            if self._journal is None:
                self._journal = self._begun(encoded.height, encoded.width)
            self._journal.append(
                rgb_place=self._written("rgb", encoded.rgb_chunk),
                tags_place=self._written("tags", encoded.tags_chunk),
                index_row=encoded.index_row,
            )
        except (OSError, RuntimeError) as error:
            raise self._given_up(f"frame {encoded.frame} could not be written", error) from error
        self._rows.append(encoded.index_row)
        self._last_frame = encoded.frame

    def close(self) -> None:
        """Close, read back, bring to disk, and give the final name; a second call does nothing."""
        if self._failure:
            raise ShardError(self._failure)
        if not self._file:
            return
        if not self._rows:
            self.leave_part()
            self.part_path.unlink()
            raise ShardError(f"{self.path} was to be closed without a single frame; nothing was kept")
        try:
            self._file.create_dataset(INDEX_NAME, data=np.frombuffer(b"".join(self._rows), INDEX_DTYPE))
            self.leave_part()
            self._verify()
            fsync_path(self.part_path)
        except (OSError, RuntimeError) as error:
            raise self._given_up("it could not be finished", error) from error
        if self.path.exists():
            raise ShardError(f"{self.path} appeared while {self.part_path} was written; move one of them away")
        self.part_path.rename(self.path)
        journal_path(self.part_path).unlink()
        fsync_path(self.path.parent)

    def leave_part(self) -> None:
        """Close the file but let it keep its ``.part`` name and its journal, unverified."""
        if self._journal is not None:
            self._journal.close()
        if self._file:
            self._file.close()

    def _created(self) -> h5py.File:
        if self.path.exists():
            raise ShardError(f"{self.path} exists; shards are never overwritten. Move it away or choose another name")
        if self.part_path.exists():
            raise ShardError(
                f"{self.part_path} exists: an unfinished recording, or one still running. Keep its frames or delete it"
            )
        try:
            file = h5py.File(self.part_path, "x", libver=LIBVER)  # "x": also when another makes it at this moment
        except OSError as error:
            raise ShardError(f"{self.part_path} cannot be created: {error}") from error
        journal_path(self.part_path).unlink(missing_ok=True)  # of a `.part` that somebody deleted
        write_text(file, FORMAT_ATTRIBUTE, FORMAT_NAME)
        file.attrs.create(VERSION_ATTRIBUTE, FORMAT_VERSION, dtype=np.dtype("<i8"))
        write_text(file, COMPRESSION_ATTRIBUTE, self._compression.name)
        write_text(file, HEADER_ATTRIBUTE, self.header.to_json())
        return file

    def _begun(self, height: int, width: int) -> PartJournal:
        """Create the image data sets and the journal, now that the size is known."""
        self._planes = planes(
            height=height,
            width=width,
            compression=self._compression,
            tag_table_digest=self.header.tag_table.digest,
        )
        self._datasets = {name: plane.create(self._file) for name, plane in self._planes.items()}
        return PartJournal(self.part_path, self.header, compression=self._compression.name, height=height, width=width)

    def _check_fits(self, encoded: EncodedSample) -> None:
        if encoded.compression != self._compression.name or encoded.tag_table_digest != self.header.tag_table.digest:
            raise ShardError(
                f"frame {encoded.frame} was encoded as {encoded.compression!r} or for another tag table, expected "
                f"{self._compression.name!r} and the table {self.header.tag_table.name!r} of {self.path}"
            )
        if encoded.frame <= self._last_frame:
            raise ShardError(f"frame {encoded.frame} comes after frame {self._last_frame}, expected rising numbers")
        if len(self) >= MAX_FRAMES:
            raise ShardError(f"{self.path} holds {len(self)} frames, the most that a shard may have; begin another")
        size = (encoded.height, encoded.width)
        check_frame_size(*size)
        if self._planes and self._planes["tags"].item_shape != size:
            raise ShardError(
                f"frame {encoded.frame} has (height, width) {size}, expected {self._planes['tags'].item_shape} "
                f"like the frames before it in {self.path}"
            )

    def _written(self, name: str, chunk: bytes) -> tuple[int, int]:
        """Byte offset and size of `chunk` in the file, where it now is."""
        plane, dataset = self._planes[name], self._datasets[name]
        origin = plane.origin(len(self))
        dataset.id.set_extent((len(self) + 1, *plane.item_shape))
        dataset.id.write_direct_chunk(origin, chunk)
        stored = dataset.id.get_chunk_info_by_coord(origin)
        return stored.byte_offset, stored.size

    def _verify(self) -> None:
        """Read the closed file back: index, checksum of every chunk, and the pixels of the first and last frame."""
        with ShardReader(self.part_path, contents=examined(self.part_path)) as reader:
            if reader.index.tobytes() != b"".join(self._rows):
                raise ShardError(f"{self.part_path} does not read back as it was written; the disk or its driver errs")
            for number in range(len(reader)):
                reader.check_stored(number)
            for number in {0, len(reader) - 1}:
                reader[number]

    def _given_up(self, what: str, error: Exception) -> ShardError:
        """Leave the ``.part``: its tables and ours may differ now, only the journal is still sure."""
        self._failure = (
            f"{self.path}: {what} ({error}). The {len(self)} frames acknowledged before are safe in {self.part_path}; "
            "free space or choose another disk"
        )
        with contextlib.suppress(OSError, RuntimeError):  # what made writing fail makes closing fail
            self.leave_part()
        return ShardError(self._failure)
