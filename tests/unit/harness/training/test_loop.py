"""The training loop: it learns, it can be stopped anywhere, and goes on as if it had not been."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from harness.errors import DataError, OutputInUseError, TrainingError, UsageError
from harness.run_dir import MARKER, RunDir
from harness.training import loop
from harness.training.checkpoint import load_checkpoint, load_tensors
from harness.training.config import TrainConfig
from harness.training.loop import EpochMetrics, train
from harness.training.state import TrainingState
from tests.unit.harness.training.conftest import write_recording

TINY = TrainConfig(
    net_options={"base_channels": 4, "depth": 2},
    epochs=3,
    batch_size=4,
    learning_rate=2e-2,
    crop=(32, 24),
    scale_jitter=0.2,
    device="cpu",
    precision="float32",
)


def with_settings(**settings: Any) -> TrainConfig:
    return TrainConfig.from_json({**TINY.to_json(), **settings})


@pytest.fixture(scope="module")
def run(recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of twelve epochs. Read only."""
    return train(with_settings(epochs=12), recording, tmp_path_factory.mktemp("runs") / "run").run


class TestARun:
    def test_it_learns(self, run: Path) -> None:
        rows = read_rows(run)
        assert float(rows[-1]["train_loss"]) < 0.5 * float(rows[0]["train_loss"])
        assert float(rows[-1]["pixel_accuracy"]) > 0.85

    def test_one_row_an_epoch_with_nothing_where_a_class_is_absent(self, run: Path) -> None:
        rows = read_rows(run)
        assert [row["epoch"] for row in rows] == [str(epoch) for epoch in range(1, 13)]
        assert [row["step"] for row in rows] == [str(3 * epoch) for epoch in range(1, 13)]
        assert rows[-1]["iou_Roads"] != ""
        assert rows[-1]["iou_Bus"] == ""

    def test_best_is_the_epoch_of_highest_miou(self, run: Path) -> None:
        mious = [float(row["miou"]) for row in read_rows(run)]
        info, _ = load_checkpoint(RunDir(run), "best")
        assert info.epoch == 1 + mious.index(max(mious))
        assert info.metrics["miou"] == max(mious)
        assert info.metrics["Bus"] is None
        assert load_checkpoint(RunDir(run), "last")[0].epoch == 12

    def test_it_says_where_it_came_from(self, run: Path, recording: Path) -> None:
        (session,) = json.loads((run / "manifest.json").read_text())["sessions"]
        assert session["inputs"]["recording"]["path"] == str(recording)
        assert session["precision"] == "float32"
        assert session["validation_split"] == "val"
        assert TrainConfig.from_json(json.loads((run / "config.json").read_text())) == with_settings(epochs=12)

    def test_resuming_a_finished_run_only_repeats_its_summary(self, run: Path, recording: Path) -> None:
        before = (run / "last.safetensors").read_bytes()
        summary = train(with_settings(epochs=12), recording, run, resume=True)
        assert summary.epochs == 12
        assert summary.best_miou == max(float(row["miou"]) for row in read_rows(run))
        assert summary.storage == "memory"
        assert (run / "last.safetensors").read_bytes() == before


class Stopped(KeyboardInterrupt):
    """What Ctrl-C raises, at a place of our choice."""


def stop_after_epoch_one(_monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    def on_epoch(metrics: EpochMetrics) -> None:
        if metrics.epoch == 1:
            raise Stopped

    return {"on_epoch": on_epoch}


def stop_in_the_middle_of_epoch_two(_monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    def progress(what: str, done: int, _total: int) -> None:
        if (what, done) == ("training", 5):
            raise Stopped

    return {"progress": progress}


def stop_in_the_first_epoch(_monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    def progress(what: str, done: int, _total: int) -> None:
        if (what, done) == ("training", 2):
            raise Stopped

    return {"progress": progress}


def stop_before_the_state_of_epoch_two_is_saved(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    save = TrainingState.save

    def save_once(state: TrainingState, run: RunDir) -> None:
        if state.epoch == 2:
            raise Stopped
        save(state, run)

    monkeypatch.setattr(TrainingState, "save", save_once)
    return {}


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize(
    "stop",
    [
        stop_after_epoch_one,
        stop_in_the_middle_of_epoch_two,
        stop_in_the_first_epoch,
        stop_before_the_state_of_epoch_two_is_saved,
    ],
)
def test_a_run_stopped_anywhere_and_resumed_ends_with_the_same_bits(
    recording: Path,
    tmp_path: Path,
    precision: str,
    stop: Callable[[pytest.MonkeyPatch], dict[str, Any]],
) -> None:
    config = with_settings(precision=precision)
    train(config, recording, tmp_path / "whole")
    with pytest.MonkeyPatch.context() as monkeypatch, pytest.raises(Stopped):
        train(config, recording, tmp_path / "stopped", **stop(monkeypatch))
    torch.rand(7)  # Somebody else uses the global generator in between.
    train(config, recording, tmp_path / "stopped", resume=True)
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    for name in ("best.safetensors", "last.safetensors", "last_state.safetensors", "best.json"):
        assert (whole / name).read_bytes() == (stopped / name).read_bytes(), name
    assert without_times(read_rows(whole)) == without_times(read_rows(stopped))
    assert len(json.loads((stopped / "manifest.json").read_text())["sessions"]) == 2


def test_another_seed_is_another_run(recording: Path, tmp_path: Path) -> None:
    summaries = [train(with_settings(epochs=1, seed=seed), recording, tmp_path / str(seed)) for seed in (0, 1)]
    weights = [load_tensors(RunDir(summary.run).weights("last"))[1]["head.weight"] for summary in summaries]
    assert not torch.equal(*weights)


def test_frames_from_disk_train_the_same_net_as_frames_in_memory(tmp_path: Path) -> None:
    recording = write_recording(tmp_path / "r", {"a": "train", "b": "train"})  # one split, so that one worker starts
    losses = {}
    for name, cache, workers in (("memory", "ram", 0), ("disk", "none", 1)):
        summary = train(with_settings(epochs=2, cache=cache, workers=workers), recording, tmp_path / name)
        assert name in summary.storage
        losses[name] = [row["train_loss"] for row in read_rows(tmp_path / name)]
    assert losses["memory"] == losses["disk"]
    assert (tmp_path / "memory" / "last.safetensors").read_bytes() == (
        tmp_path / "disk" / "last.safetensors"
    ).read_bytes()


def test_a_cache_that_cannot_be_had_is_told(recording: Path, tmp_path: Path) -> None:
    notes: list[str] = []
    train(with_settings(epochs=1, cache="gpu"), recording, tmp_path / "run", on_note=notes.append)
    assert notes == [
        f"{what} frames: there is no GPU in use, so they are kept in the computer's memory"
        for what in ("training", "validation")
    ]


def test_a_loss_that_is_no_number_stops_the_run_and_names_step_and_frames(recording: Path, tmp_path: Path) -> None:
    with pytest.raises(
        TrainingError,
        match=r"NaN or infinite at step [23] of epoch 1, on frames (\w+:\d+(, )?){4}\. There is no checkpoint yet\.",
    ):
        train(with_settings(learning_rate=1e38, clip_norm=1e30), recording, tmp_path / "run")
    assert not (tmp_path / "run" / "last_state.safetensors").exists()


def test_a_used_folder_is_refused(recording: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(OutputInUseError):
        train(TINY, recording, tmp_path)


def test_resuming_with_other_settings_is_refused_and_they_are_named(recording: Path, tmp_path: Path) -> None:
    train(with_settings(epochs=1), recording, tmp_path / "run")
    with pytest.raises(UsageError, match=r"epochs: 1 -> 2; learning_rate: 0\.02 -> 0\.5\)\. Give the same"):
        train(with_settings(epochs=2, learning_rate=0.5), recording, tmp_path / "run", resume=True)
    train(with_settings(epochs=1, workers=1, cache="ram"), recording, tmp_path / "run", resume=True)


def test_a_damaged_config_is_refused(recording: Path, tmp_path: Path) -> None:
    (tmp_path / MARKER).touch()
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(DataError, match=r"config\.json cannot be read"):
        train(TINY, recording, tmp_path, resume=True)


def test_a_misspelt_net_is_a_usage_error_with_a_suggestion(recording: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'unet'"):
        train(with_settings(net="unnet"), recording, tmp_path / "run")


def test_without_a_val_scenario_the_summary_says_what_it_was_validated_on(tmp_path: Path) -> None:
    recording = write_recording(tmp_path / "r", {"a": "train"})
    summary = train(with_settings(epochs=1), recording, tmp_path / "run")
    assert (summary.validation_split, summary.num_validation_frames) == ("train", 6)
    assert not math.isnan(summary.best_miou)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU")
@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_a_step_never_waits_for_the_gpu(
    recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, precision: str
) -> None:
    step = loop._step

    def watched(setting: Any, state: TrainingState, *arguments: Any) -> torch.Tensor:
        is_warm = state.step > 1
        torch.cuda.set_sync_debug_mode("error" if is_warm else "default")
        try:
            return step(setting, state, *arguments)
        finally:
            torch.cuda.set_sync_debug_mode("default")

    monkeypatch.setattr(loop, "_step", watched)
    summary = train(with_settings(device="cuda", precision=precision), recording, tmp_path / "run")
    assert summary.storage == "GPU memory"


def read_rows(run: Path) -> list[dict[str, str]]:
    with (run / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def without_times(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    times = {"seconds", "validation_seconds", "images_per_s", "data_wait_share"}
    return [{name: value for name, value in row.items() if name not in times} for row in rows]
