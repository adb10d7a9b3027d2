"""``recover`` as a user runs it: what it prints, and its exit codes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from datasets.recording_dir import RecordingDir
from datasets.shard import ShardReader, ShardWriter
from harness.cli import harness
from harness.errors import DataError
from tests.unit.harness.conftest import RecordingMaker


def _recover(path: Path) -> Result:
    return CliRunner().invoke(harness, ["recover", str(path)])


@pytest.fixture
def recorded(new_recording: Callable[..., RecordingMaker]) -> RecordingMaker:
    """A recording whose last recorder died after three frames."""
    made = new_recording()
    made.add([made.sample(frame) for frame in range(2)])
    _leave_part(made, made.root / "shards" / "dead.h5")
    return made


def _leave_part(made: RecordingMaker, path: Path) -> None:
    writer = ShardWriter(path, made.header(scenario="dead"))
    for frame in range(3):
        writer.append(made.sample(frame))
    writer.leave_part()
    with writer.part_path.open("ab") as torn:
        torn.write(bytes(1234))


def test_a_recording(recorded: RecordingMaker) -> None:
    path = recorded.root / "shards" / "dead.h5"
    result = _recover(recorded.root)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [f"{path}: 3 frames recovered, 1,234 bytes dropped"]
    assert [entry.scenario for entry in RecordingDir.open(recorded.root).shards()] == ["noon", "dead"]
    result = _recover(recorded.root)
    assert result.exit_code == 0
    assert result.stdout == f"{recorded.root}: nothing to recover, every shard is finished and listed\n"


def test_a_part_of_a_recording_is_listed(recorded: RecordingMaker) -> None:
    result = _recover(recorded.root / "shards" / "dead.h5.part")
    assert result.exit_code == 0, result.output
    assert len(RecordingDir.open(recorded.root).shards()) == 2


def test_a_part_that_lies_alone(recorded: RecordingMaker, tmp_path: Path) -> None:
    _leave_part(recorded, tmp_path / "alone.h5")
    result = _recover(tmp_path / "alone.h5.part")
    assert result.exit_code == 0, result.output
    with ShardReader(tmp_path / "alone.h5") as reader:
        assert len(reader) == 3


def test_a_frame_with_damaged_images(recorded: RecordingMaker) -> None:
    part = recorded.root / "shards" / "dead.h5.part"
    with ShardReader(part, allow_part=True) as reader:
        chunk = reader.stored_chunk("rgb", 1)
    content = part.read_bytes()
    part.write_bytes(content.replace(chunk, bytes([chunk[0] ^ 1]) + chunk[1:]))
    result = _recover(recorded.root)
    assert result.exit_code == 0, result.output
    assert "2 frames recovered" in result.stdout
    assert result.stdout.splitlines()[-1].endswith("left out, because their images are damaged: frames 1")


def test_what_cannot_be_recovered(recorded: RecordingMaker) -> None:
    part = recorded.root / "shards" / "dead.h5.part"
    part.write_bytes(b"something else entirely")
    result = _recover(recorded.root)
    assert result.exit_code == DataError.exit_code
    assert f"{part}: cannot be recovered: " in result.stdout
    assert "1 file of" in result.stderr
    assert part.exists()


def test_a_finished_shard(recorded: RecordingMaker) -> None:
    path = recorded.root / "shards" / "shard000.h5"
    result = _recover(path)
    assert result.exit_code == DataError.exit_code
    assert f"harness verify {path}" in result.stderr
