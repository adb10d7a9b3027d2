from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.gates.gate import parse_gates
from harness.gates.verdict import judge_report
from harness.reporting.report import make_tables
from harness.reporting.report_json import SCHEMA_VERSION, report_json
from harness.reporting.source import read_score
from harness.scoring.statistics.bootstrap import Bootstrap


@pytest.fixture(scope="module")
def content(whole_score: Path) -> dict[str, Any]:
    data, bootstrap = read_score(whole_score), Bootstrap(resamples=50)
    tables = make_tables(data, bootstrap=bootstrap, reference_weather="ClearNoon", reference_model="small")
    gates = judge_report(
        parse_gates(["0.9", "=train=0.5"]),
        classes=tables.classes,
        summary=tables.summary,
        degradation=tables.degradation,
    )
    made = report_json(data, tables, reference_model="small", target=None, gates=gates)
    again: dict[str, Any] = json.loads(json.dumps(made, allow_nan=False))
    assert again == made, "JSON values only"
    return again


def test_it_says_what_the_numbers_are(content: dict[str, Any]) -> None:
    assert content["schema_version"] == SCHEMA_VERSION == 1
    assert content["reference"] == {"weather": "ClearNoon", "model": "small", "target_iou": None}
    assert content["bootstrap"] == {"resamples": 50, "seed": 0, "level": 0.95, "unit": "frames"}
    assert {"iou", "rcd", "significant"} <= content["definitions"].keys()


def test_the_headline_has_the_reference_and_the_hardest_weather(content: dict[str, Any]) -> None:
    assert [(each["model"], each["width"]) for each in content["headline"]] == [
        ("large", 32), ("large", 16), ("small", 32), ("small", 16)
    ]  # fmt: skip
    for each in content["headline"]:
        assert each["miou_low"] < each["miou"] < each["miou_high"]
        assert each["hardest_weather"]["weather"] == "HardRainNoon", "as on the page: values of sweeps do not take part"
        assert each["hardest_weather"]["significant"] == "yes"


def test_rows_are_those_of_the_tables(content: dict[str, Any]) -> None:
    assert len(content["summary"]) == 20
    assert len(content["mean_degradation"]) == 34
    assert {row["class"] for row in content["mean_degradation"]} == {"(mean)"}
    assert len(content["limits"]) == 2 * 2 * 4, "the class that is nowhere has none"
    assert all(row["low_limit"] is None for row in content["limits"])
    assert len(content["mean_comparison"]) == 10


def test_what_is_missing_is_listed(content: dict[str, Any]) -> None:
    assert content["planned_cells"] == 120
    statuses = [cell["status"] for cell in content["incomplete_cells"]]
    assert {status: statuses.count(status) for status in statuses} == {
        "crashed": 4, "timed out": 4, "not run": 4, "partial": 4, "failed": 2
    }  # fmt: skip


def test_gates_are_there_with_their_outcome(content: dict[str, Any]) -> None:
    outcomes = {(gate["class"], gate["outcome"]) for gate in content["gates"]}
    assert outcomes == {("(mean)", "passed"), ("(mean)", "failed"), ("=train", "not applicable")}
    assert all(gate["value"] is None for gate in content["gates"] if gate["class"] == "=train")
