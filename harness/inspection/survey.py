"""What a recording holds, in figures: from headers, indexes and stored statistics, without looking at a picture."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from datasets.errors import ShardError
from datasets.omissions import GAPS_NAME, QUARANTINE_NAME, load_omissions
from datasets.recording_dir import RecordingDir
from datasets.shard import ShardReader
from datasets.statistics import ShardStatistics, recording_statistics
from harness.errors import DataError
from harness.inspection.class_shares import ClassShares, class_shares
from harness.inspection.duplicates import Duplicates, Pairing, find_duplicates, find_pairings
from harness.inspection.motion import Holes, Motion, holes_in, motion_of
from harness.streams import Stream, read_streams

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class StreamRow:
    """One scenario in one weather through one camera."""

    scenario: str
    split: str
    town: str
    weather: str
    camera: str
    size: str
    """As in 640x480 [px]."""
    planes: tuple[str, ...]
    frames: int
    motion: Motion
    holes: Holes
    left_out: int
    """Frames that were left out on purpose or for a fault, as the recorder wrote down."""
    stored_bytes: int
    ratio: float
    """Bytes of the decoded pixels over bytes of the files."""


@dataclass(frozen=True, kw_only=True)
class StorageRow:
    """What one compression costs in this recording."""

    compression: str
    is_lossless: bool
    shards: int
    frames: int
    bytes_per_frame: float
    decoded_bytes_per_frame: float

    @property
    def ratio(self) -> float:
        """Decoded over stored."""
        return self.decoded_bytes_per_frame / self.bytes_per_frame


@dataclass(frozen=True, kw_only=True)
class OmissionRow:
    """Frames that the recorder left out for one reason."""

    scenario: str
    weather: str
    camera: str
    kind: str
    """Such as black, frozen or gap."""
    frames: int


@dataclass(frozen=True, kw_only=True)
class UnfinishedShard:
    """A shard that its recorder did not close."""

    file: str
    frames: int
    """Acknowledged frames that ``harness recover`` brings back; 0 where it cannot be read."""
    megabytes: float


@dataclass(frozen=True, kw_only=True)
class ColourStatistics:
    """Of all pixels of all pictures, in red, green and blue, on the scale 0..1."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class Survey:
    """What a recording holds."""

    rows: tuple[StreamRow, ...]
    storage: tuple[StorageRow, ...]
    duplicates: Duplicates
    pairings: tuple[Pairing, ...]
    omissions: tuple[OmissionRow, ...]
    unfinished: tuple[UnfinishedShard, ...]
    classes: tuple[ClassShares, ...]
    """One for each tag table."""
    colours: ColourStatistics
    digest: str
    """SHA-256 (hex) over what the shards hold: equal for recordings of equal frames under equal file names."""

    @property
    def frames(self) -> int:
        """In all streams."""
        return sum(row.frames for row in self.rows)

    def frames_by(self, name: str) -> dict[str, int]:
        """Frames for each value of a field of the rows, in the order of recording."""
        counts: Counter[str] = Counter()
        for row in self.rows:
            counts[getattr(row, name)] += row.frames
        return dict(counts)


def open_streams(root: Path, *, progress: Progress | None = None) -> tuple[RecordingDir, tuple[Stream, ...]]:
    """The recording in ``root`` and its streams.

    Raises:
        ShardError: no recording there, or a shard of it is damaged.
        DataError: it holds no finished shard.
    """
    recording = RecordingDir.open(root)
    streams = read_streams(recording, progress=progress)
    if not streams:
        how = "harness recover brings unfinished ones back" if recording.parts() else "record with --resume to fill it"
        raise DataError(f"{root} is a recording without a finished shard: {how}")
    return recording, streams


def survey(recording: RecordingDir, streams: Sequence[Stream], *, progress: Progress | None = None) -> Survey:
    """Count and measure the recording; only statistics that are not stored yet make it read pictures."""
    omissions = _omissions(recording.root)
    counted = recording_statistics(
        recording, progress=None if progress is None else partial(progress, "counting pixels, once")
    )
    return Survey(
        rows=tuple(_row(stream, omissions) for stream in streams),
        storage=_storage(streams),
        duplicates=find_duplicates(streams),
        pairings=find_pairings(streams),
        omissions=omissions,
        unfinished=tuple(_unfinished(path) for path in recording.parts()),
        classes=class_shares(streams, [_histogram(stream, counted.by_shard) for stream in streams]),
        colours=ColourStatistics(mean=tuple(counted.mean.tolist()), std=tuple(counted.std.tolist())),
        digest=_digest(streams),
    )


def _row(stream: Stream, omissions: Sequence[OmissionRow]) -> StreamRow:
    stored = sum(shard.stored_bytes for shard in stream.shards)
    name = (stream.scenario, stream.weather, stream.camera)
    return StreamRow(
        scenario=stream.scenario,
        split=stream.split,
        town=stream.header.town,
        weather=stream.weather,
        camera=stream.camera,
        size=stream.size,
        planes=stream.planes,
        frames=len(stream),
        motion=motion_of(stream.index),
        holes=holes_in(stream.index["frame"]),
        left_out=sum(each.frames for each in omissions if (each.scenario, each.weather, each.camera) == name),
        stored_bytes=stored,
        ratio=sum(shard.decoded_bytes for shard in stream.shards) / stored,
    )


def _histogram(stream: Stream, counted: Mapping[Path, ShardStatistics]) -> npt.NDArray[np.int64]:
    """(K,) pixels of each raw tag."""
    counts = [counted[shard.entry.path].tag_counts for shard in stream.shards]
    return np.asarray(np.sum(counts, axis=0, dtype=np.int64))


def _storage(streams: Sequence[Stream]) -> tuple[StorageRow, ...]:
    shards = [shard for stream in streams for shard in stream.shards]
    rows = []
    for compression in dict.fromkeys(shard.compression for shard in shards):
        own = [shard for shard in shards if shard.compression == compression]
        frames = sum(len(shard.index) for shard in own)
        rows.append(
            StorageRow(
                compression=compression,
                is_lossless=all(shard.is_lossless for shard in own),
                shards=len(own),
                frames=frames,
                bytes_per_frame=sum(shard.stored_bytes for shard in own) / frames,
                decoded_bytes_per_frame=sum(shard.decoded_bytes for shard in own) / frames,
            )
        )
    return tuple(rows)


def _omissions(root: Path) -> tuple[OmissionRow, ...]:
    counts: Counter[tuple[str, str, str, str]] = Counter()
    for name in (QUARANTINE_NAME, GAPS_NAME):
        for each in load_omissions(root / name):
            counts[each.scenario, each.weather, each.camera, each.kind] += 1
    return tuple(
        OmissionRow(scenario=scenario, weather=weather, camera=camera, kind=kind, frames=frames)
        for (scenario, weather, camera, kind), frames in counts.items()
    )


def _unfinished(path: Path) -> UnfinishedShard:
    try:
        with ShardReader(path, allow_part=True) as reader:
            frames = len(reader)
    except ShardError:
        frames = 0
    return UnfinishedShard(file=path.name, frames=frames, megabytes=path.stat().st_size / 1e6)


def _digest(streams: Sequence[Stream]) -> str:
    shards = sorted((shard for stream in streams for shard in stream.shards), key=lambda shard: shard.entry.path.name)
    digest = hashlib.sha256()
    for shard in shards:
        digest.update(f"{shard.entry.path.name} {shard.header_digest} ".encode())
        digest.update(np.ascontiguousarray(shard.index).tobytes())
    return digest.hexdigest()
