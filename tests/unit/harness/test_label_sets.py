"""A label set of one's own, from its file to the scores of a net that learnt it; and what reading with one loses."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from datasets.labels import CARLA_29, CITYSCAPES_19, LYFT_13
from harness.cli import harness
from harness.errors import UsageError
from harness.label_sets import choose_label_set, label_warnings
from harness.segmenter import Segmenter
from tests.unit.harness.training.conftest import write_recording

ROAD_OR_NOT = f"""\
name: road-or-not
source: carla29
classes:
  - {{name: road, color: [128, 64, 128], from: [Roads, RoadLines]}}
  - {{name: rest, color: [9, 9, 9], from: [{", ".join(set(CARLA_29.names) - {"NONE", "Roads", "RoadLines"})}]}}
ignore: [NONE]
"""


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recordings") / "streets"
    return write_recording(path, {"north": "train", "east": "val", "west": "test"})


def test_choosing_by_name_or_file(tmp_path: Path) -> None:
    assert choose_label_set("lyft13") is LYFT_13
    (tmp_path / "mine.yaml").write_text(ROAD_OR_NOT)
    assert choose_label_set(str(tmp_path / "mine.yaml")).names == ("road", "rest")
    with pytest.raises(UsageError, match="Did you mean 'carla29'"):
        choose_label_set("carla28")


def test_each_tag_table_that_loses_something_is_told_once(recording: Path) -> None:
    assert label_warnings(recording, CARLA_29) == []
    (warning,) = label_warnings(recording, CITYSCAPES_19)
    assert warning.startswith("labels carla29 are read as cityscapes19, which loses classes: road = Roads + RoadLines")
    assert label_warnings(recording, CITYSCAPES_19, ()) == []


def test_a_run_needs_the_file_of_its_label_set_only_to_begin(recording: Path, tmp_path: Path) -> None:
    labels, run, scores = tmp_path / "mine.yaml", tmp_path / "run", tmp_path / "scores"
    labels.write_text(ROAD_OR_NOT)
    net = ["--base-channels", "4", "--depth", "1", "--batch-size", "2", "--epochs", "1", "--device", "cpu"]
    trained = CliRunner().invoke(harness, ["train", str(recording), "-o", str(run), "--labels", str(labels), *net])
    assert trained.exit_code == 0, trained.output
    assert "road = Roads + RoadLines" in trained.output
    labels.unlink()
    segmenter = Segmenter.load(run, device="cpu")
    assert segmenter.label_set.names == ("road", "rest")
    evaluated = CliRunner().invoke(
        harness, ["evaluate", str(run), str(recording), "-o", str(scores), "--device", "cpu"]
    )
    assert evaluated.exit_code == 0, evaluated.output
    assert "rest" in evaluated.output
