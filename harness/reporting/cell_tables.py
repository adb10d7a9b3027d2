"""Tables with a row for each thing that was planned: all cells worst first, means of weathers and sizes, timing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from harness.reporting.outline import Outline, interval_text, number, view_name
from harness.reporting.page import (
    Column,
    TableCell,
    TablePart,
    TableSection,
    number_cell,
    share_cell,
    text_cell,
)
from harness.reporting.source import ScoreData

Row = Mapping[Any, Any]
CellKey = tuple[str, str, int, int, float, str]
"""Scenario, weather, width, height, field of view, model."""


def key_of(row: Row) -> CellKey:
    """The cell that a row is about, whatever the repeat."""
    return (
        str(row["scenario"]),
        str(row["weather"]),
        int(row["width"]),
        int(row["height"]),
        float(row["fov"]),
        str(row["model"]),
    )


def cell_anchors(data: ScoreData) -> dict[CellKey, str]:
    """Anchor of the row of each cell, of its first repeat."""
    anchors: dict[CellKey, str] = {}
    for index, row in enumerate(data.scenarios.to_dict("records")):
        anchors.setdefault(key_of(row), f"cell-{index}")
    return anchors


def cell_section(outline: Outline, data: ScoreData, frames: Mapping[CellKey, str]) -> TableSection:
    """Every planned cell with its status: those without a score first, then the lowest mean IoU.

    Args:
        outline: of the score.
        data: of the score.
        frames: anchor of the gallery's frame by cell.
    """
    anchors = cell_anchors(data)
    has_repeats = data.scenarios["repeat"].nunique() > 1
    order = data.scenarios.assign(is_done=data.scenarios["status"] == "done").sort_values(
        ["is_done", "miou"], kind="stable", na_position="first"
    )
    columns = (
        Column(name="scenario", has_choice=True),
        Column(name="weather", has_choice=True),
        *((Column(name="model", has_choice=True),) if len(outline.models) > 1 else ()),
        Column(name="size", has_choice=True),
        *((Column(name="repeat", is_number=True),) if has_repeats else ()),
        Column(name="status", has_choice=True),
        Column(name="mIoU", is_number=True),
        Column(name="at input size", is_number=True),
        Column(name="pixel accuracy", is_number=True),
        Column(name="boundary IoU", is_number=True),
        Column(name="frames", is_number=True),
        Column(name="of", is_number=True),
        Column(name="retries", is_number=True),
        Column(name="town"),
        Column(name="labels"),
        Column(name="message"),
    )
    rows = []
    for index, row in zip(order.index, order.to_dict("records"), strict=True):
        position = f"cell-{data.scenarios.index.get_loc(index)}"
        key = key_of(row)
        rows.append(
            (
                text_cell(
                    row["scenario"], anchor=position if anchors[key] == position else "", link=frames.get(key, "")
                ),
                text_cell(row["weather"]),
                *((text_cell(row["model"]),) if len(outline.models) > 1 else ()),
                text_cell(view_name(outline, row)),
                *((number_cell(number(row["repeat"]), digits=0),) if has_repeats else ()),
                text_cell(row["status"], style="" if row["status"] == "done" else "bad"),
                share_cell(number(row["miou"])),
                number_cell(number(row["input_miou"])),
                number_cell(number(row["pixel_accuracy"])),
                number_cell(number(row["boundary_iou"])),
                number_cell(number(row["frames"]), digits=0),
                number_cell(number(row["planned_frames"]), digits=0),
                number_cell(number(row["retries"]), digits=0),
                text_cell(row["town"]),
                text_cell(text_cell(row["labels_digest"]).text[:8]),
                text_cell(row["message"], style="long"),
            )
        )
    return TableSection(
        anchor="cells",
        title="Worst cells first",
        text="Every planned cell is a row, whether it was scored or not: those without a whole score stand first, then "
        "the lowest mean IoU. The column labels holds the start of the checksum of the ground truth: equal under every "
        "weather and size, it proves that all saw the same drive. A scenario's name leads to the worst frame of that "
        "cell, where it is in the gallery.",
        parts=(TablePart(title="", columns=columns, rows=tuple(rows), is_filtered=True),),
    )


def model_and_size_columns(outline: Outline) -> tuple[Column, ...]:
    """Columns that name model and size, where there are several."""
    return (
        *((Column(name="model", has_choice=True),) if len(outline.models) > 1 else ()),
        *((Column(name="size", has_choice=True),) if len(outline.views) > 1 else ()),
    )


def model_and_size_cells(outline: Outline, row: Mapping[Any, Any]) -> tuple[TableCell, ...]:
    """What a row says in ``model_and_size_columns``."""
    return (
        *((text_cell(row["model"]),) if len(outline.models) > 1 else ()),
        *((text_cell(view_name(outline, row)),) if len(outline.views) > 1 else ()),
    )


def summary_section(outline: Outline, summary: pd.DataFrame) -> TableSection:
    """Means over classes of every weather, size and model, sweeps included."""
    has_spread = bool(summary["miou_spread"].notna().any())
    columns = (
        Column(name="weather", has_choice=True),
        *model_and_size_columns(outline),
        Column(name="status", has_choice=True),
        Column(name="mIoU", is_number=True),
        Column(name=outline.interval),
        Column(name="at input size", is_number=True),
        Column(name="pixel accuracy", is_number=True),
        Column(name="frequency-weighted IoU", is_number=True),
        Column(name="boundary IoU", is_number=True),
        *((Column(name="spread of repeats", is_number=True),) if has_spread else ()),
        Column(name="scenarios", is_number=True),
        Column(name="of", is_number=True),
        Column(name="frames", is_number=True),
    )
    rows = tuple(
        (
            text_cell(row["weather"]),
            *model_and_size_cells(outline, row),
            text_cell(row["status"], style="" if row["status"] == "complete" else "bad"),
            share_cell(number(row["miou"])),
            text_cell(interval_text(number(row["miou_low"]), number(row["miou_high"]), digits=3)),
            *(
                number_cell(number(row[name]))
                for name in ("input_miou", "pixel_accuracy", "frequency_weighted_iou", "boundary_iou")
            ),
            *((number_cell(number(row["miou_spread"]), digits=4),) if has_spread else ()),
            number_cell(number(row["scenarios_done"]), digits=0),
            number_cell(number(row["scenarios_planned"]), digits=0),
            number_cell(number(row["frames"]), digits=0),
        )
        for row in summary.to_dict("records")
    )
    return TableSection(
        anchor="summary",
        title="Means",
        text="Measures of every weather, size and model over all classes, pixel counts pooled over scenarios. Partial: "
        "some of the planned scenarios were not scored completely, and the mean is over the others and what there is.",
        parts=(TablePart(title="", columns=columns, rows=rows, is_filtered=True),),
        when_empty="Nothing was planned.",
    )


def timing_section(outline: Outline, timing: pd.DataFrame) -> TableSection:
    """Time that each net took for a picture, by size; the only values of the page that a clock decides."""
    columns = (
        Column(name="model"),
        Column(name="size"),
        Column(name="frames", is_number=True),
        Column(name="mean ms", is_number=True),
        Column(name="median ms", is_number=True),
        Column(name="largest p95 ms", is_number=True),
    )
    rows = tuple(
        _timing_row(outline, group)
        for _, group in timing.groupby(["model", "width", "height", "fov"], sort=False, observed=True)
    )
    return TableSection(
        anchor="timing",
        title="Timing",
        text="Wall-clock time of one prediction, from the picture to class ids. The mean is over all frames, the "
        "median that of the cells' medians, and p95 the largest of the cells' 95th percentiles.",
        parts=(TablePart(title="", columns=columns, rows=rows),) if rows else (),
        when_empty="No times were kept.",
    )


def _timing_row(outline: Outline, group: pd.DataFrame) -> tuple[TableCell, ...]:
    first: Row = group.iloc[0].to_dict()
    return (
        text_cell(first["model"]),
        text_cell(view_name(outline, first)),
        number_cell(number(group["frames"].sum()), digits=0),
        number_cell(float(np.average(group["predict_ms_mean"], weights=group["frames"])), digits=2),
        number_cell(number(group["predict_ms_median"].median()), digits=2),
        number_cell(number(group["predict_ms_p95"].max()), digits=2),
    )
