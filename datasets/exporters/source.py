"""What is exported: the verified frames of a recording, one after another, and their labels in the set asked for."""

from __future__ import annotations

import hashlib
import itertools
import os
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from datasets.errors import LabelError, ShardError
from datasets.labels import LabelSet, check_tags, translation
from datasets.recording_dir import RecordingDir, ShardEntry
from datasets.sample import Sample
from datasets.shard_header import SPLITS, ShardHeader
from datasets.shard_reader import ShardReader

Progress = Callable[[str, int, int], None]
"""(what is being done, frames done, frames in all)."""
Made = TypeVar("Made")

NUM_THREADS = min(8, os.cpu_count() or 1)
"""Each has one frame in hand, of which there is one copy as pixels and one as PNGs."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ExportFrame:
    """One frame and where it comes from."""

    key: str
    """``<city>_<shard of its stream, 6 digits>_<tick, 6 digits>``: unique in an export, without a dot."""
    city: str
    """What Cityscapes calls a city: scenario, weather and camera as far as they tell streams apart; no underscore."""
    entry: ShardEntry
    header: ShardHeader
    sample: Sample


class ExportSource:
    """The frames of a recording that are to be exported; each is read, verified and handed out once."""

    def __init__(
        self, recording: Path, *, splits: Sequence[str] = SPLITS, every: int = 1, progress: Progress | None = None
    ) -> None:
        """Open the recording; no frame is read yet.

        Args:
            recording: the folder.
            splits: those to export; one without a shard is left out.
            every: of each stream only frames 0, `every`, 2 `every`, ... in the order of recording.
            progress: called after each frame.

        Raises:
            ShardError: no recording, none of the splits is in it, or a shard is damaged.
        """
        if every < 1:
            raise ShardError(f"every is {every}, expected 1 or more")
        listed = RecordingDir.open(recording).shards()
        entries = [entry for entry in listed if entry.split in splits]
        if not entries:
            present = ", ".join(sorted({entry.split for entry in listed})) or "none"
            raise ShardError(f"{recording} has no shard of split {', '.join(splits)}; it has {present}")
        self.every = every
        self._progress = progress or (lambda what, done, total: None)
        self._done = 0
        self._cities = _cities(entries)
        self._picks = _picks(entries, every)
        self.tag_tables: tuple[LabelSet, ...] = ()
        """What the tags of the shards mean, each table once."""
        planes: set[str] | None = None
        for entry in self._picks:
            with ShardReader(entry.path) as reader:
                planes = set(reader.planes) if planes is None else planes & set(reader.planes)
                if reader.header.tag_table not in self.tag_tables:
                    self.tag_tables = (*self.tag_tables, reader.header.tag_table)
        self.planes = frozenset(planes or ())
        """Names of the planes that every shard has."""

    @property
    def num_frames(self) -> dict[str, int]:
        """Frames to export of each split, in the order train, val, test."""
        counts = {
            split: sum(len(picks) for entry, picks in self._picks.items() if entry.split == split) for split in SPLITS
        }
        return {split: count for split, count in counts.items() if count}

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over the conditions, frames and pixel hashes of the shards, by file name."""
        lines = sorted(f"{entry.path.name} {entry.header_digest} {entry.index_digest}\n" for entry in self._picks)
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def made(self, split: str, make: Callable[[ExportFrame], Made]) -> Iterator[Made]:
        """What `make` makes of each frame of a split, stream after stream; ShardError at the first damaged one.

        Threads make it, a few frames ahead: compressing PNGs takes most of an export, and lets go of the interpreter.
        """
        total = sum(self.num_frames.values())
        ahead: deque[Future[Made]] = deque()
        with ThreadPoolExecutor(NUM_THREADS, thread_name_prefix="export") as pool:
            for frame in itertools.chain(self._frames(split), [None] * NUM_THREADS):
                if frame is not None:
                    ahead.append(pool.submit(make, frame))
                if ahead and (frame is None or len(ahead) > NUM_THREADS):
                    yield ahead.popleft().result()
                    self._done += 1
                    self._progress("exporting", self._done, total)

    def _frames(self, split: str) -> Iterator[ExportFrame]:
        for entry, picks in self._picks.items():
            if entry.split != split:
                continue
            city = self._cities[entry]
            with ShardReader(entry.path) as reader:
                for number in picks:
                    sample = reader[number]
                    key = f"{city}_{entry.sequence:06d}_{sample.frame:06d}"
                    yield ExportFrame(key=key, city=city, entry=entry, header=reader.header, sample=sample)


class Relabelling:
    """Turns raw tags into the ids that are written."""

    def __init__(self, tables: Sequence[LabelSet], target: LabelSet | None) -> None:
        """Prepare for shards with `tables`; without a `target` tags are written as they were recorded.

        LabelError when a table cannot be read as `target`, or there are several tables and no target.
        """
        if target is None and len({table.digest for table in tables}) > 1:
            names = ", ".join(table.name for table in tables)
            raise LabelError(f"the shards hold tags of several sets ({names}); choose a label set for the export")
        found = {table: translation(table, target) for table in tables} if target is not None else {}
        self.labels = target or tables[0]
        """Meaning of the ids."""
        self.warnings = tuple(each.warning for each in found.values() if each.warning is not None)
        """What is lost, one line for each table."""
        as_recorded = np.arange(256, dtype=np.uint8)
        self._lookups = {table: found[table].lookup if table in found else as_recorded for table in tables}

    def ids(self, frame: ExportFrame) -> npt.NDArray[np.uint8]:
        """(H, W) uint8 ids of `labels`, its ignore id where there is none; LabelError for tags unknown to the table."""
        table = frame.header.tag_table
        check_tags(frame.sample.tags, table)
        return self._lookups[table][frame.sample.tags]


def _picks(entries: Sequence[ShardEntry], every: int) -> dict[ShardEntry, range]:
    """Which frames of each shard to export, the shards of a stream in their order."""
    streams: dict[tuple[str, str, str], list[ShardEntry]] = {}
    for entry in entries:
        streams.setdefault((entry.scenario, entry.weather, entry.camera), []).append(entry)
    picks = {}
    for stream in streams.values():
        before = 0
        for entry in sorted(stream, key=lambda entry: entry.sequence):
            picks[entry] = range(-before % every, entry.num_frames, every)
            before += entry.num_frames
    return picks


def _cities(entries: Sequence[ShardEntry]) -> dict[ShardEntry, str]:
    """A name for the stream of each shard out of the shard's file name, unique and of letters, digits and dashes."""
    stream_of: dict[str, tuple[str, str, str]] = {}
    cities = {}
    for entry in entries:
        stem, stream = entry.path.stem, (entry.scenario, entry.weather, entry.camera)
        if stem != entry.scenario:
            stem = stem.removesuffix(f".{entry.sequence:03d}")
        plain = city = re.sub(r"[^A-Za-z0-9]+", "-", stem).strip("-") or "city"
        number = 2
        while stream_of.setdefault(city, stream) != stream:
            city, number = f"{plain}-{number}", number + 1
        cities[entry] = city
    return cities
