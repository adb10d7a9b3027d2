"""The few numbers that a reader takes away: the reference, the hardest weather, the smaller size, the limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from harness.reporting.outline import Outline, View, interval_text, number, select, view_name
from harness.reporting.page import Headline, HeadlineGroup, signed
from harness.reporting.tables import ReportTables
from harness.scoring.statistics.metrics import MEAN

_LIMIT = "Where mIoU falls below its target when this number leaves the sweep's own weather, interpolated."


def worst_weathers(outline: Outline, degradation: pd.DataFrame) -> dict[str, str]:
    """The weather with the largest drop of the mean at the largest size, by model; none where nothing was compared."""
    hardest = {model: hardest_weather(outline, degradation, model, outline.largest[0]) for model in outline.models}
    return {model: str(row["weather"]) for model, row in hardest.items() if row is not None}


def hardest_weather(outline: Outline, degradation: pd.DataFrame, model: str, view: View) -> dict[str, object] | None:
    """The row of the mean that loses most against the reference weather; None where nothing was compared.

    It may be a gain, where every other weather does better than the reference. Values of sweeps do not take part.
    """
    rows = select(degradation, view, axis="weather", model=model, **{"class": MEAN})
    rows = rows[rows["weather"].isin(outline.weathers)].dropna(subset=["drop_points"])
    if rows.empty:
        return None
    hardest: dict[str, object] = rows.loc[rows["drop_points"].idxmax()].to_dict()
    return hardest


def headlines(outline: Outline, tables: ReportTables) -> tuple[HeadlineGroup, ...]:
    """The cards at the top, model by model."""
    return tuple(
        HeadlineGroup(
            title=model if len(outline.models) > 1 else "",
            cards=(
                _reference(outline, tables.summary, model),
                *_weather(outline, tables.degradation, model),
                *_size(outline, tables.degradation, model),
                *_limits(outline, tables.limits, model),
            ),
        )
        for model in outline.models
    )


def _reference(outline: Outline, summary: pd.DataFrame, model: str) -> Headline:
    view = outline.largest[0]
    rows = select(summary, view, model=model, weather=outline.reference_weather).to_dict("records")
    value = number(rows[0]["miou"]) if rows else float("nan")
    words = interval_text(number(rows[0]["miou_low"]), number(rows[0]["miou_high"]), digits=3) if rows else ""
    parts = [f"{outline.interval} {words}"] if words else []
    parts.append(f"at {view.name}")
    if rows:
        parts.append(f"{rows[0]['scenarios_done']} of {rows[0]['scenarios_planned']} scenarios complete")
    return Headline(
        label=f"mIoU in {outline.reference_weather}",
        value="–" if pd.isna(value) else f"{value:.3f}",
        note="; ".join(parts),
        definition="Mean over classes of the intersection over union, pixel counts pooled over all frames that were "
        f"scored; the interval is by a {outline.bootstrap}.",
    )


def _weather(outline: Outline, degradation: pd.DataFrame, model: str) -> list[Headline]:
    row = hardest_weather(outline, degradation, model, outline.largest[0])
    if row is None:
        return []
    is_loss = number(row["drop_points"]) > 0
    definition = (
        "Of the weathers that were asked for by themselves, the one that loses most percentage points of mIoU against "
        f"{outline.reference_weather} at the same size; paired {outline.bootstrap}, of those that both have."
    )
    if is_loss:
        return [_loss(outline, row, f"Hardest weather: {row['weather']}", definition)]
    label = f"No weather does worse than {outline.reference_weather}; nearest: {row['weather']}"
    return [_loss(outline, row, label, definition)]


def _size(outline: Outline, degradation: pd.DataFrame, model: str) -> list[Headline]:
    """The cost of the smallest picture that is scored on the labels of the first view, if there are several."""
    largest = outline.largest[0]
    rows = select(
        degradation, axis="size", model=model, weather=outline.reference_weather, fov=largest.fov,
        reference_width=largest.width, reference_height=largest.height, **{"class": MEAN},
    ).dropna(subset=["drop_points"])  # fmt: skip
    if rows.empty:
        return []
    row = rows.loc[(rows["width"] * rows["height"]).idxmin()].to_dict()
    definition = (
        f"Percentage points of mIoU that the smallest picture loses against the largest, in "
        f"{outline.reference_weather}; both are scored on the labels of the largest; paired {outline.bootstrap}."
    )
    return [_loss(outline, row, f"{view_name(outline, row)} instead of {largest.name}", definition)]


def _loss(outline: Outline, row: dict[str, object], label: str, definition: str) -> Headline:
    low, points, high = (number(row[name]) for name in ("drop_low", "drop_points", "drop_high"))
    words = interval_text(-high, -low, digits=1)
    verdict = {"yes": "significant", "no": "not significant"}.get(str(row["significant"]), "")
    parts = [f"mIoU {number(row['iou']):.3f}", f"{outline.interval} {words}" if words else "", verdict]
    parts.append(_fewer(outline, row))
    return Headline(
        label=label,
        value=f"{signed(f'{-points:+.1f}')} points",
        note="; ".join(part for part in parts if part),
        definition=definition,
    )


def _limits(outline: Outline, limits: pd.DataFrame, model: str) -> list[Headline]:
    rows = select(limits, outline.largest[0], model=model, **{"class": MEAN})
    return [
        Headline(
            label=f"Operating limit of {row['sweep']}",
            value=limit_words(row),
            note=_limit_note(outline, row),
            definition=_LIMIT,
        )
        for row in rows.to_dict("records")
        if not pd.isna(row["best_iou"])
    ]


def _limit_note(outline: Outline, row: Mapping[Any, Any]) -> str:
    best = f"best {number(row['best_iou']):.3f} at {signed(format(row['best_value'], 'g'))}"
    parts = [f"mIoU of at least {number(row['target_iou']):.3f}", best, _fewer(outline, row)]
    return "; ".join(part for part in parts if part)


def _fewer(outline: Outline, row: Mapping[Any, Any]) -> str:
    """How many scenarios a comparison is over, where it is not all of them."""
    planned = len(outline.scenarios)
    return "" if row["scenarios"] == planned else f"over {row['scenarios']:.0f} of {planned} scenarios"


def limit_words(row: Mapping[Any, Any]) -> str:
    """``up to 47``, ``12 to 60``, or why there is no number."""
    low, high = number(row["low_limit"]), number(row["high_limit"])
    if not pd.isna(low) or not pd.isna(high):
        if row["low_holds"] == "yes":
            return f"up to {_value(high)}"
        if row["high_holds"] == "yes":
            return f"from {_value(low)}"
        return f"{_value(low)} to {_value(high)}"
    sides = {row["low_holds"], row["high_holds"]}
    if "no" in sides:
        return "missed from the start"
    return "unknown" if "unknown" in sides else "holds" if "yes" in sides else "–"


def _value(limit: float) -> str:
    return "unknown" if pd.isna(limit) else signed(f"{limit:.3g}")
