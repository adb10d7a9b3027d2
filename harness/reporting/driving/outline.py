"""What was planned, in the order in which the page shows it, and the names by which its parts link to each other."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from harness.closed_loop.episode_log import EpisodeKey
from harness.reporting.charts import NUM_STYLES
from harness.reporting.driving.source import DriveData, key_of

MASK, TRUTH = "mask", "truth"
"""The policies that are held against each other: the net's mask, and the same driver on the simulator's tags."""
LEVEL = 0.95
"""Share of the resamples that lie in an interval."""
FEW = 10
"""Fewer episodes than this in a row of the summary are said to be few."""

_SWEPT = re.compile(r"(?P<name>.+:(?P<field>[a-z_]+))=(?P<value>[-+]?\d+(?:\.\d+)?)")


@dataclass(frozen=True, kw_only=True)
class DriveSweep:
    """Weathers that differ in one number."""

    name: str
    """``ClearNoon:fog_density``"""
    field: str
    values: tuple[float, ...]
    """Rising."""
    weathers: tuple[str, ...]
    """The name of the weather with each of the values."""


@dataclass(frozen=True, kw_only=True)
class DriveOutline:
    """Policies, views, weathers, sweeps and scenarios of a run."""

    policies: tuple[str, ...]
    views: tuple[tuple[int, int, float], ...]
    """Width [px], height [px], field of view [deg]; the largest first."""
    weathers: tuple[str, ...]
    sweeps: tuple[DriveSweep, ...]
    scenarios: tuple[str, ...]
    episodes: Mapping[EpisodeKey, int]
    """Place of each in the plan."""

    def style(self, policy: object) -> str:
        """Class of a policy in the style sheet, the same everywhere on the page."""
        return f"series{self.policies.index(str(policy)) % NUM_STYLES}"

    def episode_anchor(self, row: Mapping[Any, Any]) -> str:
        """Row of an episode in the table of episodes."""
        return f"episode-{self.episodes[key_of(row)]}"

    def map_anchor(self, scenario: object) -> str:
        """Map of a scenario."""
        return f"map-{self.scenarios.index(str(scenario))}"

    def view_name(self, row: Mapping[Any, Any]) -> str:
        """Size of the pictures of a row; with the field of view only where there are several."""
        size = f"{int(row['width'])} × {int(row['height'])}"
        return size if len({fov for *_, fov in self.views}) == 1 else f"{size}, {float(row['fov']):g}°"

    def episode_words(self, row: Mapping[Any, Any]) -> str:
        """Which episode of its scenario a row is about, as short as it is clear."""
        size = [self.view_name(row)] if len(self.views) > 1 else []
        return ", ".join([str(row["policy"]), str(row["weather"]), *size, f"repeat {int(row['repeat'])}"])


def outline_of(data: DriveData) -> DriveOutline:
    """Read the plan from the rows of ``episodes.csv``."""
    rows = data.episodes
    views = rows[["width", "height", "fov"]].drop_duplicates().itertuples(index=False, name=None)
    weathers = tuple(dict.fromkeys(str(name) for name in rows["weather"]))
    return DriveOutline(
        policies=data.policies,
        views=tuple(sorted(((int(w), int(h), float(fov)) for w, h, fov in views), key=lambda v: (-v[0] * v[1], v[2]))),
        weathers=weathers,
        sweeps=sweeps_of(weathers),
        scenarios=tuple(dict.fromkeys(str(name) for name in rows["scenario"])),
        episodes={key_of(row): place for place, row in enumerate(rows.to_dict("records"))},
    )


def sweeps_of(weathers: tuple[str, ...]) -> tuple[DriveSweep, ...]:
    """Weathers that differ in the number at the end of their names alone, two of them at least."""
    found: dict[tuple[str, str], dict[float, str]] = {}
    for weather in weathers:
        match = _SWEPT.fullmatch(weather)
        if match is not None:
            found.setdefault((match["name"], match["field"]), {})[float(match["value"])] = weather
    return tuple(
        DriveSweep(name=name, field=field, values=tuple(sorted(of)), weathers=tuple(of[value] for value in sorted(of)))
        for (name, field), of in found.items()
        if len(of) > 1
    )


def plain(value: Any) -> float:
    """A number out of a table's cell, NaN where it is empty."""
    return float("nan") if pd.isna(value) else float(value)
