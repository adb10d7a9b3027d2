"""What a score is made of: cells, what was counted in each, and what became of it.

A cell is one row of the result: a scenario under a weather, seen by one net at one size and field of view, once. Only
types live here, so that planning, counting, files and tables agree on them; nothing is counted and nothing is divided
but for the two ratios that every listing shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.scoring.statistics.metrics import iou, mean_iou, pixel_accuracy
from harness.workers.status import Status

Counts = NDArray[np.int64]

CELL_COLUMNS = ("scenario", "weather", "width", "height", "fov", "model", "repeat")
"""Columns that name a cell in every table, in this order."""

CellStatus: TypeAlias = Status
"""done: every planned frame was counted; partial: some frames were lost."""


@dataclass(frozen=True, order=True, kw_only=True)
class Cell:
    """One row of the result."""

    scenario: str
    weather: str
    width: int
    """[px] of the picture that was taken."""
    height: int
    """[px]"""
    fov: float
    """Horizontal field of view [deg]; 0 where a recording does not say it."""
    model: str
    """Name of the net in the tables."""
    repeat: int = 1
    """Which showing of the scenario under the weather, from 1."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CellCounts:
    """Pixels counted in F frames with K classes, all int64 unless said otherwise.

    The last axis of three is tp, fp and fn. Sums are exact, so any pooling of cells or frames is, too.
    """

    ticks: Counts
    """Tick of the drive of each frame, ``(F,)``, 0 being the first after the warm-up."""
    regions: Counts
    """All pixels, at the label size, ``(F, K, 3)``."""
    boundaries: Counts
    """Those near the borders of each class, at the label size (:mod:`harness.scoring.boundary`), ``(F, K, 3)``."""
    input_regions: Counts
    """All pixels, at the picture's own size, ``(F, K, 3)``; equal to ``regions`` where that is the label size."""
    confusion: Counts
    """Pixels by true class (row) and predicted class (column), at the label size, ``(K, K)``."""
    distances: Counts
    """By distance from the camera (:mod:`harness.scoring.bands`), ``(D, K, 3)``; zeros where there was no depth."""
    objects: Counts
    """By size of the object (:mod:`harness.scoring.bands`), ``(S, K, 3)``."""
    predict_s: NDArray[np.float64]
    """What the net took for each frame [s] of wall-clock time, ``(F,)`` float64."""
    labels_digest: str
    """SHA-256 over those of each frame's raw tags at the label size, in order: equal means identical ground truth."""
    has_depth: bool
    """Whether every frame had a depth plane."""

    def __len__(self) -> int:
        """Counted frames."""
        return len(self.ticks)


@dataclass(frozen=True, kw_only=True)
class CellResult:
    """The outcome of one cell."""

    status: CellStatus
    message: str = ""
    """Why, where the status is not "done"."""
    retries: int = 0
    """How often its pass was started anew after its server was lost."""
    planned_frames: int = 0
    """Frames that there should be."""
    counts: CellCounts | None = None
    """None where nothing was counted."""

    @property
    def frames(self) -> int:
        """Counted frames."""
        return 0 if self.counts is None else len(self.counts)

    @property
    def miou(self) -> float:
        """Mean IoU of the classes that are there, 0..1; NaN where nothing was counted."""
        return float("nan") if self.counts is None else mean_iou(iou(*self.counts.regions.sum(axis=0).T))

    @property
    def pixel_accuracy(self) -> float:
        """Share of labelled pixels predicted right, 0..1; NaN where nothing was counted."""
        if self.counts is None:
            return float("nan")
        tp, _, fn = self.counts.regions.sum(axis=0).T
        return pixel_accuracy(tp, fn)
