"""The streams of a recording: all frames of one scenario, in one weather, through one camera, over all their shards.

Opening reads headers and indexes and no pixel, so that questions about frames, poses and hashes cost the same however
large the pictures are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from datasets.labels import LabelSet
from datasets.recording_dir import RecordingDir, ShardEntry
from datasets.sample import Sample
from datasets.shard import ShardHeader, ShardReader
from datasets.shard_header import StreamName

BYTES_PER_PIXEL = {"rgb": 3, "tags": 1, "depth": 4, "instance": 2}
"""Of each plane as it is handed out."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ExaminedShard:
    """What a shard says of itself."""

    entry: ShardEntry
    header: ShardHeader
    header_digest: str
    """SHA-256 (hex) of the header as stored."""
    height: int
    """[px]"""
    width: int
    """[px]"""
    planes: tuple[str, ...]
    compression: str
    is_lossless: bool
    """Whether pictures come back as they were; labels always do."""
    index: npt.NDArray[np.void]
    """(N,) of `datasets.frame_index.INDEX_DTYPE`."""
    stored_bytes: int

    @property
    def decoded_bytes(self) -> int:
        """Of all pixels of all planes."""
        return len(self.index) * self.width * self.height * sum(BYTES_PER_PIXEL[plane] for plane in self.planes)


@dataclass(frozen=True, kw_only=True, eq=False)
class Stream:
    """The frames of a scenario in one weather through one camera."""

    scenario: str
    weather: str
    camera: str
    shards: tuple[ExaminedShard, ...]
    """In the order of their frames; at least one."""

    @property
    def split(self) -> str:
        """The split that the scenario belongs to."""
        return self.shards[0].entry.split

    @property
    def header(self) -> ShardHeader:
        """Of the first shard; the others differ in their position only."""
        return self.shards[0].header

    @property
    def labels(self) -> LabelSet:
        """What the tags mean."""
        return self.header.tag_table

    @property
    def size(self) -> str:
        """As in 640x480 [px]."""
        return f"{self.shards[0].width}x{self.shards[0].height}"

    @property
    def planes(self) -> tuple[str, ...]:
        """Those that every frame has."""
        return self.shards[0].planes

    @cached_property
    def index(self) -> npt.NDArray[np.void]:
        """(N,) of `datasets.frame_index.INDEX_DTYPE`: all frames in order."""
        return np.concatenate([shard.index for shard in self.shards])

    def __len__(self) -> int:
        return sum(len(shard.index) for shard in self.shards)

    def read(self, numbers: Sequence[int]) -> Iterator[Sample]:
        """The frames at these rising positions, verified; each shard is opened once. ShardError for a damaged one."""
        starts = np.cumsum([0, *(len(shard.index) for shard in self.shards)])
        owners = np.searchsorted(starts, np.asarray(numbers, np.int64), side="right") - 1
        for owner in np.unique(owners):
            with ShardReader(self.shards[owner].entry.path) as reader:
                for place in np.flatnonzero(owners == owner).tolist():
                    yield reader[numbers[place] - int(starts[owner])]


def read_streams(
    recording: RecordingDir, *, progress: Callable[[str, int, int], None] | None = None
) -> tuple[Stream, ...]:
    """The streams of all finished shards, in the order of recording; ShardError for a shard that cannot be opened."""
    shards: dict[StreamName, list[ExaminedShard]] = {}
    entries = recording.shards()
    for number, entry in enumerate(entries, start=1):
        shard = _examined(entry)
        # Of the header, since a manifest of version 1 names neither weather nor camera.
        shards.setdefault(shard.header.stream_name, []).append(shard)
        if progress is not None:
            progress("reading indexes", number, len(entries))
    return tuple(
        Stream(
            scenario=scenario,
            weather=weather,
            camera=camera,
            shards=tuple(sorted(found, key=lambda shard: shard.header.sequence)),
        )
        for (scenario, weather, camera), found in shards.items()
    )


def _examined(entry: ShardEntry) -> ExaminedShard:
    with ShardReader(entry.path) as reader:
        return ExaminedShard(
            entry=entry,
            header=reader.header,
            header_digest=reader.header_digest,
            height=reader.height,
            width=reader.width,
            planes=reader.planes,
            compression=reader.compression,
            is_lossless=reader.is_lossless,
            index=reader.index,
            stored_bytes=entry.path.stat().st_size,
        )
