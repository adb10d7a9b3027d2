"""The report's figures, drawn by matplotlib without a display, as PNG bytes.

Decisions: the object interface only, no ``pyplot``, so that no global state is left behind and a report can be made in
any thread; colours from cividis, which reads the same with and without colour vision; the value is written into each
cell, so that no figure depends on colour alone.
"""

from __future__ import annotations

import io
import math

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

_DPI = 130
_MAX_LABELLED_BARS = 24
"""With more bars than these the numbers above them would overlap; they are in the table all the same."""
_SERIES = ("#0c4a6e", "#e66100", "#5d9c59", "#a0569c", "#7a7a7a", "#c9a227")
"""One colour for each size, told apart by lightness too; further sizes begin again."""


def heat_map(values: pd.DataFrame, *, title: str) -> bytes:
    """IoU of classes (rows) under weathers (columns), absent ones hatched, as PNG.

    Args:
        values: IoU in 0..1, NaN where absent.
        title: printed above.
    """
    height, width = values.shape
    figure = Figure(figsize=(_width(width, margin=2.0), max(2.4, 1.4 + 0.27 * height)), layout="constrained")
    axes = figure.add_subplot()
    axes.set_facecolor("#eeeeee")
    grid = values.to_numpy(dtype=np.float64)
    picture = axes.imshow(np.ma.masked_invalid(grid), cmap="cividis", vmin=0, vmax=1, aspect="auto")
    for row in range(height):
        for column in range(width):
            _write_cell(axes, row, column, float(grid[row, column]))
    axes.set_xticks(range(width), [plain(name) for name in values.columns], rotation=35, ha="right", fontsize=9)
    axes.set_yticks(range(height), [plain(name) for name in values.index], fontsize=9)
    axes.tick_params(length=0)
    figure.suptitle(title.replace("$", r"\$"), fontsize=11, x=0.01, ha="left")
    figure.colorbar(picture, ax=axes, label="IoU", fraction=0.05, pad=0.02)
    return to_png(figure)


def mean_iou_bars(summary: pd.DataFrame) -> bytes:
    """MIoU by weather, one bar for each size, as PNG; a weather without a score has no bar.

    Args:
        summary: rows with weather, width, height and miou.
    """
    weathers = list(dict.fromkeys(summary["weather"]))
    pairs = dict.fromkeys(zip(summary["width"], summary["height"], strict=True))
    sizes = [(int(width), int(height)) for width, height in pairs]
    figure = Figure(figsize=(_width(len(weathers), margin=1.2), 3.2), layout="constrained")
    axes = figure.add_subplot()
    thickness = 0.8 / len(sizes)
    for index, (width, height) in enumerate(sizes):
        rows = summary[(summary["width"] == width) & (summary["height"] == height)]
        by_weather = dict(zip(rows["weather"], rows["miou"], strict=True))
        values = [float(by_weather.get(weather, math.nan)) for weather in weathers]
        places = np.arange(len(weathers)) + (index - (len(sizes) - 1) / 2) * thickness
        bars = axes.bar(
            places, values, thickness * 0.92, color=_SERIES[index % len(_SERIES)], label=f"{width} × {height}"
        )
        if len(weathers) * len(sizes) <= _MAX_LABELLED_BARS:
            labels = ["" if math.isnan(value) else f"{value:.2f}" for value in values]
            axes.bar_label(bars, labels, fontsize=8, padding=2)
    axes.margins(x=0.02)
    axes.set_xticks(range(len(weathers)), [plain(name) for name in weathers], rotation=20, ha="right", fontsize=9)
    axes.set_ylim(0, 1)
    axes.set_ylabel("mIoU")
    axes.grid(axis="y", color="#dddddd", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle("Mean IoU by weather and image size", fontsize=11, x=0.01, ha="left")
    axes.legend(fontsize=9, frameon=False, ncols=min(4, len(sizes)), loc="lower right", bbox_to_anchor=(1, 1.0))
    return to_png(figure)


def _width(weathers: int, *, margin: float) -> float:
    """Width of a figure [inch]: room for each weather, a little less for each where there are many."""
    return max(4.4, margin + (0.78 if weathers <= 8 else 0.58) * weathers)


def _write_cell(axes: Axes, row: int, column: int, value: float) -> None:
    if math.isnan(value):
        axes.text(column, row, "–", ha="center", va="center", fontsize=9, color="#888888")
        return
    red, green, blue, _ = colormaps["cividis"](value)
    is_light = 0.299 * red + 0.587 * green + 0.114 * blue > 0.5
    axes.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=9, color="black" if is_light else "white")


def plain(text: object) -> str:
    """Text that matplotlib does not take for a formula, and that is short enough for an axis."""
    words = str(text).replace("$", r"\$")
    return words if len(words) <= 34 else f"{words[:33]}…"


def to_png(figure: Figure) -> bytes:
    """A figure as PNG; equal figures give equal bytes."""
    FigureCanvasAgg(figure)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=_DPI, metadata={"Software": None})
    return content.getvalue()
