"""``harness serve`` as its user runs it: it says when it is ready, serves any client, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import carla
import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def serving(*options: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A session of its own, as a shell's job is, that listens at a free port."""
    port = free_pair()
    command = [sys.executable, "-m", "harness", "serve", "--port", str(port), "--town", "Town02", *options]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            yield process, port
        finally:
            process.kill()


def free_pair() -> int:
    """A port that is free, as is the next one."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_stop(number: signal.Signals) -> None:
    with serving("--quality", "low", "--lens-drops") as (process, port):
        assert process.stdout is not None
        said = process.stdout.readline()
        assert f"127.0.0.1:{port}" in said
        assert "Town02" in said
        client = carla.Client("127.0.0.1", port)
        client.set_timeout(20.0)
        assert client.get_server_version() == "0.9.16"
        (simulator,) = children_of(process.pid)
        assert {"--lens-drops", "low"} <= set(Path(f"/proc/{simulator}/cmdline").read_text().split("\0"))
        os.killpg(process.pid, number)  # as a terminal does
        process.wait(20.0)
        assert not Path(f"/proc/{simulator}").exists()
        with socket.socket() as again:
            again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            again.bind(("127.0.0.1", port))


def test_it_says_that_the_protocol_has_no_authentication() -> None:
    with serving("--bind", "0.0.0.0") as (process, port):
        assert process.stdout is not None
        assert f"no authentication: whoever reaches 0.0.0.0:{port}" in process.stdout.readline()
