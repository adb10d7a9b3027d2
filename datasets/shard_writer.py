"""Writing a shard: one thread owns the file, each frame is safe when its `append` returns.

Decisions:

* Frames go into a frame log, ``NAME.h5.part`` (`frame_log`). What has been acknowledged is in the kernel's hands, or on
  the disk where every k-th frame is brought there.
* Closing is recovering: the log is copied into HDF5 and read back (`shard_recovery`). What happens after a crash
  happens after every drive.
* A file is never overwritten, neither a finished shard nor what a dead recorder left.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt

from datasets.codec import compression_named
from datasets.durable_file import fsync_path
from datasets.encoded_sample import EncodedSample, encode_sample
from datasets.errors import NoFrameError, ShardError, storage_error
from datasets.frame_index import INDEX_DTYPE
from datasets.frame_log import LogHead, examined_log
from datasets.frame_log_writer import FrameLog
from datasets.sample import Sample
from datasets.shard_header import ShardHeader
from datasets.shard_layout import MAX_FRAMES, PART_SUFFIX, SUFFIX, check_frame_size
from datasets.shard_recovery import check_undamaged, finish_log


class ShardWriter:
    """A shard being written; a context manager that finishes it, or leaves the ``.part`` when an exception passes.

    Not for several threads. Raises ShardError for a name that is taken and frames that do not fit, DiskError for a disk
    that is full or fails: what was acknowledged before is then intact.
    """

    def __init__(
        self,
        path: Path,
        header: ShardHeader,
        *,
        compression: str = "residual",
        durable_every: int = 0,
        goes_on: bool = False,
    ) -> None:
        """Begin a new shard.

        Args:
            path: Final name, ending in ``.h5``. Until `close` the file is `part_path`.
            header: Provenance of all frames.
            compression: One of `COMPRESSIONS`.
            durable_every: Bring the log to the disk after every so many frames; 0 leaves that to the kernel.
            goes_on: See `resume`.
        """
        if path.suffix != SUFFIX:
            raise ShardError(f"{path} does not end in {SUFFIX}")
        if path.exists():
            raise ShardError(f"{path} exists; shards are never overwritten. Move it away or choose another name")
        if durable_every < 0:
            raise ShardError(f"durable_every is {durable_every}, expected a number of frames, or 0 for never")
        self.path = path
        """Final name."""
        self.part_path = path.with_name(path.name + PART_SUFFIX)
        """Name until `close`."""
        self.header = header
        self._compression = compression_named(compression)
        self._durable_every = durable_every
        self._head: LogHead | None = None
        self._rows: list[bytes] = []
        self._last_frame = -1
        self._failure: ShardError | None = None
        self._log = self._taken_over() if goes_on else self._created()

    @classmethod
    def resume(
        cls, path: Path, header: ShardHeader, *, compression: str = "residual", durable_every: int = 0
    ) -> ShardWriter:
        """Go on in the ``.part`` of `path` behind its last whole frame; begin anew when there is none.

        Raises:
            ShardError: there is no ``.part``, it is damaged, or it was begun with another header or compression.
            RecordingInUseError: its writer is still running.
        """
        return cls(path, header, compression=compression, durable_every=durable_every, goes_on=True)

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

    @property
    def last_frame(self) -> int:
        """The last frame acknowledged; -1 if there is none."""
        return self._last_frame

    @property
    def frames(self) -> npt.NDArray[np.uint64]:
        """(N,) uint64 rising: all frames acknowledged."""
        frames: npt.NDArray[np.uint64] = np.frombuffer(b"".join(self._rows), INDEX_DTYPE)["frame"].copy()
        return frames

    def append(self, sample: Sample) -> None:
        """Encode and write `sample`; when it returns, the frame survives the death of this process."""
        self.append_encoded(encode_sample(sample, tag_table=self.header.tag_table, compression=self._compression.name))

    def append_encoded(self, encoded: EncodedSample) -> None:
        """Write what `encode_sample` made; when it returns, the frame survives the death of this process."""
        if self._failure is not None:
            raise self._failure
        if not self._log.is_open:
            raise ShardError(f"{self.path} is closed, no frame can be added")
        self._check_fits(encoded)
        head = self._head or self._head_of(encoded)
        try:
            self._log.append(head, encoded.index_row, list(encoded.chunks.values()))
            if self._durable_every and (len(self) + 1) % self._durable_every == 0:
                self._log.sync()
        except OSError as error:
            raise self._given_up(f"frame {encoded.frame} could not be written", error) from error
        self._head = head
        self._rows.append(encoded.index_row)
        self._last_frame = encoded.frame

    def close(self) -> None:
        """Copy into HDF5, read back, bring to disk, and give the final name; a second call does nothing."""
        if self._failure is not None:
            raise self._failure
        if not self._log.is_open:
            return
        try:
            if not self._rows:
                self.part_path.unlink()
                raise ShardError(f"{self.path} was to be closed without a single frame; nothing was kept")
            finish_log(self.part_path, index_rows=b"".join(self._rows))
        except ShardError as error:
            self._failure = error
            raise
        finally:
            self._log.close()

    def leave_part(self) -> None:
        """Close the file but let it keep its ``.part`` name, unverified."""
        self._log.close()

    def _created(self) -> FrameLog:
        if self.part_path.exists():
            raise ShardError(
                f"{self.part_path} exists: an unfinished recording, or one still running. Go on with it, recover it, "
                "or delete it"
            )
        try:
            log = FrameLog.create(self.part_path)
            if self._durable_every:
                fsync_path(self.path.parent)
        except OSError as error:
            raise storage_error(f"{self.part_path} cannot be created", error) from error
        return log

    def _taken_over(self) -> FrameLog:
        """The log of an earlier writer, cut behind its last whole frame."""
        try:
            log = FrameLog.reopen(self.part_path)
        except OSError as error:
            raise storage_error(f"{self.part_path} cannot be gone on with", error) from error
        try:
            log.cut(self._end_of_acknowledged())
        except BaseException:
            log.close()
            raise
        return log

    def _end_of_acknowledged(self) -> int:
        """Take up the frames of an earlier writer; the offset behind them [bytes]."""
        try:
            contents = examined_log(self.part_path)
        except NoFrameError:
            return 0
        head, index = contents.head, contents.frames.index
        if head.header.to_json() != self.header.to_json() or head.compression.name != self._compression.name:
            raise ShardError(
                f"{self.part_path} was begun under other conditions (scenario, camera, server, program version or "
                "compression); recover it or delete it, then record anew"
            )
        check_undamaged(self.part_path, contents)
        self._head, self._last_frame = head, int(index["frame"][-1])
        self._rows = [row.tobytes() for row in index]
        return contents.end

    def _head_of(self, encoded: EncodedSample) -> LogHead:
        return LogHead(
            header=self.header,
            compression=self._compression,
            jpeg_quality=encoded.jpeg_quality,
            height=encoded.height,
            width=encoded.width,
            planes=tuple(encoded.chunks),
        )

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
        check_frame_size(encoded.height, encoded.width)
        if self._head is None:
            return
        found, expected = (
            (each.height, each.width, each.planes, each.jpeg_quality) for each in (self._head_of(encoded), self._head)
        )
        if found != expected:
            raise ShardError(
                f"frame {encoded.frame} has (height, width, planes, JPEG quality) {found}, expected {expected} "
                f"like the frames before it in {self.path}"
            )

    def _given_up(self, what: str, error: OSError) -> ShardError:
        """Leave the ``.part`` as it was before what failed."""
        self._failure = storage_error(
            f"{self.path}: {what}. The {len(self)} frames acknowledged before are safe in {self.part_path}; free space "
            "or choose another disk, then go on or recover them",
            error,
        )
        with contextlib.suppress(OSError):  # what made writing fail makes closing fail
            self._log.close()
        return self._failure
