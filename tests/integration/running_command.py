"""A command in a process of its own, which tests kill, interrupt, and take simulators from."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

PROGRAM = """
import signal
from harness.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)
main()
"""
"""``harness`` as it is started from a terminal: in a shell's background, Ctrl-C would be ignored."""
WORKER = "harness.workers.worker"
SIMULATOR = "sim_scenarios.embedded_simulator"
PATIENCE_S = 240


def descendants(pid: int) -> dict[int, str]:
    """Command line of every process below ``pid``."""
    parents, lines = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            lines[int(folder.name)] = (folder / "cmdline").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
    found: dict[int, str] = {}
    below = {pid}
    while below:
        below = {child for child, parent in parents.items() if parent in below}
        found |= {child: lines[child] for child in below}
    return found


def wait_for(what: Callable[[], bool], *, within_s: float = PATIENCE_S) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


class RunningCommand:
    """A command that writes a journal into its output folder."""

    def __init__(self, folder: Path, out: Path, *arguments: str) -> None:
        """Start it in ``folder``; what it prints goes into a file beside ``out``."""
        self.out = out
        self.log = out.with_suffix(".log")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM, *arguments, "-o", str(out)],
                cwd=folder,
                env=os.environ | {"TMPDIR": str(folder)},  # a killed command cannot empty it
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait(self) -> int:
        """Its exit code."""
        return self.process.wait(timeout=PATIENCE_S)

    @property
    def text(self) -> str:
        """What it has printed."""
        return self.log.read_text()

    def signal_simulator(self, number: signal.Signals) -> None:
        """Send a signal to its simulator, as soon as there is one."""
        wait_for(lambda: bool(self._simulators()))
        os.kill(self._simulators()[0], number)

    def kill_worker(self) -> None:
        """End the process that has the nets and the client, so that it cleans up nothing."""
        (worker,) = self._below(WORKER)
        os.kill(worker, signal.SIGKILL)

    def _simulators(self) -> list[int]:
        return self._below(SIMULATOR)

    def _below(self, module: str) -> list[int]:
        return [pid for pid, line in descendants(self.process.pid).items() if module in line]

    def wait_for_lines(self, number: int) -> None:
        """Until its journal has so many, or it has ended."""
        journal = self.out / "journal.jsonl"
        wait_for(lambda: self.process.poll() is not None or lines_of(journal) >= number)


def lines_of(path: Path) -> int:
    """Of a file that need not be there."""
    return path.read_bytes().count(b"\n") if path.exists() else 0
