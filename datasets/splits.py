"""Dividing a recording anew into training, validation and test, by scenario and never by frame.

Neighbouring frames of a drive are nearly equal: a split by frame tests a net on what it has learnt by heart. A scenario
is one drive; its other weathers, cameras and sequences show the same places and cars, so all of them stay together.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence

from datasets.errors import ShardError
from datasets.recording_dir import ShardEntry


def split_by_scenario(
    entries: Sequence[ShardEntry], fractions: Mapping[str, float], *, seed: int
) -> dict[str, tuple[ShardEntry, ...]]:
    """The shards of each split, in the order of `entries`; every scenario is in one split as a whole.

    Shares are of frames and as near as whole scenarios allow. Each split gets at least one scenario. What is drawn
    depends on the seed and on the scenarios' names and lengths, not on the order of `entries`.

    Args:
        entries: of one recording or of several.
        fractions: share of each split, each above 0, together 1: ``{"train": 0.7, "val": 0.1, "test": 0.2}``.
        seed: of the draw.

    Raises:
        ShardError: shares that cannot be meant, or fewer scenarios than splits.
    """
    if not fractions or min(fractions.values()) <= 0 or not math.isclose(sum(fractions.values()), 1.0):
        raise ShardError(f"the fractions are {dict(fractions)}, expected shares above 0 that add up to 1")
    frames: dict[str, int] = {}
    for entry in entries:
        frames[entry.scenario] = frames.get(entry.scenario, 0) + entry.num_frames
    if len(frames) < len(fractions):
        raise ShardError(
            f"{len(frames)} scenarios cannot make {len(fractions)} splits, and one scenario is never in two of them; "
            "record more scenarios or ask for fewer splits"
        )
    split_of = _drawn(frames, fractions, seed)
    return {split: tuple(e for e in entries if split_of[e.scenario] == split) for split in fractions}


def _drawn(frames: Mapping[str, int], fractions: Mapping[str, float], seed: int) -> dict[str, str]:
    """The split of each scenario."""
    # A hash of the name, not a shuffled list: a scenario that is added leaves most of the others where they were.
    scenarios = sorted(frames, key=lambda name: hashlib.sha256(f"{seed}:{name}".encode()).digest())
    total = sum(frames.values())
    missing = {split: fraction * total for split, fraction in fractions.items()}
    split_of: dict[str, str] = {}
    empty = sorted(fractions, key=lambda split: fractions[split])
    for scenario in scenarios:
        split = empty.pop(0) if empty else max(missing, key=lambda split: missing[split])
        split_of[scenario] = split
        missing[split] -= frames[scenario]
    return split_of
