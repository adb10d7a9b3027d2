"""The same seed gives the same bytes of every sensor and every actor: in two processes, with one thread or two."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.traffic_awake import traffic_awake

pytestmark = pytest.mark.integration

PROGRAM = Path(__file__).with_name("carla_programs") / "digests.py"
ROOT = Path(__file__).resolve().parents[2]


def digests(*, threads: int, ticks: int, town: str) -> dict[str, Any]:
    """What a server of its own sends in one run of the program."""
    server = [
        sys.executable,
        "-m",
        "sim_scenarios.embedded_simulator",
        "--port",
        "0",
        "--seed",
        "5",
        "--exit-with-stdin",
    ]
    with subprocess.Popen(
        [*server, "--threads", str(threads)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdin
        try:
            port = json.loads(process.stdout.readline())["port"]
            command = [sys.executable, str(PROGRAM), "--port", str(port), "--ticks", str(ticks), "--town", town]
            done = subprocess.run(command, capture_output=True, text=True, timeout=280.0, check=False)
            assert done.returncode == 0, done.stderr[-2000:]
            found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
            return found
        finally:
            process.stdin.close()


def check(ticks: int, town: str) -> None:
    with traffic_awake(8002) as woken:
        one, two = digests(threads=1, ticks=ticks, town=town), digests(threads=2, ticks=ticks, town=town)
    if woken:  # it has made a step of its own then
        one, two = digests(threads=1, ticks=ticks, town=town), digests(threads=2, ticks=ticks, town=town)
    assert one["events"]["sensor.other.collision"] > 0
    assert one == two


def test_the_same_bytes_twice() -> None:
    check(150, "Town10HD")


@pytest.mark.slow
@pytest.mark.parametrize("town", ["Town03", "Town10HD"])
def test_the_same_bytes_twice_over_500_ticks(town: str) -> None:
    check(500, town)
