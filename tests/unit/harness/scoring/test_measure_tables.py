from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.scoring.bootstrap import Bootstrap
from harness.scoring.cells import CellResult, CellTally
from harness.scoring.frame_counts import FrameCounts
from harness.scoring.measure_tables import TABLE_NAMES, save_measures
from harness.scoring.measures import Measures, measure
from harness.scoring.metrics import iou
from harness.scoring.plan import Cell

NAMES = ("road", "=car", "train")
BOOTSTRAP = Bootstrap(resamples=20, seed=5)


def tallied(seed: int, num_frames: int) -> CellResult:
    """Frames of roads and cars; no train anywhere."""
    rng = np.random.default_rng(seed)
    tally = CellTally(3, keep_counts=True)
    for frame in range(num_frames):
        truth, prediction = rng.integers(0, 2, (2, 12, 16), dtype=np.uint8)
        tally.add(frame, tags=truth, truth=truth, prediction=prediction)
    return tally.result(planned_frames=num_frames)


@pytest.fixture
def results() -> dict[Cell, CellResult]:
    def cell(scenario: str) -> Cell:
        return Cell(scenario=scenario, weather="ClearNoon", width=16, height=12)

    failed = CellResult(status="failed", message="damaged")
    return {cell("north"): tallied(1, 3), cell("east"): failed, cell("west"): tallied(2, 2)}


@pytest.fixture
def measures(results: dict[Cell, CellResult]) -> Measures:
    counts = FrameCounts.joined([result.counts for result in results.values() if result.counts], 3)
    found = measure(counts, ["north"] * 3 + ["west"] * 2, NAMES, bootstrap=BOOTSTRAP, definition="One.\nTwo.")
    assert found is not None
    return found


@pytest.fixture
def folder(tmp_path: Path, results: dict[Cell, CellResult], measures: Measures) -> Path:
    paths = save_measures(tmp_path, measures, results, NAMES, bootstrap=BOOTSTRAP)
    assert sorted(tmp_path.iterdir()) == sorted(paths) == sorted(tmp_path / name for name in TABLE_NAMES)
    return tmp_path


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def loaded(path: Path) -> dict[str, Any]:
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def test_the_counts_of_frames_give_every_measure_again(folder: Path, measures: Measures) -> None:
    found = loaded(folder / "frame_counts.npz")
    assert found["scenario"].tolist() == ["north"] * 3 + ["west"] * 2
    assert found["frame"].tolist() == [0, 1, 2, 0, 1]
    assert found["classes"].tolist() == list(NAMES)
    assert found["regions"].dtype == found["boundaries"].dtype == np.int64
    for name, expected in (("regions", "iou"), ("boundaries", "boundary_iou")):
        ratios = iou(*found[name].sum(axis=0).T)
        np.testing.assert_array_equal(ratios, [getattr(each, expected) for each in measures.classes])


def test_the_confusion_matrix_of_each_cell_and_of_all(folder: Path, results: dict[Cell, CellResult]) -> None:
    found = loaded(folder / "confusion.npz")
    assert found["scenario"].tolist() == ["north", "west"], "the one that failed has no counts"
    assert (found["width"].tolist(), found["height"].tolist()) == ([16, 16], [12, 12])
    expected = [result.confusion for result in results.values() if result.confusion is not None]
    np.testing.assert_array_equal(found["confusion"], expected)
    rows = rows_of(folder / "confusion.csv")
    assert list(rows[0]) == ["truth", "road", "'=car", "train"]
    assert [row.pop("truth") for row in rows] == ["road", "'=car", "train"]
    np.testing.assert_array_equal([[int(value) for value in row.values()] for row in rows], sum(expected))


def test_classes_that_are_nowhere_have_empty_cells(folder: Path, measures: Measures) -> None:
    road, _, train = rows_of(folder / "class_measures.csv")
    assert float(road["iou"]) == measures.classes[0].iou
    assert float(road["iou_low"]) <= float(road["iou"]) <= float(road["iou_high"])
    assert int(road["pixels"]) == measures.classes[0].pixels
    assert {value for column, value in train.items() if column not in ("class_id", "class", "pixels")} == {""}


def test_the_json_file_holds_numbers_intervals_and_definition(folder: Path, measures: Measures) -> None:
    found = json.loads((folder / "measures.json").read_text())
    assert found["definition"] == ["One.", "Two."]
    assert found["bootstrap"] == {"resamples": 20, "seed": 5, "level": 0.95, "unit": "frames"}
    assert found["miou"] == measures.miou
    assert found["miou_interval"] == [measures.miou_interval.low, measures.miou_interval.high]
    assert found["classes"][2]["boundary_iou"] is None
    assert found["classes"][2]["boundary_iou_interval"] is None
    assert [each["name"] for each in found["classes"]] == list(NAMES)
