"""Every town through the real client: lights, where walkers go, and how the TrafficManager's cars get on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
TOWNS = ("Town01", "Town02", "Town03", "Town04", "Town05", "Town10HD")
TEN_MINUTES = 12_000


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Of a simulator of our own: its towns change."""
    server = subprocess.Popen(
        [sys.executable, "-m", "sim_scenarios.embedded_simulator", "--port", "0", "--exit-with-stdin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        yield json.loads(server.stdout.readline())["port"]
    finally:
        server.stdin.close()
        server.wait(timeout=30)
        server.stdout.close()


def _reports(port: int, folder: Path, *, cars: int, ticks: int, towns: tuple[str, ...]) -> list[dict[str, Any]]:
    command = [
        sys.executable,
        str(Path(__file__).with_name("town_checks.py")),
        str(port),
        str(cars),
        str(ticks),
        *towns,
    ]
    # The client keeps navigation meshes in a cache of its own.
    environment = os.environ | {"PYTHONPATH": str(ROOT), "HOME": str(folder)}
    client = subprocess.run(command, capture_output=True, text=True, timeout=300 + ticks, check=False, env=environment)
    assert client.returncode == 0, f"the client died with {client.returncode}:\n{client.stdout}\n{client.stderr}"
    return [json.loads(line) for line in client.stdout.splitlines() if line.startswith("{")]


@pytest.mark.integration
def test_every_town_loads_and_its_lights_and_footways_are_as_the_client_expects(port: int, tmp_path: Path) -> None:
    layered = (*TOWNS[:-1], TOWNS[-1] + "_Opt")
    reports = _reports(port, tmp_path, cars=0, ticks=0, towns=layered)
    assert [report["town"] for report in reports] == list(layered)
    for report in reports:
        assert report["lights"] >= 12
        assert report["lights_without_stop"] == report["lights_with_other_lanes"] == 0
        assert set(report["walkers_on"]) <= {"Sidewalks", "Crosswalks"}


@pytest.mark.integration
def test_cars_set_off_and_keep_to_the_road(port: int, tmp_path: Path) -> None:
    (report,) = _reports(port, tmp_path, cars=25, ticks=400, towns=("Town02",))
    assert report["off_road"] == []
    assert report["vanished"] == []
    assert report["mean_speed_m_s"] > 2.0


@pytest.mark.slow
@pytest.mark.parametrize("town", TOWNS)
def test_fifty_cars_drive_for_ten_minutes(port: int, tmp_path: Path, town: str) -> None:
    (report,) = _reports(port, tmp_path, cars=50, ticks=TEN_MINUTES, towns=(town,))
    print(json.dumps(report))
    assert report["off_road"] == []
    assert report["vanished"] == []
    assert report["longest_stand_s"] < 90.0
