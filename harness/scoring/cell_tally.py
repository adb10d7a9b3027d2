"""Adding up the frames of one cell, one at a time and in order, to its :class:`CellCounts`."""

from __future__ import annotations

import hashlib

import numpy as np

from harness.scoring.bands import DISTANCE_BAND_NAMES, OBJECT_BAND_NAMES
from harness.scoring.cells import CellCounts, CellResult, Counts
from harness.scoring.frame_counts import FrameCounts


class CellTally:
    """Counts of the frames of one cell so far."""

    def __init__(self, num_classes: int) -> None:
        self._ticks: list[int] = []
        self._regions: list[Counts] = []
        self._boundaries: list[Counts] = []
        self._input_regions: list[Counts] = []
        self._predict_s: list[float] = []
        self._confusion = np.zeros((num_classes, num_classes), dtype=np.int64)
        self._distances = np.zeros((len(DISTANCE_BAND_NAMES), num_classes, 3), dtype=np.int64)
        self._objects = np.zeros((len(OBJECT_BAND_NAMES), num_classes, 3), dtype=np.int64)
        self._labels = hashlib.sha256()
        self._has_depth = True

    def add(
        self,
        tick: int,
        counts: FrameCounts,
        *,
        input_regions: Counts,
        predict_s: float,
        labels_digest: bytes,
        has_depth: bool,
    ) -> None:
        """Count one frame.

        Args:
            tick: position in the drive.
            counts: at the label size, K classes.
            input_regions: tp, fp and fn at the picture's own size, ``(K, 3)`` int64.
            predict_s: what the net took [s].
            labels_digest: SHA-256 of the frame's raw tags at the label size.
            has_depth: whether ``counts`` knows distances.
        """
        self._ticks.append(tick)
        self._regions.append(counts.regions)
        self._boundaries.append(counts.boundaries)
        self._input_regions.append(input_regions)
        self._predict_s.append(predict_s)
        self._confusion += counts.confusion
        self._distances += counts.distances
        self._objects += counts.objects
        self._labels.update(labels_digest)
        self._has_depth &= has_depth

    def result(self, *, planned_frames: int) -> CellResult:
        """What was counted so far; "partial" where that is fewer frames than planned, "failed" where it is none."""
        counted = len(self._ticks)
        if counted == 0:
            message = f"none of the {planned_frames} planned frames was received"
            return CellResult(status="failed", message=message, planned_frames=planned_frames)
        lost = planned_frames - counted
        return CellResult(
            status="partial" if lost > 0 else "done",
            message=f"{lost} of {planned_frames} frames were lost" if lost > 0 else "",
            planned_frames=planned_frames,
            counts=self._counts(),
        )

    def _counts(self) -> CellCounts:
        # Bands of a part of the frames would look like those of all.
        distances = self._distances if self._has_depth else np.zeros_like(self._distances)
        return CellCounts(
            ticks=np.array(self._ticks, dtype=np.int64),
            regions=np.stack(self._regions),
            boundaries=np.stack(self._boundaries),
            input_regions=np.stack(self._input_regions),
            confusion=self._confusion.copy(),
            distances=distances.copy(),
            objects=self._objects.copy(),
            predict_s=np.array(self._predict_s, dtype=np.float64),
            labels_digest=self._labels.hexdigest(),
            has_depth=self._has_depth,
        )
