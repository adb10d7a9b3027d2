"""``verify`` as a user or a script runs it: what it prints, and its exit codes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from datasets.shard import ShardReader
from harness.cli import harness
from harness.errors import DataError, UsageError
from tests.unit.harness.conftest import RecordingMaker


def _verify(*arguments: object) -> Result:
    return CliRunner().invoke(harness, ["verify", *map(str, arguments)])


@pytest.fixture
def recorded(new_recording: Callable[..., RecordingMaker]) -> RecordingMaker:
    """A drive under three weathers, another under one."""
    made = new_recording()
    for gain, weather in ((1.0, "ClearNoon"), (0.6, "HardRainNight"), (0.8, "DenseFog")):
        made.add([made.sample(frame, gain=gain) for frame in range(4)], weather=weather)
    made.add([made.sample(frame, seed=2) for frame in range(2)], scenario="dusk")
    return made


def _damage(path: Path) -> None:
    with ShardReader(path) as reader:
        chunk = reader.stored_chunk("tags", 1)
    content = path.read_bytes()
    path.write_bytes(content.replace(chunk, bytes([chunk[0] ^ 1]) + chunk[1:]))


def test_a_whole_recording(recorded: RecordingMaker) -> None:
    result = _verify(recorded.root)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == f"{recorded.root}: 14 frames"
    rows = [line.split() for line in lines[2:6]]
    checksums = [row.pop(4) for row in rows]
    assert rows[0] == ["shards/shard000.h5", "4", "rgb", "tags", "whole"]
    assert checksums[0] == checksums[1] == checksums[2] != checksums[3]
    assert lines[-2:] == [
        "paired weather: 1 scenario x 3 weathers, 4 of 4 frames with identical tags",
        "verdict: whole",
    ]


def test_a_damaged_recording(recorded: RecordingMaker) -> None:
    _damage(recorded.root / "shards" / "shard003.h5")
    (recorded.root / "shards" / "shard000.h5").unlink()
    (recorded.root / "shards" / "notes.txt").touch()
    result = _verify(recorded.root)
    assert result.exit_code == DataError.exit_code
    lines = result.stdout.splitlines()
    assert "error: shards/shard000.h5: is missing, but the manifest lists it: restore it or record it again" in lines
    assert "warning: shards/notes.txt: is no part of a recording" in lines
    assert any(line.startswith("error: shards/shard003.h5, frame 1: tags: ") for line in lines)
    assert lines[-1] == "verdict: damaged, 2 errors, 1 warning"


def test_warnings_are_errors_if_wanted(recorded: RecordingMaker) -> None:
    (recorded.root / "shards" / "notes.txt").touch()
    assert _verify(recorded.root).exit_code == 0
    result = _verify(recorded.root, "--strict")
    assert result.exit_code == DataError.exit_code
    assert result.stdout.splitlines()[-1] == "verdict: whole, 1 warning"


def test_for_a_script(recorded: RecordingMaker) -> None:
    result = _verify(recorded.root, "--json")
    assert result.exit_code == 0
    content = json.loads(result.stdout)
    assert (content["verdict"], content["errors"], content["warnings"], content["frames"]) == ("whole", 0, 0, 14)
    with ShardReader(recorded.root / "shards" / "shard000.h5") as reader:
        column = np.ascontiguousarray(reader.index["tags_xxh64"], "<u8")
    assert content["shards"][0] == {
        "file": "shards/shard000.h5",
        "frames": 4,
        "planes": ["rgb", "tags"],
        "tags_sha256": hashlib.sha256(column.tobytes()).hexdigest(),
        "verdict": "whole",
    }
    digests = {(stream["scenario"], stream["weather"]): stream["tags_sha256"] for stream in content["streams"]}
    assert len({digests["noon", weather] for weather in ("ClearNoon", "HardRainNight", "DenseFog")}) == 1
    assert digests["dusk", "ClearNoon"] != digests["noon", "ClearNoon"]
    assert content["paired_weather"] == [
        {
            "scenario": "noon",
            "camera": "front",
            "weathers": ["ClearNoon", "HardRainNight", "DenseFog"],
            "frames_compared": 4,
            "frames_identical": {"tags": 4},
        }
    ]
    _damage(recorded.root / "shards" / "shard003.h5")
    result = _verify(recorded.root, "--json")
    assert result.exit_code == DataError.exit_code
    (finding,) = json.loads(result.stdout)["findings"]
    assert {key: finding[key] for key in ("severity", "file", "frame")} == {
        "severity": "error",
        "file": "shards/shard003.h5",
        "frame": 1,
    }


def test_one_shard(recorded: RecordingMaker) -> None:
    result = _verify(recorded.root / "shards" / "shard001.h5")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1] == "verdict: whole"
    assert "paired" not in result.stdout


def test_what_is_no_data(tmp_path: Path) -> None:
    assert _verify(tmp_path).exit_code == DataError.exit_code
    assert _verify(tmp_path / "none").exit_code == UsageError.exit_code


def test_names_made_to_steer_a_terminal(recorded: RecordingMaker) -> None:
    for name in (b"\xff.h5", b"\x1b[31m.h5", b"a\nverdict: whole.h5", b"[bold].h5"):
        (recorded.root / "shards" / os.fsdecode(name)).write_bytes(b"x")
    assert "\\x1b[31m.h5: a shard that the manifest does not list" in _verify(recorded.root).stdout
    (recorded.root / "manifest.json").write_text("{")
    result = _verify(recorded.root)
    assert result.exit_code == DataError.exit_code
    assert isinstance(result.exception, SystemExit)
    assert "\x1b" not in result.stdout
    assert "[bold].h5" in result.stdout
    assert result.stdout.count("\nverdict: ") == 1
    assert json.loads(_verify(recorded.root, "--json").stdout)["errors"] == 5
