"""The confusion matrix as a picture: of the pixels of each true class, which share was predicted as which class.

Decisions: rows are normalised, since a frame has a hundred times more road than pedestrian; one hue from white to dark,
on a scale of square roots, so that a confusion of a few percent can be seen; percentages are written into the cells, so
that nothing depends on colour alone. Readable for 2 to about 32 classes; the exact counts are in ``confusion.csv``.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import NDArray

from harness.errors import DataError
from harness.reporting.figures import to_png

_CELL_INCHES = 0.36
_SMALLEST_GRID_INCHES = 2.6
_DARK_FROM = 0.35
"""Share from which a cell is so dark that its text must be white."""
_MAX_NAME_LETTERS = 24


def confusion_figure(counts: NDArray[np.int64], names: Sequence[str], *, title: str) -> bytes:
    """Draw the matrix as PNG.

    Args:
        counts: ``(K, K)`` pixels by true class (row) and predicted class (column).
        names: of the K classes.
        title: printed above.
    """
    grid = max(_SMALLEST_GRID_INCHES, _CELL_INCHES * len(names))
    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12)
    figure = Figure(figsize=(grid + 3.4, grid + 2.2), layout=layout)
    axes = figure.add_subplot()
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.full(counts.shape, np.nan), where=totals > 0)
    axes.set_facecolor("#e9e9e9")
    norm = PowerNorm(0.5, vmin=0, vmax=1)
    picture = axes.imshow(np.ma.masked_invalid(shares), cmap="Blues", norm=norm)
    _write_shares(axes, shares)
    _name_axes(axes, names)
    bar = figure.colorbar(picture, ax=axes, fraction=0.04, pad=0.02, ticks=[0, 0.01, 0.1, 0.25, 0.5, 1])
    bar.ax.set_yticklabels(["0", "1 %", "10 %", "25 %", "50 %", "100 %"], fontsize=8)
    bar.outline.set_visible(False)
    figure.suptitle(title, fontsize=11, x=0.02, ha="left")
    return to_png(figure)


def read_confusion(path: Path) -> NDArray[np.int64]:
    """Return the ``(K, K)`` counts of a table that ``scoring.confusion.confusion_rows`` is the form of.

    Raises:
        DataError: it is not such a table.
    """
    try:
        with path.open(newline="") as file:
            header, *rows = csv.reader(file)
        counts = np.array([[int(cell) for cell in row[1:]] for row in rows], np.int64)
    except ValueError as error:
        raise DataError(f"{path} cannot be read ({error}). Delete it: the next best epoch writes it again.") from error
    if counts.shape != (len(header) - 1,) * 2:
        raise DataError(f"{path} is not square. Delete it: the next best epoch writes it again.")
    return counts


def _write_shares(axes: Axes, shares: NDArray[np.float64]) -> None:
    """Percentages in the cells; nothing where it would round to 0, a dash where a class has no pixel in the truth."""
    size = 7.5 if len(shares) > 6 else 11
    for (row, column), share in np.ndenumerate(shares):
        if np.isnan(share):
            text, colour = ("–", "#8a8a8a") if row == column else ("", "")
        else:
            text, colour = (f"{share:.0%}"[:-1] if share >= 0.005 else ""), "white" if share >= _DARK_FROM else "black"
        if text:
            axes.text(column, row, text, ha="center", va="center", fontsize=size, color=colour)


def _name_axes(axes: Axes, names: Sequence[str]) -> None:
    places, labels = range(len(names)), [_plain(name) for name in names]
    axes.set_xticks(places, labels, rotation=60, ha="right", rotation_mode="anchor", fontsize=8.5)
    axes.set_yticks(places, labels, fontsize=8.5)
    axes.set_xlabel("predicted, % of the row's pixels")
    axes.set_ylabel("truth")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    borders = np.arange(len(names) + 1) - 0.5
    axes.set_xticks(borders, minor=True)
    axes.set_yticks(borders, minor=True)
    axes.grid(which="minor", color="white", linewidth=1)
    axes.tick_params(which="minor", length=0)


def _plain(name: str) -> str:
    """A name that matplotlib does not take for a formula, and that is short enough for an axis."""
    words = name if len(name) <= _MAX_NAME_LETTERS else f"{name[: _MAX_NAME_LETTERS - 1]}…"
    return words.replace("$", r"\$")
