"""IoU by distance from the camera and by size of the object, as small heat maps."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from harness.reporting.heat_maps import class_heads, grid_part, of_model
from harness.reporting.outline import Outline, number, select
from harness.reporting.page import TableCell, TablePart, TableSection, share_cell, text_cell
from harness.reporting.source import ScoreData
from harness.scoring.statistics.metrics import iou

_COUNTS = ["tp", "fp", "fn"]


def band_section(outline: Outline, data: ScoreData, worst_weather: dict[str, str]) -> TableSection:
    """Classes by band in the reference weather and in the worst one, and the means of all weathers.

    Args:
        outline: of the score.
        data: of the score.
        worst_weather: of each model, by its name.
    """
    parts = []
    for kind in ("distance", "object size"):
        for model in outline.models:
            rows = select(data.bands, outline.largest[0], kind=kind, model=model)
            pooled = _pooled(rows)
            weathers = dict.fromkeys((outline.reference_weather, worst_weather.get(model, outline.reference_weather)))
            parts += [_classes_part(outline, pooled, model, kind, weather) for weather in weathers]
            parts.append(_weathers_part(outline, pooled, model, kind))
    return TableSection(
        anchor="bands",
        title="Distance and object size",
        text=f"IoU at {outline.largest[0].name} of the pixels in one band of distance from the camera, and of "
        "connected regions of one class by their share of the image. Counts are pooled over all scored scenarios.",
        parts=tuple(part for part in parts if part.rows),
        when_empty="Nothing was counted by distance or object size.",
    )


def _pooled(rows: pd.DataFrame) -> pd.DataFrame:
    """IoU of each weather, band and class."""
    group = ["weather", "band", "band_name", "class"]
    pooled = rows.groupby(group, sort=False, observed=True, as_index=False)[_COUNTS].sum()
    tp, fp, fn = (pooled[name].to_numpy() for name in _COUNTS)
    table: pd.DataFrame = pooled.assign(iou=iou(tp, fp, fn))
    return table


def _classes_part(outline: Outline, pooled: pd.DataFrame, model: str, kind: str, weather: str) -> TablePart:
    return grid_part(
        select(pooled, weather=weather),
        row_key="class",
        column_key="band_name",
        heads=class_heads(outline),
        columns=_bands(pooled),
        cell=_cell,
        title=of_model(outline, model, f"By {kind} in {weather}"),
    )


def _weathers_part(outline: Outline, pooled: pd.DataFrame, model: str, kind: str) -> TablePart:
    means: pd.DataFrame = pooled.groupby(["weather", "band_name"], sort=False)[["iou"]].mean().reset_index()
    return grid_part(
        means,
        row_key="weather",
        column_key="band_name",
        heads={name: text_cell(name) for name in outline.weathers},
        columns=_bands(pooled),
        cell=_cell,
        title=of_model(outline, model, f"Mean over classes by {kind} and weather"),
        is_collapsed=True,
    )


def _bands(pooled: pd.DataFrame) -> dict[object, str]:
    return {str(name): str(name) for name in pooled.sort_values("band")["band_name"].unique()}


def _cell(row: Mapping[str, object]) -> TableCell:
    return share_cell(number(row["iou"]))
