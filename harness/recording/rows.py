"""What a recording tells at its end: one row for each scenario, or for each weather of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from datasets.errors import DiskError
from harness.errors import ServerLostError

Status = Literal["done", "failed", "not run"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordRow:
    """What became of one scenario in one weather; counts are over all its cameras."""

    scenario: str
    weather: str
    """As it is named in the shards' headers."""
    split: str
    status: Status
    frames: int = 0
    """Pairs that lie in shards."""
    frames_per_s: float = 0.0
    """Written in this run for each second of real time, spawning and warm-up included; 0 where nothing was written."""
    gaps: int = 0
    """Pairs that should be there and never came, or could not be proven: listed in ``gaps.jsonl``."""
    idle: int = 0
    """Pairs left out because the ego had hardly moved."""
    quarantined: int = 0
    """Pairs that came and cannot be true: listed in ``quarantine.jsonl``."""
    other_labels: int | None = None
    """Frames whose tags, depth or instances differ from those of the first weather; None where there is none."""
    note: str = ""
    """Why it failed, or what else a user should know."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordSummary:
    """The rows in the suite's order, weathers in the order given."""

    rows: tuple[RecordRow, ...]
    ended_by: ServerLostError | DiskError | None = None
    """Set when the recording ended early because the server or the disk did; what was recorded before is kept."""
