"""The suites of the catalogue fit the town that they are for."""

from __future__ import annotations

import carla
import pytest

from harness.carla_client.endpoint import Endpoint
from sim_scenarios.load import catalog_names, load_suite

pytestmark = pytest.mark.integration

MIN_DISTANCE_M = 100.0
"""Between the start of a drive to test on and that of any drive to train or validate on."""


@pytest.fixture(scope="module")
def spawn_points(simulator: Endpoint) -> list[carla.Transform]:
    client = carla.Client(simulator.host, simulator.port, 2)
    client.set_timeout(20.0)
    return list(client.get_world().get_map().get_spawn_points())


@pytest.mark.parametrize("name", catalog_names())
def test_test_drives_start_elsewhere(name: str, spawn_points: list[carla.Transform]) -> None:
    suite = load_suite(name)
    starts = {each.name: spawn_points[each.ego.spawn_point].location for each in suite.scenarios}
    for test in suite.of_split("test"):
        for other in suite.of_split("train", "val"):
            assert starts[test.name].distance(starts[other.name]) >= MIN_DISTANCE_M, (test.name, other.name)
