"""What the command line promises beyond its libraries: an interrupted demo ends, a failed command deletes nothing."""

from __future__ import annotations

import socket
from pathlib import Path

import click
import pytest

from harness.cli import INTERRUPTED, harness
from harness.cli.record import record
from harness.errors import ServerNotFoundError
from harness.run_dir import prepare_output


def test_ctrl_c_in_a_step_ends_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: click.Context) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(record, "invoke", interrupted)
    with pytest.raises(SystemExit) as ended:
        harness(["demo", "-o", str(tmp_path / "demo")])
    assert ended.value.code == INTERRUPTED


def test_overwrite_deletes_nothing_where_no_server_is_found(tmp_path: Path) -> None:
    earlier = prepare_output(tmp_path / "data") / "manifest.json"
    earlier.touch()
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(SystemExit) as ended:
        harness(["record", "smoke", "-o", str(earlier.parent), "--overwrite", "--port", str(port)])
    assert ended.value.code == ServerNotFoundError.exit_code
    assert earlier.exists()
