"""What is written of each epoch: the table, TensorBoard, and the pictures and counts of the best one."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from datasets.labels import LabelSet
from datasets.labels.label_set import classes_of
from harness.run_dir import RunDir
from harness.scoring.confusion import ConfusionMatrix
from harness.training import metrics_log
from harness.training.epoch_metrics import EpochMetrics, read_metrics
from harness.training.metrics_log import MetricsLog
from harness.training.panels import Example
from tests.unit.harness.training.run_figures import epoch_metrics

LABELS = LabelSet(
    name="two", classes=classes_of(("Roads", 128, 64, 128), ("Car, parked", 0, 0, 142))
)  # fmt: skip


def confusion(epoch: int) -> ConfusionMatrix:
    return ConfusionMatrix(2, np.array([[2**53 + epoch, 1], [2, 3]]))


def example(epoch: int) -> Example:
    ids = np.zeros((8, 10), np.uint8)
    return Example(rgb=np.full((8, 10, 3), epoch, np.uint8), truth=ids, prediction=ids)


def append(log: MetricsLog, metrics: EpochMetrics) -> None:
    log.append(metrics, confusion=confusion(metrics.epoch), examples=[example(metrics.epoch)])


def logged(run: RunDir, mious: Sequence[float]) -> None:
    with MetricsLog(run, LABELS) as log:
        for epoch, miou in enumerate(mious, 1):
            append(log, epoch_metrics(epoch, miou))


def board(run: RunDir) -> EventAccumulator:
    events = EventAccumulator(str(run.tensorboard))
    events.Reload()
    return events


def test_each_epoch_is_a_row_of_the_table(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path)
    logged(run, (0.25, 1 / 7))
    assert run.metrics.read_text().splitlines()[0].endswith('iou_Roads,"iou_Car, parked"')
    expected = [epoch_metrics(1, 0.25), epoch_metrics(2, 1 / 7)]
    assert [repr(each) for each in read_metrics(run.metrics, last_epoch=2)] == [repr(each) for each in expected]


def test_counts_and_pictures_are_those_of_the_best_epoch(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path)
    logged(run, (0.2, 0.5, 0.5, math.nan))
    with run.confusion.open(newline="") as file:
        table = list(csv.reader(file))
    assert table == [
        ["truth", "Roads", "Car, parked"],
        ["Roads", str(2**53 + 2), "1"],
        ["Car, parked", "2", "3"],
    ]
    panels = np.asarray(Image.open(io.BytesIO(run.panels.read_bytes())))
    assert (panels == 2).all(axis=2).any()
    assert not (panels == 3).all(axis=2).any()
    assert run.pictures == (run.curves, run.panels, run.confusion_figure)
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in run.pictures)


def test_tensorboard_gets_figures_classes_and_examples_of_every_epoch(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path)
    logged(run, (0.5, 0.25))
    found = board(run)
    assert {tag: [(event.step, event.value) for event in found.Scalars(tag)] for tag in found.Tags()["scalars"]} == {
        "train/loss": [(10, 1.0), (20, 0.5)],
        "train/learning_rate": [(10, pytest.approx(1 / 3)), (20, pytest.approx(1 / 3))],
        "train/images_per_s": [(10, 20.0), (20, 20.0)],
        "train/data_wait_share": [(10, pytest.approx(0.01)), (20, pytest.approx(0.01))],
        "train/memory_bytes": [(10, 3e9), (20, 3e9)],
        "validation/loss": [(10, 2.0), (20, 1.0)],
        "validation/pixel_accuracy": [(10, pytest.approx(0.9)), (20, pytest.approx(0.9))],
        "validation/miou": [(10, 0.5), (20, 0.25)],
        "validation_iou/Roads": [(10, 0.5), (20, 0.25)],
    }
    assert [event.step for event in found.Images("validation/examples")] == [10, 20]


def test_a_session_that_goes_on_hides_what_an_unfinished_epoch_left(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path)
    logged(run, (0.5, 0.25))
    with MetricsLog(run, LABELS, read_metrics(run.metrics, last_epoch=1)) as log:
        append(log, epoch_metrics(2, 0.75))
        assert [each.epoch for each in log.epochs] == [1, 2]
    found = [(event.step, event.value) for event in board(run).Scalars("validation/miou")]
    assert found == [(10, 0.5), (20, 0.75)]


def test_pictures_are_drawn_again_from_the_tables_when_a_session_ends_badly(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path)
    logged(run, (0.5, 0.25))
    drawn = [path.read_bytes() for path in run.pictures]
    run.curves.unlink()
    run.confusion_figure.unlink()
    with pytest.raises(KeyboardInterrupt), MetricsLog(run, LABELS, read_metrics(run.metrics, last_epoch=2)):
        raise KeyboardInterrupt
    assert [path.read_bytes() for path in run.pictures] == drawn


def test_a_run_that_began_without_counts_goes_on(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path)
    with MetricsLog(run, LABELS, [epoch_metrics(1, 0.5)]) as log:
        append(log, epoch_metrics(2, 0.25))
    assert run.pictures == (run.curves,)


def test_long_sessions_see_their_pictures_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunDir.create(tmp_path)
    with MetricsLog(run, LABELS) as log:
        append(log, epoch_metrics(1))
        assert run.pictures == ()
        monkeypatch.setattr(metrics_log, "PICTURES_EVERY_S", 0.0)
        append(log, epoch_metrics(2))
        assert run.pictures == (run.curves, run.panels, run.confusion_figure)


def test_a_session_without_an_epoch_leaves_no_picture(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path)
    logged(run, ())
    assert run.pictures == ()


def test_a_process_after_the_first_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with MetricsLog(None, LABELS, [epoch_metrics(1, 0.5)]) as log:
        append(log, epoch_metrics(2, 0.25))
        assert log.best.epoch == 1
    assert list(tmp_path.iterdir()) == []


def test_best_is_the_highest_then_the_earliest_and_never_nan() -> None:
    mious = (math.nan, 0.2, 0.5, 0.5, math.nan)
    assert MetricsLog(None, LABELS, [epoch_metrics(epoch, miou) for epoch, miou in enumerate(mious, 1)]).best.epoch == 3
