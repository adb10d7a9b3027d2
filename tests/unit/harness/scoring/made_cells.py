"""Masks, counts and results to reason about, for the tests of what is counted and written."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from harness.scoring.bands import DISTANCE_BAND_NAMES, OBJECT_BAND_NAMES
from harness.scoring.cell_tally import CellTally
from harness.scoring.cells import Cell, CellCounts, CellResult
from harness.scoring.frame_counts import FrameTruth, count_frame

Mask = NDArray[np.uint8]


def make_cell(scenario: str = "north", weather: str = "ClearNoon", **changes: Any) -> Cell:
    """A cell with the given fields changed."""
    plain = {"width": 32, "height": 24, "fov": 90.0, "model": "net"}
    return Cell(scenario=scenario, weather=weather, **{**plain, **changes})


def make_counts(regions: Any, *, boundaries: Any = None, digest: str = "d") -> CellCounts:
    """Counts of ``(F, K, 3)`` regions; everything else says nothing, or the same."""
    regions = np.asarray(regions, dtype=np.int64)
    num_frames, num_classes, _ = regions.shape
    return CellCounts(
        ticks=np.arange(num_frames),
        regions=regions,
        boundaries=regions if boundaries is None else np.asarray(boundaries, dtype=np.int64),
        input_regions=regions,
        confusion=np.zeros((num_classes, num_classes), dtype=np.int64),
        distances=np.zeros((len(DISTANCE_BAND_NAMES), num_classes, 3), dtype=np.int64),
        objects=np.zeros((len(OBJECT_BAND_NAMES), num_classes, 3), dtype=np.int64),
        predict_s=np.full(num_frames, 0.01),
        labels_digest=digest,
        has_depth=False,
    )


def scene(seed: int, height: int, width: int, *, num_classes: int = 5, ignored: bool = True) -> Mask:
    """Rectangles, discs and lines over each other."""
    rng = np.random.default_rng(seed)
    mask = np.full((height, width), rng.integers(0, num_classes), np.uint8)
    ids = [*range(num_classes), 255] if ignored else range(num_classes)
    for _ in range(rng.integers(0, 12)):
        color = int(rng.choice(ids))
        (x, y), (w, h) = rng.integers(0, [width, height]).tolist(), rng.integers(1, [width + 1, height + 1]).tolist()
        kind = rng.integers(0, 3)
        if kind == 0:
            cv2.rectangle(mask, (x, y), (x + w // 2, y + h // 2), color, -1)
        elif kind == 1:
            cv2.ellipse(mask, (x, y), (w // 3 + 1, h // 3 + 1), 30, 0, 360, color, -1)
        else:
            cv2.line(mask, (x, y), (w - 1, h - 1), color, 1)
    return mask


def depth_of(mask: Mask, seed: int) -> NDArray[np.uint32]:
    """A depth code for each pixel, ``(H, W)``: a tenth of them anything, the others nearer the lower they are."""
    rng = np.random.default_rng(seed)
    codes = np.linspace(2**24 - 1, 10_000, mask.shape[0])[:, None] * np.ones(mask.shape)
    odd = rng.random(mask.shape) < 0.1
    codes[odd] = rng.integers(0, 2**24, int(odd.sum()))
    return codes.astype(np.uint32)


def make_result(
    seed: int, *, num_frames: int = 3, num_classes: int = 5, planned_frames: int | None = None
) -> CellResult:
    """Frames of random scenes, counted as a pass counts them."""
    tally = CellTally(num_classes)
    for tick in range(num_frames):
        truth = scene(1000 * seed + tick, 24, 32, num_classes=num_classes)
        prediction = np.roll(np.where(truth == 255, 0, truth), (1, -2), (0, 1)).astype(np.uint8)
        labels = FrameTruth.of(truth, depth_of(truth, tick))
        counts = count_frame(labels, prediction, num_classes)
        tally.add(
            tick,
            counts,
            input_regions=counts.regions * 2,
            predict_s=0.001 * (tick + 1),
            labels_digest=bytes(truth),
            has_depth=labels.has_depth,
        )
    return tally.result(planned_frames=num_frames if planned_frames is None else planned_frames)
