"""One shard, looked through whole: every checksum, every pixel of every plane, and what the header says of it.

Decisions:

* It reads through the same `ShardReader` as everybody, so that nothing passes here that training would refuse.
* A damaged frame is a finding and the next one is read. After `MAX_FRAME_FINDINGS` only their number is reported.
* Ranges of frames go to a few threads, each with its own buffers: memory does not depend on the number of frames
  (the index excepted: 100 bytes a frame).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from datasets.errors import ShardError
from datasets.finding import Finding, error
from datasets.labels import unknown_tags
from datasets.shard_header import ShardHeader
from datasets.shard_reader import ShardReader

MAX_FRAME_FINDINGS = 100
"""Of one shard, listed one by one."""
FRAMES_AT_ONCE = 32
"""That a thread checks before it reports."""
NUM_THREADS = min(4, os.cpu_count() or 1)

_SHORTEST_STEP_S, _LONGEST_STEP_S = 1e-4, 10.0
"""What a header says beyond these is no step of a simulator."""
_STEP_TOLERANCE = 1e-3
"""Of the simulated step; rounding is a million times smaller, a lost tick a thousand times larger."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ShardCheck:
    """What was found in one shard."""

    file: str
    """Relative to the folder verified."""
    header: ShardHeader | None
    """None, as all that follows is empty, when the shard could not be opened."""
    header_digest: str
    planes: tuple[str, ...]
    index: npt.NDArray[np.void] | None
    findings: tuple[Finding, ...]

    @property
    def num_frames(self) -> int:
        """Frames that the index holds."""
        return 0 if self.index is None else len(self.index)

    @property
    def tags_sha256(self) -> str:
        """`tags_digest` of the index; empty when the shard could not be opened."""
        return "" if self.index is None else tags_digest(self.index)


def tags_digest(index: npt.NDArray[np.void]) -> str:
    """SHA-256 (hex) of the ``tags_xxh64`` column of (N,) index rows: equal for equal tags in the same order."""
    return hashlib.sha256(index["tags_xxh64"].astype("<u8").tobytes()).hexdigest()


def check_shard(path: Path, file: str, *, pool: Executor, on_frames: Callable[[int], None]) -> ShardCheck:
    """Look through the finished shard at `path`, called `file` in the findings; damage never raises.

    Args:
        path: Of the shard.
        file: What to call it.
        pool: Threads that read.
        on_frames: Called with the number of frames looked through since the last call.
    """
    try:
        reader = ShardReader(path)
    except (ShardError, OSError) as problem:
        found = (error(file, str(problem)),)
        return ShardCheck(file=file, header=None, header_digest="", planes=(), index=None, findings=found)
    with reader:
        findings = [*_time_findings(reader, file), *_frame_findings(reader, file, pool, on_frames)]
        return ShardCheck(
            file=file,
            header=reader.header,
            header_digest=reader.header_digest,
            planes=reader.planes,
            index=reader.index,
            findings=tuple(findings),
        )


def step_s(header: ShardHeader) -> float | None:
    """Simulated time of a tick [s] as the scenario has it; None for data that no scenario made."""
    value = definition(header).get("fixed_delta_seconds")
    return float(value) if isinstance(value, int | float) and _SHORTEST_STEP_S <= value <= _LONGEST_STEP_S else None


def definition(header: ShardHeader) -> dict[str, Any]:
    """The scenario that was recorded, as the recorder left it in the header; empty for data from elsewhere."""
    content = header.extra.get("definition")
    return content if isinstance(content, dict) else {}


def _time_findings(reader: ShardReader, file: str) -> Iterator[Finding]:
    """Time rises with the frame numbers, by the scenario's step where there is one."""
    frames, times = reader.index["frame"], reader.index["timestamp_s"]
    elapsed, ticks = np.diff(times), np.diff(frames).astype(np.float64)
    step = step_s(reader.header)
    if step is None:
        wrong, expected = np.flatnonzero(~(elapsed > 0)), "a later time"
    else:
        wrong = np.flatnonzero(~(np.abs(elapsed - ticks * step) <= step * _STEP_TOLERANCE))
        expected = f"{step:g} s a tick"
    if wrong.size:
        at = int(wrong[0])
        detail = (
            f"{wrong.size} frames have a time that does not fit: frame {frames[at + 1]} at {times[at + 1]:.6f} s "
            f"follows frame {frames[at]} at {times[at]:.6f} s, expected {expected}"
        )
        yield error(file, detail, frame=int(frames[at + 1]))


def _frame_findings(
    reader: ShardReader, file: str, pool: Executor, on_frames: Callable[[int], None]
) -> Iterator[Finding]:
    num_damaged = 0
    starts = range(0, len(reader), FRAMES_AT_ONCE)
    ranges = [range(start, min(start + FRAMES_AT_ONCE, len(reader))) for start in starts]
    for numbers, found in zip(ranges, pool.map(lambda numbers: _damage(reader, numbers), ranges), strict=True):
        for frame, detail in found:
            num_damaged += 1
            if num_damaged <= MAX_FRAME_FINDINGS:
                yield error(file, detail, frame=frame)
        on_frames(len(numbers))
    if num_damaged > MAX_FRAME_FINDINGS:
        yield error(file, f"{num_damaged} damaged images in all; the first {MAX_FRAME_FINDINGS} are listed")


def _damage(reader: ShardReader, numbers: range) -> list[tuple[int, str]]:
    """(frame, what is wrong) for each image of `numbers` that is not what was recorded."""
    buffers: dict[str, npt.NDArray[Any]] = {}
    found = []
    for number in numbers:
        for plane in reader.planes:
            frame = int(reader.index["frame"][number])
            try:
                buffers[plane] = getattr(reader, plane)(number, out=buffers.get(plane))
            except (ShardError, OSError) as problem:
                found.append((frame, f"{plane}: {problem}"))
                continue
            unknown = unknown_tags(buffers[plane], reader.header.tag_table) if plane == "tags" else ()
            if unknown:
                found.append(
                    (frame, f"tags: ids {list(unknown)} are not in the table {reader.header.tag_table.name!r}")
                )
    return found
