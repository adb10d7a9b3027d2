"""The few numbers that a reader takes away: the reference, the hardest weather, the smaller size, the limits."""

from __future__ import annotations

import pandas as pd

from harness.reporting.outline import Outline, View, interval_text, number, select
from harness.reporting.page import Headline, HeadlineGroup, signed
from harness.reporting.tables import MEAN, ReportTables


def worst_weathers(outline: Outline, degradation: pd.DataFrame) -> dict[str, str]:
    """The weather with the largest drop of the mean at the largest size, by model; none where nothing was compared."""
    found = {}
    for model in outline.models:
        row = _hardest(outline, degradation, model)
        if row is not None:
            found[model] = str(row["weather"])
    return found


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


_MEAN_IOU = (
    "Mean over classes of the intersection over union, pixel counts pooled over all scored scenarios; the interval is "
    "a 95 % bootstrap over frames."
)
_WEATHER = (
    "Of the weathers that were asked for by themselves, the one that loses most percentage points of mIoU against the "
    "reference weather at the same size; paired bootstrap over the frames that both have."
)
_SIZE = (
    "Percentage points of mIoU lost by the smallest picture against the largest, in the reference weather; both are "
    "scored on the labels of the largest."
)
_LIMIT = "Where mIoU falls below its target when this number leaves the sweep's own weather, interpolated."


def _reference(outline: Outline, summary: pd.DataFrame, model: str) -> Headline:
    view = outline.largest[0]
    rows = select(summary, view, model=model, weather=outline.reference_weather).to_dict("records")
    value = number(rows[0]["miou"]) if rows else float("nan")
    words = interval_text(number(rows[0]["miou_low"]), number(rows[0]["miou_high"]), digits=3) if rows else ""
    parts = [f"95 % interval {words}"] if words else []
    parts.append(f"at {view.name}")
    if rows:
        parts.append(f"{rows[0]['scenarios_done']} of {rows[0]['scenarios_planned']} scenarios complete")
    return Headline(
        label=f"mIoU in {outline.reference_weather}",
        value="–" if pd.isna(value) else f"{value:.3f}",
        note="; ".join(parts),
        definition=_MEAN_IOU,
    )


def _hardest(outline: Outline, degradation: pd.DataFrame, model: str) -> dict[str, object] | None:
    rows = select(degradation, outline.largest[0], axis="weather", model=model, **{"class": MEAN})
    rows = rows[rows["weather"].isin(outline.weathers)].dropna(subset=["drop_points"])
    if rows.empty:
        return None
    hardest: dict[str, object] = rows.loc[rows["drop_points"].idxmax()].to_dict()
    return hardest


def _weather(outline: Outline, degradation: pd.DataFrame, model: str) -> list[Headline]:
    row = _hardest(outline, degradation, model)
    return [] if row is None else [_loss(row, f"Hardest weather: {row['weather']}", _WEATHER)]


def _size(outline: Outline, degradation: pd.DataFrame, model: str) -> list[Headline]:
    """The cost of the smallest view of the first field of view, if there are several."""
    fov = outline.largest[0].fov
    smallest: View = [view for view in outline.views if view.fov == fov][-1]
    wanted = {"axis": "size", "model": model, "weather": outline.reference_weather, "class": MEAN}
    rows = select(degradation, smallest, **wanted).dropna(subset=["drop_points"])
    return [
        _loss(row, f"{smallest.name} instead of {outline.largest[0].name}", _SIZE) for row in rows.to_dict("records")
    ]


def _loss(row: dict[str, object], label: str, definition: str) -> Headline:
    low, points, high = (number(row[name]) for name in ("drop_low", "drop_points", "drop_high"))
    words = interval_text(-high, -low, digits=1)
    verdict = {"yes": "significant", "no": "not significant"}.get(str(row["significant"]), "")
    parts = [f"mIoU {number(row['iou']):.3f}", f"95 % interval {words}" if words else "", verdict]
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
            value=_limit_value(row),
            note=f"mIoU of at least {number(row['target_iou']):.2f}; best {number(row['best_iou']):.2f} at "
            f"{number(row['best_value']):g}",
            definition=_LIMIT,
        )
        for row in rows.to_dict("records")
        if not pd.isna(row["best_iou"])
    ]


def _limit_value(row: dict[object, object]) -> str:
    """``up to 47``, ``12 to 60``, or that it holds everywhere."""
    low, high = number(row["low_limit"]), number(row["high_limit"])
    if pd.isna(low) and pd.isna(high):
        return "holds" if row["high_holds"] == "yes" or row["low_holds"] == "yes" else "never met"
    if pd.isna(low):
        return f"up to {high:.3g}"
    return f"from {low:.3g}" if pd.isna(high) else f"{low:.3g} to {high:.3g}"
