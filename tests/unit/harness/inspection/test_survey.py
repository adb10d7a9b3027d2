from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datasets.recording_dir import RecordingDir
from datasets.shard import ShardWriter
from harness.errors import DataError
from harness.inspection.survey import Survey, open_streams, survey

GOLDEN = Path(__file__).parents[3] / "golden"


def _survey(root: Path) -> Survey:
    return survey(*open_streams(root))


def test_rows_and_counts(new_recording: Callable[..., Any]) -> None:
    made = new_recording()
    made.drive("one", frames=range(0, 20, 4))
    made.drive("one", frames=range(0, 20, 4), weather="DenseFog", gain=0.5)
    made.drive("two", frames=range(3), seed=2, split="test", town="Town01", camera="left")
    found = _survey(made.root)
    assert found.frames == 13
    assert found.frames_by("split") == {"train": 10, "test": 3}
    assert found.frames_by("weather") == {"ClearNoon": 8, "DenseFog": 5}
    assert found.frames_by("town") == {"Town10HD": 10, "Town01": 3}
    row = found.rows[0]
    assert (row.scenario, row.camera, row.size, row.planes) == ("one", "front", "32x24", ("rgb", "tags"))
    assert (row.holes.every, row.holes.missing) == (4, 0)
    assert row.motion.metres == pytest.approx(8.0)
    assert [(each.equal_tags, each.frames) for each in found.pairings] == [(5, 5)]


def test_compressions_are_told_apart(new_recording: Callable[..., Any]) -> None:
    made = new_recording()
    made.drive("one", frames=range(2))
    path = made.drive("two", frames=range(3), seed=2, compression="plain")
    residual, plain = _survey(made.root).storage
    assert (residual.compression, residual.frames, plain.compression, plain.frames) == ("residual", 2, "plain", 3)
    assert plain.bytes_per_frame == path.stat().st_size / 3
    assert plain.ratio == pytest.approx(24 * 32 * 4 * 3 / path.stat().st_size)


def test_colours_are_those_of_all_pixels(new_recording: Callable[..., Any]) -> None:
    made = new_recording()
    made.drive("one", frames=range(3))
    made.drive("two", frames=range(2), seed=2)
    pixels = np.concatenate([made.sample(k).rgb.reshape(-1, 3) for k in range(3)]
                            + [made.sample(k, seed=2).rgb.reshape(-1, 3) for k in range(2)])  # fmt: skip
    found = _survey(made.root).colours
    np.testing.assert_allclose(found.mean, pixels.mean(axis=0) / 255)
    np.testing.assert_allclose(found.std, pixels.std(axis=0) / 255)


def test_class_shares_add_up_over_weathers(new_recording: Callable[..., Any]) -> None:
    made = new_recording()
    made.drive("one")
    tags = np.concatenate([made.sample(k).tags.ravel() for k in range(6)])
    (table,) = _survey(made.root).classes
    np.testing.assert_allclose(table.overall.labelled[0], np.bincount(tags, minlength=29) / tags.size)


def test_what_the_recorder_left_out_is_counted_by_reason(new_recording: Callable[..., Any]) -> None:
    made = new_recording()
    made.drive("one", frames=[0, 1, 4, 5])
    line = {
        "scenario": "one",
        "weather": "ClearNoon",
        "camera": "front",
        "frame": 2,
        "kind": "black",
        "detail": "mean 0",
    }
    lines = [line, line | {"frame": 3}, line | {"frame": 9, "kind": "frozen"}]
    (made.root / "quarantine.jsonl").write_text("".join(json.dumps(each) + "\n" for each in lines) + '{"torn')
    (made.root / "gaps.jsonl").write_text(json.dumps(line | {"kind": "gap", "frame": 10}) + "\n")
    found = _survey(made.root)
    assert [(each.kind, each.frames) for each in found.omissions] == [("black", 2), ("frozen", 1), ("gap", 1)]
    assert (found.rows[0].left_out, found.rows[0].holes.missing) == (4, 2)


def test_unfinished_shards_are_listed_with_what_they_hold(new_recording: Callable[..., Any]) -> None:
    made = new_recording()
    made.drive("one")
    writer = ShardWriter(made.recording.shard_path("two"), made.header(scenario="two"))
    writer.append(made.sample(0))
    writer.append(made.sample(1))
    writer.leave_part()
    (part,) = _survey(made.root).unfinished
    assert (part.file, part.frames) == ("two.h5.part", 2)


def test_the_digest_is_of_the_content_and_not_of_the_place(new_recording: Callable[..., Any], tmp_path: Path) -> None:
    made, other = new_recording(), new_recording()
    made.drive("one")
    other.drive("one", seed=2)
    shutil.copytree(made.root, tmp_path / "copy")
    assert _survey(made.root).digest == _survey(tmp_path / "copy").digest != _survey(other.root).digest


def test_a_recording_without_a_finished_shard_says_what_to_do(new_recording: Callable[..., Any]) -> None:
    made = new_recording()
    with pytest.raises(DataError, match="record with --resume"):
        open_streams(made.root)
    writer = ShardWriter(made.recording.shard_path("two"), made.header())
    writer.append(made.sample(0))
    writer.leave_part()
    with pytest.raises(DataError, match="harness recover"):
        open_streams(made.root)


@pytest.mark.parametrize("name", ["shard_v1_plain.h5", "shard_v1_residual.h5"])
def test_shards_of_version_1_are_surveyed(name: str, tmp_path: Path) -> None:
    recording = RecordingDir.create(tmp_path)
    path = recording.shard_path("old")
    shutil.copy(GOLDEN / name, path)
    with recording.lock():
        recording.add_shard(path)
    assert _survey(tmp_path).frames > 0
