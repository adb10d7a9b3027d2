"""The curves of a run as one picture: loss, validation scores, learning rate and speed by epoch, as PNG bytes.

Decisions: drawn from the epochs' figures alone, so that it can be made again from ``metrics.csv``; matplotlib's objects
without ``pyplot``, so that nothing global changes; two colours that are told apart without colour vision, and a dashed
line for the second; every line is named beside it or in a legend; equal figures give equal bytes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator

from harness.reporting.figures import to_png
from harness.training.epoch_metrics import EpochMetrics, best_epoch

_BLUE, _ORANGE, _GREY = "#0072b2", "#d55e00", "#6b6b6b"
_MAX_MARKED_POINTS = 40
"""With more epochs than these, points would be a thicker line."""


def curves_figure(epochs: Sequence[EpochMetrics]) -> bytes:
    """Draw the curves of at least one epoch."""
    figure = Figure(figsize=(11.0, 6.6), layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12))
    (losses, scores), (rates, speeds) = figure.subplots(2, 2, sharex=True)
    _draw_losses(losses, epochs)
    _draw_scores(scores, epochs)
    _draw_rates(rates, epochs)
    _draw_speeds(speeds, epochs)
    for axes in (rates, speeds):
        axes.set_xlabel("epoch")
    return to_png(figure)


def _draw_losses(axes: Axes, epochs: Sequence[EpochMetrics]) -> None:
    _prepare(axes, "Loss", epochs)
    _line(axes, epochs, [each.train_loss for each in epochs], "training", _BLUE)
    _line(axes, epochs, [each.validation_loss for each in epochs], "validation", _ORANGE, dashed=True)
    _name_lines(axes, "upper right")


def _draw_scores(axes: Axes, epochs: Sequence[EpochMetrics]) -> None:
    """Pixel accuracy and mIoU; the epoch that the best weights are of is marked."""
    _prepare(axes, "Validation", epochs)
    _line(axes, epochs, [each.miou for each in epochs], "mIoU", _BLUE)
    _line(axes, epochs, [each.pixel_accuracy for each in epochs], "pixel accuracy", _ORANGE, dashed=True)
    best = best_epoch(epochs)
    if not math.isnan(best.miou):
        axes.axvline(best.epoch, color=_GREY, linewidth=0.8, linestyle=":", zorder=1)
        axes.plot(best.epoch, best.miou, "o", color=_BLUE, markersize=7, markeredgecolor="white", zorder=4)
        axes.set_title(f"best mIoU {best.miou:.3f}, epoch {best.epoch}", loc="right", fontsize=9, color=_GREY)
    axes.set_ylim(0, 1)
    _name_lines(axes, "lower right")


def _draw_rates(axes: Axes, epochs: Sequence[EpochMetrics]) -> None:
    _prepare(axes, "Learning rate at the end of the epoch", epochs)
    _line(axes, epochs, [each.learning_rate for each in epochs], None, _BLUE)
    _start_at_zero(axes)
    axes.yaxis.set_major_formatter("{x:g}")


def _draw_speeds(axes: Axes, epochs: Sequence[EpochMetrics]) -> None:
    """Training images a second; the time spent waiting for them in words."""
    _prepare(axes, "Training images a second", epochs)
    _line(axes, epochs, [each.images_per_s for each in epochs], None, _BLUE)
    waited = sum(each.data_wait_share * each.seconds for each in epochs) / sum(each.seconds for each in epochs)
    axes.set_title(f"{waited:.1%} of the time waiting for data", loc="right", fontsize=9, color=_GREY)
    _start_at_zero(axes)


def _prepare(axes: Axes, title: str, epochs: Sequence[EpochMetrics]) -> None:
    axes.set_title(title, loc="left", fontsize=11)
    axes.grid(color="#e2e2e2", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=9)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    margin = max(0.5, 0.02 * len(epochs))
    axes.set_xlim(epochs[0].epoch - margin, epochs[-1].epoch + margin)


def _start_at_zero(axes: Axes) -> None:
    highest = axes.dataLim.y1
    axes.set_ylim(0, 1.08 * highest if highest > 0 else 1)


def _name_lines(axes: Axes, place: Literal["upper right", "lower right"]) -> None:
    if axes.get_lines():
        axes.legend(loc=place, fontsize=9, framealpha=0.9, edgecolor="none")


def _line(
    axes: Axes, epochs: Sequence[EpochMetrics], values: Sequence[float], label: str | None, colour: str,
    *, dashed: bool = False,
) -> None:  # fmt: skip
    """One curve; epochs without a value are a gap, a curve without any is left out."""
    if np.isnan(values).all():
        return
    marker = "o" if len(epochs) <= _MAX_MARKED_POINTS else ""
    numbers = [each.epoch for each in epochs]
    axes.plot(
        numbers,
        values,
        "--" if dashed else "-",
        color=colour,
        marker=marker,
        markersize=3.5,
        linewidth=1.8,
        label=label,
    )
