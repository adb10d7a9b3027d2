"""The same seed gives the same bytes of every sensor and actor, in four weathers, in another process.

With one thread or two, and with kernels compiled for another processor.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.integration

PROGRAM = Path(__file__).with_name("carla_programs") / "digests.py"
ROOT = Path(__file__).resolve().parents[2]
TRAFFIC_MANAGER_OFFSET = 3000


def digests(*, threads: int, ticks: int, town: str, processor: str | None = None) -> dict[str, Any]:
    """What a server of its own sends in one run of the program, and how often its TrafficManager had to be woken.

    Its kernels are compiled for this machine, or for a ``processor`` that LLVM knows by name.
    """
    target = {} if processor is None else {"NUMBA_CPU_NAME": processor}
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
        [*server, "--threads", str(threads)],
        cwd=ROOT,
        env={**os.environ, **target},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
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


def check(ticks: int, town: str, *, processor: str | None = None) -> None:
    """One thread on this processor against two on the other."""
    for _ in range(2):
        one = digests(threads=1, ticks=ticks, town=town)
        two = digests(threads=2, ticks=ticks, town=town, processor=processor)
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


@pytest.mark.slow
def test_the_same_bytes_on_another_processor() -> None:
    """``generic`` has SSE2 alone: neither wider vectors nor fused multiplication. Its kernels are compiled first."""
    check(200, "Town10HD", processor="generic")
