"""Programs written as users of CARLA write them, run as processes of their own against the embedded simulator.

By default each runs briefly; ``-m slow`` runs each for 2,000 ticks in every town and prints what became of it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.carla_client.endpoint import Endpoint
from tests.traffic_awake import traffic_awake

pytestmark = pytest.mark.integration

PROGRAMS = Path(__file__).with_name("carla_programs")
TOWNS = ("Town01", "Town02", "Town03", "Town04", "Town05", "Town10HD")


def outcome(program: str, endpoint: Endpoint, *options: str, timeout_s: float = 120.0) -> dict[str, Any]:
    """The summary that a program prints; it must end by itself and say nothing of errors."""
    command = [sys.executable, str(PROGRAMS / program), "--host", endpoint.host, "--port", str(endpoint.port), *options]
    with traffic_awake(8000, 8001):
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    print(done.stdout.strip())
    summary: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return summary


def check_traffic(summary: dict[str, Any], *, vehicles: int, walkers: int) -> None:
    assert summary["vehicles"] >= 0.9 * vehicles
    assert summary["walkers"] >= 0.7 * walkers  # some places are taken, as with CARLA
    assert summary["vehicles_left"] == summary["vehicles"]
    assert summary["vehicles_moved"] >= 0.9 * summary["vehicles"]
    assert summary["walkers_moved"] >= 0.9 * summary["walkers"]
    assert summary["off_road_sightings"] == 0


def check_sensors(summary: dict[str, Any]) -> None:
    low, high = summary["low"], summary["high"]
    assert set(summary["counts"].values()) == {summary["ticks"]}
    assert summary["pose_error_m"] < 0.001
    assert min(low["rgb"], low["depth"]) > 1.0  # no picture is of one colour
    assert low["semantic"] >= 3
    assert low["normals"] > 1.0
    assert 0.0 < high["flow"] <= 2.0
    assert summary["events"]["dvs"] > 0
    assert low["lidar"] > 500
    assert low["semantic_lidar"] > 500
    assert high["radar"] > 10
    assert 5.0 < high["imu"] < 40.0
    assert summary["events"]["collision"] == 0
    assert summary["metres"] > 0.1 * summary["ticks"]


def check_route(summary: dict[str, Any]) -> None:
    assert summary["routes_planned"] >= 1
    assert summary["metres"] > 200.0  # some of the time it waits at red lights
    assert summary["worst_m"] < 2.0
    assert summary["standing_ticks"] < 1200


def test_a_traffic_generator(simulator: Endpoint) -> None:
    options = ("--town", "Town02", "--vehicles", "20", "--walkers", "10", "--ticks", "300")
    check_traffic(outcome("traffic_generator.py", simulator, *options), vehicles=20, walkers=10)


def test_a_recorder_of_many_sensors(simulator: Endpoint) -> None:
    check_sensors(outcome("sensor_recorder.py", simulator, "--town", "Town01", "--ticks", "80"))


def test_an_agent_on_routes(simulator: Endpoint) -> None:
    check_route(outcome("route_agent.py", simulator, "--town", "Town03", "--ticks", "1500"))


@pytest.mark.slow
@pytest.mark.parametrize("town", TOWNS)
def test_a_traffic_generator_in_every_town(simulator: Endpoint, town: str) -> None:
    options = ("--town", town, "--vehicles", "40", "--walkers", "30", "--ticks", "2000")
    check_traffic(outcome("traffic_generator.py", simulator, *options, timeout_s=600.0), vehicles=40, walkers=30)


@pytest.mark.slow
@pytest.mark.parametrize("town", TOWNS)
def test_a_recorder_of_many_sensors_in_every_town(simulator: Endpoint, town: str) -> None:
    check_sensors(outcome("sensor_recorder.py", simulator, "--town", town, "--ticks", "2000", timeout_s=1200.0))


@pytest.mark.slow
@pytest.mark.parametrize("town", TOWNS)
def test_an_agent_on_routes_in_every_town(simulator: Endpoint, town: str) -> None:
    check_route(outcome("route_agent.py", simulator, "--town", town, "--ticks", "2000", timeout_s=600.0))
