"""The same seed gives the same bytes of every sensor and every actor: in two processes, with one thread or two."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.integration

PROGRAM = Path(__file__).with_name("carla_programs") / "digests.py"
ROOT = Path(__file__).resolve().parents[2]
TRAFFIC_MANAGER_OFFSET = 3000


def digests(*, threads: int, ticks: int, town: str) -> dict[str, Any]:
    """What a server of its own sends in one run of the program, and how often its TrafficManager had to be woken."""
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
            options = ["--port", str(port), "--tm-port", str(port + TRAFFIC_MANAGER_OFFSET), "--town", town]
            command = [sys.executable, str(PROGRAM), *options, "--ticks", str(ticks)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=200.0 + ticks, check=False)
            assert done.returncode == 0, done.stderr[-2000:]
            found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
            return found
        finally:
            process.stdin.close()


def check(ticks: int, town: str) -> None:
    for _ in range(2):
        one, two = (digests(threads=threads, ticks=ticks, town=town) for threads in (1, 2))
        if not (one["woken"] or two["woken"]):  # a TrafficManager that was has made a step of its own
            break
    assert one["events"]["sensor.other.collision"] > 0
    assert one == two


def test_the_same_bytes_twice() -> None:
    check(150, "Town10HD")


@pytest.mark.slow
@pytest.mark.parametrize("town", ["Town03", "Town10HD"])
def test_the_same_bytes_twice_over_500_ticks(town: str) -> None:
    check(500, town)
