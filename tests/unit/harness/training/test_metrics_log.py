"""metrics.csv: exact, and without what a cut-off epoch left."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from harness.errors import DataError
from harness.run_dir import RunDir
from harness.training.metrics_log import EpochMetrics, MetricsLog, read_metrics


def metrics(epoch: int, miou: float) -> EpochMetrics:
    return EpochMetrics(
        epoch=epoch,
        step=epoch * 10,
        learning_rate=1 / 3,
        train_loss=0.1 + 0.2,
        pixel_accuracy=0.9,
        miou=miou,
        iou={"Roads": miou, "Car, parked": math.nan},
        seconds=1.5,
        validation_seconds=0.5,
        images_per_s=20.0,
        data_wait_share=0.0,
    )


def test_what_was_appended_can_be_read_exactly(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path)
    written = [metrics(epoch, miou) for epoch, miou in ((1, 0.1), (2, 1 / 7))]
    with MetricsLog(run) as log:
        for epoch in written:
            log.append(epoch)
    found = read_metrics(run.metrics, last_epoch=2)
    assert [repr(epoch) for epoch in found] == [repr(epoch) for epoch in written]


def test_an_absent_class_has_an_empty_cell(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path)
    with MetricsLog(run) as log:
        log.append(metrics(1, 0.25))
    header, row = run.metrics.read_text().splitlines()
    assert header.endswith('iou_Roads,"iou_Car, parked"')
    assert row.endswith(",0.25,")


def test_rows_of_an_epoch_that_did_not_end_are_left_out(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path)
    with MetricsLog(run) as log:
        for epoch in (1, 2, 3):
            log.append(metrics(epoch, 0.5))
    assert [row.epoch for row in read_metrics(run.metrics, last_epoch=2)] == [1, 2]


def test_best_is_the_highest_then_the_earliest_and_never_nan(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path)
    mious = (math.nan, 0.2, 0.5, 0.5, math.nan)
    with MetricsLog(run, [metrics(epoch, miou) for epoch, miou in enumerate(mious, 1)]) as log:
        assert log.best.epoch == 3


def test_tensorboard_gets_a_file(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path)
    with MetricsLog(run) as log:
        log.append(metrics(1, 0.25))
    assert [path.name.startswith("events.out") for path in run.tensorboard.iterdir()] == [True]


@pytest.mark.parametrize("content", [None, "epoch,step\n1,x\n", "a,b\n1,2\n"])
def test_a_table_that_is_none_is_refused(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "metrics.csv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(DataError, match=r"metrics\.csv cannot be read .*--overwrite"):
        read_metrics(path, last_epoch=1)
