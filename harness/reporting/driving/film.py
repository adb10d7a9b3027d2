"""The worst episode of the mask: its end as a film, and what happened in words."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from harness.reporting.driving.cells import Row
from harness.reporting.driving.outline import MASK, TRUTH, DriveOutline, plain
from harness.reporting.driving.page import DriveSection, Film
from harness.reporting.driving.pooled import SCORE
from harness.reporting.driving.raw_tables import KEY
from harness.reporting.driving.source import DriveData
from harness.reporting.page import Link, Picture

MAX_NAMED = 8
"""Infractions that are told one by one."""


def film_section(outline: DriveOutline, data: DriveData) -> DriveSection:
    """The worst episode of `watched`, if any was driven."""
    policy = watched(outline, data)
    row = worst_episode(data.driven, policy)
    return DriveSection(
        anchor="worst",
        title="The worst episode",
        text=f"Of all episodes of {policy}, the one with the lowest driving score; of equals that with the lowest "
        "completion, then the largest lateral error. The film shows its last seconds: the mask lightly over the "
        "picture, the corridor in white, the nearest thing in it with an orange bar.",
        film=None if row is None else _film(outline, data, row),
        when_empty=f"No episode of {policy} was driven.",
    )


def watched(outline: DriveOutline, data: DriveData) -> str:
    """The policy whose worst episode is shown: the mask's, or another that drove by one, or the truth, or the first."""
    if MASK in outline.policies:
        return MASK
    seeing = [policy for policy in data.driven.dropna(subset=["iou_road_lines"])["policy"] if policy != TRUTH]
    if seeing:
        return str(seeing[0])
    return TRUTH if TRUTH in outline.policies else outline.policies[0]


def worst_episode(driven: pd.DataFrame, policy: str) -> Row | None:
    """Lowest driving score, then lowest completion, then largest lateral error; None where nothing was driven."""
    rows = driven[driven["policy"] == policy]
    if rows.empty:
        return None
    order = rows.assign(error=-rows["lateral_error_p95_m"].fillna(0.0))
    worst: dict[Any, Any] = order.sort_values([SCORE, "completion", "error"], kind="stable").iloc[0].to_dict()
    return worst


def _film(outline: DriveOutline, data: DriveData, row: Row) -> Film:
    clip = data.clip_of(row)
    name = f"{row['scenario']}: {outline.episode_words(row)}"
    picture = None
    if clip is not None:
        source = f"data:image/webp;base64,{base64.b64encode(clip.read_bytes()).decode('ascii')}"
        picture = Picture(source=source, text=f"The last seconds of {name}")
    return Film(
        picture=picture,
        title=name,
        row=Link(text="its row", anchor=outline.episode_anchor(row)),
        sentences=(_outcome(row), *_events(data, row), *_driver(row), *_beside(data, row)),
    )


def _outcome(row: Row) -> str:
    message = f" ({row['message']})" if row["message"] else ""
    return (
        f"It ended after {plain(row['duration_s']):.1f} s: {row['reason']}{message}. By then "
        f"{plain(row['completion']):.0f} % of its route of {plain(row['route_length_m']):.0f} m was driven; driving "
        f"score {plain(row[SCORE]):.1f}."
    )


def _events(data: DriveData, row: Row) -> list[str]:
    """What went wrong on the way, in order."""
    found = data.infractions[_is_of(data.infractions, row)].sort_values("tick", kind="stable")
    if found.empty:
        return ["No infraction was noted."]
    ticks = int(_is_of(data.ticks, row).sum())
    seconds = plain(row["duration_s"]) / max(1, ticks)
    told = [f"{each['kind']} at {each['tick'] * seconds:.1f} s" for each in found.head(MAX_NAMED).to_dict("records")]
    more = len(found) - MAX_NAMED
    return [f"What went wrong: {', '.join(told)}{f' and {more} more' if more > 0 else ''}."]


def _driver(row: Row) -> list[str]:
    """What was seen and done: errors, stops and IoU, as far as they are known."""
    parts = []
    error = plain(row["lateral_error_p95_m"])
    if not math.isnan(error):
        parts.append(f"it kept within {error:.2f} m of the middle of its lane for 95 % of the way")
    for column, name in (("safe_stops", "safe stop"), ("emergency_brakes", "emergency braking")):
        number = plain(row[column])
        if number > 0:
            parts.append(f"{number:.0f} {name}{'s' if number > 1 else ''}")
    iou = plain(row["iou_road_lines"])
    if not math.isnan(iou):
        parts.append(f"IoU of road and lane markings {iou:.3f}")
    text = "; ".join(parts)
    return [f"{text[0].upper()}{text[1:]}."] if text else []


def _beside(data: DriveData, row: Row) -> list[str]:
    """How the truth did in the same place."""
    if row["policy"] == TRUTH:
        return []
    same = data.driven[_is_of(data.driven, {**row, "policy": TRUTH})]
    if same.empty:
        return []
    truth = same.iloc[0]
    return [
        f"The same driver on the truth, in the same episode: {truth['reason']}, {plain(truth['completion']):.0f} % "
        f"driven, driving score {plain(truth[SCORE]):.1f}."
    ]


def _is_of(table: pd.DataFrame, row: Mapping[Any, Any]) -> pd.Series:
    """Which rows of a table are of one episode."""
    chosen: pd.Series = pd.Series(True, index=table.index)
    for name in KEY:
        chosen &= table[name] == row[name]
    return chosen
