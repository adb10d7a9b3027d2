"""Holding demands against the tables of a report: one verdict for each gate and row.

Nothing passes silently: where a row has no value (nothing was counted, or the class is not in those frames), the gate
fails and says "no value". Only a class that is nowhere in the truth of the whole score is "not applicable".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from harness.errors import GateError
from harness.gates.gate import Gate
from harness.scoring.statistics.metrics import MEAN

Outcome = Literal["passed", "failed", "no value", "not applicable"]
Rows = Iterable[tuple[str, float]]
"""Where, and the value that was found there: an IoU, or percentage points."""

_SHOWN = 20
"""Failures that a message names."""


@dataclass(frozen=True, kw_only=True)
class GateResult:
    """One gate on one row."""

    gate: Gate
    where: str
    """Which row: net, weather, size."""
    value: float
    """What was found; NaN where there is nothing."""
    outcome: Outcome

    @property
    def passed(self) -> bool:
        """Whether the demand is met, or cannot be made of this score."""
        return self.outcome in ("passed", "not applicable")

    @property
    def found(self) -> str:
        """The value in words; with all its digits where a rounded one would contradict the outcome."""
        if math.isnan(self.value):
            return self.outcome
        rounded = f"{self.value:.{3 if self.gate.kind == 'fail-under' else 1}f}"
        return rounded if _outcome(self.gate, float(rounded)) == self.outcome else repr(float(self.value))

    @property
    def text(self) -> str:
        """Demand, value and place."""
        return f"{self.gate.text}: {self.found}, {self.where}"

    @property
    def rank(self) -> tuple[bool, bool, float]:
        """The worst first: not met before met, without a value before any value."""
        value = self.value if self.gate.kind == "fail-under" else -self.value
        return self.passed, not math.isnan(value), value


def judge(gate: Gate, rows: Rows, *, absent: frozenset[str]) -> list[GateResult]:
    """Hold one gate against every row.

    Args:
        gate: the demand.
        rows: where, and what was found.
        absent: classes that are nowhere in the truth.
    """
    if gate.label in absent:
        return [
            GateResult(gate=gate, where="the class is nowhere in the truth", value=math.nan, outcome="not applicable")
        ]
    results = [GateResult(gate=gate, where=where, value=value, outcome=_outcome(gate, value)) for where, value in rows]
    return results or [GateResult(gate=gate, where="there is nothing to compare", value=math.nan, outcome="no value")]


def judge_report(
    gates: Sequence[Gate], *, classes: pd.DataFrame, summary: pd.DataFrame, degradation: pd.DataFrame
) -> tuple[GateResult, ...]:
    """Hold gates against the tables of a report.

    Args:
        gates: fail-under is asked of every row of ``summary.csv``, max-drop of every row of ``degradation.csv``.
        classes: ``classes.csv``.
        summary: ``summary.csv``.
        degradation: ``degradation.csv``.
    """
    absent = _absent(classes)
    results: list[GateResult] = []
    for gate in gates:
        rows = _drops(degradation, gate.label) if gate.kind == "max-drop" else _ious(classes, summary, gate.label)
        results += judge(gate, rows, absent=absent)
    return tuple(results)


def judge_comparison(
    gates: Sequence[Gate], comparison: pd.DataFrame, *, absent: frozenset[str]
) -> tuple[GateResult, ...]:
    """Hold max-drop gates against a comparison: what b loses against a."""
    results: list[GateResult] = []
    for gate in gates:
        chosen = comparison[comparison["class"] == gate.label]
        rows = [(_place(row), 0.0 - float(row["difference_points"])) for row in chosen.to_dict("records")]
        results += judge(gate, rows, absent=absent)
    return tuple(results)


def raise_if_failed(results: Sequence[GateResult]) -> None:
    """Name the rows in which a demand is not met.

    Raises:
        GateError: there are some.
    """
    failed = [result for result in results if not result.passed]
    if failed:
        listed = "\n".join(f"  {result.text}" for result in failed[:_SHOWN])
        more = f"\n  and {len(failed) - _SHOWN} more" if len(failed) > _SHOWN else ""
        missed, demands = len({result.gate for result in failed}), len({result.gate for result in results})
        raise GateError(
            f"{missed} of {demands} demands not met, in {len(failed)} of {len(results)} rows:\n{listed}{more}"
        )


def _outcome(gate: Gate, value: float) -> Outcome:
    if math.isnan(value):
        return "no value"
    is_met = value >= gate.bound if gate.kind == "fail-under" else value <= gate.bound
    return "passed" if is_met else "failed"


def _absent(classes: pd.DataFrame) -> frozenset[str]:
    if classes.empty:
        return frozenset()
    labelled = (classes["tp"] + classes["fn"]).groupby(classes["class"]).sum()
    return frozenset(str(name) for name in labelled[labelled == 0].index)


def _ious(classes: pd.DataFrame, summary: pd.DataFrame, label: str) -> Rows:
    condition = ["model", "weather", "width", "height", "fov"]
    if label == MEAN:
        rows = summary.assign(iou=summary["miou"])
    else:
        rows = summary.merge(classes.loc[classes["class"] == label, [*condition, "iou"]], on=condition, how="left")
    for row in rows.to_dict("records"):
        status = "" if row["status"] == "complete" else f" ({row['status']})"
        yield f"{row['model']}, {_place(row)}{status}", float(row["iou"])


def _drops(degradation: pd.DataFrame, label: str) -> Rows:
    for row in degradation[degradation["class"] == label].to_dict("records"):
        reference = f"{row['reference_weather']} at {row['reference_width']:.0f}x{row['reference_height']:.0f}"
        yield f"{row['model']}, {_place(row)} against {reference}", float(row["drop_points"])


def _place(row: Mapping[Any, Any]) -> str:
    return f"{row['weather']} at {row['width']}x{row['height']}, fov {row['fov']:g}"
