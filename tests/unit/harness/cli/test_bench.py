from __future__ import annotations

import csv
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import harness
from harness.net_cost import COLUMNS

TINY = ["bench", "unet:base_channels=2:depth=1", "--size", "32x24", "--device", "cpu", "--calls", "5"]


def test_a_row_for_each_task_size_and_batch(tmp_path: Path) -> None:
    path = tmp_path / "cost.csv"
    done = CliRunner().invoke(harness, [*TINY, "--batch", "2", "--train", "-o", str(path)])
    assert done.exit_code == 0, done.output
    with path.open(newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    assert tuple(reader.fieldnames or ()) == COLUMNS
    assert [(row["task"], row["batch_size"], row["width_px"]) for row in rows] == [
        ("inference", "2", "32"),
        ("training", "2", "32"),
    ]
    for row in rows:
        assert float(row["latency_median_ms"]) <= float(row["latency_p95_ms"])
        assert float(row["images_per_s"]) > 0
        assert row["message"] == ""
        assert row["device_name"]
    assert "GFLOP/image" in done.output
    again = CliRunner().invoke(harness, [*TINY, "-o", str(path)])
    assert again.exit_code == 9


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--batch", "0"], 2),
        (["--batch", "1", "--train"], 2),
        (["--batch", "many"], 2),
        (["-o", "no/such/folder/a.csv"], 2),
        (["--size", "wide"], 6),
    ],
)
def test_what_cannot_be_measured_is_refused_first(options: list[str], code: int) -> None:
    assert CliRunner().invoke(harness, [*TINY, *options]).exit_code == code
