"""The worker's program as far as no server is needed: what it refuses, and that it ends with its input."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.workers.protocol import Event, Refused, Setup, Waiting, read_event, to_line
from harness.workers.worker_process import COMMAND, WorkerProcess
from sim_scenarios.scenario import Scenario


def setup_for(port: int, *, wait_s: float, run: Path) -> Setup:
    return Setup(
        host="127.0.0.1", port=port, seed=0, threads=1, wait_s=wait_s, tick_timeout_s=1, actors=None,
        models={"net": str(run)}, checkpoint="best", device="cpu", sizes=((32, 24),),
        scenarios=(Scenario(name="town", split="test", duration_s=0.1),),
    )  # fmt: skip


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        return int(closed.getsockname()[1])


@pytest.fixture
def worker() -> Iterator[subprocess.Popen[bytes]]:
    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(COMMAND, stdin=pipe, stdout=pipe, stderr=nothing) as process:
        yield process
        process.kill()


def tell(worker: subprocess.Popen[bytes], setup: Setup) -> Event:
    """What it answers to a setup."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(to_line(setup))
    worker.stdin.flush()
    return read_event(worker.stdout.readline())


def test_a_server_that_is_not_there_is_refused(
    worker: subprocess.Popen[bytes], closed_port: int, tmp_path: Path
) -> None:
    event = tell(worker, setup_for(closed_port, wait_s=0, run=tmp_path))
    assert isinstance(event, Refused)
    assert event.exit_code == 3
    assert f"127.0.0.1:{closed_port}" in event.message


def test_it_waits_for_a_server_and_ends_with_its_input(
    worker: subprocess.Popen[bytes], closed_port: int, tmp_path: Path
) -> None:
    assert tell(worker, setup_for(closed_port, wait_s=60, run=tmp_path)) == Waiting()
    assert worker.stdin is not None
    worker.stdin.close()
    assert worker.wait(timeout=20) == 0


def test_last_words_are_how_it_ended_and_what_it_wrote(tmp_path: Path) -> None:
    program = "import sys; print('first', file=sys.stderr); sys.exit('something broke')"
    process = WorkerProcess(
        [sys.executable, "-c", program], setup_for(1, wait_s=0, run=tmp_path), scratch=tmp_path, log=tmp_path / "log"
    )
    assert process.read() is None
    process.end(deadline=time.monotonic() + 20)
    assert process.last_words() == "the worker ended with code 1; it wrote: first / something broke"


def test_a_worker_that_does_not_end_in_time_is_killed(tmp_path: Path) -> None:
    program = 'import time; print(\'{"kind":"waiting"}\', flush=True); time.sleep(60)'
    process = WorkerProcess(
        [sys.executable, "-c", program], setup_for(1, wait_s=0, run=tmp_path), scratch=tmp_path, log=tmp_path / "log"
    )
    events = process.read()
    while events == []:  # a line may come in parts
        events = process.read()
    process.end(deadline=time.monotonic() + 0.1)
    assert events == [Waiting()]
    assert process.last_words() == "the worker ended with code -9"
