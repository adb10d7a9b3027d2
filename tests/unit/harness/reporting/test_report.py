from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from harness.errors import DataError, OutputInUseError, UsageError
from harness.gates.gate import parse_gates
from harness.reporting.report import TABLES, report
from harness.run_dir import MARKER, lock_output
from harness.scoring.statistics.bootstrap import Bootstrap
from tests.unit.harness.reporting.conftest import write_score_folder

FEW = Bootstrap(resamples=20)


@pytest.fixture(scope="module")
def small_score(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each report takes a while: two scenarios of two frames are enough."""
    return write_score_folder(
        tmp_path_factory.mktemp("score") / "scores", scenarios=("east", "south"), sizes=((32, 18),), frames=2
    )


@pytest.fixture
def score_folder(tmp_path: Path, small_score: Path) -> Path:
    return Path(shutil.copytree(small_score, tmp_path / "scores"))


def test_tables_lie_beside_the_page_and_are_the_same_every_time(score_folder: Path) -> None:
    first = {path: path.read_bytes() for path in report(score_folder, bootstrap=FEW).paths}
    summary = report(score_folder, bootstrap=FEW)
    assert {path: path.read_bytes() for path in summary.paths} == first
    names = ["classes.csv", "summary.csv", "degradation.csv", "limits.csv", "comparison.csv", "report.json"]
    assert [path.name for path in summary.paths] == [*names, "report.html"]
    assert all(path.stat().st_size for path in summary.paths)
    with (score_folder / "classes.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["class"] for row in rows} == {"road", "car", "pedestrian", "'=train"}, "no spreadsheet runs it"
    assert {row["iou"] for row in rows if row["class"] == "'=train"} == {""}
    for name in TABLES:
        pd.testing.assert_frame_equal(
            pd.read_csv(score_folder / f"{name}.csv", na_values=[""], keep_default_na=False).select_dtypes("float"),
            getattr(summary.tables, name).select_dtypes("float"),
            check_exact=True,
        )
    assert json.loads((score_folder / "report.json").read_text()) == json.loads(json.dumps(summary.content))
    assert summary.incomplete == 5
    assert summary.reference_weather == "ClearNoon"


def test_references_and_target_can_be_chosen(score_folder: Path) -> None:
    summary = report(score_folder, reference_weather="HardRainNoon", reference_model="large", target=0.5, bootstrap=FEW)
    assert summary.content["reference"] == {"weather": "HardRainNoon", "model": "large", "target_iou": 0.5}
    rows = summary.tables.degradation
    assert set(rows[rows["axis"] == "weather"]["reference_weather"]) == {"HardRainNoon"}
    assert set(rows[rows["model"] == "large"]["cd"].dropna()) == {1.0}


def test_gates_are_judged_and_written_but_not_raised(score_folder: Path, tmp_path: Path) -> None:
    junit = tmp_path / "new" / "junit.xml"
    summary = report(score_folder, bootstrap=FEW, gates=parse_gates(["0.9"], ["car=10"]), junit=junit)
    assert {gate.outcome for gate in summary.gates} == {"passed", "failed"}
    assert junit in summary.paths
    html = (score_folder / "report.html").read_text(encoding="utf-8")
    failed = next(gate for gate in summary.gates if not gate.passed)
    assert failed.text.split(":")[0].replace(">", "&gt;") in html


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reference_weather": "Snow"}, "reference weather 'Snow' was not scored; there are: ClearNoon, HardRainNoon"),
        ({"reference_model": "tiny"}, "reference model 'tiny' was not scored; there are: large, small"),
        ({"target": 0.0}, "target is 0; it must be an IoU"),
        ({"target": 1.5}, "target is 1.5"),
        ({"gates": parse_gates(["pedestrans=0.5"])}, "no class 'pedestrans'; did you mean 'pedestrian'"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_written(
    score_folder: Path, options: dict[str, object], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        report(score_folder, **options)  # type: ignore[arg-type]
    assert not (score_folder / "report.html").exists()
    assert not (score_folder / "classes.csv").exists()


def test_a_folder_without_a_score_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"score\.json is missing: .* is not the output of a score"):
        report(tmp_path)


def test_a_score_that_is_being_written_is_left_alone(score_folder: Path) -> None:
    (score_folder / MARKER).touch()
    with lock_output(score_folder), pytest.raises(OutputInUseError, match="Another process is writing to"):
        report(score_folder, bootstrap=FEW)
    assert not (score_folder / "summary.csv").exists()
    report(score_folder, bootstrap=FEW)
