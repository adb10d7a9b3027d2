"""What a recording's pixels are like: mean and deviation of colours, and how often each tag occurs.

Decisions:

* **Exact.** Sums, sums of squares and counts are integers: the same in any order and on any machine, and parts add up.
* **Counted once.** They are kept in the manifest, in the entry of their shard, with the digest of the index of the
  frames that were counted. A shard that was recorded again is counted again.
* **Raw tags are counted,** so that one pass answers for every label set.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from datasets.errors import ShardError
from datasets.frame_index import index_digest
from datasets.labels import LabelSet, check_tags, lookup_table
from datasets.loading_kernels import add_counts, add_moments
from datasets.recording_dir import RecordingDir, ShardEntry
from datasets.shard_reader import ShardReader

Progress = Callable[[int, int], None]
"""(frames counted, frames in all)."""

_BLOCK = 16
"""Frames that a thread counts at a time."""


@dataclass(frozen=True, kw_only=True)
class ShardStatistics:
    """Exact counts over frames of one tag table."""

    tag_table: LabelSet
    """What the tags mean."""
    num_pixels: int
    """Of all frames."""
    rgb_sum: tuple[int, int, int]
    """Of the values 0..255 of red, green and blue."""
    rgb_square_sum: tuple[int, int, int]
    """Of their squares."""
    tag_counts: tuple[int, ...]
    """(K,) pixels of each raw tag of `tag_table`."""

    @property
    def mean(self) -> npt.NDArray[np.float64]:
        """(3,) float64, of red, green and blue as values 0..1."""
        return _mean(self.num_pixels, self.rgb_sum)

    @property
    def std(self) -> npt.NDArray[np.float64]:
        """(3,) float64, standard deviation over all pixels of red, green and blue as values 0..1."""
        return _std(self.num_pixels, self.rgb_sum, self.rgb_square_sum)

    def class_histogram(self, label_set: LabelSet) -> npt.NDArray[np.int64]:
        """(K,) int64 pixels of each class of `label_set`; ignored ones are in none.

        LabelError when no translation of the tags into `label_set` is known.
        """
        lookup = lookup_table(self.tag_table, label_set)[: self.tag_table.num_classes]
        is_class = lookup != label_set.ignore_id
        histogram = np.zeros(label_set.num_classes, np.int64)
        np.add.at(histogram, lookup[is_class], np.array(self.tag_counts, np.int64)[is_class])
        return histogram

    @staticmethod
    def total(parts: Iterable[ShardStatistics]) -> ShardStatistics:
        """The statistics of all frames of `parts`; ShardError when there is none or their tag tables differ."""
        parts = list(parts)
        tables = {part.tag_table.digest: part.tag_table for part in parts}
        if len(tables) != 1:
            names = ", ".join(repr(table.name) for table in tables.values()) or "none"
            raise ShardError(f"the statistics are of the tag tables {names}, expected one")
        return ShardStatistics(
            tag_table=parts[0].tag_table,
            num_pixels=sum(part.num_pixels for part in parts),
            rgb_sum=_column_sums(part.rgb_sum for part in parts),  # type: ignore[arg-type]  # three, like each part
            rgb_square_sum=_column_sums(part.rgb_square_sum for part in parts),  # type: ignore[arg-type]
            tag_counts=_column_sums(part.tag_counts for part in parts),
        )

    def to_json(self) -> dict[str, Any]:
        """As JSON values, without the tag table, which the shard has."""
        return {
            "num_pixels": self.num_pixels,
            "rgb_sum": list(self.rgb_sum),
            "rgb_square_sum": list(self.rgb_square_sum),
            "tag_counts": list(self.tag_counts),
        }


@dataclass(frozen=True, kw_only=True)
class RecordingStatistics:
    """The statistics of some shards of a recording; their tag tables may differ."""

    by_shard: Mapping[Path, ShardStatistics]
    """In the order of the manifest."""

    @property
    def num_pixels(self) -> int:
        """Of all frames."""
        return sum(part.num_pixels for part in self.by_shard.values())

    @property
    def mean(self) -> npt.NDArray[np.float64]:
        """(3,) float64, of red, green and blue as values 0..1."""
        return _mean(self.num_pixels, _column_sums(part.rgb_sum for part in self.by_shard.values()))

    @property
    def std(self) -> npt.NDArray[np.float64]:
        """(3,) float64, standard deviation over all pixels of red, green and blue as values 0..1."""
        parts = self.by_shard.values()
        sums, square_sums = _column_sums(part.rgb_sum for part in parts), _column_sums(p.rgb_square_sum for p in parts)
        return _std(self.num_pixels, sums, square_sums)

    def class_histogram(self, label_set: LabelSet) -> npt.NDArray[np.int64]:
        """(K,) int64 pixels of each class of `label_set` in all shards; ignored ones are in none."""
        histogram = np.zeros(label_set.num_classes, np.int64)
        for statistics in self.by_shard.values():
            histogram += statistics.class_histogram(label_set)
        return histogram


def recording_statistics(
    recording: RecordingDir, split: str | None = None, *, progress: Progress | None = None
) -> RecordingStatistics:
    """The statistics of the shards of one split or of all, counted where the manifest does not have them yet.

    They are put into the manifest, unless that is of version 1, somebody records into the folder, or it cannot be
    written to.

    Args:
        recording: not locked by the caller.
        split: ``train``, ``val`` or ``test``; None for all.
        progress: told of frames that are counted; not called when all are known.

    Raises:
        ShardError: a shard is missing or damaged.
        LabelError: a frame holds tags that its shard's table does not have.
    """
    entries = recording.shards(split)
    known = {entry.path: statistics for entry in entries if (statistics := _stored(entry)) is not None}
    missing = [entry for entry in entries if entry.path not in known]
    num_frames, done = sum(entry.num_frames for entry in missing), 0

    def count(frames: int) -> None:
        nonlocal done
        done += frames
        if progress is not None:
            progress(done, num_frames)

    digests = {}
    for entry in missing:
        with ShardReader(entry.path) as reader:
            digests[entry.path] = index_digest(reader.index)
            known[entry.path] = _counted(reader, count)
    _store(recording, {path: {"index_sha256": digests[path], **known[path].to_json()} for path in digests})
    return RecordingStatistics(by_shard={entry.path: known[entry.path] for entry in entries})


def _counted(reader: ShardReader, progress: Callable[[int], None]) -> ShardStatistics:
    """Decodes every frame once, in as many threads as there are cores: decoding lets go of the interpreter lock.

    `progress` is told how many frames have been counted since it was told last.
    """
    starts = range(0, len(reader), _BLOCK)
    parts = []
    with ThreadPoolExecutor(len(os.sched_getaffinity(0)), thread_name_prefix="statistics") as threads:
        for start, part in zip(starts, threads.map(lambda start: _counted_block(reader, start), starts), strict=True):
            parts.append(part)
            progress(min(_BLOCK, len(reader) - start))
    return ShardStatistics.total(parts)


def _counted_block(reader: ShardReader, start: int) -> ShardStatistics:
    table = reader.header.tag_table
    rgb, tags = np.empty((3, reader.height, reader.width), np.uint8), np.empty((reader.height, reader.width), np.uint8)
    sums, squares = np.zeros(3, np.uint64), np.zeros(3, np.uint64)
    counts = np.zeros(256, np.int64)
    stop = min(start + _BLOCK, len(reader))
    for number in range(start, stop):
        reader.rgb(number, rgb, planar=True)
        check_tags(reader.tags(number, tags), table)
        add_moments(rgb, sums, squares)
        add_counts(tags, counts)
    return ShardStatistics(
        tag_table=table,
        num_pixels=(stop - start) * tags.size,
        rgb_sum=tuple(sums.tolist()),
        rgb_square_sum=tuple(squares.tolist()),
        tag_counts=tuple(counts[: table.num_classes].tolist()),
    )


def _stored(entry: ShardEntry) -> ShardStatistics | None:
    """What the manifest says of a shard; None where it says nothing, or speaks of other frames."""
    content = entry.statistics
    if content is None or not _is_well_formed(content):
        return None
    with ShardReader(entry.path) as reader:
        table, num_pixels = reader.header.tag_table, len(reader) * reader.height * reader.width
        is_of_these_frames = content["index_sha256"] == index_digest(reader.index)
    counts = content["tag_counts"]
    if not is_of_these_frames or content["num_pixels"] != num_pixels or sum(counts) != num_pixels:
        return None
    if len(counts) != table.num_classes:
        return None
    return ShardStatistics(
        tag_table=table,
        num_pixels=num_pixels,
        rgb_sum=tuple(content["rgb_sum"]),
        rgb_square_sum=tuple(content["rgb_square_sum"]),
        tag_counts=tuple(counts),
    )


def _is_well_formed(content: Mapping[str, Any]) -> bool:
    lists = [content.get(name) for name in ("rgb_sum", "rgb_square_sum", "tag_counts")]
    return (
        isinstance(content.get("index_sha256"), str)
        and all(isinstance(numbers, list) and all(type(n) is int and n >= 0 for n in numbers) for numbers in lists)
        and [len(numbers) for numbers in lists[:2] if numbers is not None] == [3, 3]
    )


def _store(recording: RecordingDir, contents: Mapping[Path, Mapping[str, Any]]) -> None:
    # A manifest of version 1 stays one: only who records may bring it to another version.
    paths = [entry.path for entry in recording.shards() if entry.path in contents and entry.index_digest]
    if not paths:
        return
    # Somebody records, the folder is read-only or the disk is full: counting again next time does no harm.
    with suppress(ShardError), recording.lock():
        recording.set_statistics({path: contents[path] for path in paths})


def _mean(num_pixels: int, sums: tuple[int, ...]) -> npt.NDArray[np.float64]:
    return np.array([total / (255 * num_pixels) for total in sums])


def _std(num_pixels: int, sums: tuple[int, ...], square_sums: tuple[int, ...]) -> npt.NDArray[np.float64]:
    # Integers up to the square root: the difference of two large floats would have lost its digits.
    variances = [num_pixels * squares - total**2 for total, squares in zip(sums, square_sums, strict=True)]
    return np.array([math.sqrt(variance) / (255 * num_pixels) for variance in variances])


def _column_sums(rows: Iterable[Iterable[int]]) -> tuple[int, ...]:
    return tuple(map(sum, zip(*rows, strict=True)))
