from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.gates.gate import Gate, check_classes, parse_gates
from harness.scoring.statistics.metrics import MEAN


def test_demands_are_read() -> None:
    assert parse_gates(["0.6", "car=0.5", "mIoU=1"], ["5", "=train=2.5"]) == (
        Gate(kind="fail-under", label=MEAN, bound=0.6),
        Gate(kind="fail-under", label="car", bound=0.5),
        Gate(kind="fail-under", label=MEAN, bound=1.0),
        Gate(kind="max-drop", label=MEAN, bound=5.0),
        Gate(kind="max-drop", label="=train", bound=2.5),
    )
    assert [gate.text for gate in parse_gates(["0.6", "car=0.5"], ["5", "car=2"])] == [
        "mIoU >= 0.6", "IoU of car >= 0.5", "points of mIoU lost <= 5", "points of car lost <= 2"
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "car", "car=", "1.1", "-0.1", "car=nan", "60 %"])
def test_what_is_no_iou_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"--fail-under .* is not an IoU of 0 to 1, as 0\.6 is; expected \[CLASS=\]"):
        parse_gates([text])


@pytest.mark.parametrize("text", ["-1", "car=101", "inf"])
def test_what_are_no_points_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"--max-drop .* is not percentage points of 0 to 100"):
        parse_gates([], [text])


def test_a_missing_class_is_refused() -> None:
    with pytest.raises(UsageError, match=r"has no class before the '='; expected \[CLASS=\]NUMBER"):
        parse_gates(["=0.5"])


@pytest.mark.parametrize(
    ("name", "hint"), [("caar", "did you mean 'car'"), ("CAR", "did you mean 'car'"), ("xyz", "there are: road, car")]
)
def test_an_unknown_class_is_refused_with_the_nearest_name(name: str, hint: str) -> None:
    with pytest.raises(UsageError, match=rf"--fail-under: the label set has no class '{name}'; {hint}"):
        parse_gates([f"{name}=0.5"], class_names=["road", "car"])
    check_classes(parse_gates(["car=0.5", "0.1"], ["road=3"]), ["road", "car"])
