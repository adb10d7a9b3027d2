"""What is counted in one cell, and how: from truth and prediction masks to a :class:`CellResult`.

A cell is one scenario under one weather at one size, or, on recorded shards, one scenario as it was recorded. Both the
live score and the offline evaluation count through :class:`CellTally`, so their numbers are the same by construction.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harness.scoring.confusion import ConfusionMatrix
from harness.scoring.frame_counts import FrameCounts, count_frame
from harness.scoring.metrics import iou, mean_iou, pixel_accuracy

Image = NDArray[np.uint8]
Counts = NDArray[np.int64]
CellStatus = Literal["done", "partial", "failed", "not run"]


@dataclass(frozen=True, kw_only=True)
class FrameScore:
    """One frame of a cell on its own."""

    frame: int
    """Tick of the drive, counted from 0 after its warm-up: the same for every weather and size."""
    pixel_accuracy: float
    """0..1, NaN where nothing is labelled."""
    miou: float
    """Mean IoU over the classes that are in this frame's truth or prediction, 0..1."""


@dataclass(frozen=True, kw_only=True)
class CellResult:
    """The outcome of one cell."""

    status: CellStatus
    """done: every planned frame counted; partial: some frames were lost; failed: an error; not run: never reached."""
    message: str = ""
    """Why, where the status is not "done"."""
    tp: Counts | None = None
    """True positives by class, ``(K,)`` int64; None where nothing was counted."""
    fp: Counts | None = None
    """False positives by class, ``(K,)`` int64."""
    fn: Counts | None = None
    """False negatives by class, ``(K,)`` int64."""
    frames: tuple[FrameScore, ...] = ()
    """The counted frames, in order."""
    labels_digest: str = ""
    """SHA-256 over the raw tags of the counted frames, in order: equal digests mean the identical ground truth."""
    confusion: Counts | None = None
    """Pixels by true class (row) and predicted class (column), ``(K, K)`` int64; None where tables were read back."""
    counts: FrameCounts | None = None
    """Of each frame in ``frames``, where they were asked for."""

    def class_ious(self, num_classes: int) -> NDArray[np.float64]:
        """IoU of every class, ``(K,)``; NaN where a class is absent or nothing was counted."""
        if self.tp is None or self.fp is None or self.fn is None:
            return np.full(num_classes, np.nan)
        return iou(self.tp, self.fp, self.fn)

    @property
    def miou(self) -> float:
        """Mean over the classes that are there; NaN where nothing was counted."""
        return float("nan") if self.tp is None else mean_iou(self.class_ious(self.tp.size))

    @property
    def pixel_accuracy(self) -> float:
        """Share of labelled pixels predicted right; NaN where nothing was counted."""
        return float("nan") if self.tp is None or self.fn is None else pixel_accuracy(self.tp, self.fn)


class CellTally:
    """Counts the frames of one cell, one at a time and in order."""

    def __init__(self, num_classes: int, *, keep_counts: bool = False) -> None:
        """Start with nothing counted.

        Args:
            num_classes: K.
            keep_counts: keep the counts of each frame, those near the borders too, as ``CellResult.counts``.
        """
        self._total = ConfusionMatrix(num_classes)
        self._frames: list[FrameScore] = []
        self._counts: list[FrameCounts] | None = [] if keep_counts else None
        self._labels = hashlib.sha256()

    def add(self, tick: int, *, tags: Image, truth: Image, prediction: Image) -> FrameScore:
        """Count one frame.

        Args:
            tick: position in the drive.
            tags: raw tags of the server, ``(H, W)`` uint8; only their checksum is kept.
            truth: class ids made of the tags, ``(H, W)`` uint8, 255 where not scored.
            prediction: class ids, ``(H, W)`` uint8.
        """
        matrix = ConfusionMatrix(self._total.num_classes)
        matrix.update(truth, prediction)
        self._total += matrix
        if self._counts is not None:
            self._counts.append(count_frame(matrix, truth, prediction))
        self._labels.update(np.ascontiguousarray(tags).data)
        score = FrameScore(
            frame=tick,
            pixel_accuracy=pixel_accuracy(matrix.tp, matrix.fn),
            miou=mean_iou(iou(matrix.tp, matrix.fp, matrix.fn)),
        )
        self._frames.append(score)
        return score

    def result(self, *, planned_frames: int) -> CellResult:
        """What was counted so far; "partial" where that is fewer frames than planned, "failed" where it is none."""
        counted = len(self._frames)
        if counted == 0:
            return CellResult(status="failed", message=f"none of the {planned_frames} planned frames was received")
        lost = planned_frames - counted
        return CellResult(
            status="partial" if lost > 0 else "done",
            message=f"{lost} of {planned_frames} frames were lost" if lost > 0 else "",
            tp=self._total.tp,
            fp=self._total.fp,
            fn=self._total.fn,
            frames=tuple(self._frames),
            labels_digest=self._labels.hexdigest(),
            confusion=self._total.counts.copy(),
            counts=None if self._counts is None else FrameCounts.joined(self._counts, self._total.num_classes),
        )
