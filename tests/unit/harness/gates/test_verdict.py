from __future__ import annotations

import math

import pandas as pd
import pytest

from harness.errors import GateError
from harness.gates.gate import parse_gates
from harness.gates.verdict import GateResult, judge, judge_comparison, judge_report, raise_if_failed

NAN = math.nan
WHERE = {"model": "unet", "width": 8, "height": 4, "fov": 90.0}
SUMMARY = pd.DataFrame(
    [
        {**WHERE, "weather": "ClearNoon", "status": "complete", "miou": 0.6},
        {**WHERE, "weather": "HardRain", "status": "partial", "miou": 0.4},
        {**WHERE, "weather": "DustStorm", "status": "missing", "miou": NAN},
    ]
)
CLASSES = pd.DataFrame(
    [
        {**WHERE, "weather": "ClearNoon", "class": "car", "tp": 5, "fn": 5, "iou": 0.5},
        {**WHERE, "weather": "HardRain", "class": "car", "tp": 0, "fn": 0, "iou": NAN},
        {**WHERE, "weather": "ClearNoon", "class": "tram", "tp": 0, "fn": 0, "iou": 0.0},
        {**WHERE, "weather": "HardRain", "class": "tram", "tp": 0, "fn": 0, "iou": NAN},
    ]
)
DEGRADATION = pd.DataFrame(
    [
        {**WHERE, "weather": "HardRain", "class": name, "axis": "weather", "drop_points": drop,
         "reference_weather": "ClearNoon", "reference_width": 8, "reference_height": 4}
        for name, drop in (("(mean)", 20.0), ("car", NAN), ("tram", NAN))
    ]
)  # fmt: skip


def verdicts(fail_under: list[str], max_drop: list[str] | None = None) -> list[tuple[str, str]]:
    results = judge_report(
        parse_gates(fail_under, max_drop or []), classes=CLASSES, summary=SUMMARY, degradation=DEGRADATION
    )
    return [(result.outcome, result.where) for result in results]


def test_every_row_of_the_summary_is_held_against_the_demand() -> None:
    assert verdicts(["0.6"]) == [
        ("passed", "unet, ClearNoon at 8x4, fov 90"),
        ("failed", "unet, HardRain at 8x4, fov 90 (partial)"),
        ("no value", "unet, DustStorm at 8x4, fov 90 (missing)"),
    ]


def test_a_class_without_a_value_does_not_pass_silently() -> None:
    assert [outcome for outcome, _ in verdicts(["car=0.5"])] == ["passed", "no value", "no value"]
    assert verdicts([], ["car=50"])[0][0] == "no value"


def test_a_class_that_is_nowhere_in_the_truth_is_not_applicable() -> None:
    assert verdicts(["tram=0.5"], ["tram=5"]) == [("not applicable", "the class is nowhere in the truth")] * 2


def test_drops_are_named_with_their_reference() -> None:
    where = "unet, HardRain at 8x4, fov 90 against ClearNoon at 8x4"
    assert verdicts([], ["20", "19.9"]) == [("passed", where), ("failed", where)]


def test_a_demand_on_a_drop_where_nothing_was_compared_fails() -> None:
    results = judge(parse_gates([], ["5"])[0], [], absent=frozenset())
    assert [(result.outcome, result.passed) for result in results] == [("no value", False)]


def test_what_b_loses_against_a_is_a_drop() -> None:
    comparison = pd.DataFrame([{**WHERE, "weather": "ClearNoon", "class": "(mean)", "difference_points": -3.0}])
    strict, loose = judge_comparison(parse_gates([], ["2", "3"]), comparison, absent=frozenset())
    assert (strict.outcome, strict.value) == ("failed", 3.0)
    assert loose.passed
    assert strict.text == "points of mIoU lost <= 2: 3.0, ClearNoon at 8x4, fov 90"


def test_a_rounded_value_never_contradicts_its_verdict() -> None:
    gate, drop = parse_gates(["0.6"], ["5"])
    below, above = judge(gate, [("here", 0.5999), ("there", 0.60001)], absent=frozenset())
    assert [below.text, above.text] == ["mIoU >= 0.6: 0.5999, here", "mIoU >= 0.6: 0.600, there"]
    assert judge(drop, [("here", 5.04)], absent=frozenset())[0].found == "5.04"


def test_the_worst_of_a_demand_is_what_has_no_value_then_what_is_furthest_off() -> None:
    rows = [("fine", 0.9), ("low", 0.3), ("lower", 0.2), ("nothing", NAN)]
    found = judge(parse_gates(["0.6"])[0], rows, absent=frozenset())
    assert [each.where for each in sorted(found, key=lambda each: each.rank)] == ["nothing", "lower", "low", "fine"]
    lost = judge(parse_gates([], ["5"])[0], [("little", 6.0), ("much", 20.0)], absent=frozenset())
    assert min(lost, key=lambda each: each.rank).where == "much"


def test_failures_are_raised_together() -> None:
    gate = parse_gates(["0.6"])[0]
    good = GateResult(gate=gate, where="here", value=0.7, outcome="passed")
    bad = [GateResult(gate=gate, where=f"there {n}", value=0.5, outcome="failed") for n in range(25)]
    raise_if_failed([good])
    raise_if_failed([])
    with pytest.raises(
        GateError, match=r"1 of 1 demands not met, in 25 of 26 rows:\n  mIoU >= 0\.6: 0\.500, there 0\n"
    ) as error:
        raise_if_failed([good, *bad])
    assert error.value.exit_code == 12
    assert str(error.value).endswith("and 5 more")
