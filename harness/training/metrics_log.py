"""What is known after each epoch, and where it is written: ``metrics.csv`` and TensorBoard.

``metrics.csv`` is the record and is replaced as a whole after each epoch; TensorBoard is for looking. An absent class
has an empty cell, never 0.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from harness.errors import DataError
from harness.run_dir import RunDir, write_csv

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

    def to_row(self) -> dict[str, str]:
        """Return the row of ``metrics.csv``; numbers are written so that reading gives them back exactly."""
        values = {name: value for name, value in vars(self).items() if name != "iou"}
        values.update({IOU_PREFIX + name: value for name, value in self.iou.items()})
        return {name: "" if math.isnan(value) else repr(value) for name, value in values.items()}

    @classmethod
    def from_row(cls, row: dict[str, str]) -> EpochMetrics:
        """Return the metrics that ``to_row`` wrote."""
        numbers = {name: float(text) if text else math.nan for name, text in row.items()}
        scalars = {name: value for name, value in numbers.items() if not name.startswith(IOU_PREFIX)}
        iou = {name.removeprefix(IOU_PREFIX): value for name, value in numbers.items() if name.startswith(IOU_PREFIX)}
        epoch, step = int(scalars.pop("epoch")), int(scalars.pop("step"))
        return cls(epoch=epoch, step=step, iou=iou, **scalars)


class MetricsLog:
    """The epochs of a run so far; a context manager, since TensorBoard's writer has a thread to end.

    Args:
        run: where to write.
        finished: epochs of an earlier session that this one goes on from; empty for a new run.
    """

    def __init__(self, run: RunDir, finished: Sequence[EpochMetrics] = ()) -> None:
        self._run = run
        self.epochs: list[EpochMetrics] = list(finished)
        self._board = SummaryWriter(str(run.tensorboard), purge_step=self.epochs[-1].step + 1 if self.epochs else None)

    def __enter__(self) -> MetricsLog:
        return self

    def __exit__(self, *exception: object) -> None:
        self._board.close()

    def append(self, metrics: EpochMetrics) -> None:
        """Add an epoch and bring both records up to date on the disk."""
        self.epochs.append(metrics)
        write_csv(self._run.metrics, [epoch.to_row() for epoch in self.epochs])
        scalars = {
            "train/loss": metrics.train_loss,
            "train/learning_rate": metrics.learning_rate,
            "train/images_per_s": metrics.images_per_s,
            "train/data_wait_share": metrics.data_wait_share,
            "validation/pixel_accuracy": metrics.pixel_accuracy,
            "validation/miou": metrics.miou,
            **{f"validation_iou/{name}": iou for name, iou in metrics.iou.items()},
        }
        for name, value in scalars.items():
            if not math.isnan(value):
                self._board.add_scalar(name, value, metrics.step)
        self._board.flush()

    @property
    def best(self) -> EpochMetrics:
        """The epoch of highest mIoU, the earliest of equals; the first if none has one."""
        return max(self.epochs, key=lambda metrics: -1.0 if math.isnan(metrics.miou) else metrics.miou)


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
