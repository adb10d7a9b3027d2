"""The figures of one epoch, and the row of ``metrics.csv`` that they become.

Numbers are written so that they are read back exactly; an absent class has an empty cell, never 0. Columns came to the
table over time: a run that began without them is read, and goes on, with NaN there.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import DataError

IOU_PREFIX = "iou_"


@dataclass(frozen=True, kw_only=True)
class EpochMetrics:
    """The figures of one epoch."""

    epoch: int
    """1 is the first."""

    step: int
    """Optimiser steps made since the run began."""

    learning_rate: float
    """Of the epoch's last step."""

    train_loss: float
    """Mean over the epoch's steps."""

    validation_loss: float = math.nan
    """Mean over the validation frames; NaN in runs before 0.2."""

    pixel_accuracy: float
    """On the validation frames, 0..1."""

    miou: float
    """Mean IoU of the classes present there; NaN if none is."""

    iou: dict[str, float]
    """IoU of each class, NaN where absent from truth and prediction."""

    seconds: float
    """Training, without validation [s]."""

    validation_seconds: float
    """Validation [s]."""

    images_per_s: float
    """Training frames a second."""

    data_wait_share: float
    """Share of the training time spent waiting for frames, 0..1."""

    memory_bytes: float = math.nan
    """Most memory held at once, see ``status.peak_memory_bytes``; NaN in runs before 0.2."""

    def scalars(self) -> dict[str, float]:
        """Return the figures under the names that TensorBoard and trackers show them by; NaN where there is none."""
        return {
            "train/loss": self.train_loss,
            "train/learning_rate": self.learning_rate,
            "train/images_per_s": self.images_per_s,
            "train/data_wait_share": self.data_wait_share,
            "train/memory_bytes": self.memory_bytes,
            "validation/loss": self.validation_loss,
            "validation/pixel_accuracy": self.pixel_accuracy,
            "validation/miou": self.miou,
            **{f"validation_iou/{name}": iou for name, iou in self.iou.items()},
        }

    def to_row(self) -> dict[str, str]:
        """Return the row of ``metrics.csv``."""
        values = {name: value for name, value in vars(self).items() if name != "iou"}
        values.update({IOU_PREFIX + name: value for name, value in self.iou.items()})
        return {name: "" if math.isnan(value) else repr(value) for name, value in values.items()}

    @classmethod
    def from_row(cls, row: dict[str, str]) -> EpochMetrics:
        """Return the metrics that ``to_row`` wrote."""
        numbers = {name: _number(text) for name, text in row.items()}
        scalars = {name: value for name, value in numbers.items() if not name.startswith(IOU_PREFIX)}
        iou = {name.removeprefix(IOU_PREFIX): value for name, value in numbers.items() if name.startswith(IOU_PREFIX)}
        epoch, step = int(scalars.pop("epoch")), int(scalars.pop("step"))
        return cls(epoch=epoch, step=step, iou=iou, **scalars)


def best_epoch(epochs: Sequence[EpochMetrics]) -> EpochMetrics:
    """Return the one of highest mIoU, the earliest of equals; the first if none has one."""
    return max(epochs, key=lambda metrics: -1.0 if math.isnan(metrics.miou) else metrics.miou)


def read_metrics(path: Path, *, last_epoch: int) -> list[EpochMetrics]:
    """Return the rows of ``metrics.csv`` up to ``last_epoch``; later ones belong to an epoch that was cut off.

    Raises:
        DataError: the file is missing or is not such a table.
    """
    try:
        with path.open(newline="") as file:
            rows = [EpochMetrics.from_row(row) for row in csv.DictReader(file)]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path} cannot be read ({error}). Without it, start anew with --overwrite.") from error
    return [row for row in rows if row.epoch <= last_epoch]


def _number(text: str) -> float:
    """A cell as a number, whole ones as int, so that writing it again gives the same text."""
    if not text:
        return math.nan
    return int(text) if text.isdecimal() else float(text)
