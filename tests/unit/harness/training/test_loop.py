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
from harness.run_dir import MARKER, RunDir, write_csv
from harness.training import loop, memory
from harness.training.checkpoint import load_checkpoint, load_tensors
from harness.training.config import TrainConfig
from harness.training.distributed import Ranks
from harness.training.loop import EpochMetrics, train
from harness.training.setting import check_batch_divides
from harness.training.state import TrainingState
from harness.training.status import StepStatus
from tests.unit.harness.training.conftest import write_recording

pytestmark = pytest.mark.usefixtures("without_pictures")

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


FULL_OPTIONS = {"skip_connections": True, "upsampling": "transposed"}
"""What TINY leaves to the net's defaults."""


def with_settings(**settings: Any) -> TrainConfig:
    return TrainConfig.from_json({**TINY.to_json(), **settings})


@pytest.fixture(scope="module")
def run(recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of twelve epochs. Read only."""
    return train(with_settings(epochs=12), recording, tmp_path_factory.mktemp("runs") / "run").run


@pytest.fixture(scope="module")
def whole(recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An uninterrupted run of TINY's three epochs. Read only."""
    return train(TINY, recording, tmp_path_factory.mktemp("runs") / "whole").run


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
        assert session["processes"] == 1
        assert TrainConfig.from_json(json.loads((run / "config.json").read_text())) == with_settings(
            epochs=12, net_options={"base_channels": 4, "depth": 2, **FULL_OPTIONS}
        )

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


def stop_at_step(step: int) -> Callable[[pytest.MonkeyPatch], dict[str, Any]]:
    def on_status(status: StepStatus) -> None:
        if status.step == step:
            raise Stopped

    return lambda _monkeypatch: {"on_status": on_status}


def stop_before_the_state_of_epoch_two_is_saved(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    save = TrainingState.save

    def save_once(state: TrainingState, run: RunDir) -> None:
        if state.epoch == 2:
            raise Stopped
        save(state, run)

    monkeypatch.setattr(TrainingState, "save", save_once)
    return {}


def test_a_run_on_several_recordings_goes_on_with_the_same_ones_only(recording: Path, tmp_path: Path) -> None:
    added = write_recording(tmp_path / "added", {"more": "train"})
    config, out = with_settings(epochs=2), tmp_path / "run"
    with pytest.raises(Stopped):
        train(config, recording, out, added=[added], on_epoch=stop_after_epoch_one(pytest.MonkeyPatch())["on_epoch"])
    weights = RunDir(out).weights("last").read_bytes()
    for others in ((), (write_recording(tmp_path / "other", {"another": "train"}),)):
        with pytest.raises(UsageError, match="began with other frames"):
            train(config, recording, out, added=others, resume=True)
    assert RunDir(out).weights("last").read_bytes() == weights
    summary = train(config, recording, out, added=[added], resume=True)
    assert (summary.epochs, summary.num_train_frames) == (2, 18)
    *_, session = json.loads(RunDir(out).manifest.read_text())["sessions"]
    assert {name: each["path"] for name, each in session["inputs"].items()} == {
        "recording": str(recording),
        "added_1": str(added),
    }


def test_a_run_from_before_its_frames_were_noted_goes_on(recording: Path, tmp_path: Path) -> None:
    config, out = with_settings(epochs=2), tmp_path / "run"
    with pytest.raises(Stopped):
        train(config, recording, out, **stop_after_epoch_one(pytest.MonkeyPatch()))
    manifest = RunDir(out).manifest
    content = json.loads(manifest.read_text())
    for session in content["sessions"]:
        del session["frames_sha256"]
    manifest.write_text(json.dumps(content))
    assert train(config, recording, out, resume=True).epochs == 2


def test_a_recording_that_does_not_go_with_the_other_costs_no_run(recording: Path, tmp_path: Path) -> None:
    tested = write_recording(tmp_path / "tested", {"north": "test"})
    kept = RunDir.create(tmp_path / "run").path / "kept"
    kept.touch()
    with pytest.raises(DataError, match="judged by what it learnt"):
        train(TINY, recording, tmp_path / "run", added=[tested], overwrite=True)
    assert kept.exists()


def check_resumed_is_as_uninterrupted(
    config: TrainConfig,
    recording: Path,
    whole: Path,
    stopped: Path,
    stop: Callable[[pytest.MonkeyPatch], dict[str, Any]],
) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch, pytest.raises(Stopped):
        train(config, recording, stopped, **stop(monkeypatch))
    torch.rand(7)  # Somebody else uses the global generator in between.
    train(config, recording, stopped, resume=True)
    for name in ("best.safetensors", "last.safetensors", "last_state.safetensors", "best.json"):
        assert (whole / name).read_bytes() == (stopped / name).read_bytes(), name
    assert without_times(read_rows(whole)) == without_times(read_rows(stopped))
    assert len(json.loads((stopped / "manifest.json").read_text())["sessions"]) == 2


@pytest.mark.parametrize(
    "stop",
    [
        pytest.param(stop_after_epoch_one, id="after epoch one"),
        pytest.param(stop_at_step(5), id="in the middle of epoch two"),
        pytest.param(stop_at_step(2), id="in the first epoch"),
        pytest.param(stop_before_the_state_of_epoch_two_is_saved, id="before the state of epoch two is saved"),
    ],
)
def test_a_run_stopped_anywhere_and_resumed_ends_with_the_same_bits(
    recording: Path, whole: Path, tmp_path: Path, stop: Callable[[pytest.MonkeyPatch], dict[str, Any]]
) -> None:
    check_resumed_is_as_uninterrupted(TINY, recording, whole, tmp_path, stop)


@pytest.mark.parametrize(
    "settings",
    [
        {"precision": "bfloat16"},
        {"optimizer": "sgd", "schedule": "poly"},
        {"optimizer": "sgd", "momentum": 0.0},
        {"ema_decay": 0.9},
        {"accumulate": 2, "loss": "cross-entropy+0.5*dice"},
    ],
    ids=lambda settings: " ".join(f"{name}={value}" for name, value in settings.items()),
)
def test_so_does_one_with_these_settings(recording: Path, tmp_path: Path, settings: dict[str, Any]) -> None:
    config = with_settings(epochs=2, **settings)
    whole = train(config, recording, tmp_path / "whole").run
    check_resumed_is_as_uninterrupted(config, recording, whole, tmp_path / "stopped", stop_at_step(5))


def test_a_resumed_run_stops_early_at_the_same_epoch(recording: Path, tmp_path: Path) -> None:
    # So small a rate changes nothing but batch norm's statistics, with which mIoU soon stands still.
    config = with_settings(epochs=20, learning_rate=1e-12, patience=3)
    whole = train(config, recording, tmp_path / "whole")
    assert whole.stopped_early
    assert whole.epochs == whole.best_epoch + 3 < 20
    stop = stop_at_step(3 * (whole.epochs - 1) + 1)
    with pytest.raises(Stopped):
        train(config, recording, tmp_path / "stopped", **stop(pytest.MonkeyPatch()))
    for _ in range(2):  # the second time there is nothing left to do
        resumed = train(config, recording, tmp_path / "stopped", resume=True)
        assert (resumed.epochs, resumed.best_epoch) == (whole.epochs, whole.best_epoch)


def test_the_run_of_an_earlier_version_goes_on(recording: Path, whole: Path, tmp_path: Path) -> None:
    """Version 0.1 wrote all options of the net, and knew fewer settings and columns."""
    config = with_settings(net_options={"base_channels": 4, "depth": 2, **FULL_OPTIONS})
    with pytest.raises(Stopped):
        train(config, recording, tmp_path / "run", **stop_after_epoch_one(pytest.MonkeyPatch()))
    settings = json.loads((tmp_path / "run" / "config.json").read_text())
    later = {"loss", "optimizer", "momentum", "schedule", "accumulate", "ema_decay", "compile", "patience", "corrupt"}
    earlier = {name: value for name, value in settings.items() if name not in {*later, "track"}}
    (tmp_path / "run" / "config.json").write_text(json.dumps(earlier))
    rows = read_rows(tmp_path / "run")
    write_csv(
        tmp_path / "run" / "metrics.csv",
        [{name: cell for name, cell in row.items() if name not in ("validation_loss", "memory_bytes")} for row in rows],
    )
    train(config, recording, tmp_path / "run", resume=True)
    for name in ("last.safetensors", "last_state.safetensors"):
        assert (whole / name).read_bytes() == (tmp_path / "run" / name).read_bytes(), name


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


def test_it_names_the_last_good_checkpoint(recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "learning_rate_at", lambda step, **_: 1e-2 if step < 4 else 1e38)
    last = tmp_path / "run" / "last.safetensors"
    with pytest.raises(TrainingError, match=rf"of epoch 2, on frames .*The last good checkpoint is {last}, of epoch 1"):
        train(with_settings(clip_norm=1e30), recording, tmp_path / "run")
    assert load_checkpoint(RunDir(tmp_path / "run"), "last")[0].epoch == 1


def test_the_averaged_weights_are_the_ones_that_are_kept(recording: Path, tmp_path: Path) -> None:
    train(with_settings(epochs=1, ema_decay=0.9), recording, tmp_path)
    _, state = load_tensors(RunDir(tmp_path).training_state)
    _, kept = load_tensors(RunDir(tmp_path).weights("last"))
    assert all(torch.equal(tensor, state["average/" + name]) for name, tensor in kept.items())
    assert not torch.equal(kept["head.weight"], state["net/head.weight"])


def test_a_batch_that_does_not_fit_is_refused_before_the_first_step(
    recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "free_ram_bytes", lambda: 1_000_000)
    told: list[StepStatus] = []
    with pytest.raises(TrainingError, match=r"A batch of 4 at 32x24 needs about .* GB of memory, of which 0\.0 GB"):
        train(TINY, recording, tmp_path, on_status=told.append)
    assert told == []


@pytest.mark.parametrize(("crop", "at_once"), [(None, 4), ((32, 24), 2), ((8, 8), 1)])
def test_validation_takes_no_more_pixels_at_once_than_a_step(
    recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crop: tuple[int, int] | None, at_once: int
) -> None:
    """Four crops of a step against whole frames of 40x32: what fits into memory in training fits in validation."""
    validate, sizes = loop.validate, []

    def watched(*arguments: Any, batch_size: int, **settings: Any) -> Any:
        sizes.append(batch_size)
        return validate(*arguments, batch_size=batch_size, **settings)

    monkeypatch.setattr(loop, "validate", watched)
    train(with_settings(epochs=1, crop=crop), recording, tmp_path / "run")
    assert sizes == [at_once]


def test_processes_that_cannot_share_a_batch_alike_are_refused() -> None:
    check_batch_divides(with_settings(batch_size=12, accumulate=2), Ranks(size=3))
    with pytest.raises(UsageError, match=r"12 frames cannot be .* 5 processes with 2 parts each.* a multiple of 10"):
        check_batch_divides(with_settings(batch_size=12, accumulate=2), Ranks(size=5))


def test_each_step_is_told(recording: Path, tmp_path: Path) -> None:
    told: list[StepStatus] = []
    epochs: list[EpochMetrics] = []
    train(with_settings(epochs=2), recording, tmp_path, on_status=told.append, on_epoch=epochs.append)
    assert [(status.epoch, status.step) for status in told] == [(1, 1), (1, 2), (1, 3), (2, 4), (2, 5), (2, 6)]
    assert all(status.total_steps == 6 for status in told)
    assert [status.miou for status in told[3:]] == [epochs[0].miou] * 3
    assert sum(status.loss for status in told[:3]) / 3 == pytest.approx(epochs[0].train_loss)


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


def read_rows(run: Path) -> list[dict[str, str]]:
    with (run / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def without_times(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    times = {"seconds", "validation_seconds", "images_per_s", "data_wait_share", "memory_bytes"}
    return [{name: value for name, value in row.items() if name not in times} for row in rows]
