"""Worlds from OpenDRIVE texts through the real client: ``generate_opendrive_world`` as a CARLA user calls it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integration.opendrive_checks import TRAFFIC_MANAGER_OFFSET
from tests.opendrive_texts import BRIDGE_M
from tests.traffic_awake import traffic_awake

ROOT = Path(__file__).parents[2]
ROAD, SIDEWALK, TERRAIN = "1", "2", "10"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a client program saw."""
    # The client keeps navigation meshes in a cache of its own.
    environment = os.environ | {"PYTHONPATH": str(ROOT), "HOME": str(tmp_path_factory.mktemp("home"))}
    server = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "sim_scenarios.embedded_simulator",
            "--port",
            "0",
            "--town",
            "Town02",
            "--exit-with-stdin",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        port = json.loads(server.stdout.readline())["port"]
        command = [sys.executable, str(Path(__file__).with_name("opendrive_checks.py")), str(port)]
        with traffic_awake(port + TRAFFIC_MANAGER_OFFSET):
            client = subprocess.run(
                command, capture_output=True, text=True, timeout=300, check=False, cwd=ROOT, env=environment
            )
    finally:
        server.stdin.close()
        server.wait(timeout=30)
        server.stdout.close()
    assert client.returncode == 0, f"the client died with {client.returncode}:\n{client.stdout}\n{client.stderr}"
    return json.loads(client.stdout.strip().splitlines()[-1])


@pytest.mark.integration
def test_a_bad_text_is_an_error_and_the_world_stays(report: dict[str, Any]) -> None:
    empty, other, circle, half, broken = report["refused"]
    assert "not OpenDRIVE: no element found" in empty
    assert "expected <OpenDRIVE>" in other
    assert "expected line, arc, spiral, poly3 or paramPoly3" in circle
    assert "not OpenDRIVE" in half
    assert "the carla client cannot read this OpenDRIVE" in broken
    assert report["untouched"]


@pytest.mark.integration
@pytest.mark.parametrize("name", ["hill", "T", "loop"])
def test_the_world_is_the_one_of_the_text(report: dict[str, Any], name: str) -> None:
    seen = report[name]
    assert seen["name"] == "Carla/Maps/OpenDriveMap"
    assert seen["same_text"]
    assert seen["most_off_m"] < 0.02
    assert set(seen["labels"]) <= {"Roads", "RoadLines"}
    assert seen["spawn_points"] > 15
    assert min(seen["seen"][tag] for tag in (ROAD, SIDEWALK, TERRAIN)) > 0.01
    assert seen["walkers"] == ["Sidewalks"]
    assert seen["lights"] == (["11", "12", "13"] if name == "T" else [])


@pytest.mark.integration
def test_a_car_of_the_traffic_manager_drives_the_loop_over_its_own_bridge(report: dict[str, Any]) -> None:
    loop = report["loop"]
    assert loop["driven_m"] > 250.0
    assert loop["most_aside_m"] < 1.0
    assert loop["most_above_m"] < 0.3
    assert loop["heights_m"] == pytest.approx([0.0, BRIDGE_M], abs=0.3)


@pytest.mark.integration
def test_reloading_keeps_the_generated_world(report: dict[str, Any]) -> None:
    assert report["again"] == "Carla/Maps/OpenDriveMap"
