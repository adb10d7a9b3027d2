"""``mine`` as a user runs it, as far as no server is needed, and what ``drive --record`` refuses beforehand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from harness.cli import harness
from harness.mining.table import FRAME_COLUMNS
from harness.run_dir import prepare_output
from tests.unit.harness.mining.test_mine import driven, poor, split_plan


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(harness, [str(each) for each in arguments])


@pytest.fixture
def drive(tmp_path: Path) -> Path:
    """Three episodes: of a train, of a val and of a test scenario."""
    (tmp_path / "drive").mkdir()
    episodes: list[dict[str, Any]] = [poor([0.5] * 100)] * 3
    return driven(tmp_path / "drive", *episodes, plan=split_plan())


def test_the_list_has_the_first_frames_and_the_file_all_of_them(drive: Path, tmp_path: Path) -> None:
    done = invoke("mine", drive, "-o", tmp_path / "frames.csv", "--by", "iou", "--limit", 25)
    assert done.exit_code == 0, done.output
    assert "frames: 25 of 3 episodes; the first 20" in done.output
    assert done.output.count("low IoU of road and lines") == 20
    assert "left out" not in done.output
    table = pd.read_csv(tmp_path / "frames.csv")
    assert len(table) == 25
    assert set(table["split"]) == {"train", "val", "test"}
    again = invoke("mine", drive, "-o", tmp_path / "frames.csv")
    assert again.exit_code == 9
    assert "--overwrite" in again.output


def test_other_formats_have_all_frames_and_stdout_for_themselves(drive: Path) -> None:
    options = ("mine", drive, "--by", "iou", "--limit", 25, "--split", "train", "--split", "val", "--format")
    rows = json.loads(invoke(*options, "json").stdout)["frames"]
    assert len(rows) == 20
    assert rows[0]["iou"] == pytest.approx(0.5)
    assert rows[0] | {"tick": 0} == rows[0] | {"tick": 0, "scenario": "train", "width": 320, "split": "train"}
    assert len(invoke(*options, "csv").stdout.splitlines()) == 21
    nothing = (*options[:4], "--class", "class 0", "--format")
    assert json.loads(invoke(*nothing, "json").stdout) == {"frames": []}
    assert invoke(*nothing, "csv").stdout == f"{','.join(FRAME_COLUMNS)}\n"


def test_episodes_that_are_missing_or_not_to_be_learnt_from_are_counted(tmp_path: Path) -> None:
    folder = driven(tmp_path, poor([0.5] * 100), poor([0.5] * 100), plan=split_plan())
    done = invoke("mine", folder, "--split", "train")
    assert "note: episodes of split val left out: 1 (--split val takes them)" in done.output
    assert "note: planned episodes without a log: 1" in done.output


@pytest.mark.parametrize(
    ("options", "code", "hint"),
    [
        (("--policy", "nobody"), 2, "there are truth"),
        (("--class", "Car"), 2, "no class 'Car'"),
        (("--resume",), 2, "--to"),
        (("--to", "DRIVE/inside"), 2, "must not lie in each other"),
        (("--to", "OUT", "--resume", "--overwrite"), 2, "give one of them"),
        (("--to", "OUT"), 9, "--resume"),
        (("--to", "OUT", "--overwrite", "--split", "train", "--class", "class 0"), 7, "nothing to record"),
        (("-o", "nowhere/frames.csv"), 2, "folder that exists"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else None,
)
def test_bad_input_is_refused_before_anything_is_deleted(
    drive: Path, tmp_path: Path, options: tuple[str, ...], code: int, hint: str
) -> None:
    out = prepare_output(tmp_path / "out")
    (out / "kept").touch()
    places = {"DRIVE": str(drive), "OUT": str(out)}
    for name, place in places.items():
        options = tuple(option.replace(name, place) for option in options)
    done = invoke("mine", drive, *options)
    assert done.exit_code == code, done.output
    assert hint in done.output
    assert (out / "kept").exists()


def test_a_folder_without_a_drive_is_refused(tmp_path: Path) -> None:
    done = invoke("mine", tmp_path)
    assert done.exit_code == 7
    assert "harness drive" in done.output


def test_a_drive_is_recorded_beside_it_only(tmp_path: Path) -> None:
    options = ("drive", "none", "smoke", "--policy", "route", "-o", tmp_path / "out", "--record")
    for place in (tmp_path / "out", tmp_path / "out" / "shards", tmp_path):
        done = invoke(*options, place)
        assert done.exit_code == 2, done.output
        assert "must not lie in each other" in done.output
    assert "are replayed once more" in invoke(*options, tmp_path / "shards", "--dry-run").output
