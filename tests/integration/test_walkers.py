"""Walkers through the unmodified carla client; what the client does is in ``walker_client_checks.py``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
CHECKS_FILE = Path(__file__).with_name("walker_client_checks.py")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    command = [sys.executable, "-m", "sim_scenarios.embedded_simulator", "--exit-with-stdin", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--town", "Town02"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin
    assert process.stdout
    yield json.loads(process.stdout.readline())["port"]
    process.stdin.close()
    assert process.wait(timeout=20) == 0
    process.stdout.close()


@pytest.fixture(scope="module")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the client keeps the navigation mesh; its default is in the user's home."""
    return tmp_path_factory.mktemp("carla_cache")


def run_check(name: str, port: int, cache_dir: Path) -> str:
    environment = {**os.environ, "CARLA_CACHE_DIR": str(cache_dir)}
    command = [sys.executable, "-X", "faulthandler", str(CHECKS_FILE), str(port), name]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.parametrize("name", ["catalogue", "jump", "death", "bones", "navigation", "crossing_factor"])
def test_client(name: str, port: int, cache_dir: Path) -> None:
    run_check(name, port, cache_dir)


def test_a_seed_makes_equal_walks_twice_and_in_two_processes(port: int, cache_dir: Path) -> None:
    first, second = (run_check("seed", port, cache_dir) for _ in range(2))
    assert first == second
    assert len(first.split()[-1]) == 64
