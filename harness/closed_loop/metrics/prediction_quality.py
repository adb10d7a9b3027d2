"""How good the masks were that the ego was driven by: IoU of the road, of its lines and of all classes.

Which classes are road and lines is the policy's to say (``road_classes`` and ``line_classes`` of ``log.policy``, lists
of class ids): a label set without lines has no IoU of them. Formulas are those of
:mod:`harness.scoring.statistics.metrics`: counts are summed before they are divided, what is absent is NaN.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.closed_loop.episode_log import EpisodeLog
from harness.closed_loop.metrics.ego_track import Floats
from harness.scoring.statistics.metrics import iou, mean_ious


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PredictionQuality:
    """Of S sets of counts, (S,) each in 0..1; NaN where none of the classes is there."""

    road: Floats
    """Mean IoU of the road classes."""
    lines: Floats
    """Mean IoU of the line classes."""
    road_lines: Floats
    """Mean of those two that exist."""
    mean: Floats
    """Mean IoU of all classes."""


def episode_quality(log: EpisodeLog) -> PredictionQuality:
    """Of all decisions together: S is 1."""
    return _quality(log, log.counts.sum(axis=0, keepdims=True))


def decision_quality(log: EpisodeLog) -> PredictionQuality:
    """Of each decision: S is D."""
    return _quality(log, log.counts)


def _quality(log: EpisodeLog, counts: npt.NDArray[np.int64]) -> PredictionQuality:
    ious = iou(counts[..., 0], counts[..., 1], counts[..., 2])
    road = mean_ious(ious[:, _ids(log, "road_classes")])
    lines = mean_ious(ious[:, _ids(log, "line_classes")])
    return PredictionQuality(
        road=road,
        lines=lines,
        road_lines=mean_ious(np.stack([road, lines], axis=-1)),
        mean=mean_ious(ious),
    )


def _ids(log: EpisodeLog, name: str) -> list[int]:
    """Class ids that a policy named, as far as the log has counts of them."""
    return [each for each in log.policy.get(name, []) if 0 <= each < len(log.classes)]
