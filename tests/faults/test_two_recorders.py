"""Two programs on one recording: the second is refused and says who is there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from datasets.errors import RecordingInUseError
from datasets.recording_dir import RecordingDir
from datasets.shard import ShardReader, ShardWriter
from datasets.shard_recovery import recover
from harness.cli import harness
from harness.errors import OutputInUseError
from tests.faults.conftest import ROOT
from tests.faults.drive import frames_in, record
from tests.faults.frames import header

RECORDER = """
import sys
from pathlib import Path
from datasets.recording_dir import RecordingDir
from datasets.shard import ShardWriter
from tests.faults.frames import header, sample
root = Path(sys.argv[1])
recording = RecordingDir.open(root)
with recording.lock(), ShardWriter(recording.shard_path("other"), header(scenario="other")) as writer:
    writer.append(sample(0))
    print("recording", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A recording and the process that records into it."""
    root = tmp_path / "city"
    record(root)
    command = [sys.executable, "-c", RECORDER, str(root)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as process:  # type: ignore[call-overload]
        assert process.stdout.readline() == "recording\n"
        yield root, process.pid
        process.kill()


def test_a_second_recorder(recorder: tuple[Path, int]) -> None:
    root, pid = recorder
    with pytest.raises(RecordingInUseError, match=f"process {pid}"):
        record(root, num_frames=9)


def test_the_shard_that_it_writes(recorder: tuple[Path, int]) -> None:
    """Reading is allowed, also while it grows; finishing it is not."""
    part = recorder[0] / "shards" / "other.h5.part"
    with ShardReader(part, allow_part=True) as reader:
        assert len(reader) == 1
    with pytest.raises(RecordingInUseError, match="being written"):
        recover(part)
    with pytest.raises(RecordingInUseError, match="being written"):
        ShardWriter.resume(part.with_suffix(""), header(scenario="other"))


def test_recovering_meanwhile(recorder: tuple[Path, int]) -> None:
    root, pid = recorder
    for path in (root, root / "shards" / "other.h5.part"):
        result = CliRunner().invoke(harness, ["recover", str(path)])
        assert result.exit_code == OutputInUseError.exit_code
        assert f"process {pid}" in result.output


def test_looking_meanwhile(recorder: tuple[Path, int]) -> None:
    """What is listed can be verified at any time."""
    root, _ = recorder
    result = CliRunner().invoke(harness, ["verify", str(root)])
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1] == "verdict: whole, 1 warning"
    assert frames_in(root)[-1] == 0


def test_when_it_has_died(recorder: tuple[Path, int]) -> None:
    """Its lock dies with it."""
    root, pid = recorder
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            with RecordingDir.open(root).lock():
                break
        except RecordingInUseError:
            time.sleep(0.01)
    result = CliRunner().invoke(harness, ["recover", str(root)])
    assert result.exit_code == 0, result.output
    assert "1 frame recovered" in result.output
