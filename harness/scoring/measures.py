"""What a net is worth on some frames: every measure with its interval, and the definition that they all share.

Counts come from :mod:`harness.scoring.cells`, formulas from :mod:`harness.scoring.statistics.metrics`, resampling from
:mod:`harness.scoring.statistics.bootstrap`. Where the frames are from, a recording or a simulator, is not known here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from harness.scoring.cells import CellCounts, Counts
from harness.scoring.statistics.bootstrap import Bootstrap, interval, resampled
from harness.scoring.statistics.metrics import (
    FloatArray,
    f1,
    frequency_weighted_ious,
    iou,
    mean_ious,
    pixel_accuracies,
    precision,
    recall,
)


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A percentile interval of the bootstrap; both ends are NaN where there is none."""

    low: float
    high: float

    def __str__(self) -> str:
        return "–" if math.isnan(self.low) else f"{self.low:.3f}–{self.high:.3f}"


@dataclass(frozen=True, kw_only=True)
class ClassMeasures:
    """How well one class was predicted; ratios are 0..1, NaN where the class is absent."""

    name: str
    pixels: int
    """Labelled pixels of the class, over all frames."""
    iou: float
    iou_interval: Interval
    precision: float
    recall: float
    f1: float
    boundary_iou: float
    boundary_iou_interval: Interval


@dataclass(frozen=True, kw_only=True)
class Measures:
    """How well all classes were predicted; ratios are 0..1, NaN where nothing is labelled."""

    frames: int
    """Frames that were counted."""
    pixel_accuracy: float
    pixel_accuracy_interval: Interval
    miou: float
    """Mean of the IoUs of the classes that have one."""
    miou_interval: Interval
    frequency_weighted_iou: float
    frequency_weighted_iou_interval: Interval
    boundary_iou: float
    """Mean of the boundary IoUs of the classes that have one."""
    boundary_iou_interval: Interval
    classes: tuple[ClassMeasures, ...]
    """Every class of the label set, in id order."""
    definition: str
    """What the numbers mean, one sentence a line."""


def measure(
    counted: Sequence[tuple[str, CellCounts]], names: Sequence[str], *, bootstrap: Bootstrap, definition: str
) -> Measures | None:
    """Pool the counts of all frames, divide, and put intervals around the ratios.

    Args:
        counted: scenario and counts of each cell with K classes; cells of one scenario are one unit where scenarios
            are resampled.
        names: of the classes in id order, K of them.
        bootstrap: how the intervals are made. Fewer than two units, or no resamples, make none.
        definition: what to say of the numbers.

    Returns:
        The measures; None where there is no frame.
    """
    if not counted:
        return None
    regions = np.concatenate([counts.regions for _, counts in counted])
    boundaries = np.concatenate([counts.boundaries for _, counts in counted])
    scenarios = [scenario for scenario, counts in counted for _ in range(len(counts))]
    tp, fp, fn = np.moveaxis(regions.sum(axis=0), -1, 0)
    pooled = _ratios(regions.sum(axis=0), boundaries.sum(axis=0))
    low, high = _ends(regions, boundaries, scenarios, bootstrap)
    precisions, recalls, f1s = precision(tp, fp), recall(tp, fn), f1(tp, fp, fn)
    return Measures(
        frames=len(regions),
        pixel_accuracy=float(pooled.pixel_accuracy),
        pixel_accuracy_interval=_between(low.pixel_accuracy, high.pixel_accuracy),
        miou=float(pooled.miou),
        miou_interval=_between(low.miou, high.miou),
        frequency_weighted_iou=float(pooled.frequency_weighted_iou),
        frequency_weighted_iou_interval=_between(low.frequency_weighted_iou, high.frequency_weighted_iou),
        boundary_iou=float(pooled.boundary_iou),
        boundary_iou_interval=_between(low.boundary_iou, high.boundary_iou),
        classes=tuple(
            ClassMeasures(
                name=name,
                pixels=int(tp[k] + fn[k]),
                iou=float(pooled.class_ious[k]),
                iou_interval=_between(low.class_ious[k], high.class_ious[k]),
                precision=float(precisions[k]),
                recall=float(recalls[k]),
                f1=float(f1s[k]),
                boundary_iou=float(pooled.class_boundary_ious[k]),
                boundary_iou_interval=_between(low.class_boundary_ious[k], high.class_boundary_ious[k]),
            )
            for k, name in enumerate(names)
        ),
        definition=definition,
    )


class _Ratios(NamedTuple):
    """What has an interval, of one or many sets of counts: ``(...)`` each, the two of the classes ``(..., K)``."""

    pixel_accuracy: FloatArray
    miou: FloatArray
    frequency_weighted_iou: FloatArray
    boundary_iou: FloatArray
    class_ious: FloatArray
    class_boundary_ious: FloatArray


def _ratios(regions: Counts | FloatArray, boundaries: Counts | FloatArray) -> _Ratios:
    """The ratios of summed counts, ``(..., K, 3)`` each."""
    tp, fp, fn = np.moveaxis(regions, -1, 0)
    class_ious = iou(tp, fp, fn)
    class_boundary_ious = iou(*np.moveaxis(boundaries, -1, 0))
    return _Ratios(
        pixel_accuracy=pixel_accuracies(tp, fn),
        miou=mean_ious(class_ious),
        frequency_weighted_iou=frequency_weighted_ious(tp, fp, fn),
        boundary_iou=mean_ious(class_boundary_ious),
        class_ious=class_ious,
        class_boundary_ious=class_boundary_ious,
    )


def _ends(
    regions: Counts, boundaries: Counts, scenarios: Sequence[str], bootstrap: Bootstrap
) -> tuple[_Ratios, _Ratios]:
    """Lower and upper ends of all intervals; NaN where there are too few units to draw from."""
    if bootstrap.unit == "scenarios":
        regions, boundaries = _summed_by(scenarios, regions), _summed_by(scenarios, boundaries)
    if len(regions) < 2:
        bootstrap = replace(bootstrap, resamples=0)
    # The same seed draws the same units for both.
    resamples = _ratios(resampled(regions, bootstrap), resampled(boundaries, bootstrap))
    low, high = zip(*(interval(values, bootstrap.level) for values in resamples), strict=True)
    return _Ratios(*low), _Ratios(*high)


def _summed_by(units: Sequence[str], counts: Counts) -> Counts:
    """Sum the counts of frames ``(F, ...)`` that share one of F names: a row for each, in the order of first frames."""
    place: dict[str, int] = {}
    rows = [place.setdefault(unit, len(place)) for unit in units]
    sums = np.zeros((len(place), *counts.shape[1:]), dtype=np.int64)
    np.add.at(sums, rows, counts)
    return sums


def _between(low: FloatArray, high: FloatArray) -> Interval:
    return Interval(low=float(low), high=float(high))
