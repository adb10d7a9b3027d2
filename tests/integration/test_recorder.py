"""A drive recorded and replayed by the real client, through a server of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.test_simulator_client import ROOT, server_process

pytestmark = pytest.mark.integration


def test_a_drive_is_recorded_queried_and_replayed(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    with server_process("--port", "0", "--scratch", str(scratch)) as (_, ready):
        command = [sys.executable, "-X", "faulthandler", "-m", "tests.integration.recorder_checks", str(ready["port"])]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.endswith("all is well\n")
    assert [path.name for path in scratch.iterdir()] == ["checked.log"]
    assert (scratch / "checked.log").stat().st_size < 300_000
