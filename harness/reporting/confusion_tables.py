"""Confusion matrices as tables: of the pixels of each true class, the share that was called each class."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.reporting.heat_maps import of_model
from harness.reporting.outline import Outline, View, select
from harness.reporting.page import Column, TableCell, TablePart, TableSection, number_cell, text_cell
from harness.reporting.source import ScoreData

Matrix = NDArray[np.float64]

_SHOWN_PERCENT = 0.05
"""Less than this would be printed as 0.0, and is left blank, so that what is confused stands out."""


def confusion_section(outline: Outline, data: ScoreData, worst_weather: dict[str, str]) -> TableSection:
    """Each model's matrices in the reference weather and in its worst one, at the largest size.

    Args:
        outline: of the score.
        data: of the score.
        worst_weather: of each model, by its name.
    """
    cells, counts = data.confusion
    view = outline.largest[0]
    parts: list[TablePart] = []
    for model in outline.models:
        for weather in dict.fromkeys((outline.reference_weather, worst_weather.get(model, outline.reference_weather))):
            pooled = _pooled(cells, counts, model, weather, view)
            title = of_model(outline, model, f"In {weather} at {view.name}")
            parts.append(_part(outline, pooled, title, is_collapsed=bool(parts)))
    return TableSection(
        anchor="confusion",
        title="Confusion",
        text="Rows are true classes, columns predicted ones: percent of the row's pixels, so that each row sums to "
        "100; the diagonal is the recall. Less than 0.05 % is blank. Pooled over all scenarios that were scored; the "
        "counts of every cell are in confusion.npz.",
        parts=tuple(part for part in parts if part.rows),
        when_empty="Nothing was scored yet.",
    )


def row_percent(counts: NDArray[np.int64]) -> Matrix:
    """Percent of each row, ``(K, K)``; NaN in the rows of classes that are not in the truth."""
    total = counts.sum(axis=1, keepdims=True).astype(np.float64)
    percent: Matrix = np.divide(100 * counts, total, out=np.full(counts.shape, np.nan), where=total > 0)
    return percent


def _pooled(cells: pd.DataFrame, counts: NDArray[np.int64], model: str, weather: str, view: View) -> NDArray[np.int64]:
    chosen = select(cells.reset_index(drop=True), view, model=model, weather=weather).index
    pooled: NDArray[np.int64] = counts[chosen.to_numpy()].sum(axis=0)
    return pooled


def _part(outline: Outline, counts: NDArray[np.int64], title: str, *, is_collapsed: bool) -> TablePart:
    there = np.flatnonzero(counts.any(axis=0) | counts.any(axis=1))
    percent = row_percent(counts)
    names = outline.class_names
    rows = tuple(
        (
            text_cell(names[truth], color=outline.colors[names[truth]]),
            number_cell(float(counts[truth].sum()), digits=0),
            *(_percent_cell(float(percent[truth, guess]), is_right=truth == guess) for guess in there),
        )
        for truth in there
    )
    return TablePart(
        title=title,
        columns=(
            Column(name="truth"),
            Column(name="pixels", is_number=True),
            *(Column(name=names[guess], is_number=True) for guess in there),
        ),
        rows=rows,
        is_heat_map=True,
        is_collapsed=is_collapsed,
    )


def _percent_cell(percent: float, *, is_right: bool) -> TableCell:
    if percent < _SHOWN_PERCENT:
        return TableCell(text="", sort_value=repr(percent), style="number")
    return number_cell(percent, digits=1, style="share" if is_right else "drop", shade=percent / 100)
