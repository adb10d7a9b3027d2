"""A worker as its supervisor sees it: a child process, what it says, and how it is ended.

Decisions:

* **The worker ends when its standard input does,** so that it cannot outlive the supervisor, and in good order: it
  leaves a named server as it was found. One that does not is killed.
* **Killing it kills its simulator.** A stopped simulator would not notice that its worker is gone; so it is killed by
  its process group, which the worker has told.
* It runs in a session of its own: Ctrl-C in a terminal reaches the supervisor alone. Its scratch files lie in a folder
  of the supervisor's, which removes them whatever becomes of the worker.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import harness
from harness.workers.protocol import Event, Job, Setup, Started, read_event, to_line

COMMAND = (sys.executable, "-m", "harness.workers.worker")
END_GRACE_S = 15.0
"""For a worker to leave its server in order."""
_READ_BYTES = 1 << 16
_TAIL_LINES = 4


class WorkerProcess:
    """One running worker."""

    def __init__(self, command: Sequence[str], setup: Setup, *, scratch: Path, log: Path) -> None:
        """Start it.

        Args:
            command: the program.
            setup: the first line that it gets.
            scratch: where its temporary files go.
            log: gets what it writes to stderr.
        """
        with log.open("wb") as stderr:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                start_new_session=True,
                env=_environment(scratch),
            )
        self._log = log
        self._unread = b""
        self._simulator: int | None = None
        self.send(setup)

    def fileno(self) -> int:
        """Where its events can be waited for."""
        assert self._process.stdout is not None
        return self._process.stdout.fileno()

    def send(self, message: Setup | Job) -> None:
        """Give it a job. One that has ended does not get it, which the end of its events tells."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(to_line(message))
            self._process.stdin.flush()

    def read(self) -> list[Event] | None:
        """What it has said since; None once it has ended.

        Raises:
            ValueError: it said something that is not an event.
        """
        received = os.read(self.fileno(), _READ_BYTES)
        return self._events_in(received) if received else None

    def ask_to_end(self) -> None:
        """Ask it to leave in order; it may be waited for with ``end``."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()

    def end(self, *, deadline: float) -> None:
        """Wait until it has ended, at the latest at ``deadline`` (of ``time.monotonic``), when it is killed."""
        self.ask_to_end()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=max(0.0, deadline - time.monotonic()))
        self.kill()

    def kill(self) -> None:
        """End it and its simulator at once."""
        assert self._process.stdout is not None
        if self._process.stdout.closed:
            return
        self.ask_to_end()
        self._process.kill()
        self._process.wait()
        self._read_the_rest()
        if self._simulator is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._simulator, signal.SIGKILL)
        self._process.stdout.close()

    def last_words(self) -> str:
        """How it ended, and the end of what it wrote to stderr. Call it after ``kill``."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:]
        said = "; it wrote: " + " / ".join(line.strip() for line in lines) if lines else ""
        return f"the worker ended with code {self._process.returncode}{said}"

    def _read_the_rest(self) -> None:
        """It may have told of its simulator, and nobody has listened."""
        os.set_blocking(self.fileno(), False)
        with contextlib.suppress(BlockingIOError, ValueError):
            while self.read() is not None:
                pass

    def _events_in(self, received: bytes) -> list[Event]:
        *lines, self._unread = (self._unread + received).split(b"\n")
        events = [read_event(line) for line in lines]
        for event in events:
            if isinstance(event, Started):
                self._simulator = event.pid
        return events


def _environment(scratch: Path) -> dict[str, str]:
    """Ours, with this project first on the path, since it need not be the current folder, and the scratch folder."""
    root = str(Path(harness.__file__).resolve().parents[1])
    paths = [root, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths), "TMPDIR": str(scratch)}
