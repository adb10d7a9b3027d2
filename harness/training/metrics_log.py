"""The epochs of a run, and all that is written of them beside the checkpoints.

Decisions:

* ``metrics.csv`` is the record, replaced as a whole after each epoch, and ``confusion.csv`` the counts of the best one.
  Everything else is for looking.
* Confusion matrix and example frames are those of the best epoch, as ``best.safetensors`` is; TensorBoard has the
  example frames of every epoch.
* Pictures take longer to draw than a small epoch takes to train: they are drawn at the end of a session, however it
  ends, and on the way when the last ones are half a minute old. Those of figures are drawn from the two tables alone.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from torch.utils.tensorboard import SummaryWriter

from datasets.labels import LabelSet
from harness.run_dir import RunDir, write_bytes, write_csv
from harness.scoring.confusion import ConfusionMatrix, confusion_rows
from harness.training.confusion_figure import confusion_figure, read_confusion
from harness.training.curves import curves_figure
from harness.training.epoch_metrics import EpochMetrics, best_epoch
from harness.training.panels import Example, Picture, draw_panels, panels_png

PICTURES_EVERY_S = 30.0
"""Least time between two drawings of the pictures within a session [s]."""


class MetricsLog:
    """The epochs of a run so far, put on the disk as they come; a context manager.

    Args:
        run: where to write; None keeps the epochs and writes nothing, for the processes of a run after the first.
        labels: the classes.
        finished: epochs of an earlier session that this one goes on from; empty for a new run.
    """

    def __init__(self, run: RunDir | None, labels: LabelSet, finished: Sequence[EpochMetrics] = ()) -> None:
        self.epochs: list[EpochMetrics] = list(finished)
        self._files = None if run is None else _RunFiles(run, labels, self.epochs)

    def __enter__(self) -> MetricsLog:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._files is not None:
            self._files.close()

    def append(self, metrics: EpochMetrics, *, confusion: ConfusionMatrix, examples: Sequence[Example]) -> None:
        """Add an epoch.

        Args:
            metrics: its figures.
            confusion: pixel counts of its validation.
            examples: what the net made of a few validation frames, the same ones in each epoch.
        """
        self.epochs.append(metrics)
        if self._files is not None:
            self._files.write_epoch(confusion, examples, best=self.best)

    @property
    def best(self) -> EpochMetrics:
        """The epoch of highest mIoU, the earliest of equals; the first if none has one."""
        return best_epoch(self.epochs)


class _RunFiles:
    """Tables, pictures and TensorBoard of ``epochs``, a list that grows; TensorBoard's writer has a thread to end."""

    def __init__(self, run: RunDir, labels: LabelSet, epochs: Sequence[EpochMetrics]) -> None:
        self._run, self._labels, self._epochs = run, labels, epochs
        # What a session that was cut off wrote after its last whole epoch is hidden.
        self._board = SummaryWriter(str(run.tensorboard), purge_step=epochs[-1].step + 1 if epochs else None)
        self._drawn_at = time.monotonic()
        self._best_panels: Picture | None = None

    def close(self) -> None:
        self._board.close()
        self._draw_pictures()

    def write_epoch(self, confusion: ConfusionMatrix, examples: Sequence[Example], *, best: EpochMetrics) -> None:
        """Bring the tables and TensorBoard up to date with the newest epoch."""
        metrics = self._epochs[-1]
        write_csv(self._run.metrics, [epoch.to_row() for epoch in self._epochs])
        self._write_board(metrics, panels := draw_panels(examples, self._labels))
        if best is metrics:
            columns, rows = confusion_rows(confusion, self._labels.names)
            write_csv(self._run.confusion, rows, columns=columns)
            self._best_panels = panels
        if time.monotonic() - self._drawn_at > PICTURES_EVERY_S:
            self._draw_pictures()

    def _write_board(self, metrics: EpochMetrics, panels: Picture) -> None:
        for name, value in metrics.scalars().items():
            if not math.isnan(value):
                self._board.add_scalar(name, value, metrics.step)
        self._board.add_image("validation/examples", panels, metrics.step, dataformats="HWC")
        self._board.flush()

    def _draw_pictures(self) -> None:
        if self._epochs:
            write_bytes(self._run.curves, curves_figure(self._epochs))
        if self._run.confusion.is_file():  # there is none yet in a run that began before 0.2
            best = best_epoch(self._epochs)
            title = f"Confusion on the validation frames, epoch {best.epoch}, mIoU {best.miou:.3f}"
            counts = read_confusion(self._run.confusion)
            write_bytes(self._run.confusion_figure, confusion_figure(counts, self._labels.names, title=title))
        if self._best_panels is not None:
            write_bytes(self._run.panels, panels_png(self._best_panels))
        self._drawn_at = time.monotonic()
