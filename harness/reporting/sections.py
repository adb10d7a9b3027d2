"""The report's tables as sections of the page: which columns, in which order, shown how."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from harness.reporting.page import (
    Column,
    TableCell,
    TablePart,
    TableSection,
    drop_cell,
    hex_color,
    number_cell,
    share_cell,
    text_cell,
)
from harness.reporting.source import ScoreData
from harness.reporting.tables import MEAN, pivot_iou


def scenario_section(data: ScoreData) -> TableSection:
    """Every planned cell with its status."""
    columns = (
        Column(name="scenario"),
        Column(name="town"),
        Column(name="weather"),
        Column(name="size"),
        Column(name="status"),
        Column(name="frames", is_number=True),
        Column(name="pixel accuracy", is_number=True),
        Column(name="mIoU", is_number=True),
        Column(name="labels"),
        Column(name="message"),
    )
    rows = tuple(_scenario_row(row) for row in data.scenarios.to_dict("records"))
    return TableSection(
        anchor="scenarios",
        title="Scenarios",
        text="Every planned scenario, weather and size is a row, whether it was scored or not. The column labels holds "
        "the start of the ground truth's checksum: equal under every weather, it proves that all saw the same drive.",
        parts=(TablePart(title="", columns=columns, rows=rows),),
    )


def class_section(data: ScoreData, classes: pd.DataFrame, summary: pd.DataFrame) -> TableSection:
    """IoU of classes by weather, one table for each size."""
    colors = {label.name: hex_color(label.color) for label in data.labels}
    parts = tuple(_class_part(data, classes, summary, size, colors) for size in data.sizes)
    absent = [label.name for label in data.labels if label.name not in set(classes.dropna(subset=["iou"])["class"])]
    text = "Intersection over union, pixel counts pooled over all scenarios that were scored."
    if absent:
        text += f" In no scored frame, and not listed: {', '.join(absent)}."
    return TableSection(anchor="classes", title="Classes by weather", text=text, parts=parts)


def degradation_section(data: ScoreData, degradation: pd.DataFrame, reference_weather: str) -> TableSection:
    """Points of IoU lost against the reference weather, one table for each size."""
    colors = {label.name: hex_color(label.color) for label in data.labels}
    parts = tuple(
        part for size in data.sizes for part in _degradation_parts(data, degradation, reference_weather, size, colors)
    )
    return TableSection(
        anchor="degradation",
        title="Degradation",
        text=f"What each weather costs against {reference_weather} at the same size. Drop: percentage points of IoU "
        "lost. Retention: IoU as a share of the reference's. Compared are the scenarios that were scored completely "
        "under both.",
        parts=parts,
        when_empty=f"There is nothing to compare: {reference_weather} is the only weather.",
    )


def _scenario_row(row: Mapping[Any, Any]) -> tuple[TableCell, ...]:
    status = str(row["status"])
    return (
        text_cell(row["scenario"]),
        text_cell(row["town"]),
        text_cell(row["weather"]),
        text_cell(_size_title((int(row["width"]), int(row["height"])))),
        text_cell(status, style="" if status == "done" else "bad"),
        number_cell(_float(row["frames"]), digits=0),
        share_cell(_float(row["pixel_accuracy"])),
        share_cell(_float(row["miou"])),
        text_cell(str(text_cell(row["labels_digest"]).text)[:8]),
        text_cell(row["message"], style="long"),
    )


def _class_part(
    data: ScoreData, classes: pd.DataFrame, summary: pd.DataFrame, size: tuple[int, int], colors: Mapping[str, str]
) -> TablePart:
    wide = pivot_iou(classes, data, size)
    here = summary[(summary["width"] == size[0]) & (summary["height"] == size[1])].set_index("weather")
    rows = [
        (text_cell(name, color=colors[str(name)]), *(share_cell(_float(value)) for value in values))
        for name, values in zip(wide.index, wide.to_numpy(), strict=True)
    ]
    for title, column in (("mIoU", "miou"), ("pixel accuracy", "pixel_accuracy")):
        values = here[column].reindex(data.weathers)
        rows.append((text_cell(title, style="total"), *(share_cell(_float(value)) for value in values)))
    return TablePart(
        title=_size_title(size),
        columns=(Column(name="class"), *(Column(name=name, is_number=True) for name in data.weathers)),
        rows=tuple(rows),
    )


def _degradation_parts(
    data: ScoreData,
    degradation: pd.DataFrame,
    reference_weather: str,
    size: tuple[int, int],
    colors: Mapping[str, str],
) -> list[TablePart]:
    here = degradation[(degradation["width"] == size[0]) & (degradation["height"] == size[1])]
    weathers = [weather for weather in data.weathers if weather != reference_weather]
    if here.empty:
        return []
    columns = [Column(name="class"), Column(name=f"{reference_weather} IoU", is_number=True)]
    for weather in weathers:
        columns += [
            Column(name=f"{weather} drop", is_number=True),
            Column(name="retention", is_number=True),
        ]
    rows = []
    for name in [MEAN, *(label.name for label in data.labels)]:
        by_weather = here[here["class"] == name].set_index("weather")
        reference = by_weather["reference_iou"].dropna()
        if reference.empty and by_weather["iou"].dropna().empty:
            continue
        cells = [text_cell(name, style="total" if name == MEAN else "", color=colors.get(name, ""))]
        cells.append(share_cell(_float(reference.iloc[0]) if len(reference) else float("nan")))
        for weather in weathers:
            cells.append(drop_cell(_float(by_weather.loc[weather, "drop_points"])))
            cells.append(number_cell(_float(by_weather.loc[weather, "retention"]), digits=2))
        rows.append(tuple(cells))
    return [TablePart(title=_size_title(size), columns=tuple(columns), rows=tuple(rows))]


def _size_title(size: tuple[int, int]) -> str:
    return f"{size[0]} × {size[1]}"


def _float(value: Any) -> float:
    """A number out of a table cell, whatever type pandas gives it."""
    return float(value)
