"""metrics.csv: exact, readable when it is old, and without what a cut-off epoch left."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import DataError
from harness.run_dir import write_csv
from harness.training.epoch_metrics import EpochMetrics, read_metrics

OLD_TABLE = """\
epoch,step,learning_rate,train_loss,pixel_accuracy,miou,seconds,validation_seconds,images_per_s,data_wait_share,iou_Sky
1,10,0.001,1.5,0.5,0.25,2.0,1.0,20.0,0.01,0.25
2,20,0.0005,1.0,0.625,,2.0,1.0,20.0,0.01,
"""
"""As version 0.1 wrote it."""

share = st.floats(0, 1) | st.just(math.nan)
positive = st.floats(0, allow_infinity=False)
epochs = st.builds(
    EpochMetrics,
    epoch=st.integers(1),
    step=st.integers(1),
    learning_rate=positive,
    train_loss=st.floats(),
    validation_loss=st.floats(),
    pixel_accuracy=share,
    miou=share,
    iou=st.dictionaries(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=9), share, max_size=4),
    seconds=positive,
    validation_seconds=positive,
    images_per_s=positive,
    data_wait_share=share,
    memory_bytes=st.integers(0, 2**60),
)


@given(epochs)
def test_a_row_is_read_back_exactly(metrics: EpochMetrics) -> None:
    assert repr(EpochMetrics.from_row(metrics.to_row())) == repr(metrics)


def test_a_table_without_the_newer_columns_is_read(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text(OLD_TABLE)
    first, second = read_metrics(path, last_epoch=2)
    assert (first.epoch, first.step, first.train_loss, first.iou) == (1, 10, 1.5, {"Sky": 0.25})
    assert math.isnan(first.validation_loss)
    assert math.isnan(first.memory_bytes)
    assert math.isnan(second.miou)


def test_an_old_table_goes_on_with_the_newer_columns(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text(OLD_TABLE)
    old = read_metrics(path, last_epoch=2)
    write_csv(path, [metrics.to_row() for metrics in old])
    header, first, _ = path.read_text().splitlines()
    assert header.split(",")[4] == "validation_loss"
    assert first == "1,10,0.001,1.5,,0.5,0.25,2.0,1.0,20.0,0.01,,0.25"
    assert [repr(metrics) for metrics in read_metrics(path, last_epoch=2)] == [repr(metrics) for metrics in old]


def test_rows_of_an_epoch_that_did_not_end_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text(OLD_TABLE)
    assert [row.epoch for row in read_metrics(path, last_epoch=1)] == [1]


@pytest.mark.parametrize("content", [None, "epoch,step\n1,x\n", "a,b\n1,2\n", "epoch,step\n1\n"])
def test_a_table_that_is_none_is_refused(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "metrics.csv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(DataError, match=r"metrics\.csv cannot be read .*--overwrite"):
        read_metrics(path, last_epoch=1)
