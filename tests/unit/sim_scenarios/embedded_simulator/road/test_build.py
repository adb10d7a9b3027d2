from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sim_scenarios.embedded_simulator.road.build import TOWN_NAMES, build_town
from sim_scenarios.embedded_simulator.road.curves import RoadError
from sim_scenarios.embedded_simulator.road.town import Town

ROOT = Path(__file__).parents[5]


def digest(town: Town) -> str:
    """Hash of everything in a town."""
    total = hashlib.sha256()
    for surface in town.surfaces:
        total.update(surface.positions.tobytes() + surface.triangles.tobytes() + surface.uvs.tobytes())
        total.update(f"{surface.material} {surface.tag}".encode())
    for part in (town.spawn_points, town.lots, town.placements, town.traffic_lights, dict(town.speed_limits_kmh)):
        total.update(repr(part).encode())
    total.update(town.opendrive.encode() + town.navigation_mesh + repr((town.bounds_min, town.bounds_max)).encode())
    return total.hexdigest()


def test_another_process_with_another_hash_seed_builds_the_same_bytes(town: Town) -> None:
    program = (
        f"import sys; sys.path[:0] = [{str(Path(__file__).parent)!r}]; import test_build; "
        "print(test_build.digest(test_build.build_town('Town10HD_Opt')))"
    )
    environment = os.environ | {"PYTHONHASHSEED": "12345", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT, env=environment
    )
    assert done.stdout.strip() == digest(town)


def test_the_seed_changes_what_is_built_but_not_where_one_drives(town: Town) -> None:
    other = build_town("Town10HD", seed=1)
    assert other.lots != town.lots
    assert other.placements != town.placements
    assert other.opendrive == town.opendrive
    assert other.spawn_points == town.spawn_points
    assert other.traffic_lights == town.traffic_lights
    assert other.navigation_mesh == town.navigation_mesh


def test_an_unknown_town_is_named_with_a_suggestion() -> None:
    with pytest.raises(RoadError, match=r"unknown town 'Town10HDD'.*Town10HD.*did you mean Town10HD"):
        build_town("Town10HDD")
    assert TOWN_NAMES == ("Town01", "Town02", "Town03", "Town04", "Town05", "Town10HD")
