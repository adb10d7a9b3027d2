from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.carla_client import embedded
from harness.carla_client.embedded import start_embedded
from harness.errors import ServerNotFoundError


def as_child(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Start this Python program in place of the simulator's module."""
    popen = subprocess.Popen
    monkeypatch.setattr(
        embedded.subprocess, "Popen", lambda command, **options: popen([sys.executable, "-c", program], **options)
    )


def test_a_child_that_ends_at_once_shows_the_end_of_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_child(monkeypatch, "import sys; print('no such town', file=sys.stderr); sys.exit(6)")
    with (
        pytest.raises(ServerNotFoundError, match=r"(?s)exit code 6.*no such town"),
        start_embedded(seed=0, timeout_s=30.0, log_path=tmp_path / "log"),
    ):
        pass


def test_a_child_that_never_is_ready_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_child(monkeypatch, 'import sys; print(\'{"event": "loading"}\', flush=True); sys.stdin.read()')
    with (
        pytest.raises(ServerNotFoundError, match="not ready within 1 s"),
        start_embedded(seed=0, timeout_s=1.0, log_path=tmp_path / "log"),
    ):
        pass


READY = """
import json, sys
print("noise")
print(json.dumps(dict(event="ready", host="127.0.0.1", port=1, version="0.9.16", town="T")), flush=True)
print("x" * 1_000_000, flush=True)  # more than a pipe holds: somebody must read on
sys.stdin.read()
print("stdin ended", file=sys.stderr)
sys.exit(9)
"""


def test_a_child_ends_with_its_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_child(monkeypatch, READY)
    with start_embedded(seed=0, timeout_s=30.0, log_path=tmp_path / "log") as server:
        assert (server.port, server.version, server.town) == (1, "0.9.16", "T")
        assert server.last_words() == ""
    assert server.process.returncode == 9
    assert "code 9" in server.last_words()
    assert "stdin ended" in server.last_words()
