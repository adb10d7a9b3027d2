"""Intervals of IoUs, and pairs of conditions on the same frames; each set of frames is resampled once.

A condition is compared many times: with other weathers, other sizes, other nets. What its frames gave in the resamples
is therefore kept, up to a bound.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.reporting.frames import Frames, aligned
from harness.scoring.statistics.bootstrap import Bootstrap, FloatArray, interval
from harness.scoring.statistics.paired import difference_interval, is_significant, mean_and_class_ious, resampled_ious

_KEPT_BYTES = 160 << 20
"""Memory for what is kept: 500 conditions with 29 classes and 1000 resamples fit."""


class Side(NamedTuple):
    """One side of a comparison."""

    name: object
    """What tells it from every other side: a condition, or which folder and condition."""
    frames: Frames


@dataclass(frozen=True, kw_only=True, eq=False)
class Pair:
    """Two sides on the frames that both have; arrays are mIoU, then each class: ``(1 + K,)``, NaN where absent."""

    scenarios: int
    frames: int
    iou_a: FloatArray
    iou_b: FloatArray
    low: FloatArray
    """Lower end of the interval of b - a."""
    high: FloatArray

    @property
    def significant(self) -> NDArray[np.object_]:
        """Yes, no, or nothing where there is no interval, ``(1 + K,)``."""
        words = np.where(is_significant(self.low, self.high), "yes", "no").astype(object)
        words[np.isnan(self.low)] = ""
        return words


class Intervals:
    """Percentile intervals by one bootstrap."""

    def __init__(self, bootstrap: Bootstrap) -> None:
        self.bootstrap = bootstrap
        self._kept: OrderedDict[tuple[object, bytes], FloatArray] = OrderedDict()
        self._kept_bytes = 0
        self._ends: dict[tuple[object, bytes], tuple[FloatArray, FloatArray]] = {}

    def of(self, side: Side) -> tuple[FloatArray, FloatArray]:
        """Lower and upper ends of mIoU and class IoUs, ``(1 + K,)`` each."""
        key = _key(side)
        if key not in self._ends:
            self._ends[key] = interval(self._resampled(side), self.bootstrap.level)
        return self._ends[key]

    def pair(self, a: Side, b: Side) -> Pair:
        """Compare two sides on the frames that both have, with the same draws for both."""
        frames_a, frames_b = aligned(a.frames, b.frames)
        resampled_a, resampled_b = (
            self._resampled(Side(side.name, frames)) for side, frames in ((a, frames_a), (b, frames_b))
        )
        low, high = difference_interval(resampled_a, resampled_b, self.bootstrap.level)
        return Pair(
            scenarios=len(np.unique(frames_a.scenarios)),
            frames=len(frames_a.keys),
            iou_a=mean_and_class_ious(frames_a.total),
            iou_b=mean_and_class_ious(frames_b.total),
            low=low,
            high=high,
        )

    def _resampled(self, side: Side) -> FloatArray:
        key = _key(side)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        ious = resampled_ious(side.frames.counts, side.frames.scenarios, self.bootstrap)
        self._kept[key] = ious
        self._kept_bytes += ious.nbytes
        while self._kept_bytes > _KEPT_BYTES and len(self._kept) > 1:
            self._kept_bytes -= self._kept.popitem(last=False)[1].nbytes
        return ious


def _key(side: Side) -> tuple[object, bytes]:
    return side.name, side.frames.keys.tobytes()
