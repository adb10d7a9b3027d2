"""Whole ablations of tiny nets on a recording of a few frames."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from harness.ablation.plan import Cell, Factor, parse_factor, plan_cells
from harness.ablation.run import AblationSummary, Finished, ablate, at_recorded_size
from harness.errors import DataError, OutputInUseError, UsageError
from harness.scoring.evaluate import evaluate
from harness.segmenter import Segmenter
from harness.training.config import TrainConfig
from harness.training.loop import train

TINY = TrainConfig(
    net="unet", net_options={"base_channels": 2, "depth": 1}, epochs=1, batch_size=2, device="cpu", precision="float32"
)


@dataclass(frozen=True)
class FinishedAblation:
    """Two sizes, two seeds, all four runs done."""

    out: Path
    cells: tuple[Cell, ...]
    factors: tuple[Factor, ...]
    summary: AblationSummary
    told: list[Finished]


def plan(recording: Path, *factors: str, seeds: tuple[int, ...] = (0,)) -> tuple[tuple[Cell, ...], tuple[Factor, ...]]:
    baseline = at_recorded_size(TINY, recording)
    parsed = tuple(parse_factor(text, baseline) for text in factors)
    return plan_cells(baseline, parsed, seeds=seeds), parsed


def rows_of(out: Path) -> list[dict[str, str]]:
    with (out / "ablation.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def finished(streets: Path, tmp_path_factory: pytest.TempPathFactory) -> FinishedAblation:
    out = tmp_path_factory.mktemp("finished") / "out"
    cells, factors = plan(streets, "size=16x16", seeds=(0, 1))
    told: list[Finished] = []
    return FinishedAblation(out, cells, factors, ablate(cells, factors, streets, out, on_run=told.append), told)


def test_the_baseline_gets_the_size_of_the_frames(streets: Path, new_recording: Callable[..., Any]) -> None:
    assert at_recorded_size(TINY, streets).size == (32, 24)
    assert at_recorded_size(replace(TINY, size=(16, 16)), streets).size == (16, 16)
    with pytest.raises(DataError, match="no frames in split 'train'"):
        at_recorded_size(TINY, new_recording().root)


def test_an_ablation_is_a_table_a_page_and_ordinary_runs(finished: FinishedAblation) -> None:
    out = finished.out
    assert not finished.summary.failed
    assert [row["status"] for row in rows_of(out)] == ["done"] * 4
    large, small = (next(row for row in rows_of(out) if row["setting_size"] == size) for size in ("32x24", "16x16"))
    assert float(large["gflop_per_image"]) == pytest.approx(3 * float(small["gflop_per_image"]))
    assert large["parameters"] == small["parameters"]
    description = json.loads((out / "ablation.json").read_text())
    assert description["factors"] == {"size": ["32x24", "16x16"]}
    assert description["answers"]["What does resolution buy?"]
    assert "What does resolution buy?" in (out / "ablation.html").read_text()
    for cell in finished.cells:
        assert (out / "runs" / cell.name / "best.safetensors").is_file()
        assert json.loads((out / "runs" / cell.name / "config.json").read_text())["seed"] == cell.config.seed


def test_each_run_is_told_with_the_time_that_is_left(finished: FinishedAblation) -> None:
    assert [(each.number, each.total) for each in finished.told] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert all(each.seconds_left > 0 for each in finished.told[:3])
    assert finished.told[3].seconds_left == 0


def test_all_sizes_are_scored_on_the_same_pixels(finished: FinishedAblation) -> None:
    large, _, small, _ = (run.result.classes for run in finished.summary.runs)
    assert [each.pixels for each in large] == [each.pixels for each in small]
    assert sum(each.pixels for each in large) == 4 * 32 * 24


def test_a_run_is_the_same_as_if_it_were_trained_alone(
    finished: FinishedAblation, streets: Path, tmp_path: Path
) -> None:
    train(finished.cells[1].config, streets, tmp_path / "alone")
    net = Segmenter.load(tmp_path / "alone", device="cpu", precision="float32")
    alone = evaluate(net, streets, size=(32, 24)).measures
    assert repr(finished.summary.runs[1].result.measures) == repr(alone)  # NaN does not equal itself


def test_results_of_other_settings_are_not_taken_for_these(
    finished: FinishedAblation, streets: Path, tmp_path: Path
) -> None:
    out = shutil.copytree(finished.out, tmp_path / "out")
    longer = plan_cells(replace(finished.cells[0].config, epochs=2), finished.factors, seeds=(0,))
    with pytest.raises(UsageError, match=r"baseline-seed0 .* other settings \(epochs: 1 -> 2\)"):
        ablate(longer, finished.factors, streets, out, resume=True)
    told: list[Finished] = []
    elsewhere = plan_cells(replace(finished.cells[0].config, workers=0), finished.factors, seeds=(0, 1))
    assert not ablate(elsewhere, finished.factors, streets, out, resume=True, on_run=told.append).failed
    assert not told


def test_results_on_other_frames_are_not_taken_for_these(
    finished: FinishedAblation, streets: Path, tmp_path: Path
) -> None:
    out = shutil.copytree(finished.out, tmp_path / "out")
    with pytest.raises(UsageError, match=r"scored on: \S+ \(test\) -> \S+ \(train\)"):
        ablate(finished.cells, finished.factors, streets, out, split="train", resume=True)


def test_resuming_runs_what_is_missing_and_nothing_else(streets: Path, tmp_path: Path) -> None:
    """Stopped after the first run; its weights are deleted, since its measures are what counts."""
    out = tmp_path / "out"
    cells, factors = plan(streets, "augment=false")

    def stop(finished: Finished) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ablate(cells, factors, streets, out, on_run=stop)
    assert [row["status"] for row in rows_of(out)] == ["done", "not run"]
    shutil.rmtree(out / "runs" / cells[0].name)

    with pytest.raises(OutputInUseError):
        ablate(cells, factors, streets, out)
    told: list[str] = []
    summary = ablate(cells, factors, streets, out, resume=True, on_run=lambda each: told.append(each.run.cell.name))
    assert told == ["augment=false-seed0"]
    assert not summary.failed
    assert not (out / "runs" / "baseline-seed0").exists()


def test_a_run_that_fails_is_a_row_and_is_tried_again(streets: Path, tmp_path: Path) -> None:
    """Of four training frames there is no batch of five."""
    out = tmp_path / "out"
    cells, factors = plan(streets, "batch_size=5")
    summary = ablate(cells, factors, streets, out)
    assert [run.cell.name for run in summary.failed] == ["batch_size=5-seed0"]
    assert "fewer than one batch of 5" in rows_of(out)[1]["message"]
    assert "fewer than one batch of 5" in (out / "ablation.html").read_text()
    told: list[str] = []
    ablate(cells, factors, streets, out, resume=True, on_run=lambda each: told.append(each.run.cell.name))
    assert told == ["batch_size=5-seed0"]


def test_a_recording_without_the_split_is_refused_before_anything_is_written(
    new_recording: Callable[..., Any], tmp_path: Path
) -> None:
    maker = new_recording()
    maker.drive("a", frames=range(4), split="train")
    cells, factors = plan(maker.root, "augment=false")
    with pytest.raises(DataError, match="no frames in split 'test'"):
        ablate(cells, factors, maker.root, tmp_path / "out")
    assert not (tmp_path / "out").exists()
