"""Not a test: a program that records the drive again and again, each time in a new process that meets another fault.

``python -m tests.faults.faulty_recorder FOLDER FAULT [NUMBER [SEED]]`` records into ``FOLDER/0``, ``FOLDER/1`` ... and
prints one JSON object a line: ``events`` (what was acknowledged), ``ended`` ("killed", "done" or the error's classes),
``text`` (of the error). Recorders are forked from one process that has the libraries loaded.

=========  =============================================================================================
calls      killed before disk call 0, NUMBER, 2 NUMBER ... until a recorder comes to its end
moments    NUMBER times: killed after a random time, also in the midst of what HDF5 does by itself
sizes      NUMBER times: no file may grow beyond a size that rises from 0 (EFBIG, as a full disk would be)
space      on a file system mounted for it, where 0, 1, 2 ... pages of 4,096 bytes are free
read-only  once: on a file system that can only be read after a few frames
=========  =============================================================================================
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from datasets.recording_recovery import recover_recording
from tests.faults.drive import record
from tests.faults.system_calls import before_call

Act = Callable[[Callable[[str], None]], None]
LARGEST_FILE = 20_000
"""Bytes; of the recording's files, with some to spare."""


def in_child(act: Act, *, kill_after_s: float | None = None) -> dict[str, Any]:
    """Run ``act(report)`` in a forked process; what it reported and how it ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        ended = {"ended": ["done"], "text": ""}
        try:
            act(lambda event: os.write(writing, f"{event}\n".encode()) and None)
        except BaseException as error:
            ended = {"ended": [kind.__name__ for kind in type(error).__mro__], "text": str(error)}
        os.write(writing, json.dumps(ended).encode() + b"\n")
        os._exit(0)
    os.close(writing)
    if kill_after_s is not None:
        time.sleep(kill_after_s)
        os.kill(child, signal.SIGKILL)
    with os.fdopen(reading) as pipe:
        lines = pipe.read().splitlines()
    _, status = os.waitpid(child, 0)
    outcome = json.loads(lines.pop()) if lines and lines[-1].startswith("{") else {"ended": ["killed"], "text": ""}
    assert os.WIFEXITED(status) or os.WTERMSIG(status) == signal.SIGKILL, status
    return {"events": lines, **outcome}


def killed_at_calls(folder: Path, every: int) -> None:
    """One recorder for each `every`-th disk call of the whole recording."""

    def killed(number: int) -> Act:
        def act(report: Callable[[str], None]) -> None:
            with before_call(number * every, lambda name: os.kill(os.getpid(), signal.SIGKILL)):
                record(folder / str(number), report)

        return act

    number, outcome = 0, {"ended": ["killed"]}
    while outcome["ended"] == ["killed"]:
        outcome = in_child(killed(number))
        print(json.dumps(outcome), flush=True)
        number += 1


def killed_at_random_moments(folder: Path, count: int, seed: int) -> None:
    """`count` recorders, each killed somewhere between its start and its end."""
    started = time.perf_counter()
    in_child(lambda report: record(folder / "warm", report))
    whole_s = time.perf_counter() - started
    for number, delay_s in enumerate(np.random.default_rng(seed).uniform(0, 1.1 * whole_s, count)):
        outcome = in_child(lambda report, to=folder / str(number): record(to, report), kill_after_s=float(delay_s))
        print(json.dumps(outcome), flush=True)


def limited_in_size(folder: Path, count: int) -> None:
    """`count` recorders whose files may have 0 .. LARGEST_FILE bytes."""
    for number, limit in enumerate(np.linspace(0, LARGEST_FILE, count).astype(int).tolist()):

        def act(report: Callable[[str], None], to: Path = folder / str(number), limit: int = limit) -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
            record(to, report)

        print(json.dumps(in_child(act)), flush=True)


def limited_in_space(folder: Path) -> None:
    """Recorders on a disk with 0, 1, 2 ... free pages, until one comes to its end; what each left is copied away."""
    disk = folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", disk], check=True)
    number, outcome = 0, {"ended": [""]}
    while outcome["ended"] != ["done"]:
        root, ballast = disk / "recording", disk / "ballast"
        root.mkdir()
        free = os.statvfs(disk)
        ballast.write_bytes(bytes((free.f_bavail - number) * free.f_frsize))
        outcome = in_child(lambda report, root=root: record(root, report))
        print(json.dumps(outcome), flush=True)
        shutil.copytree(root, folder / str(number))
        shutil.rmtree(root)
        ballast.unlink()
        number += 1


def made_read_only(folder: Path) -> None:
    """Half a recording on a disk that can then only be read, and an attempt to go on; what it left is copied away."""
    disk = folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", disk], check=True)
    begun = in_child(lambda report: _broken_off(disk / "recording", report, after="frame 1"))
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    outcome = in_child(lambda report: record(disk / "recording", report))
    print(json.dumps({**outcome, "events": begun["events"] + outcome["events"]}), flush=True)
    shutil.copytree(disk / "recording", folder / "0")


def _broken_off(root: Path, report: Callable[[str], None], *, after: str) -> None:
    def report_and_leave(event: str) -> None:
        report(event)
        if event == after:
            os._exit(0)

    record(root, report_and_leave)


FAULTS: dict[str, Callable[..., None]] = {
    "calls": killed_at_calls,
    "moments": killed_at_random_moments,
    "sizes": limited_in_size,
    "space": limited_in_space,
    "read-only": made_read_only,
}


def main(folder: Path, fault: str, *numbers: int) -> None:
    """Record with `fault`."""
    warm = folder / "compiled"
    record(warm)
    recover_recording(warm)
    FAULTS[fault](folder, *numbers)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:]))
