"""IoU against a number of the weather: one chart for each sweep, and the operating limits beside it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from harness.reporting.charts import NUM_STYLES, Chart, Series, line_chart
from harness.reporting.heat_maps import class_heads, grid_part, iou_cell, of_model, with_mean
from harness.reporting.limits import Sweep
from harness.reporting.outline import Outline, View, number, select, view_name
from harness.reporting.page import (
    Column,
    TableCell,
    TablePart,
    TableSection,
    number_cell,
    share_cell,
    signed,
    text_cell,
)
from harness.reporting.tables import ReportTables
from harness.scoring.statistics.metrics import MEAN

_UNITS = {
    "sun_altitude_angle": "deg",
    "sun_azimuth_angle": "deg",
    "fog_distance": "m",
}
"""Units of CARLA's weather parameters that are not 0..100 without one."""


def sweep_section(outline: Outline, tables: ReportTables) -> TableSection:
    """Curves of all sweeps, then the limits, then the numbers of the curves."""
    charts = tuple(chart for sweep in outline.sweeps for chart in _charts(outline, tables, sweep))
    is_mean = tables.limits["class"] == MEAN
    parts = [
        _limits_part(outline, tables.limits[is_mean], title="Operating limits of the mean", is_collapsed=False),
        _limits_part(outline, tables.limits[~is_mean], title="Operating limits by class", is_collapsed=True),
    ]
    for sweep in outline.sweeps:
        parts += [_numbers_part(outline, tables, sweep, model) for model in outline.models]
    return TableSection(
        anchor="sweeps",
        title="Sweeps",
        text=f"IoU against one number of the weather, all others fixed; the band is the {outline.interval} of the "
        "mean. The operating limit is where IoU falls below its target, counted from the sweep's own weather outwards "
        "and interpolated between the values that were scored, on the frames that all of them have; the figures mark "
        "that of the mean. Holds: it does not fall below it on that side; missed: it is below it from the start; "
        "unknown: a value without a score comes first.",
        charts=charts,
        parts=tuple(part for part in parts if part.rows),
        when_empty="Nothing of the sweeps was scored yet.",
    )


def _charts(outline: Outline, tables: ReportTables, sweep: Sweep) -> list[Chart]:
    """Classes of each model, its sizes where there are several, and the models where there are several."""
    view = outline.largest[0]
    charts = []
    for model in outline.models:
        series = [_mean(tables, sweep, model, view, name="mIoU", is_main=True)]
        series += [
            _of_class(tables, sweep, model, view, name) for name in main_classes(tables.classes, outline, model, view)
        ]
        title = of_model(outline, model, f"IoU against {sweep.name} at {view.name}")
        charts.append(_chart(tables.limits, sweep, series, title=title, model=model, view=view))
        if len(outline.views) > 1:
            sizes = [
                _mean(tables, sweep, model, each, name=each.name, is_main=each == view)
                for each in outline.views[: NUM_STYLES + 1]
            ]
            title = of_model(outline, model, f"mIoU against {sweep.name} by image size")
            charts.append(_chart(tables.limits, sweep, sizes, title=title, model=model, view=view))
    if len(outline.models) > 1:
        nets = [
            _mean(tables, sweep, model, view, name=model, is_main=model == outline.models[0])
            for model in outline.models[: NUM_STYLES + 1]
        ]
        title = f"mIoU against {sweep.name} by model at {view.name}"
        charts.append(_chart(tables.limits, sweep, nets, title=title, model=outline.models[0], view=view))
    return [chart for chart in charts if any(line.path for line in chart.lines)]


def main_classes(classes: pd.DataFrame, outline: Outline, model: str, view: View) -> list[str]:
    """The classes with most pixels in the truth, as many as a chart has room for, in id order."""
    rows = select(classes, view, model=model)
    pixels = (rows["tp"] + rows["fn"]).groupby(rows["class"]).sum()
    largest = set(pixels[pixels > 0].nlargest(NUM_STYLES).index)
    return [name for name in outline.class_names if name in largest]


def _mean(tables: ReportTables, sweep: Sweep, model: str, view: View, *, name: str, is_main: bool) -> Series:
    rows = _ordered(select(tables.summary, view, model=model), sweep)
    return Series(
        name=name,
        xs=sweep.values,
        ys=list(rows["miou"]),
        lows=list(rows["miou_low"]) if is_main else (),
        highs=list(rows["miou_high"]) if is_main else (),
        is_main=is_main,
    )


def _of_class(tables: ReportTables, sweep: Sweep, model: str, view: View, name: str) -> Series:
    rows = _ordered(select(tables.classes, view, model=model, **{"class": name}), sweep)
    return Series(name=name, xs=sweep.values, ys=list(rows["iou"]))


def _ordered(rows: pd.DataFrame, sweep: Sweep) -> pd.DataFrame:
    """One row for each value of the sweep, empty where nothing was scored."""
    ordered: pd.DataFrame = rows.set_index("weather").reindex(list(sweep.weathers))
    numbers: pd.DataFrame = ordered.select_dtypes("number").astype(np.float64)
    return numbers


def _chart(
    limits: pd.DataFrame, sweep: Sweep, series: Sequence[Series], *, title: str, model: str, view: View
) -> Chart:
    unit = _UNITS.get(sweep.field)
    found = select(limits, view, model=model, sweep=sweep.name, **{"class": MEAN}).to_dict("records")
    marks = [number(row[name]) for row in found for name in ("low_limit", "high_limit")]
    return line_chart(
        series,
        title=title,
        text=f"{title}; the values are in the tables of this section.",
        x_title=f"{sweep.field} [{unit}]" if unit else sweep.field,
        limits=[mark for mark in marks if not np.isnan(mark)],
        target=number(found[0]["target_iou"]) if found else None,
    )


def _limits_part(outline: Outline, limits: pd.DataFrame, *, title: str, is_collapsed: bool) -> TablePart:
    has_models, has_ratios = len(outline.models) > 1, bool(limits["cd"].notna().any())
    columns = (
        Column(name="class", has_choice=True),
        Column(name="sweep", has_choice=True),
        *((Column(name="model", has_choice=True),) if has_models else ()),
        Column(name="size", has_choice=True),
        Column(name="target IoU", is_number=True),
        Column(name="lower limit", is_number=True),
        Column(name="upper limit", is_number=True),
        Column(name="best at", is_number=True),
        Column(name="best IoU", is_number=True),
        *((Column(name="CD", is_number=True), Column(name="rCD", is_number=True)) if has_ratios else ()),
        Column(name="scenarios", is_number=True),
        Column(name="frames", is_number=True),
    )
    rows = tuple(
        (
            text_cell(
                "mIoU" if row["class"] == MEAN else row["class"],
                style="total" if row["class"] == MEAN else "",
                color=outline.colors.get(str(row["class"]), ""),
            ),
            text_cell(row["sweep"]),
            *((text_cell(row["model"]),) if has_models else ()),
            text_cell(view_name(outline, row)),
            number_cell(number(row["target_iou"])),
            limit_cell(number(row["low_limit"]), row["low_holds"]),
            limit_cell(number(row["high_limit"]), row["high_holds"]),
            _value_cell(number(row["best_value"])),
            share_cell(number(row["best_iou"])),
            *(number_cell(number(row[name]), digits=2) for name in ("cd", "rcd") if has_ratios),
            number_cell(number(row["scenarios"]), digits=0),
            number_cell(number(row["frames"]), digits=0),
        )
        for row in limits.to_dict("records")
        if not pd.isna(row["best_iou"])
    )
    return TablePart(title=title, columns=columns, rows=rows, is_filtered=True, is_collapsed=is_collapsed)


def limit_cell(limit: float, holds: object) -> TableCell:
    """The limit, or why there is none."""
    if not pd.isna(limit):
        return _value_cell(limit)
    words = {"yes": "holds", "no": "missed", "unknown": "unknown"}.get(str(holds), "")
    return text_cell(words, style="number") if words else number_cell(limit)


def _value_cell(value: float) -> TableCell:
    """A value of a weather's field, which may be 60 or 0.03: four digits that count."""
    if pd.isna(value):
        return number_cell(value)
    return TableCell(text=signed(f"{value:.4g}"), sort_value=repr(float(value)), style="number")


def _numbers_part(outline: Outline, tables: ReportTables, sweep: Sweep, model: str) -> TablePart:
    view = outline.largest[0]
    rows = with_mean(select(tables.classes, view, model=model), select(tables.summary, view, model=model))
    return grid_part(
        rows,
        row_key="class",
        column_key="weather",
        heads=class_heads(outline),
        columns={name: f"{value:g}" for name, value in zip(sweep.weathers, sweep.values, strict=True)},
        cell=iou_cell,
        title=of_model(outline, model, f"Numbers of {sweep.name} at {view.name}"),
        is_collapsed=True,
    )
