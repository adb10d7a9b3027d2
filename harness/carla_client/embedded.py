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
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import sim_scenarios
from harness.errors import HarnessError, ScenarioFileError, ServerLostError, ServerNotFoundError, UsageError

_MODULE = "sim_scenarios.embedded_simulator"
_TAIL_LINES = 12
_GRACE_S = 5.0
_POLL_S = 0.2
_PATIENCE_S = 600.0
"""For a server that somebody waits for in a terminal: compiling every kernel takes minutes on a slow machine."""
_ERRORS: dict[int, type[HarnessError]] = {
    kind.exit_code: kind for kind in (UsageError, ServerNotFoundError, ScenarioFileError)
}
"""What the child's exit codes mean before it is ready; they are those of ``harness.errors``."""


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


class _Messages(threading.Thread):
    """Reads the child's standard error: kept until it is ready, passed on afterwards."""

    def __init__(self, stream: IO[str], pass_on: Callable[[str], None]) -> None:
        super().__init__(name="embedded-stderr", daemon=True)
        self._kept: list[str] = []
        self._stream, self._pass_on = stream, pass_on
        self._lock = threading.Lock()
        self._is_open = False

    def run(self) -> None:
        with self._stream:
            for line in self._stream:
                with self._lock:
                    (self._pass_on if self._is_open else self._kept.append)(line.rstrip("\n"))

    def open(self) -> None:
        """From now on, messages go where they should; those that were kept go first."""
        with self._lock:
            self._is_open = True
            for line in self._kept:
                self._pass_on(line)

    def ending(self) -> str:
        """The last lines of a child that has ended, without its name before them."""
        self.join(_GRACE_S)
        with self._lock:
            return "\n".join(line.removeprefix("embedded simulator: ") for line in self._kept[-_TAIL_LINES:])


@dataclass(frozen=True, kw_only=True)
class ServeOptions:
    """What a server for others is started with."""

    host: str
    port: int
    """Streams use the next one; 0 takes two free ones."""
    town: str
    seed: int
    threads: int
    """With which it renders; 0: one for each core."""
    scratch: Path | None
    """Folder of recordings; None: a private one that is removed at the end."""


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


@dataclass(frozen=True, kw_only=True)
class ServedSimulator:
    """A running child that others connect to."""

    host: str
    port: int
    version: str
    town: str
    process: subprocess.Popen[str]

    def wait(self, asked_to_stop: threading.Event) -> None:
        """Return when ``asked_to_stop`` is set.

        Raises:
            ServerLostError: it ended by itself.
        """
        while not asked_to_stop.wait(_POLL_S):
            code = self.process.poll()
            if code is not None:
                raise ServerLostError(f"the embedded simulator ended by itself with code {code}: see its lines above")


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
        process = _start("--port", "0", "--seed", str(seed), "--threads", str(threads), stderr=log)
    assert process.stdout is not None
    output = _Output(process.stdout)
    output.start()
    try:
        ending = partial(_tail, log_path)
        ready = _wait_until_ready(process, output.lines, timeout_s=timeout_s, ending=ending)
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


@contextlib.contextmanager
def serve_embedded(options: ServeOptions, *, pass_on: Callable[[str], None]) -> Iterator[ServedSimulator]:
    """Start the embedded simulator for others to connect to; end it when the block is left.

    Args:
        options: Where it listens, and what with.
        pass_on: Gets each line that it writes to stderr once it is ready; called from another thread.

    Raises:
        UsageError: it was given something that cannot be meant.
        ServerNotFoundError: it could not listen, or ended for another reason; says why.
        ScenarioFileError: it has no such town.
    """
    scratch = () if options.scratch is None else ("--scratch", str(options.scratch))
    process = _start(
        *("--host", options.host, "--port", str(options.port), "--town", options.town),
        *("--seed", str(options.seed), "--threads", str(options.threads), *scratch),
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    output, messages = _Output(process.stdout), _Messages(process.stderr, pass_on)
    output.start()
    messages.start()
    try:
        try:
            ready = _wait_until_ready(process, output.lines, timeout_s=_PATIENCE_S, ending=messages.ending)
        except ServerNotFoundError as error:
            kind = _ERRORS.get(process.returncode)
            if kind is None:
                raise
            raise kind(messages.ending()) from error
        messages.open()
        yield ServedSimulator(
            host=ready["host"], port=ready["port"], version=ready["version"], town=ready["town"], process=process
        )
    finally:
        _end(process)
        output.join()
        messages.join()


def _start(*options: str, stderr: IO[str] | int) -> subprocess.Popen[str]:
    """The child, which ends with its standard input, in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", _MODULE, "--exit-with-stdin", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        start_new_session=True,
        env=_environment(),
    )


def _environment() -> dict[str, str]:
    """Ours, with the folder that holds ``sim_scenarios`` first on the path: it need not be the current one."""
    root = str(Path(sim_scenarios.__file__).resolve().parents[1])
    paths = [root, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return os.environ | {"PYTHONPATH": os.pathsep.join(path for path in paths if path)}


def _wait_until_ready(
    process: subprocess.Popen[str],
    lines: queue.SimpleQueue[str | None],
    *,
    timeout_s: float,
    ending: Callable[[], str],
) -> dict[str, Any]:
    """The ready line; ``ending`` tells the end of the child's log, for the error."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise ServerNotFoundError(
                f"the embedded simulator was not ready within {timeout_s:.0f} s; {ending()}"
            ) from None
        if line is None:
            code = process.wait(timeout=_GRACE_S)
            raise ServerNotFoundError(f"the embedded simulator did not start (exit code {code}); {ending()}")
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
