from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from datasets.codec import COMPRESSIONS as SHARD_COMPRESSIONS
from datasets.importers.catalog import IMPORTERS
from datasets.importers.options import ImportOptions
from harness.cli import harness
from harness.cli.import_data import NAMES, import_data
from harness.cli.options import COMPRESSIONS
from harness.errors import DataError, IncompleteError, OutputInUseError, UsageError
from tests.unit.datasets.importers.trees import camvid_folders, cityscapes, rgb_of, save, tags_of


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(harness, ["import", *map(str, words)])


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def test_names_are_those_of_the_library() -> None:
    assert tuple(IMPORTERS) == NAMES
    assert tuple(SHARD_COMPRESSIONS) == COMPRESSIONS


def test_every_option_of_an_importer_can_be_given() -> None:
    given = {parameter.name for parameter in import_data.params}
    assert set(ImportOptions.__dataclass_fields__) <= given


def test_a_whole_data_set(source: Path, out: Path) -> None:
    cityscapes(source)
    done = run("cityscapes", source, "-o", out)
    assert done.exit_code == 0, done.output
    assert "5 frames" in done.output
    assert "skipped: 2 frames, its labels are dummies" in done.output
    assert (out / "shards" / "val_lindau.h5").exists()


def test_a_dry_run_writes_nothing(source: Path, out: Path) -> None:
    camvid_folders(source)
    done = run("camvid", source, "-o", out, "--dry-run")
    assert done.exit_code == 0, done.output
    assert "train_0001TP" in done.output
    assert "6 frames" in done.output
    assert not out.exists()


def test_files_left_out_are_told_and_end_with_their_own_code(source: Path, out: Path) -> None:
    camvid_folders(source)
    (source / "train_labels/0001TP_006690_L.png").unlink()
    save(source / "val_labels/0016E5_07959_L.png", np.full((15, 22, 3), 9, np.uint8))
    done = run("camvid", source, "-o", out)
    assert done.exit_code == IncompleteError.exit_code
    assert "no mask: train/0001TP_006690.png" in done.output
    assert "unknown label (9, 9, 9): 330 pixels in 1 files, such as val_labels/0016E5_07959_L.png" in done.output
    assert len(json.loads((out / "import_report.json").read_text())["problems"]) == 2
    accepted = run("camvid", source, "-o", out, "--resume", "--allow-missing")
    assert accepted.exit_code == 0, accepted.output
    assert "4 frames" in accepted.output


def test_a_used_folder_needs_resume_or_overwrite(source: Path, out: Path) -> None:
    camvid_folders(source)
    assert run("camvid", source, "-o", out, "--limit", 1).exit_code == 0
    assert run("camvid", source, "-o", out).exit_code == OutputInUseError.exit_code
    other = run("camvid", source, "-o", out, "--resume")
    assert other.exit_code == OutputInUseError.exit_code, other.output
    assert run("camvid", source, "-o", out, "--overwrite").exit_code == 0


def test_a_wrong_path_deletes_nothing(source: Path, out: Path) -> None:
    camvid_folders(source)
    assert run("camvid", source, "-o", out).exit_code == 0
    assert run("cityscapes", source, "-o", out, "--overwrite").exit_code == DataError.exit_code
    assert (out / "manifest.json").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("cityscapes", "--seed", 1),
        ("camvid", "--ego-bonnet"),
        ("carvana", "--label-set", "carla29"),
        ("lyft-udacity", "--images", "*.png"),
        ("camvid", "--split-file", "train"),
        ("camvid", "--split-file", "half=x.txt"),
        ("folder",),
    ],
)
def test_options_that_mean_nothing_are_refused(source: Path, out: Path, words: tuple[str | int, ...]) -> None:
    camvid_folders(source)
    done = run(words[0], source, "-o", out, *words[1:])
    assert done.exit_code == UsageError.exit_code, done.output
    assert not out.exists()


def test_a_folder_of_ones_own(source: Path, out: Path) -> None:
    for number in range(3):
        save(source / f"rgb/{number}.jpg", rgb_of(number))
        save(source / f"seg/{number}_ids.png", tags_of(number, 13))
    words = ("--images", "rgb/*.jpg", "--masks", "seg/*_ids.png", "--label-set", "carla13")
    done = run("folder", source, "-o", out, *words)
    assert done.exit_code == 0, done.output
    assert "3 frames" in done.output
