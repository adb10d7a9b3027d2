"""``evaluate`` as a user runs it: what it prints, its exit codes, and what it leaves alone when it fails."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result

from datasets.labels import CARLA_29, LabelClass, LabelSet
from datasets.shard import ShardReader
from harness.cli import harness
from harness.errors import CheckpointError, DataError, IncompleteError, ScenarioFileError, UsageError
from harness.run_dir import RunDir, prepare_output, write_json
from harness.training.checkpoint import CheckpointInfo, save_checkpoint
from nets import build_net
from tests.unit.harness.conftest import RecordingMaker

SHAPES = LabelSet(name="shapes", classes=tuple(LabelClass(name=f"shape {n}", color=(n, n, n)) for n in range(20)))


def save_run(path: Path, labels: LabelSet = CARLA_29, *, net: str = "unet", outputs: int | None = None) -> Path:
    """A run folder with a net as it was born."""
    torch.manual_seed(3)
    built = build_net("unet", outputs or labels.num_classes, base_channels=4, depth=1)
    info = CheckpointInfo(
        net=net,
        net_options={"base_channels": 4, "depth": 1},
        label_set=labels.name,
        labels=labels.to_json(),
        classes=labels.names,
        epoch=1,
        step=1,
    )
    save_checkpoint(RunDir.create(path), "best", info, built.state_dict())
    return path


def evaluate(*arguments: object) -> Result:
    return CliRunner().invoke(harness, ["evaluate", *map(str, arguments), "--device", "cpu"])


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return save_run(tmp_path / "run")


@pytest.fixture
def recorded(new_recording: Callable[..., RecordingMaker]) -> RecordingMaker:
    made = new_recording()
    for seed, scenario in enumerate(("noon", "dusk")):
        made.drive(scenario, frames=range(3), seed=seed, split="test")
    made.drive("dawn", frames=range(2), seed=5, split="val")
    return made


def test_it_prints_every_class_the_means_and_their_definition_within_100_columns(
    run: Path, recorded: RecordingMaker
) -> None:
    result = evaluate(run, recorded.root, "--split", "all", "--resamples", 30)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "Classes in 8 frames"
    assert lines[1].split() == [
        "class", "share", "IoU", "95", "%", "interval", "precision", "recall", "F1", "boundary", "95", "%", "interval"
    ]  # fmt: skip
    first_words = {line.split("  ")[0] for line in lines}
    assert {"Roads", "Buildings", "mIoU", "mean boundary IoU", "pixel accuracy"} <= first_words
    assert "Counted: 8 frames, 3 scenarios of recording0 (all)." in lines
    assert "30 resamples of frames, seed 0" in " ".join(result.stdout.split())
    assert max(map(len, lines)) <= 100


def test_the_same_seed_prints_the_same_intervals(run: Path, recorded: RecordingMaker) -> None:
    first, again, other = (evaluate(run, recorded.root, "--resamples", 20, "--seed", seed).stdout for seed in (1, 1, 2))
    assert first == again != other


def test_tables_are_written_where_asked(run: Path, recorded: RecordingMaker, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = evaluate(run, recorded.root, "-o", out, "--resample", "scenarios", "--level", 0.9)
    assert result.exit_code == 0, result.output
    assert f"next: harness report {out}" in result.stdout
    bootstrap = json.loads((out / "measures.json").read_text())["bootstrap"]
    assert bootstrap == {"resamples": 1000, "seed": 0, "level": 0.9, "unit": "scenarios"}
    assert (out / "score.json").exists()


def test_a_program_gets_the_result_alone_and_at_full_precision(
    run: Path, recorded: RecordingMaker, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    found = evaluate(run, recorded.root, "-o", out, "--format", "json")
    assert json.loads(found.stdout) == json.loads((out / "measures.json").read_text())
    assert f"next: harness report {out}" in found.stderr
    assert evaluate(run, recorded.root, "--format", "csv").stdout == (out / "class_measures.csv").read_text()
    assert "| mIoU | 0." in evaluate(run, recorded.root, "--format", "markdown").stdout


def test_the_net_is_called_as_its_folder(run: Path, recorded: RecordingMaker, tmp_path: Path) -> None:
    evaluate(run.parent / "run" / ".", recorded.root, "-o", tmp_path / "out")
    assert list(json.loads((tmp_path / "out" / "score.json").read_text())["models"]) == ["run"]


def test_a_net_that_was_trained_at_another_size_is_told_and_shown_it_where_asked(
    run: Path, recorded: RecordingMaker
) -> None:
    write_json(run / "config.json", {"size": [16, 12]})
    assert "--size 16x12 shows it what it knows" in evaluate(run, recorded.root).stdout
    shown = evaluate(run, recorded.root, "--size", "16x16").stdout
    assert "note:" not in shown
    assert "the net saw 16x16" in shown


def damaged(path: Path) -> Path:
    with ShardReader(path) as reader:
        chunk = reader.stored_chunk("tags", 1)
    content = path.read_bytes()
    path.write_bytes(content.replace(chunk, bytes([chunk[0] ^ 1]) + chunk[1:]))
    return path


@pytest.mark.parametrize(
    ("corrupt", "frames", "status"), [("raise", "3 of 6", "failed"), ("skip", "5 of 6", "partial")]
)
def test_damaged_frames_exit_with_10_and_are_named(
    run: Path, recorded: RecordingMaker, corrupt: str, frames: str, status: str
) -> None:
    damaged(recorded.root / "shards" / "shard001.h5")
    result = evaluate(run, recorded.root, "--corrupt", corrupt)
    assert result.exit_code == IncompleteError.exit_code
    assert f"Counted: {frames} frames (partial)" in result.stdout
    assert "1 of 2 cells are not complete" in result.stderr
    assert f"dusk under ClearNoon at 32x24: {status}" in result.stderr
    assert "shard001" in result.stderr


def test_what_cannot_be_evaluated_has_an_exit_code_and_deletes_nothing(
    run: Path, recorded: RecordingMaker, new_recording: Callable[..., RecordingMaker], tmp_path: Path
) -> None:
    earlier = prepare_output(tmp_path / "out") / "scenarios.csv"
    earlier.touch()
    foreign = new_recording()
    foreign.drive("shapes", split="test", tag_table=SHAPES)
    not_ours = save_run(tmp_path / "wider", outputs=31)
    unknown = save_run(tmp_path / "unknown", net="unat")
    for arguments, code, message in (
        (
            (run, recorded.root, "--split", "train"),
            DataError.exit_code,
            "no frames of split 'train' (it has: test, val)",
        ),
        ((run, tmp_path / "nothing"), DataError.exit_code, "is not a recording"),
        ((run, foreign.root), DataError.exit_code, "no translation of labels 'shapes' into 'carla29'"),
        ((not_ours, recorded.root), CheckpointError.exit_code, "does not fit the net 'unet' with 29 classes"),
        ((unknown, recorded.root), CheckpointError.exit_code, "unat"),
        ((recorded.root, recorded.root), CheckpointError.exit_code, "is not a training run"),
        ((run, recorded.root, "--level", 95), UsageError.exit_code, "must lie between 0 and 1"),
        ((run, recorded.root, "--size", "640"), ScenarioFileError.exit_code, "WIDTHxHEIGHT"),
    ):
        result = evaluate(*arguments, "-o", earlier.parent, "--overwrite")
        assert (result.exit_code, message in result.stderr) == (code, True), (arguments, result.output)
        assert earlier.exists(), arguments
