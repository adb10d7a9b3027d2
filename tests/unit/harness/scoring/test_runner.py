from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from datasets.labels import CARLA_29
from harness.errors import DataError, ServerLostError
from harness.scoring.plan import ScorePlan, make_plan
from harness.scoring.restore import restore
from harness.scoring.runner import ScoreRunner
from harness.scoring.summary import summarize
from harness.scoring.tables import ScoreTables

FOG = "ClearNoon:wetness=50:fog_density=60"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def read_png(path: Path) -> NDArray[np.uint8]:
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert image is not None, path
    return np.asarray(image, dtype=np.uint8)


def tables_of(plan: ScorePlan, folder: Path) -> ScoreTables:
    return ScoreTables(folder, plan.cells(), towns=plan.towns, class_names=CARLA_29.names)


def run(plan: ScorePlan, net: Any, drives: Any, folder: Path, **options: Any) -> ScoreTables:
    tables = tables_of(plan, folder)
    ScoreRunner(plan, net, CARLA_29, tables, **options).run(drives)
    return tables


def test_every_planned_cell_is_a_row_with_its_numbers(
    plan: ScorePlan, net: Any, make_drives: Any, tmp_path: Path
) -> None:
    drives = make_drives()
    run(plan, net, drives, tmp_path)
    rows = rows_of(tmp_path / "scenarios.csv")
    assert [(row["scenario"], row["weather"], row["width"]) for row in rows] == [
        (scenario, weather, width)
        for scenario in ("alpha", "beta")
        for weather in plan.weathers
        for width in ("32", "64")
    ]
    assert {row["status"] for row in rows} == {"done"}
    assert {row["frames"] for row in rows} == {"6"}
    clear = [row for row in rows if row["weather"] == "ClearNoon"]
    assert all(float(row["miou"]) == 1.0 and float(row["pixel_accuracy"]) == 1.0 for row in clear)
    assert all(0.3 < float(row["pixel_accuracy"]) < 0.7 for row in rows if row["weather"] == FOG)
    assert drives.replays == ["alpha/2", "alpha/60", "beta/2", "beta/60"], "one replay for all sizes"


def test_ratios_that_do_not_exist_are_empty_and_tag_0_is_not_scored(
    plan: ScorePlan, net: Any, make_drives: Any, tmp_path: Path
) -> None:
    run(plan, net, make_drives(), tmp_path)
    assert {row["iou_NONE"] for row in rows_of(tmp_path / "scenarios.csv") if row["weather"] == "ClearNoon"} == {""}
    void = [row for row in rows_of(tmp_path / "counts.csv") if row["class"] == "NONE"]
    assert {(row["tp"], row["fn"]) for row in void} == {("0", "0")}


def test_counts_and_rows_agree(plan: ScorePlan, net: Any, make_drives: Any, tmp_path: Path) -> None:
    run(plan, net, make_drives(), tmp_path)
    counts = rows_of(tmp_path / "counts.csv")
    assert len(counts) == 8 * CARLA_29.num_classes
    for row in rows_of(tmp_path / "scenarios.csv"):
        mine = [each for each in counts if all(each[key] == row[key] for key in ("scenario", "weather", "width"))]
        tp, fp, fn = (sum(int(each[name]) for each in mine) for name in ("tp", "fp", "fn"))
        assert fp == fn, "every wrong pixel is a false positive of one class and a false negative of another"
        assert tp / (tp + fn) == float(row["pixel_accuracy"])


def test_labels_are_the_same_under_all_weathers(plan: ScorePlan, net: Any, make_drives: Any, tmp_path: Path) -> None:
    tables = run(plan, net, make_drives(), tmp_path)
    digests = {(row["scenario"], row["width"], row["labels_digest"]) for row in rows_of(tmp_path / "scenarios.csv")}
    assert len(digests) == 4, "one for each scenario and size, whatever the weather"
    assert summarize(tables.results, tables.class_names).warnings == ()


def test_frames_and_the_worst_of_them_are_kept(plan: ScorePlan, net: Any, make_drives: Any, tmp_path: Path) -> None:
    run(plan, net, make_drives(), tmp_path)
    frames = rows_of(tmp_path / "frames.csv")
    assert len(frames) == 8 * 6
    worst = rows_of(tmp_path / "worst.csv")
    assert [row["rank"] for row in worst] == ["1", "2"] * 4
    assert {row["width"] for row in worst} == {"64"}, "images are kept of the largest size"
    one = next(row for row in worst if row["weather"] == FOG)
    same_pass = [row for row in frames if all(row[key] == one[key] for key in ("scenario", "weather", "width"))]
    assert float(one["miou"]) == min(float(row["miou"]) for row in same_pass)
    rgb, truth, prediction = (read_png(tmp_path / one[kind]) for kind in ("rgb", "truth", "prediction"))
    assert rgb.shape == (48, 64, 3)
    assert truth.shape == prediction.shape == (48, 64)
    np.testing.assert_array_equal(rgb[..., 2], prediction)
    assert set(np.unique(truth)) <= {*range(1, 29), 255}


def test_a_pass_that_fails_does_not_stop_the_others(
    plan: ScorePlan, net: Any, make_drives: Any, tmp_path: Path
) -> None:
    def failure() -> Exception:
        return DataError("=the ego fell through the road\nat tick 2")

    tables = run(plan, net, make_drives(broken={"alpha/60": failure}), tmp_path)
    rows = rows_of(tmp_path / "scenarios.csv")
    assert [row["status"] for row in rows] == ["done", "done", "failed", "failed", "done", "done", "done", "done"]
    assert rows[2]["message"] == "'=the ego fell through the road at tick 2"
    assert (rows[2]["frames"], rows[2]["miou"], rows[2]["iou_Roads"]) == ("0", "", "")
    assert len(rows_of(tmp_path / "counts.csv")) == 6 * CARLA_29.num_classes
    incomplete = summarize(tables.results, tables.class_names).incomplete
    assert [(cell.cell.scenario, cell.cell.weather) for cell in incomplete] == [("alpha", FOG)] * 2


def test_a_scenario_without_a_drive_fails_in_all_its_cells(
    plan: ScorePlan, net: Any, make_drives: Any, tmp_path: Path
) -> None:
    drives = make_drives(broken={"alpha": lambda: RuntimeError("no such spawn point")})
    run(plan, net, drives, tmp_path)
    rows = rows_of(tmp_path / "scenarios.csv")
    assert [row["status"] for row in rows] == ["failed"] * 4 + ["done"] * 4
    assert rows[0]["message"] == "RuntimeError: no such spawn point"


@pytest.mark.parametrize("stop", [lambda: ServerLostError("connection closed"), KeyboardInterrupt])
def test_what_was_finished_stays_when_the_run_ends_early(
    plan: ScorePlan, net: Any, make_drives: Any, tmp_path: Path, stop: Callable[[], BaseException]
) -> None:
    drives = make_drives(broken={"beta/2": stop})
    with pytest.raises((ServerLostError, KeyboardInterrupt)):
        run(plan, net, drives, tmp_path)
    statuses = [row["status"] for row in rows_of(tmp_path / "scenarios.csv")]
    assert statuses[:4] == ["done"] * 4
    assert statuses[6:] == ["not run"] * 2
    assert len(rows_of(tmp_path / "counts.csv")) == 4 * CARLA_29.num_classes
    assert drives.closed == ["alpha", "beta"], "the session is closed whatever happens"


def test_a_resumed_run_repeats_only_what_is_missing_and_ends_with_the_same_tables(
    plan: ScorePlan, net: Any, make_drives: Any, tmp_path: Path
) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    whole.mkdir()
    broken.mkdir()
    run(plan, net, make_drives(), whole)
    with pytest.raises(KeyboardInterrupt):
        run(plan, net, make_drives(broken={"beta/2": KeyboardInterrupt}), broken)
    drives = make_drives()
    tables = tables_of(plan, broken)
    assert restore(tables, plan) == 2
    ScoreRunner(plan, net, CARLA_29, tables).run(drives)
    assert drives.replays == ["beta/2", "beta/60"]
    for name in ("counts.csv", "scenarios.csv", "frames.csv", "worst.csv"):
        assert (broken / name).read_bytes() == (whole / name).read_bytes()


def test_lost_frames_make_a_cell_partial(plan: ScorePlan, net: Any, make_drives: Any, tmp_path: Path) -> None:
    run(plan, net, make_drives(lost_ticks=frozenset({1, 4})), tmp_path)
    rows = rows_of(tmp_path / "scenarios.csv")
    assert {(row["status"], row["frames"], row["message"]) for row in rows} == {
        ("partial", "4", "2 of 6 frames were lost")
    }
    assert {row["frame"] for row in rows_of(tmp_path / "frames.csv")} == {"0", "2", "3", "5"}


def test_warm_up_frames_are_rendered_but_not_counted(
    plan: ScorePlan, net: Any, make_drives: Any, tmp_path: Path
) -> None:
    shorter = make_plan(plan.scenarios, plan.weathers, plan.sizes, warmup_frames=4)
    run(shorter, net, make_drives(), tmp_path)
    assert {row["frame"] for row in rows_of(tmp_path / "frames.csv")} == {"4", "5"}
    assert {row["status"] for row in rows_of(tmp_path / "scenarios.csv")} == {"done"}


def test_a_warm_up_as_long_as_the_drive_is_a_failure_and_not_a_score(
    plan: ScorePlan, net: Any, make_drives: Any, tmp_path: Path
) -> None:
    run(make_plan(plan.scenarios, plan.weathers, plan.sizes, warmup_frames=9), net, make_drives(), tmp_path)
    assert {row["status"] for row in rows_of(tmp_path / "scenarios.csv")} == {"failed"}


def test_tags_that_the_server_cannot_have_are_a_failure(
    plan: ScorePlan, net: Any, make_drives: Any, tmp_path: Path
) -> None:
    from datasets.labels import CARLA_13

    tables = tables_of(plan, tmp_path)
    ScoreRunner(plan, net, CARLA_13, tables).run(make_drives())
    rows = rows_of(tmp_path / "scenarios.csv")
    assert {row["status"] for row in rows} == {"failed"}
    assert "expected 0..12 of label set 'carla13'" in rows[0]["message"]


def test_progress_counts_every_frame_and_reaches_its_total(
    plan: ScorePlan, net: Any, make_drives: Any, tmp_path: Path
) -> None:
    told: list[tuple[str, int, int]] = []
    broken = {"alpha/60": lambda: DataError("cut short")}
    run(plan, net, make_drives(broken=broken), tmp_path, progress=lambda *step: told.append(step))
    done = [step[1] for step in told]
    assert done == sorted(done)
    assert told[-1] == ("score", 24, 24)
