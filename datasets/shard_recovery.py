"""From a frame log to a finished shard: the way that every shard takes, whether its recorder lived or died.

Decisions:

* The final name means: complete, read back, on the disk. Until then the copy is ``NAME.h5.closing``, which is worth
  nothing; the log stays as it is until the shard has its name.
* Each chunk is tested while it is copied, and again in the copy. The pixels of the first and the last frame are
  decoded; the others cannot differ without their checksum differing.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import h5py
import hdf5plugin  # noqa: F401  # registers the Zstd filter, without which HDF5 refuses to create the data sets
import numpy as np

from datasets.deferred_error_file import DeferredErrorFile
from datasets.durable_file import fsync_path
from datasets.errors import DiskError, ShardError, storage_error
from datasets.frame_log import LogContents, LogHead, examined_log
from datasets.frame_log_writer import FrameLog
from datasets.shard_layout import (
    CLOSING_SUFFIX,
    COMPRESSION_ATTRIBUTE,
    FORMAT_ATTRIBUTE,
    FORMAT_NAME,
    FORMAT_VERSION,
    HEADER_ATTRIBUTE,
    INDEX_NAME,
    LIBVER,
    PART_SUFFIX,
    VERSION_ATTRIBUTE,
    ShardContents,
    planes,
    write_text,
)
from datasets.shard_reader import ShardReader


@dataclass(frozen=True, kw_only=True)
class Recovered:
    """What became of an unfinished shard."""

    path: Path
    """Of the finished shard."""
    num_frames: int
    dropped_bytes: int
    """Of the log, in no frame that could be kept: the frame that was being written, or damage."""
    damaged_frames: tuple[int, ...]
    """Acknowledged frames that were left out because their images are damaged."""


def recover(part: Path) -> Recovered:
    """Finish the shard whose frame log is `part`, with all frames in it that are whole.

    Raises:
        NoFrameError: no frame was acknowledged: it may be deleted.
        ShardError: it is no frame log, or there is another shard under the final name.
        DiskError: there is no room for the copy, or the disk fails; the log is as it was.
        RecordingInUseError: its writer is still running.
    """
    if part.suffix != PART_SUFFIX:
        raise ShardError(f"{part} does not end in {PART_SUFFIX}, expected an unfinished shard")
    try:
        log = FrameLog.reopen(part)
    except OSError as error:
        raise storage_error(f"{part} cannot be opened for recovery", error) from error
    try:
        contents = examined_log(part)
        damaged = _damaged_frames(part, contents.frames)
        kept = _without(contents.frames, damaged)
        path = _final_path(part)
        if path.exists():
            _check_same(path, part, kept)
            part.unlink()
        else:
            _finish(part, contents.head, kept)
    finally:
        log.close()
    return Recovered(
        path=path,
        num_frames=len(kept.index),
        dropped_bytes=contents.damaged_bytes + contents.torn_bytes + _chunk_bytes(contents.frames) - _chunk_bytes(kept),
        damaged_frames=tuple(int(contents.frames.index["frame"][number]) for number in damaged),
    )


def finish_log(part: Path, *, index_rows: bytes) -> None:
    """Finish the shard whose log is `part` and holds exactly the frames of `index_rows`; for the log's own writer."""
    contents = examined_log(part)
    if contents.frames.index.tobytes() != index_rows:
        raise ShardError(f"{part} does not read back as it was written; the disk or its driver errs")
    _finish(part, contents.head, contents.frames)


def check_undamaged(part: Path, contents: LogContents) -> None:
    """ShardError when a frame of the log `part` before its end is damaged."""
    damaged = _damaged_frames(part, contents.frames)
    if contents.damaged_bytes or damaged:
        raise ShardError(
            f"{part} is damaged ({contents.damaged_bytes} bytes between frames, images of {len(damaged)} frames): "
            "recover what is whole, then record the rest anew"
        )


def _damaged_frames(part: Path, frames: ShardContents) -> list[int]:
    """Numbers of the frames with a chunk that does not fit its checksum."""
    damaged = []
    with ShardReader(part, contents=frames) as reader:
        for number in range(len(reader)):
            try:
                reader.check_stored(number)
            except DiskError:
                raise
            except ShardError:
                damaged.append(number)
    return damaged


def _without(frames: ShardContents, numbers: list[int]) -> ShardContents:
    if len(numbers) == len(frames.index):
        raise ShardError("the images of all frames are damaged: nothing can be recovered")
    index = np.delete(frames.index, numbers)
    index.flags.writeable = False
    chunks = {plane: np.delete(places, numbers, axis=0) for plane, places in frames.chunks.items()}
    return dataclasses.replace(frames, index=index, chunks=chunks)


def _chunk_bytes(frames: ShardContents) -> int:
    return sum(int(places[:, 1].sum()) for places in frames.chunks.values())


def _final_path(part: Path) -> Path:
    return part.with_name(part.name.removesuffix(PART_SUFFIX))


def _check_same(path: Path, part: Path, frames: ShardContents) -> None:
    """ShardError unless `path` is the finished shard of these frames: its writer died before it removed the log."""
    with ShardReader(path) as reader:
        is_same = reader.header == frames.header and reader.index.tobytes() == frames.index.tobytes()
    if not is_same:
        raise ShardError(f"{path} exists and holds other frames than {part}; move one of them away")


def _finish(part: Path, head: LogHead, frames: ShardContents) -> None:
    path = _final_path(part)
    closing = path.with_name(path.name + CLOSING_SUFFIX)
    try:
        try:
            _copy(part, head, frames, closing)
            _check_copy(closing, frames)
            if path.exists():
                raise ShardError(f"{path} appeared while {part} was written; move one of them away")
            closing.rename(path)
        finally:
            closing.unlink(missing_ok=True)
        fsync_path(path.parent)
        part.unlink()
        fsync_path(path.parent)
    except (OSError, RuntimeError, ValueError) as error:  # h5py's, too
        raise storage_error(
            f"{path} could not be finished; its {len(frames.index)} frames are safe in {part}. Free space, then "
            "recover them",
            error,
        ) from error


def _copy(part: Path, head: LogHead, frames: ShardContents, closing: Path) -> None:
    """Write the shard of `frames`, whose chunks lie in `part`, and bring it to the disk."""
    with DeferredErrorFile(closing) as copy:
        with ShardReader(part, contents=frames) as log, h5py.File(copy, "w", libver=LIBVER) as file:
            write_text(file, FORMAT_ATTRIBUTE, FORMAT_NAME)
            file.attrs.create(VERSION_ATTRIBUTE, FORMAT_VERSION, dtype=np.dtype("<i8"))
            write_text(file, COMPRESSION_ATTRIBUTE, head.compression.name)
            write_text(file, HEADER_ATTRIBUTE, head.header.to_json())
            targets = planes(
                head.planes,
                height=head.height,
                width=head.width,
                compression=head.compression,
                tag_table_digest=head.header.tag_table.digest,
            )
            datasets = {name: plane.create(file, len(log)) for name, plane in targets.items()}
            for number in range(len(log)):
                copy.raise_error()
                for name, dataset in datasets.items():
                    dataset.id.write_direct_chunk(targets[name].origin(number), log.stored_chunk(name, number))
            file.create_dataset(INDEX_NAME, data=frames.index)
        copy.sync()


def _check_copy(closing: Path, frames: ShardContents) -> None:
    """Read the closed copy back: index, checksum of every chunk, and the pixels of the first and last frame."""
    with ShardReader(closing) as reader:
        if reader.index.tobytes() != frames.index.tobytes():
            raise ShardError(f"{closing} does not read back as it was written; the disk or its driver errs")
        for number in range(len(reader)):
            reader.check_stored(number)
        for number in {0, len(reader) - 1}:
            reader[number]
