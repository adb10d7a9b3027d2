"""``compare`` as a user runs it: what is on stdout, the file of -o, and the exit code."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli.compare import compare
from harness.errors import GateError, OutputInUseError, UsageError
from tests.unit.harness.reporting.conftest import write_score_folder


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_score_folder(
        tmp_path_factory.mktemp("score") / "scores", weathers=("ClearNoon",), repeats=1, incomplete={}
    )


def run(*arguments: object) -> Result:
    return CliRunner().invoke(compare, [*map(str, arguments), "--resamples", "50"])


def test_each_class_is_a_row_and_chance_is_called_so(scores: Path) -> None:
    result = run(f"{scores}:large", f"{scores}:small")
    assert result.exit_code == 0, result.output
    rows = [line.split() for line in result.stdout.splitlines() if line.startswith("large")]
    assert [row[4] for row in rows] == ["(mean)", "road", "car", "pedestrian"] * 2, "two sizes; what is nowhere is not"
    assert all(row[-1] == "significant" for row in rows if row[3] == "32x18")
    again = run(f"{scores}:small", f"{scores}:large", "--format", "json")
    gained = [row["difference_points"] for row in json.loads(again.stdout)["comparison"] if row["class"] == "(mean)"]
    assert all(points > 0 for points in gained)


def test_a_file_holds_everything_and_is_not_replaced_unasked(scores: Path, tmp_path: Path) -> None:
    output = tmp_path / "compared.csv"
    sides = (f"{scores}:large", f"{scores}:small", "-o", output)
    printed = run(*sides, "--format", "csv")
    assert printed.stdout == output.read_text()
    with output.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 10
    assert rows[4]["class"] == "'=train"
    assert rows[4]["significant"] == rows[4]["low"] == ""
    assert isinstance(run(*sides).exception, OutputInUseError)
    assert run(*sides, "--overwrite").exit_code == 0
    assert isinstance(run(*sides[:3], tmp_path).exception, UsageError)


def test_what_b_loses_can_be_limited(scores: Path, tmp_path: Path) -> None:
    junit = tmp_path / "junit.xml"
    result = run(f"{scores}:large", f"{scores}:small", "--max-drop", "1", "--max-drop", "=train=1", "--junit", junit)
    assert isinstance(result.exception, GateError)
    assert "1 of 2 demands not met, in 2 of 3 rows" in str(result.exception), "two sizes, and one class that is nowhere"
    assert junit.exists()
    assert run(f"{scores}:small", f"{scores}:large", "--max-drop", "1").exit_code == 0


@pytest.mark.parametrize("wrong", ["nowhere", "nowhere:large"])
def test_what_is_no_folder_is_named(scores: Path, wrong: str) -> None:
    result = run(f"{scores}:large", wrong)
    assert isinstance(result.exception, UsageError)
    assert "nowhere is not a folder; expected a folder of scores, or FOLDER:MODEL" in str(result.exception)
