"""Differences with their intervals: tables in which each row has a dot and a whisker on one common scale.

A figure and its numbers are one thing here, so that both are sorted and filtered together. An open dot and grey text
say that an interval holds zero: that difference is not significant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.ticker import MaxNLocator

from harness.reporting.cell_tables import model_and_size_cells, model_and_size_columns
from harness.reporting.heat_maps import MakeCell, class_heads, grid_part, of_model, view_keys
from harness.reporting.outline import Outline, interval_text, number, select, view_name, view_of
from harness.reporting.page import (
    Column,
    TableCell,
    TablePart,
    TableSection,
    Whisker,
    drop_cell,
    gain_cell,
    number_cell,
    share_cell,
    signed,
    text_cell,
)
from harness.reporting.tables import ReportTables
from harness.scoring.statistics.metrics import MEAN

Row = Mapping[Any, Any]

_GREY = "Grey with an open dot: not significant, the interval holds zero, or there is none."


class Scale:
    """Where a number of points lies in the column of dots and whiskers."""

    def __init__(self, values: Sequence[float]) -> None:
        """A scale that holds all ``values`` and zero, with round ends."""
        finite = [value for value in (*values, 0.0, 1.0) if not pd.isna(value)]
        ends = MaxNLocator(4, steps=[1, 2, 5, 10]).tick_values(min(finite), max(finite))
        self.low, self.high = float(ends[0]), float(ends[-1])

    @property
    def column(self) -> Column:
        """The heading, with what the two ends are."""
        ends = signed(f"{self.low:g}"), f"{self.high:g}"
        return Column(name="points", is_number=True, ends=ends)

    def whisker(self, *, low: float, middle: float, high: float, is_significant: bool) -> TableCell:
        """A cell with a dot, and a whisker where there is an interval; it is sorted by its dot."""
        if pd.isna(middle):
            return text_cell("")
        low, high = (middle if pd.isna(end) else end for end in (low, high))
        drawn = Whisker(
            low=self._place(low),
            middle=self._place(middle),
            high=self._place(high),
            zero=self._place(0.0),
            is_significant=is_significant,
        )
        return TableCell(text="", sort_value=repr(float(middle)), style="forest", whisker=drawn)

    def _place(self, value: float) -> float:
        return round(100 * (value - self.low) / (self.high - self.low), 1)


def degradation_section(outline: Outline, tables: ReportTables) -> TableSection:
    """What each weather and each smaller size costs: means with intervals, then each class."""
    means = tables.degradation[tables.degradation["class"] == MEAN]
    reference = outline.reference_weather
    parts = [
        _loss_part(outline, select(means, axis="weather"), title=f"Weather against {reference}, at the same size"),
        _loss_part(outline, select(means, axis="size"), title="Image size against the largest, in the same weather"),
        _loss_part(
            outline,
            select(means, axis="both"),
            title=f"Weather and size together, against {reference} at the largest size",
            is_collapsed=True,
        ),
    ]
    for model in outline.models:
        parts += _class_losses(outline, tables.degradation, model)
    return TableSection(
        anchor="degradation",
        title="Degradation",
        text=f"Percentage points of IoU lost; the dot is the loss, the whisker its {outline.interval} by a paired "
        f"{outline.bootstrap}, and the line marks no loss. {_GREY} Compared are the frames that both sides "
        "have, of scenarios that were scored completely under both.",
        parts=tuple(part for part in parts if part.rows),
        when_empty=f"There is nothing to compare: {reference} at one size is all that was scored.",
    )


def comparison_section(outline: Outline, comparison: pd.DataFrame) -> TableSection:
    """Differences of two models on the same frames: of the mean, then of each class."""
    means = comparison[comparison["class"] == MEAN]
    parts = [_difference_part(outline, in_order(outline, means, by="difference_points"))]
    for (first, second), rows in comparison.groupby(["model_a", "model_b"], sort=False):
        parts += [
            _class_grid(
                outline,
                select(rows, view),
                cell=_difference_cell,
                title=f"{second} minus {first} by class, points, at {view.name}",
            )
            for view in outline.largest
        ]
    return TableSection(
        anchor="comparison",
        title="Comparison of models",
        text="Difference of IoU in percentage points on the same frames, the second model minus the first, with its "
        f"{outline.interval} by a paired {outline.bootstrap}. {_GREY}",
        parts=tuple(part for part in parts if part.rows),
        when_empty="There are no frames that two models have both predicted.",
    )


def _loss_part(outline: Outline, rows: pd.DataFrame, *, title: str, is_collapsed: bool = False) -> TablePart:
    rows = rows[rows["weather"].isin(outline.weathers)]
    rows = in_order(outline, rows, by="drop_points")
    scale = Scale([*rows["drop_points"], *rows["drop_low"], *rows["drop_high"]])
    has_reference_model = bool(rows["cd"].notna().any())
    columns = [
        Column(name="weather", has_choice=True),
        scale.column,
        Column(name="drop", is_number=True),
        Column(name=outline.interval),
        Column(name="significant", has_choice=True),
        *model_and_size_columns(outline),
        Column(name="reference mIoU", is_number=True),
        Column(name="mIoU", is_number=True),
        Column(name="retention", is_number=True),
        *((Column(name="CD", is_number=True), Column(name="rCD", is_number=True)) if has_reference_model else ()),
        Column(name="scenarios", is_number=True),
        Column(name="frames", is_number=True),
    ]
    cells = []
    for row in rows.to_dict("records"):
        low, middle, high = (number(row[name]) for name in ("drop_low", "drop_points", "drop_high"))
        cells.append(
            (
                text_cell(row["weather"]),
                *_estimate_cells(scale, low, middle, high, row["significant"]),
                *model_and_size_cells(outline, row),
                share_cell(number(row["reference_iou"])),
                share_cell(number(row["iou"])),
                number_cell(number(row["retention"]), digits=2),
                *(number_cell(number(row[name]), digits=2) for name in ("cd", "rcd") if has_reference_model),
                number_cell(number(row["scenarios"]), digits=0),
                number_cell(number(row["frames"]), digits=0),
            )
        )
    return TablePart(
        title=title, columns=tuple(columns), rows=tuple(cells), is_filtered=True, is_collapsed=is_collapsed
    )


def in_order(outline: Outline, rows: pd.DataFrame, *, by: str) -> pd.DataFrame:
    """Rows of each model and view together, as planned, the largest number first."""
    models = rows["model" if "model" in rows else "model_a"].map(outline.models.index)
    views = [outline.views.index(view_of(outline, row)) for row in rows.to_dict("records")]
    ordered: pd.DataFrame = rows.assign(_model=models, _view=views).sort_values(
        ["_model", "_view", by], ascending=[True, True, False], kind="stable"
    )
    return ordered


def _difference_part(outline: Outline, rows: pd.DataFrame) -> TablePart:
    scale = Scale([*rows["difference_points"], *rows["low"], *rows["high"]])
    columns = (
        Column(name="weather", has_choice=True),
        scale.column,
        Column(name="difference", is_number=True),
        Column(name=outline.interval),
        Column(name="significant", has_choice=True),
        Column(name="first", has_choice=True),
        Column(name="second", has_choice=True),
        *((Column(name="size", has_choice=True),) if len(outline.views) > 1 else ()),
        Column(name="mIoU of the first", is_number=True),
        Column(name="of the second", is_number=True),
        Column(name="frames", is_number=True),
    )
    cells = tuple(
        (
            text_cell(row["weather"]),
            *_estimate_cells(
                scale, number(row["low"]), number(row["difference_points"]), number(row["high"]), row["significant"]
            ),
            text_cell(row["model_a"]),
            text_cell(row["model_b"]),
            *((text_cell(view_name(outline, row)),) if len(outline.views) > 1 else ()),
            share_cell(number(row["iou_a"])),
            share_cell(number(row["iou_b"])),
            number_cell(number(row["frames"]), digits=0),
        )
        for row in rows.to_dict("records")
    )
    return TablePart(title="Mean over classes", columns=columns, rows=cells, is_filtered=True)


def _estimate_cells(scale: Scale, low: float, middle: float, high: float, significant: object) -> tuple[TableCell, ...]:
    """Dot and whisker, number, interval and verdict of one row."""
    is_significant = significant == "yes"
    weak = "" if is_significant else "weak"
    verdict = {"yes": "yes", "no": "not significant"}.get(str(significant), "")
    return (
        scale.whisker(low=low, middle=middle, high=high, is_significant=is_significant),
        number_cell(middle, digits=1, style=f"number {weak}"),
        text_cell(interval_text(low, high, digits=1), style=weak),
        text_cell(verdict, style=weak),
    )


def _class_losses(outline: Outline, degradation: pd.DataFrame, model: str) -> list[TablePart]:
    """Points lost of each class: by weather at the largest sizes, and by size in the reference weather."""
    rows = select(degradation, model=model)
    parts = [
        _class_grid(
            outline,
            select(rows, view, axis="weather"),
            cell=_loss_cell,
            title=of_model(outline, model, f"Points lost by class and weather at {view.name}"),
        )
        for view in outline.largest
    ]
    smaller = [view for view in outline.views if view not in outline.largest]
    by_size = select(rows, axis="size", weather=outline.reference_weather)
    return [
        *parts,
        grid_part(
            by_size.assign(view=view_keys(by_size)),
            row_key="class",
            column_key="view",
            heads=class_heads(outline),
            columns={(view.width, view.height, view.fov): view.name for view in smaller},
            cell=_loss_cell,
            title=of_model(outline, model, f"Points lost by class and size in {outline.reference_weather}"),
            is_collapsed=True,
        ),
    ]


def _class_grid(outline: Outline, rows: pd.DataFrame, *, cell: MakeCell, title: str) -> TablePart:
    return grid_part(
        rows,
        row_key="class",
        column_key="weather",
        heads=class_heads(outline),
        columns={name: name for name in outline.weathers if name in set(rows["weather"])},
        cell=cell,
        title=title,
        is_collapsed=True,
    )


def _loss_cell(row: Mapping[str, object]) -> TableCell:
    is_significant, hint = row["significant"] == "yes", _hint(row, "drop_low", "drop_high")
    return drop_cell(number(row["drop_points"]), is_significant=is_significant, hint=hint)


def _difference_cell(row: Mapping[str, object]) -> TableCell:
    is_significant, hint = row["significant"] == "yes", _hint(row, "low", "high")
    return gain_cell(number(row["difference_points"]), is_significant=is_significant, hint=hint)


def _hint(row: Mapping[str, object], low: str, high: str) -> str:
    """The interval of a cell, and whether it holds zero."""
    words = interval_text(number(row[low]), number(row[high]), digits=1)
    verdict = "" if row["significant"] == "yes" else ", not significant"
    return f"interval {words}{verdict}" if words else ""
