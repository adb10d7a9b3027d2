"""What was planned, in the order in which the page shows it, and the names by which its parts link to each other."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from harness.reporting.limits import Sweep, sweeps_of
from harness.reporting.page import hex_color
from harness.reporting.source import ScoreData
from harness.scoring.statistics.bootstrap import Bootstrap


@dataclass(frozen=True, kw_only=True)
class View:
    """One kind of picture that the nets saw."""

    width: int
    """[px]"""
    height: int
    """[px]"""
    fov: float
    """Horizontal [deg]."""
    name: str
    """As the page calls it: with the field of view only where there are several."""


@dataclass(frozen=True, kw_only=True)
class Outline:
    """Models, views, weathers, sweeps, scenarios and classes of a score."""

    models: tuple[str, ...]
    views: tuple[View, ...]
    """The largest of each field of view first."""
    largest: tuple[View, ...]
    """The largest of those that are scored on the same labels: of each field of view and shape."""
    weathers: tuple[str, ...]
    """Those that were asked for by themselves; all where there are only sweeps."""
    sweeps: tuple[Sweep, ...]
    scenarios: tuple[str, ...]
    reference_weather: str
    class_names: tuple[str, ...]
    """In id order."""
    colors: Mapping[str, str]
    """``#rrggbb`` by class."""
    interval: str
    """Heading of a column of intervals, such as "95 % interval"."""
    bootstrap: str
    """How intervals are made, such as "bootstrap over frames"."""

    def class_anchor(self, model: str, name: str) -> str:
        """Row of a class in the first heat map of a model."""
        return f"class-{self.models.index(model)}-{self.class_names.index(name)}"

    def scenario_anchor(self, name: str) -> str:
        """Row of a scenario in the table of scenarios."""
        return f"scenario-{self.scenarios.index(name)}"


def outline_of(data: ScoreData, reference_weather: str, bootstrap: Bootstrap | None = None) -> Outline:
    """Read the plan from the rows of ``scenarios.csv`` and the lists of ``score.json``.

    Args:
        data: of the score.
        reference_weather: what the others are compared with.
        bootstrap: how the intervals of the report's tables were made; as it does by itself when omitted.
    """
    bootstrap = bootstrap or Bootstrap()
    rows = data.scenarios
    views = _views(rows)
    sweeps = sweeps_of(data)
    swept = {weather for sweep in sweeps for weather in sweep.weathers} - {reference_weather}
    weathers = tuple(dict.fromkeys(str(name) for name in rows["weather"]))
    named = tuple(weather for weather in weathers if weather not in swept)
    return Outline(
        models=tuple(dict.fromkeys(str(name) for name in rows["model"])),
        views=views,
        largest=_largest(views, data.label_sizes),
        weathers=named if len(named) > 1 or not sweeps else weathers,
        sweeps=sweeps,
        scenarios=tuple(dict.fromkeys(str(name) for name in rows["scenario"])),
        reference_weather=reference_weather,
        class_names=tuple(label.name for label in data.labels),
        colors={label.name: hex_color(label.color) for label in data.labels},
        interval=f"{bootstrap.level * 100:g} % interval",
        bootstrap=f"bootstrap over {bootstrap.unit}",
    )


def _views(rows: pd.DataFrame) -> tuple[View, ...]:
    """Different (width, height, fov), by field of view in the order of the plan, then by size."""
    found = rows[["width", "height", "fov"]].drop_duplicates()
    fovs = list(dict.fromkeys(float(fov) for fov in found["fov"]))
    views = [
        View(
            width=int(row["width"]),
            height=int(row["height"]),
            fov=float(row["fov"]),
            name=f"{int(row['width'])} × {int(row['height'])}" + (f", {row['fov']:g}°" if len(fovs) > 1 else ""),
        )
        for row in found.to_dict("records")
    ]
    return tuple(sorted(views, key=lambda view: (fovs.index(view.fov), -view.width * view.height, -view.width)))


def _largest(
    views: tuple[View, ...], label_sizes: Mapping[tuple[int, int, float], tuple[int, int]]
) -> tuple[View, ...]:
    """The first view of each field of view and label size."""
    found: dict[tuple[float, tuple[int, int]], View] = {}
    for view in views:
        found.setdefault((view.fov, label_sizes[view.width, view.height, view.fov]), view)
    return tuple(found.values())


def select(table: pd.DataFrame, view: View | None = None, /, **wanted: object) -> pd.DataFrame:
    """The rows of one view, and those whose columns have the wanted values."""
    chosen = pd.Series(True, index=table.index)
    if view is not None:
        wanted = {**wanted, "width": view.width, "height": view.height, "fov": view.fov}
    for column, value in wanted.items():
        chosen &= table[column] == value
    found: pd.DataFrame = table[chosen]
    return found


def number(value: Any) -> float:
    """A number out of a table's cell, NaN where it is empty, whatever type pandas gives it."""
    return math.nan if pd.isna(value) else float(value)


def view_of(outline: Outline, row: Mapping[Any, Any]) -> View:
    """The view that a row is about."""
    size = (int(row["width"]), int(row["height"]), float(row["fov"]))
    return next(view for view in outline.views if (view.width, view.height, view.fov) == size)


def view_name(outline: Outline, row: Mapping[Any, Any]) -> str:
    """The name of the view that a row is about."""
    return view_of(outline, row).name


def interval_text(low: float, high: float, *, digits: int) -> str:
    """``0.71 to 0.75``; nothing where there is no interval."""
    if math.isnan(low) or math.isnan(high):
        return ""
    return f"{low:.{digits}f} to {high:.{digits}f}".replace("-", "−")
