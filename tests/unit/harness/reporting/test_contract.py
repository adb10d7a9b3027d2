"""What the score writes is what the report reads: the one place where both meet without a simulator."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from datasets.labels import LabelClass, LabelSet
from harness.gates.gate import parse_gates
from harness.reporting.frames import FrameTable
from harness.reporting.report import report
from harness.reporting.source import Condition, read_score
from harness.run_dir import write_json
from harness.scoring.cells import Cell, CellResult
from harness.scoring.description import describe_measures
from harness.scoring.statistics.bootstrap import Bootstrap
from harness.scoring.tables import write_tables
from tests.unit.harness.scoring.made_cells import make_cell, make_result

LABELS = LabelSet(
    name="odd",
    classes=tuple(LabelClass(name=name, color=(n, n, n)) for n, name in enumerate(("road", "=car", "None", "a, b"))),
)
LABEL_SIZES = {(32, 24, 90.0): (32, 24), (16, 12, 90.0): (32, 24)}


def results() -> dict[Cell, CellResult]:
    """Two nets, two sizes, two weathers, two scenarios, two repeats: some of them incomplete."""
    done = {
        make_cell(scenario, weather, width=width, height=height, model=model, repeat=repeat): make_result(
            seed, num_classes=4
        )
        for seed, scenario in enumerate(("north", "south"))
        for weather in ("ClearNoon", "-Fog")
        for width, height in ((32, 24), (16, 12))
        for model in ("+net", "other")
        for repeat in (1, 2)
    }
    cells = list(done)
    done[cells[-1]] = CellResult(status="crashed", message="=it\nended", planned_frames=3, retries=2)
    done[cells[5]] = replace(done[cells[5]], status="partial", message="lost", planned_frames=9)
    return done


def write(folder: Path, cells: dict[Cell, CellResult]) -> Path:
    folder.mkdir()
    description = describe_measures(
        LABELS, models={"+net": {}, "other": {}}, suite="odd", reference_weather="ClearNoon", reference_model="other",
        label_sizes=LABEL_SIZES,
    )  # fmt: skip
    write_json(folder / "score.json", description)
    write_tables(
        folder, cells, [], towns=dict.fromkeys(("north", "south"), "Town01"), class_names=LABELS.names,
        label_sizes=LABEL_SIZES,
    )  # fmt: skip
    return folder


def test_everything_that_was_counted_is_read(tmp_path: Path) -> None:
    cells = results()
    data = read_score(write(tmp_path / "scores", cells))
    assert data.class_names == ["road", "=car", "None", "a, b"]
    assert data.weathers == ["ClearNoon", "-Fog"]
    assert data.models == ["+net", "other"]
    assert data.label_sizes == LABEL_SIZES
    table = FrameTable(data)
    for condition in data.conditions:
        expected = np.zeros((4, 3), dtype=np.int64)
        for cell, result in cells.items():
            here = Condition(cell.model, cell.weather, cell.width, cell.height, cell.fov)
            if here == condition and result.counts is not None:
                expected += result.counts.regions.sum(axis=0)
        np.testing.assert_array_equal(table.counted(condition).total, expected)
    first = next(iter(cells.values())).counts
    assert first is not None
    np.testing.assert_array_equal(data.confusion[1][0], first.confusion)


def test_a_report_is_made_of_it(tmp_path: Path) -> None:
    folder = write(tmp_path / "scores", results())
    summary = report(folder, bootstrap=Bootstrap(resamples=20))
    assert summary.incomplete == 2
    rows = summary.tables.degradation
    both = rows[(rows["class"] == "(mean)") & (rows["axis"] == "both")]
    assert both["scenarios"].tolist() == [2, 1], "the last cell crashed"
    assert both[both["model"] == "other"]["cd"].tolist() == [1.0]
    assert set(pd.read_csv(folder / "summary.csv")["weather"]) == {"ClearNoon", "'-Fog"}


def test_a_run_of_which_nothing_was_counted_yet_is_read(tmp_path: Path) -> None:
    nothing = {cell: CellResult(status="not run", planned_frames=3) for cell in results()}
    folder = write(tmp_path / "scores", nothing)
    summary = report(folder, bootstrap=Bootstrap(resamples=20), gates=parse_gates(["0.1"], ["5"]))
    assert set(summary.tables.summary["status"]) == {"missing"}
    assert {gate.outcome for gate in summary.gates} == {"no value"}
    assert summary.tables.classes.empty
    assert summary.tables.degradation["drop_points"].isna().all()


def test_a_field_of_view_may_be_unknown(tmp_path: Path) -> None:
    cells = {make_cell(model="+net", fov=0.0): make_result(1, num_classes=4)}
    sizes = {(32, 24, 0.0): (32, 24)}
    folder = tmp_path / "scores"
    folder.mkdir()
    description = describe_measures(
        LABELS, models={"+net": {}}, suite="odd", reference_weather="ClearNoon", label_sizes=sizes
    )
    write_json(folder / "score.json", description)
    write_tables(folder, cells, [], towns={"north": "Town01"}, class_names=LABELS.names, label_sizes=sizes)
    assert report(folder, bootstrap=Bootstrap(resamples=5)).tables.summary["status"].tolist() == ["complete"]
