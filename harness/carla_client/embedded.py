"""The embedded simulator as a child process: started, waited for, its last words kept, and ended with its parent.

The child ends when its standard input does, so it cannot outlive this process even after a SIGKILL. It runs in a
session of its own: Ctrl-C in a terminal reaches this process alone, which can then still clean up the world in it.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import sim_scenarios
from harness.errors import ServerNotFoundError

_MODULE = "sim_scenarios.embedded_simulator"
_TAIL_LINES = 12
_GRACE_S = 5.0


class _Output(threading.Thread):
    """Reads the child's standard output to its end, so that a full pipe never blocks the child and its end is seen."""

    def __init__(self, stream: IO[str]) -> None:
        super().__init__(name="embedded-stdout", daemon=True)
        self.lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        """What was read; None at the end."""
        self._stream = stream

    def run(self) -> None:
        with self._stream:
            for line in self._stream:
                self.lines.put(line)
        self.lines.put(None)


@dataclass(frozen=True, kw_only=True)
class EmbeddedServer:
    """A running child that has said it is ready."""

    host: str
    port: int
    version: str
    town: str
    process: subprocess.Popen[str]
    log_path: Path
    output: _Output

    def last_words(self) -> str:
        """How the child ended and the end of its log; empty while it runs."""
        try:
            # A connection breaks a moment before the process that held it can be waited for.
            code = self.process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            return ""
        return f"the embedded simulator ended with code {code}; {_tail(self.log_path)}"


@contextlib.contextmanager
def start_embedded(*, seed: int, timeout_s: float, log_path: Path, threads: int = 0) -> Iterator[EmbeddedServer]:
    """Start the embedded simulator on a free port; end it when the block is left.

    Args:
        seed: Of everything random in it.
        timeout_s: For it to become ready [s].
        log_path: Gets what it writes to stderr.
        threads: With which it renders; 0: one for each core.

    Raises:
        ServerNotFoundError: it ended, or was not ready within ``timeout_s``; with the end of its log.
    """
    with log_path.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", _MODULE, "--port", "0", "--exit-with-stdin"),
                *("--seed", str(seed), "--threads", str(threads)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
            env=_environment(),
        )
    assert process.stdout is not None
    output = _Output(process.stdout)
    output.start()
    try:
        ready = _wait_until_ready(process, output.lines, timeout_s=timeout_s, log_path=log_path)
        yield EmbeddedServer(
            host=ready["host"],
            port=ready["port"],
            version=ready["version"],
            town=ready["town"],
            process=process,
            log_path=log_path,
            output=output,
        )
    finally:
        _end(process)
        output.join()


def _environment() -> dict[str, str]:
    """Ours, with the folder that holds ``sim_scenarios`` first on the path: it need not be the current one."""
    root = str(Path(sim_scenarios.__file__).resolve().parents[1])
    paths = [root, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return os.environ | {"PYTHONPATH": os.pathsep.join(path for path in paths if path)}


def _wait_until_ready(
    process: subprocess.Popen[str], lines: queue.SimpleQueue[str | None], *, timeout_s: float, log_path: Path
) -> dict[str, Any]:
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise ServerNotFoundError(
                f"the embedded simulator was not ready within {timeout_s:.0f} s; {_tail(log_path)}"
            ) from None
        if line is None:
            code = process.wait(timeout=_GRACE_S)
            raise ServerNotFoundError(f"the embedded simulator did not start (exit code {code}); {_tail(log_path)}")
        ready = _ready_message(line)
        if ready is not None:
            return ready


def _ready_message(line: str) -> dict[str, Any] | None:
    try:
        message = json.loads(line)
    except ValueError:
        return None
    return message if isinstance(message, dict) and message.get("event") == "ready" else None


def _end(process: subprocess.Popen[str]) -> None:
    """End of input first, then SIGTERM, then SIGKILL."""
    assert process.stdin is not None
    with contextlib.suppress(OSError):
        process.stdin.close()
    for insist in (process.terminate, process.kill):
        try:
            process.wait(timeout=_GRACE_S)
        except subprocess.TimeoutExpired:
            insist()
    process.wait()


def _tail(log_path: Path) -> str:
    try:
        lines = log_path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    if not lines:
        return f"its log {log_path} is empty"
    return f"the end of its log {log_path}:\n" + "\n".join(f"  {line}" for line in lines[-_TAIL_LINES:])
