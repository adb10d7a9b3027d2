"""What makes a frame of an episode worth learning from: a poor mask, or something that went wrong soon after it.

Decisions:

- Only frames that the policy decided by: nothing is known of the others.
- IoU is that of road and lines unless a class is named, since those steer. A class counts where truth and mask together
  have ``MIN_CLASS_SHARE`` of the picture: of a few pixels every IoU is poor. A perfect mask is no failure.
- A broken line that is crossed is no failure either. A safe stop is one: the mask made no sense.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from harness.closed_loop.episode_log import EpisodeLog
from harness.closed_loop.metrics.infractions import infractions, stretches
from harness.closed_loop.metrics.prediction_quality import decision_quality
from harness.closed_loop.policy import DriverState
from harness.errors import UsageError
from harness.scoring.statistics.metrics import iou

Criterion: TypeAlias = Literal["infraction", "iou"]
CRITERIA: tuple[Criterion, ...] = get_args(Criterion)

MIN_CLASS_SHARE = 0.001
"""Of the pixels of a picture."""
NO_FAILURE = ("lane invasion",)
"""Kinds of infractions that are none to learn from."""
_ROUNDING_S = 1e-6

Floats: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A frame that may be chosen."""

    tick: int
    rank: float
    """Smaller is worse; to be compared within one criterion."""
    iou: float
    """0..1; NaN: not known."""
    reason: str


def candidates(log: EpisodeLog, criterion: Criterion, *, class_name: str | None, before_s: float) -> list[Candidate]:
    """The frames of an episode that a criterion would choose, the worst first.

    Args:
        log: of the episode.
        criterion: by which.
        class_name: whose IoU counts; None: that of road and lines together.
        before_s: how long before something goes wrong frames are looked for [s].

    Raises:
        UsageError: the masks of the episode know no such class.
    """
    ious = frame_ious(log, class_name)
    found = _by_iou(log, ious, class_name) if criterion == "iou" else _by_infraction(log, ious, before_s)
    return sorted(found, key=lambda each: (each.rank, each.tick))


def frame_ious(log: EpisodeLog, class_name: str | None) -> Floats:
    """(D,) in 0..1; NaN where the class, or road and lines, are not there.

    Raises:
        UsageError: the masks of the episode know no such class.
    """
    if class_name is None:
        return np.asarray(decision_quality(log).road_lines, np.float64)
    if not log.classes:  # the policy makes no masks
        return np.full(len(log.decision_ticks), np.nan)
    if class_name not in log.classes:
        raise UsageError(f"the masks have no class {class_name!r}: they have {', '.join(log.classes)}")
    counts = log.counts[:, log.classes.index(class_name)]
    is_seen = counts.sum(axis=-1) >= MIN_CLASS_SHARE * log.key.width * log.key.height
    return np.where(is_seen, iou(counts[:, 0], counts[:, 1], counts[:, 2]), np.nan)


def _by_iou(log: EpisodeLog, ious: Floats, class_name: str | None) -> Iterator[Candidate]:
    reason = f"low IoU of {class_name or 'road and lines'}"
    for tick, value in zip(log.decision_ticks.tolist(), ious.tolist(), strict=True):
        if value < 1.0:  # not where it is NaN
            yield Candidate(tick=tick, rank=value, iou=value, reason=reason)


def _by_infraction(log: EpisodeLog, ious: Floats, before_s: float) -> Iterator[Candidate]:
    """Each decision before something that went wrong, by how soon it did."""
    failures = _failures(log)
    at = np.array([tick for tick, _ in failures], np.int64)
    for tick, value in zip(log.decision_ticks.tolist(), ious.tolist(), strict=True):
        following = int(np.searchsorted(at, tick))
        if following == len(failures):
            return
        at_tick, what = failures[following]
        seconds = (at_tick - tick) * log.fixed_delta_seconds
        if seconds <= before_s + _ROUNDING_S:
            yield Candidate(tick=tick, rank=seconds, iou=value, reason=f"{seconds:.2f} s before {what}")


def _failures(log: EpisodeLog) -> list[tuple[int, str]]:
    """(tick, what) of everything that went wrong, by tick."""
    found = [
        (each.tick, f"{each.kind} ({each.what})" if each.what else each.kind)
        for each in infractions(log)
        if each.kind not in NO_FAILURE
    ]
    stops = stretches(log.states == DriverState.SAFE_STOP)
    found += [(int(log.decision_ticks[begin]), "a safe stop") for begin, _ in stops]
    return sorted(found, key=lambda each: each[0])
