"""The frames of a drive that are worth learning from, from its stored logs alone: no simulator, no net.

Decisions:

- Two criteria take turns, so that neither a suite of crashes nor one of poor masks fills the list.
- Neighbouring frames are nearly equal, and so are those of a car that stands: of an episode no two frames are chosen
  that lie less than ``min_gap_s`` apart, or at which the ego was in one place. The worse one stays.
- What a suite tests by is not learnt from: a caller says of which splits it wants frames, and is told how many episodes
  of others there are.
"""

from __future__ import annotations

import bisect
import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.carla_client.observation import Pose
from harness.closed_loop.collected import collect
from harness.closed_loop.description import load_description, planned_keys
from harness.closed_loop.episode_log import EpisodeKey, EpisodeLog
from harness.errors import UsageError
from harness.mining.criteria import CRITERIA, Candidate, Criterion, candidates
from harness.recording.thinning import has_hardly_moved

_ROUNDING_S = 1e-6


@dataclass(frozen=True, kw_only=True, slots=True)
class MiningRules:
    """Which frames are chosen."""

    criteria: tuple[Criterion, ...] = CRITERIA
    class_name: str | None = None
    """Whose IoU counts; None: that of road and lines together."""
    limit: int = 300
    """Frames at most."""
    before_s: float = 3.0
    """How long before something goes wrong frames are looked for [s]."""
    min_gap_s: float = 0.5
    """Between two frames of an episode [s]."""
    min_motion_m: float = 0.5
    """That the ego has moved between two frames of an episode, or turned by 5 degrees [m]."""
    policies: tuple[str, ...] = ()
    """Whose episodes; empty: everybody's."""
    splits: tuple[str, ...] = ()
    """Of scenarios; empty: all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MinedFrame:
    """A chosen frame."""

    key: EpisodeKey
    split: str
    """Of the scenario."""
    tick: int
    time_s: float
    """Since the episode's first tick."""
    iou: float
    """0..1, of the class that counts; NaN: not known."""
    reason: str


@dataclass(frozen=True, kw_only=True)
class Mined:
    """What a drive gave."""

    frames: tuple[MinedFrame, ...]
    """The worst first; two criteria take turns."""
    other_splits: Mapping[str, int]
    """Driven episodes that were left out for the split of their scenario."""
    not_driven: int
    """Planned episodes without a log."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """A frame that may be chosen, and where the ego was."""

    key: EpisodeKey
    split: str
    time_s: float
    pose: Pose
    candidate: Candidate


def mine(folder: Path, rules: MiningRules) -> Mined:
    """Look through the episodes of a drive.

    Args:
        folder: that ``harness drive`` wrote; it need not be finished.
        rules: what to look for.

    Raises:
        DataError: the folder holds no drive, or its journal or a log cannot be read.
        UsageError: a policy that the drive does not have, or a class that the masks do not have.
    """
    description = load_description(folder)
    _check_policies(rules.policies, description["policies"])
    split_of = {each["name"]: str(each["split"]) for each in description["scenarios"]}
    keys = [key for key in planned_keys(description) if not rules.policies or key.policy in rules.policies]
    found: dict[Criterion, list[_Found]] = {criterion: [] for criterion in rules.criteria}
    other_splits, not_driven = Counter[str](), 0
    for episode in collect(folder, keys):
        split = split_of[episode.key.scenario]
        if episode.log is None:
            not_driven += 1
        elif rules.splits and split not in rules.splits:
            other_splits[split] += 1
        else:
            for criterion, frames in found.items():
                # Thinned here already, so that an episode leaves no more than may be chosen of it.
                frames += _spread(_in_episode(episode.log, split, criterion, rules), rules)
    ranked = [sorted(frames, key=lambda each: each.candidate.rank) for frames in found.values()]
    chosen = itertools.islice(_spread(_taking_turns(ranked), rules), rules.limit)
    return Mined(frames=tuple(_frame(each) for each in chosen), other_splits=other_splits, not_driven=not_driven)


def _check_policies(wanted: Collection[str], there: Collection[str]) -> None:
    for policy in wanted:
        if policy not in there:
            raise UsageError(f"nobody drove by the policy {policy!r}: there are {', '.join(there)}")


def _in_episode(log: EpisodeLog, split: str, criterion: Criterion, rules: MiningRules) -> Iterator[_Found]:
    """The worst first."""
    for each in candidates(log, criterion, class_name=rules.class_name, before_s=rules.before_s):
        x, y, z, pitch, yaw, roll = log.actor_transforms[each.tick, 0].tolist()
        time_s = round(each.tick * log.fixed_delta_seconds, 6)
        yield _Found(key=log.key, split=split, time_s=time_s, pose=(x, y, z, pitch, yaw, roll), candidate=each)


def _taking_turns(ranked: Sequence[Sequence[_Found]]) -> Iterator[_Found]:
    """The first of each list, then the second of each, and so on."""
    for turn in itertools.zip_longest(*ranked):
        yield from (each for each in turn if each is not None)


def _spread(frames: Iterable[_Found], rules: MiningRules) -> Iterator[_Found]:
    """Those that are far enough from what was chosen before of their episode."""
    by_time: dict[EpisodeKey, list[_Found]] = {}
    for each in frames:
        chosen = by_time.setdefault(each.key, [])
        place = bisect.bisect_left(chosen, each.time_s, key=lambda other: other.time_s)
        if not any(_is_near(each, other, rules) for other in chosen[max(0, place - 1) : place + 1]):
            chosen.insert(place, each)
            yield each


def _is_near(one: _Found, other: _Found, rules: MiningRules) -> bool:
    """Whether two frames, next to each other in time, are too much alike."""
    gap_s = abs(one.time_s - other.time_s)
    is_soon = gap_s == 0.0 or gap_s < rules.min_gap_s - _ROUNDING_S
    return is_soon or has_hardly_moved(one.pose, other.pose, rules.min_motion_m)


def _frame(found: _Found) -> MinedFrame:
    candidate = found.candidate
    return MinedFrame(
        key=found.key,
        split=found.split,
        tick=candidate.tick,
        time_s=found.time_s,
        iou=candidate.iou,
        reason=candidate.reason,
    )
