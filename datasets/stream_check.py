"""Shards as streams: one drive in one weather through one camera; whether each is whole, and whether weathers agree.

Decisions:

* **Paired weather** is proven from the index alone: equal pixels have equal hashes, and every pixel has been held
  against its hash before. Tags, and depth and instances where each weather has them, must agree frame by frame.
* Ticks that the scenario has and the stream has not are a warning: a foreign server loses images, and the recorder
  writes down why (``gaps.jsonl``, ``quarantine.jsonl``). Where it was told to leave out frames without motion, or all
  but some chosen ones, ticks that are in neither list are as they should be.
"""

from __future__ import annotations

import functools
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from datasets.finding import Finding, error, warning
from datasets.manifest import ShardEntry
from datasets.omissions import GAPS_NAME, QUARANTINE_NAME, load_omissions
from datasets.shard_check import ShardCheck, definition, step_s, tags_digest
from datasets.shard_header import ShardHeader, StreamName

COMPARED_PLANES = ("tags", "depth", "instance")
"""What no weather changes."""
UNEXPLAINED = "unexplained"
_MAX_TICKS = 4_000_000
"""Of a scenario: an hour at a millisecond a tick."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Stream:
    """The shards of one drive in one weather through one camera, in order; those that could be read."""

    scenario: str
    weather: str
    camera: str
    index: npt.NDArray[np.void]
    """(N,) rows of all shards, one after the other."""
    tags_sha256: str
    """`tags_digest` of the index."""

    @property
    def num_frames(self) -> int:
        """Frames in all shards."""
        return len(self.index)


@dataclass(frozen=True, kw_only=True)
class PairedWeather:
    """One camera of one scenario that was recorded under several weathers."""

    scenario: str
    camera: str
    weathers: tuple[str, ...]
    frames_compared: int
    """Frames that any of the weathers has."""
    identical: Mapping[str, int]
    """Plane -> frames that all of them have with equal pixels: "tags", and "depth" and "instance" where all have it."""


def check_streams(
    shards: Iterable[tuple[ShardEntry, ShardCheck]], omissions: Mapping[StreamName, Mapping[int, str]]
) -> tuple[tuple[Stream, ...], tuple[Finding, ...]]:
    """The streams that the listed shards make, and what is wrong with them.

    Args:
        shards: As the manifest has them, and as they were found.
        omissions: What `omission_kinds` found.
    """
    members: dict[StreamName, list[tuple[ShardEntry, ShardCheck]]] = defaultdict(list)
    for entry, check in shards:
        members[_stream_name(entry, check)].append((entry, check))
    streams: list[Stream] = []
    findings: list[Finding] = []
    for name, parts in members.items():
        parts.sort(key=lambda part: part[0].sequence)
        findings += _order_findings([entry for entry, _ in parts], file=parts[-1][1].file)
        readable = [check for _, check in parts if check.index is not None]
        if readable:
            stream = _stream(name, readable)
            streams.append(stream)
            findings += _overlap_findings(readable)
            header, is_ended = readable[-1].header, parts[-1][0].is_last and len(readable) == len(parts)
            if header is not None:
                findings += _tick_findings(stream, readable[-1].file, header, omissions.get(name, {}), is_ended)
    return tuple(streams), tuple(findings)


def _stream_name(entry: ShardEntry, check: ShardCheck) -> StreamName:
    """As the shard says; manifests of version 1 do not."""
    if check.header is None:
        return entry.scenario, entry.weather, entry.camera
    return check.header.stream_name


def compare_weathers(streams: Iterable[Stream]) -> tuple[PairedWeather, ...]:
    """For each camera of a scenario with several weathers: in how many frames all of them show the same."""
    views: dict[tuple[str, str], list[Stream]] = defaultdict(list)
    for stream in streams:
        views[stream.scenario, stream.camera].append(stream)
    return tuple(_compared(view) for view in views.values() if len(view) > 1)


def omission_kinds(root: Path) -> dict[StreamName, dict[int, str]]:
    """Kind of reason of each frame that the recorder left out, by stream; DiskError when a list cannot be read."""
    kinds: dict[StreamName, dict[int, str]] = defaultdict(dict)
    for name in (GAPS_NAME, QUARANTINE_NAME):
        for each in load_omissions(root / name) if (root / name).is_file() else ():
            kinds[each.scenario, each.weather, each.camera][each.frame] = each.kind
    return kinds


def _stream(name: StreamName, readable: Sequence[ShardCheck]) -> Stream:
    index = np.concatenate([check.index for check in readable if check.index is not None])
    return Stream(scenario=name[0], weather=name[1], camera=name[2], index=index, tags_sha256=tags_digest(index))


def _compared(view: Sequence[Stream]) -> PairedWeather:
    frames = [stream.index["frame"] for stream in view]
    shared = functools.reduce(lambda some, more: np.intersect1d(some, more, assume_unique=True), frames)
    identical = {}
    for plane in COMPARED_PLANES:
        hashes = [stream.index[f"{plane}_xxh64"][np.isin(stream.index["frame"], shared)] for stream in view]
        if all(column.all() for column in hashes):  # 0: the frame has no such plane
            identical[plane] = int(np.logical_and.reduce([column == hashes[0] for column in hashes]).sum())
    return PairedWeather(
        scenario=view[0].scenario,
        camera=view[0].camera,
        weathers=tuple(stream.weather for stream in view),
        frames_compared=len(np.unique(np.concatenate(frames))),
        identical=identical,
    )


def _order_findings(entries: Sequence[ShardEntry], *, file: str) -> Iterator[Finding]:
    """Numbers without a hole or a repetition, and an end."""
    numbers = [entry.sequence for entry in entries]
    expected = list(range(len(numbers)))
    if numbers != expected:
        yield error(file, f"the shards of its stream have the numbers {numbers[:20]}, expected {expected[:20]}")
    if any(entry.is_last for entry in entries[:-1]):
        yield error(file, "its stream goes on after a shard that is marked as the last")
    if not entries[-1].is_last:
        yield warning(file, "its stream has no end: unfinished, go on with --resume of what wrote it")


def _overlap_findings(readable: Sequence[ShardCheck]) -> Iterator[Finding]:
    for before, after in itertools.pairwise(readable):
        if before.index is None or after.index is None:
            continue
        last, first = int(before.index["frame"][-1]), int(after.index["frame"][0])
        if first <= last:
            yield error(after.file, f"begins with frame {first}, but {before.file} ends with frame {last}", frame=first)


def _tick_findings(
    stream: Stream, file: str, header: ShardHeader, omissions: Mapping[int, str], is_ended: bool
) -> Iterator[Finding]:
    """Ticks that the scenario would have recorded and the stream lacks."""
    frames = stream.index["frame"]
    expected = _expected_ticks(header, last=None if is_ended else int(frames[-1]))
    missing = np.setdiff1d(np.arange(expected.start, expected.stop, expected.step, dtype=np.uint64), frames).tolist()
    kinds = Counter(omissions.get(tick, UNEXPLAINED) for tick in missing)
    if _is_thinned(header):
        missing = [tick for tick in missing if tick in omissions]
        del kinds[UNEXPLAINED]
    if missing:
        reasons = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
        detail = f"{len(missing)} of the {len(expected)} frames of its stream are missing: {reasons}"
        yield warning(file, detail, frame=missing[0])


def _is_thinned(header: ShardHeader) -> bool:
    """Whether frames without motion, or all but some chosen ones, were left out because the user wanted that."""
    recording = header.extra.get("recording")
    return isinstance(recording, dict) and bool(recording.get("min_motion_m") or recording.get("ticks_sha256"))


def _expected_ticks(header: ShardHeader, *, last: int | None) -> range:
    """Ticks that the scenario records, up to `last` where the stream has not ended; empty for data from elsewhere."""
    scenario, step = definition(header), step_s(header)
    duration, every = scenario.get("duration_s"), scenario.get("record_every_n", 1)
    if step is None or not isinstance(duration, int | float) or not isinstance(every, int) or every < 1:
        return range(0)
    num_ticks = max(1, round(duration / step)) if 0 < duration < step * _MAX_TICKS else 0
    return range(0, num_ticks if last is None else min(num_ticks, last + 1), every)
