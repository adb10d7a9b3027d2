from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from harness.scoring.cells import CellCounts
from harness.scoring.measure_tables import TABLE_NAMES, save_measures
from harness.scoring.measures import Measures, measure
from harness.scoring.statistics.bootstrap import Bootstrap
from tests.unit.harness.scoring.made_cells import make_counts

NAMES = ("road", "=car", "train")
BOOTSTRAP = Bootstrap(resamples=20, seed=5)
CONFUSION = np.array([[5, 1, 0], [2, 3, 0], [0, 0, 0]])


@pytest.fixture
def counts() -> CellCounts:
    """Frames of roads and cars; no train anywhere."""
    regions = np.random.default_rng(1).integers(1, 50, (5, 3, 3))
    regions[:, 2] = 0
    return make_counts(regions)


@pytest.fixture
def measures(counts: CellCounts) -> Measures:
    found = measure([("north", counts)], NAMES, bootstrap=BOOTSTRAP, definition="One.\nTwo.")
    assert found is not None
    return found


@pytest.fixture
def folder(tmp_path: Path, measures: Measures) -> Path:
    paths = save_measures(tmp_path, measures, CONFUSION, bootstrap=BOOTSTRAP)
    assert sorted(tmp_path.iterdir()) == sorted(paths) == sorted(tmp_path / name for name in TABLE_NAMES)
    return tmp_path


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_confusion_matrix_of_all_cells(folder: Path) -> None:
    rows = rows_of(folder / "confusion.csv")
    assert list(rows[0]) == ["truth", "road", "'=car", "train"]
    assert [row.pop("truth") for row in rows] == ["road", "'=car", "train"]
    np.testing.assert_array_equal([[int(value) for value in row.values()] for row in rows], CONFUSION)


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
