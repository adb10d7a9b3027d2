"""A process killed while it records for the simulator: what it had written is whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sim_scenarios.embedded_simulator.recorder.log import LogReader
from tests.faults.conftest import ROOT

ENDLESS = """
import itertools, sys
from pathlib import Path
from sim_scenarios.embedded_simulator.recorder.log import FrameKind, LogWriter
log = LogWriter(Path(sys.argv[1]), {"map": "Street"})
for number in itertools.count():
    log.append(FrameKind.QUIET, [number, bytes(range(256)) * 40], elapsed_s=0.05 * number, duration_s=0.05)
    print(number, flush=True)
"""


def test_everything_that_was_appended_is_there(tmp_path: Path) -> None:
    path = tmp_path / "drive.log"
    with subprocess.Popen(
        [sys.executable, "-c", ENDLESS, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for _ in range(200):
            process.stdout.readline()
        process.kill()
        told = 199 + len(process.stdout.read().splitlines())
    log = LogReader(path)
    assert len(log.ticks) >= told
    assert [log.content(index)[0] for index in range(len(log.ticks))] == list(range(len(log.ticks)))
    log.close()
