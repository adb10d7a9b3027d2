"""``export-data`` as a user types it: what it prints, where it writes, and its exit codes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from datasets.exporters.export import EXPORT_FORMATS
from datasets.shard_header import SPLITS
from harness.cli import harness
from harness.cli.export_data import FORMATS
from harness.cli.options import SPLITS as SPLITS_TO_CHOOSE
from harness.errors import DataError, OutputInUseError, UsageError
from tests.unit.harness.training.conftest import write_recording


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recordings") / "streets"
    return write_recording(path, {"north": "train", "east": "val"})


def run(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(harness, ["export-data", *map(str, arguments)])
    return done.exit_code, done.output


def test_formats_and_splits_on_the_command_line_are_those_of_the_library() -> None:
    assert tuple(EXPORT_FORMATS) == FORMATS
    assert SPLITS_TO_CHOOSE == SPLITS


def test_an_export_with_labels_from_a_file(recording: Path, tmp_path: Path) -> None:
    labels = tmp_path / "mine.yaml"
    labels.write_text(
        "name: mine\nsource: carvana2\nclasses: [{name: car, color: [1, 1, 1], from: [car]}]\nignore: [background]\n"
    )
    code, output = run(
        *(recording, "--to", "webdataset", "-o", tmp_path / "out", "--split", "val", "--every", 4),
        *("--label-set", labels),
    )
    assert code == 0, output
    assert "note: labels carla29 are read as mine, which loses classes" in output
    content = json.loads((tmp_path / "out" / "export.json").read_text())
    assert content["num_frames"] == {"val": 2}
    assert content["label_set"]["name"] == "mine"


def test_a_folder_in_use(recording: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    code, output = run(recording, "--to", "cityscapes", "-o", tmp_path)
    assert code == OutputInUseError.exit_code
    assert "already exists" in output


def test_what_is_asked_for_and_not_there(recording: Path, tmp_path: Path) -> None:
    code, output = run(recording, "--to", "cityscapes", "-o", tmp_path / "out", "--split", "test")
    assert (code, "it has train, val" in output) == (DataError.exit_code, True)
    code, output = run(recording, "--to", "coco", "-o", tmp_path / "out")
    assert (code, "--planes instance" in output) == (DataError.exit_code, True)
    code, output = run(recording, "--to", "coco", "-o", tmp_path / "out", "--label-set", "camvid12")
    assert (code, "Did you mean 'camvid" in output) == (UsageError.exit_code, True)
    assert list(tmp_path.iterdir()) == []


def test_a_package_that_is_not_installed(recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pycocotools", None)
    code, output = run(recording, "--to", "coco", "-o", tmp_path / "out")
    assert code == UsageError.exit_code
    assert "pip install 'carla-loop-harness[export]'" in output
    assert list(tmp_path.iterdir()) == []
