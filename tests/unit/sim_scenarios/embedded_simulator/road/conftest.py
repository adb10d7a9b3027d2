"""One town for all tests of this folder: building it takes about a second."""

from __future__ import annotations

import carla
import pytest

from sim_scenarios.embedded_simulator.road.build import build_town
from sim_scenarios.embedded_simulator.road.layout import build_network
from sim_scenarios.embedded_simulator.road.network import Network
from sim_scenarios.embedded_simulator.road.plans.town10hd import TOWN10HD
from sim_scenarios.embedded_simulator.road.town import Town


@pytest.fixture(scope="session")
def town() -> Town:
    return build_town("Town10HD")


@pytest.fixture(scope="session")
def network() -> Network:
    return build_network(TOWN10HD)


@pytest.fixture(scope="session")
def carla_map(town: Town) -> carla.Map:
    return carla.Map(town.name, town.opendrive)
