from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from harness.cli import harness

TINY = (
    "--base-channels", "2", "--depth", "1", "--epochs", "1", "--batch-size", "2", "--device", "cpu",
    "--precision", "float32",
)  # fmt: skip


@pytest.fixture
def recording(new_recording: Callable[..., Any]) -> str:
    maker = new_recording()
    for seed, split in enumerate(("train", "val", "test")):
        maker.drive(split, frames=range(4), seed=seed, split=split)
    return str(maker.root)


def test_a_dry_run_lists_the_runs_and_writes_nothing(recording: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(harness, ["ablate", recording, "-o", str(tmp_path / "out"), *TINY, "--dry-run"])
    assert done.exit_code == 0, done.output
    assert "27 runs of 1 epoch; baseline: skip_connections true" in done.output
    assert done.output.count("median-frequency") == 3
    assert not (tmp_path / "out").exists()


def test_a_line_a_run_then_the_answers_and_exit_code_10_where_one_failed(recording: str, tmp_path: Path) -> None:
    command = ["ablate", recording, "-o", str(tmp_path / "out"), *TINY, "--seeds", "4", "--vary", "batch_size=4,5"]
    done = CliRunner().invoke(harness, command)
    assert done.exit_code == 10, done.output
    assert "[1/3] baseline-seed4  mIoU 0." in done.output
    assert "[3/3] batch_size=5-seed4  failed: " in done.output
    assert "What does batch_size change?" in done.output
    assert "With batch_size 4 instead of 2, mIoU " in done.output
    assert "1 of 3 runs have no result" in done.output


@pytest.mark.parametrize(("option", "value"), [("--seeds", "zero"), ("--seeds", "1,1"), ("--vary", "seed=1")])
def test_what_cannot_be_meant_is_a_usage_error(recording: str, tmp_path: Path, option: str, value: str) -> None:
    done = CliRunner().invoke(harness, ["ablate", recording, "-o", str(tmp_path / "out"), *TINY, option, value])
    assert done.exit_code == 2
    assert not (tmp_path / "out").exists()
