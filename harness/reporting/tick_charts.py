"""Mean IoU of each frame in the cells that did worst, beside the reference weather's on the same drive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from harness.reporting.charts import Chart, Series, line_chart
from harness.reporting.outline import Outline, number, select
from harness.reporting.page import TableSection
from harness.reporting.source import ScoreData

NUM_CELLS = 6
MAX_POINTS = 240
"""Longer series are drawn as means of equal stretches: a figure has no room for more."""


def tick_section(outline: Outline, data: ScoreData) -> TableSection:
    """One figure for each of the worst weathers."""
    worst = _worst_cells(outline, data.scenarios)
    charts: tuple[Chart, ...] = ()
    if len(worst):
        ticks = data.ticks()
        ticks = ticks[ticks["scenario"].isin(set(worst["scenario"])) & (ticks["repeat"] == 1)]
        drawn = (_chart(outline, ticks, row) for row in worst.to_dict("records"))
        charts = tuple(chart for chart in drawn if chart is not None)
    return TableSection(
        anchor="ticks",
        title="Along the drive",
        text="Mean IoU of each frame in the worst cell of each of the worst weathers, and on the same drive under "
        f"{outline.reference_weather}. Values are in ticks.parquet.",
        charts=charts,
        parts=(),
        when_empty="" if charts else "No cell but those of the reference weather has a score.",
    )


def _worst_cells(outline: Outline, scenarios: pd.DataFrame) -> pd.DataFrame:
    """The worst cell of each of the worst weathers, those of sweeps left aside: their neighbours are much alike."""
    rows = select(scenarios, outline.largest[0], repeat=1).dropna(subset=["miou"])
    rows = rows[rows["weather"].isin(outline.weathers) & (rows["weather"] != outline.reference_weather)]
    found: pd.DataFrame = rows.sort_values("miou", kind="stable").drop_duplicates("weather").head(NUM_CELLS)
    return found


def _chart(outline: Outline, ticks: pd.DataFrame, row: Mapping[Any, Any]) -> Chart | None:
    wanted = {name: row[name] for name in ("scenario", "model", "width", "height", "fov")}
    series = [
        (str(weather), frame_means(select(ticks, weather=weather, **wanted)))
        for weather in (row["weather"], outline.reference_weather)
    ]
    length = max(len(means) for _, means in series)
    if length == 0:
        return None
    stretch = -(-length // MAX_POINTS)
    of_model = f", {row['model']}" if len(outline.models) > 1 else ""
    title = f"{row['scenario']} in {row['weather']}{of_model}: mIoU {number(row['miou']):.3f}"
    return line_chart(
        [
            Series(name=name, **stretched(means, stretch), is_main=index == 0, has_marks=False)
            for index, (name, means) in enumerate(series)
        ],
        title=title,
        text=f"{title}, frame by frame.",
        x_title="frame" if stretch == 1 else f"frame (means of {stretch})",
    )


def frame_means(ticks: pd.DataFrame) -> pd.Series:
    """Mean IoU over the classes of each frame, by frame number; NaN where one of an even row of numbers is missing."""
    means = ticks.groupby("frame")["iou"].mean()
    if len(means) < 2:
        return means
    frames = means.index.to_numpy()
    step = int(np.gcd.reduce(np.diff(frames)))  # not every tick need be a frame
    whole: pd.Series = means.reindex(np.arange(frames[0], frames[-1] + 1, step))
    return whole


def stretched(means: pd.Series, stretch: int) -> dict[str, Sequence[float]]:
    """First frame and mean of each stretch of so many frames."""
    groups = np.arange(len(means)) // stretch
    return {
        "xs": [float(frame) for frame in means.index[::stretch]],
        "ys": [float(value) for value in means.groupby(groups).mean()],
    }
