"""``report.json``: what a report found, for other programs.

Numbers are at full precision; what is absent is null. Everything in it stands in the tables, too, but for the headline:
how each net does under the reference, and what it loses most to.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from harness.gates.verdict import GateResult
from harness.reporting.raw_tables import CELL
from harness.reporting.source import ScoreData
from harness.reporting.tables import MEAN, ReportTables
from harness.scoring.statistics.bootstrap import Bootstrap

SCHEMA_VERSION = 1
"""Of ``report.json``."""

DEFINITIONS = {
    "drop_points": "percentage points of IoU lost against the reference, over the frames of the scenarios that are "
    "complete under both; negative where the condition does better",
    "retention": "IoU / IoU of the reference",
    "axis": "weather: reference weather at the same size; size: same weather at the largest size of the view; both",
    "significant": "the interval of the difference, from a paired bootstrap, excludes 0",
    "cd": "corruption degradation (Kamann & Rother 2020): sum of 1 - IoU / that of the reference model, same frames",
    "rcd": "relative corruption degradation: sum of IoU lost since the reference weather / that of the reference model",
    "limit": "value of the swept field at which IoU first falls below the target, interpolated linearly; holds: yes "
    "where it never does, unknown where a value without a score comes first",
    "miou_spread": "largest minus smallest mIoU of the repeats",
}
"""Of what the report adds to the measures of the score."""


def report_json(
    data: ScoreData,
    tables: ReportTables,
    *,
    bootstrap: Bootstrap,
    reference_model: str | None,
    target: float | None,
    gates: Sequence[GateResult],
) -> dict[str, object]:
    """The content of ``report.json``, JSON values only."""
    degradation, limits = tables.degradation, tables.limits
    unfinished = data.scenarios.loc[data.scenarios["status"] != "done", [*CELL, "status", "message"]]
    return {
        "schema_version": SCHEMA_VERSION,
        "suite": data.description.get("suite"),
        "reference": {"weather": tables.reference_weather, "model": reference_model, "target_iou": target},
        "bootstrap": {
            "resamples": bootstrap.resamples,
            "seed": bootstrap.seed,
            "level": bootstrap.level,
            "unit": bootstrap.unit,
        },
        "definitions": {**data.description.get("definitions", {}), **DEFINITIONS},
        "planned_cells": len(data.scenarios),
        "headline": _headline(tables),
        "summary": _records(tables.summary),
        "mean_degradation": _records(degradation[degradation["class"] == MEAN]),
        "limits": _records(limits[limits["target_iou"].notna()]),
        "mean_comparison": _records(tables.comparison[tables.comparison["class"] == MEAN]),
        "incomplete_cells": _records(unfinished),
        "gates": [
            {
                "gate": result.gate.kind,
                "class": result.gate.label,
                "bound": result.gate.bound,
                "where": result.where,
                "value": _value(result.value),
                "outcome": result.outcome,
            }
            for result in gates
        ],
    }


def _headline(tables: ReportTables) -> list[dict[str, Any]]:
    """For each net and size: mIoU under the reference weather, and the hardest weather against it."""
    summary, degradation = tables.summary, tables.degradation
    by_weather = degradation[(degradation["axis"] == "weather") & (degradation["class"] == MEAN)]
    hardest = (
        by_weather.sort_values("drop_points", ascending=False, kind="stable", na_position="last")
        .dropna(subset=["drop_points"])
        .drop_duplicates(["model", "width", "height", "fov"])
    )
    found = {
        (row["model"], row["width"], row["height"], row["fov"]): {
            name: _value(row[name]) for name in ("weather", "drop_points", "drop_low", "drop_high", "significant")
        }
        for row in hardest.to_dict("records")
    }
    columns = ["model", "width", "height", "fov", "status", "frames", "miou", "miou_low", "miou_high"]
    rows = summary.loc[summary["weather"] == tables.reference_weather, columns]
    return [
        {**row, "hardest_weather": found.get((row["model"], row["width"], row["height"], row["fov"]))}
        for row in _records(rows)
    ]


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): _value(value) for name, value in row.items()} for row in table.to_dict("records")]


def _value(value: Any) -> Any:
    """As JSON has it: no NaN, no numpy types."""
    if isinstance(value, float) and math.isnan(value):
        return None
    return value.item() if hasattr(value, "item") else value
