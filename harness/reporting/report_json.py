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
from harness.reporting.definitions import definitions
from harness.reporting.headline import hardest_weather
from harness.reporting.outline import outline_of, view_of
from harness.reporting.raw_tables import CELL
from harness.reporting.source import ScoreData
from harness.reporting.tables import ReportTables
from harness.scoring.statistics.metrics import MEAN

SCHEMA_VERSION = 1
"""Of ``report.json``."""

_HARDEST = ("weather", "drop_points", "drop_low", "drop_high", "significant")
"""What the headline says of the hardest weather."""


def report_json(
    data: ScoreData,
    tables: ReportTables,
    *,
    reference_model: str | None,
    target: float | None,
    gates: Sequence[GateResult],
) -> dict[str, object]:
    """The content of ``report.json``, JSON values only."""
    degradation, limits, bootstrap = tables.degradation, tables.limits, tables.bootstrap
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
        "definitions": {**data.description.get("definitions", {}), **definitions(bootstrap)},
        "planned_cells": len(data.scenarios),
        "headline": _headline(data, tables),
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


def _headline(data: ScoreData, tables: ReportTables) -> list[dict[str, Any]]:
    """For each net and size: mIoU under the reference weather, and the hardest weather against it, as on the page."""
    outline = outline_of(data, tables.reference_weather, tables.bootstrap)
    columns = ["model", "width", "height", "fov", "status", "frames", "miou", "miou_low", "miou_high"]
    rows = tables.summary.loc[tables.summary["weather"] == tables.reference_weather, columns]
    found = []
    for row in _records(rows):
        hardest = hardest_weather(outline, tables.degradation, row["model"], view_of(outline, row))
        shown = None if hardest is None else {name: _value(hardest[name]) for name in _HARDEST}
        found.append({**row, "hardest_weather": shown})
    return found


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): _value(value) for name, value in row.items()} for row in table.to_dict("records")]


def _value(value: Any) -> Any:
    """As JSON has it: no NaN, no numpy types."""
    if isinstance(value, float) and math.isnan(value):
        return None
    return value.item() if hasattr(value, "item") else value
