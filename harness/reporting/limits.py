"""``limits.csv``: how far a sweep can go before a net falls below its target.

From the value that is nearest to the sweep's own weather the sweep is walked outwards to both sides. The limit of a
side is where the IoU first falls below the target, interpolated linearly between the two values around it; what lies
beyond is not asked, even if the IoU recovers there. All values are scored on the same frames: those of the scenarios
that are complete under each value that has any, and under the reference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from harness.errors import DataError
from harness.reporting.degradation import corruption_degradation, relative_corruption_degradation
from harness.reporting.frames import Frames, FrameTable, aligned
from harness.reporting.source import Condition, ScoreData
from harness.reporting.tables import table_of
from harness.scoring.statistics.metrics import MEAN, FloatArray
from harness.scoring.statistics.paired import mean_and_class_ious

LIMIT_COLUMNS = (
    "model", "sweep", "field", "width", "height", "fov", "class", "scenarios", "frames", "target_iou", "low_limit",
    "high_limit", "low_holds", "high_holds", "best_value", "best_iou", "cd", "rcd",
)  # fmt: skip

DEFAULT_TARGET_SHARE = 0.9
"""Of the reference's IoU, where no target is given."""

Holds = Literal["yes", "no", "unknown", ""]
Step = Literal[-1, 1]
_BOTH_WAYS: tuple[Step, Step] = (-1, 1)


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """One field of the weather, varied while the rest stays."""

    name: str
    field: str
    base: float
    """Value of the field in the weather that the sweep starts from."""
    values: tuple[float, ...]
    """In rising order."""
    weathers: tuple[str, ...]
    """Name of the weather of each value."""


@dataclass(frozen=True, kw_only=True)
class Limit:
    """Where one side of a walk ends."""

    value: float
    """Of the field; NaN where the IoU does not fall below the target between two values of this side."""
    holds: Holds
    """Whether the target is met up to the end; unknown where a value without a score comes first, empty without IoU."""


def limit_table(
    data: ScoreData,
    frames: FrameTable,
    *,
    reference_weather: str,
    reference_model: str | None = None,
    target: float | None = None,
) -> pd.DataFrame:
    """One row for each net, sweep, size and class, "(mean)" first: `LIMIT_COLUMNS`.

    Args:
        data: the score.
        frames: its frames.
        reference_weather: the default target is a share of its IoU at the same size; ``rcd`` starts from it.
        reference_model: what ``cd`` and ``rcd`` are relative to.
        target: the IoU that has to be reached, 0..1; `DEFAULT_TARGET_SHARE` of the reference's where omitted.
    """
    sweeps = sweeps_of(data)

    def blocks() -> Iterator[Mapping[str, object]]:
        for at_reference in data.conditions:
            if at_reference.weather != reference_weather:
                continue
            for sweep in sweeps:
                yield {
                    **at_reference._asdict(),
                    "sweep": sweep.name,
                    "field": sweep.field,
                    "class": np.array([MEAN, *data.class_names], dtype=object),
                    **_limits(frames, sweep, at_reference, target),
                    **_ratios(frames, sweep, at_reference, reference_model),
                }

    return table_of(blocks(), LIMIT_COLUMNS)


def sweeps_of(data: ScoreData) -> tuple[Sweep, ...]:
    """The sweeps of a score.

    Raises:
        DataError: ``score.json`` describes them in another way.
    """
    try:
        return tuple(_sweep(each) for each in data.description.get("sweeps") or ())
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{data.folder / 'score.json'} has a sweep without usable name, field, base, values and weathers "
            f"({error!r}): score again"
        ) from error


def walk(values: Sequence[float], ious: Sequence[float], *, start: int, step: Step, target: float) -> Limit:
    """Go from ``start`` in one direction until the IoU falls below the target.

    Args:
        values: of the sweep, in rising order.
        ious: IoU at each value; NaN where it was not scored.
        start: index at which the walk starts.
        step: -1 to lower values, 1 to higher ones.
        target: IoU that has to be reached.
    """
    if np.isnan(target) or np.isnan(ious).all():
        return Limit(value=float("nan"), holds="")
    if np.isnan(ious[start]):
        return Limit(value=float("nan"), holds="unknown")
    if ious[start] < target:
        return Limit(value=float("nan"), holds="no")
    here = start
    while 0 <= here + step < len(values):
        there = here + step
        if np.isnan(ious[there]):
            return Limit(value=float("nan"), holds="unknown")
        if ious[there] < target:
            part = (ious[here] - target) / (ious[here] - ious[there])
            return Limit(value=values[here] + part * (values[there] - values[here]), holds="no")
        here = there
    return Limit(value=float("nan"), holds="yes")


def _sweep(description: Mapping[str, Any]) -> Sweep:
    rising = sorted(zip(map(float, description["values"]), map(str, description["weathers"]), strict=True))
    return Sweep(
        name=str(description["name"]),
        field=str(description["field"]),
        base=float(description["base"]),
        values=tuple(value for value, _ in rising),
        weathers=tuple(weather for _, weather in rising),
    )


def _limits(frames: FrameTable, sweep: Sweep, reference: Condition, target: float | None) -> Mapping[str, object]:
    common = _common(frames, sweep, [reference])
    reference_ious, ious = _sweep_ious(common, sweep, reference, frames.num_classes)
    first = next(iter(common.values()), None)
    targets = np.full_like(reference_ious, target) if target is not None else DEFAULT_TARGET_SHARE * reference_ious
    start = int(np.argmin(np.abs(np.array(sweep.values) - sweep.base)))
    columns = ious.T  # (1 + K, V)
    low, high = (
        [
            walk(sweep.values, row, start=start, step=step, target=goal)
            for row, goal in zip(columns.tolist(), targets.tolist(), strict=True)
        ]
        for step in _BOTH_WAYS
    )
    scored = ~np.isnan(columns).all(axis=1)
    best = np.argmax(np.where(np.isnan(columns), -1, columns), axis=1)
    return {
        "scenarios": 0 if first is None else len(np.unique(first.scenarios)),
        "frames": 0 if first is None else len(first.keys),
        "target_iou": np.where(scored, targets, np.nan),
        "low_limit": np.array([limit.value for limit in low]),
        "high_limit": np.array([limit.value for limit in high]),
        "low_holds": np.array([limit.holds for limit in low], dtype=object),
        "high_holds": np.array([limit.holds for limit in high], dtype=object),
        "best_value": np.where(scored, np.array(sweep.values)[best], np.nan),
        "best_iou": columns[np.arange(len(columns)), best],
    }


def _ratios(frames: FrameTable, sweep: Sweep, reference: Condition, model: str | None) -> Mapping[str, object]:
    """CD and rCD over the values that were scored with both nets."""
    if model is None:
        nothing = np.full(1 + frames.num_classes, np.nan)
        return {"cd": nothing, "rcd": nothing}
    other = reference._replace(model=model)
    common = _common(frames, sweep, [reference, other])
    clean, ious = _sweep_ious(common, sweep, reference, frames.num_classes)
    other_clean, others = _sweep_ious(common, sweep, other, frames.num_classes)
    scored = [index for index in range(len(sweep.values)) if not np.isnan([ious[index, 0], others[index, 0]]).any()]
    values, other_values = [ious[index] for index in scored], [others[index] for index in scored]
    if not scored:
        return {"cd": np.full_like(clean, np.nan), "rcd": np.full_like(clean, np.nan)}
    return {
        "cd": corruption_degradation(values, other_values),
        "rcd": relative_corruption_degradation(values, clean, other_values, other_clean),
    }


def _common(frames: FrameTable, sweep: Sweep, references: Sequence[Condition]) -> dict[Condition, Frames]:
    """The frames that each reference and each value of the sweep have, of those conditions that have any."""
    sides = {
        condition: frames.complete(condition)
        for reference in references
        for condition in (reference, *(reference._replace(weather=weather) for weather in sweep.weathers))
    }
    present = {condition: side for condition, side in sides.items() if len(side.keys)}
    return dict(zip(present, aligned(*present.values()), strict=True)) if present else {}


def _sweep_ious(
    common: Mapping[Condition, Frames], sweep: Sweep, reference: Condition, num_classes: int
) -> tuple[FloatArray, FloatArray]:
    """IoUs at the reference, ``(1 + K,)``, and at each value, ``(V, 1 + K)``; NaN where there are no frames."""
    nothing = np.full(1 + num_classes, np.nan)

    def ious(condition: Condition) -> FloatArray:
        return mean_and_class_ious(common[condition].total) if condition in common else nothing

    return ious(reference), np.stack([ious(reference._replace(weather=weather)) for weather in sweep.weathers])
