"""Which shards a source becomes: decided from file heads, before any pixel is decoded.

Decisions:

* Frames of one split, scenario and size make a stream. Sizes are kept: what a net needs is decided when it is trained.
* A stream is cut into shards of at most `FRAMES_PER_SHARD`, so that an import that was interrupted repeats little.
* The frame number is the position in the scenario, whether or not the frames before it could be read. No time is known:
  a frame counts as one second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from datasets.importers.image_file import image_size
from datasets.importers.source import Found, Problem, ProblemKind, Source, SourceError

FRAMES_PER_SHARD = 1000

Progress = Callable[[str, int, int], None]
"""(what is being done, steps done, steps in all)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedFrame:
    """A pair and its number."""

    frame: int
    pair: Found


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedShard:
    """What one shard will hold."""

    split: str
    scenario: str
    width: int
    """[px]"""
    height: int
    """[px]"""
    camera: str
    """The word "camera", or the size where a scenario has several: they are streams of their own."""
    name: str
    """Of the file, without suffix."""
    sequence: int
    is_last: bool
    frames: tuple[PlannedFrame, ...]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A source, the shards to write, and what does not fit."""

    source: Source
    shards: tuple[PlannedShard, ...]
    problems: tuple[Problem, ...]
    """Those of the source, and those that file heads show."""


def plan_import(source: Source, *, limit: int | None = None, progress: Progress | None = None) -> Plan:
    """Look at the head of every file of `source` and divide the frames into shards.

    Args:
        source: What an importer found.
        limit: At most so many pairs of each split, the first ones.
        progress: Told of each pair.
    """
    problems = list(source.problems)
    streams: dict[tuple[str, str], dict[tuple[int, int], list[PlannedFrame]]] = {}
    pairs = _limited(source.pairs, limit)
    positions: dict[tuple[str, str], int] = {}
    for done, pair in enumerate(pairs, start=1):
        place = pair.split, pair.scenario
        frame = positions.get(place, 0)
        positions[place] = frame + 1
        size = _checked_size(source, pair)
        if isinstance(size, Problem):
            problems.append(size)
        else:
            streams.setdefault(place, {}).setdefault(size, []).append(PlannedFrame(frame=frame, pair=pair))
        if progress is not None:
            progress("looking at files", done, len(pairs))
    shards = [shard for place, sizes in streams.items() for size in sizes for shard in _shards(place, size, sizes)]
    return Plan(source=source, shards=tuple(shards), problems=tuple(problems))


def problem_of(source: Source, pair: Found, file: Path, kind: ProblemKind, error: SourceError) -> Problem:
    """The problem that `file` of `pair` turned out to be."""
    return Problem(
        kind=kind,
        split=pair.split,
        scenario=pair.scenario,
        file=file.relative_to(source.root).as_posix(),
        detail=str(error),
        unknown=getattr(error, "counts", {}),
    )


def _limited(pairs: Sequence[Found], limit: int | None) -> list[Found]:
    taken: dict[str, int] = {}
    chosen = []
    for pair in pairs:
        taken[pair.split] = taken.get(pair.split, 0) + 1
        if limit is None or taken[pair.split] <= limit:
            chosen.append(pair)
    return chosen


def _checked_size(source: Source, pair: Found) -> tuple[int, int] | Problem:
    """(width, height) [px] of both files."""
    sizes = []
    for file in (pair.image, pair.mask):
        try:
            sizes.append(image_size(file))
        except SourceError as error:
            return problem_of(source, pair, file, "unreadable", error)
    if sizes[0] != sizes[1]:
        (width, height), (mask_width, mask_height) = sizes
        differ = SourceError(f"the image is {width}x{height}, its mask {mask_width}x{mask_height}; expected one size")
        return problem_of(source, pair, pair.image, "sizes differ", differ)
    return sizes[0]


def _shards(
    place: tuple[str, str], size: tuple[int, int], sizes: Mapping[tuple[int, int], list[PlannedFrame]]
) -> Iterator[PlannedShard]:
    frames = sizes[size]
    (split, scenario), (width, height) = place, size
    is_only_size = len(sizes) == 1
    base = scenario if is_only_size else f"{scenario}.{width}x{height}"
    starts = range(0, len(frames), FRAMES_PER_SHARD)
    for sequence, start in enumerate(starts):
        yield PlannedShard(
            split=split,
            scenario=scenario,
            width=width,
            height=height,
            camera="camera" if is_only_size else f"{width}x{height}",
            name=base if len(starts) == 1 else f"{base}.{sequence:03d}",
            sequence=sequence,
            is_last=sequence == len(starts) - 1,
            frames=tuple(frames[start : start + FRAMES_PER_SHARD]),
        )
