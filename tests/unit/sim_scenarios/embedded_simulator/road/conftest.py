"""Towns for all tests of this folder: building one takes about a second."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import carla
import pytest

from sim_scenarios.embedded_simulator.road.build import build_town
from sim_scenarios.embedded_simulator.road.layout import build_network
from sim_scenarios.embedded_simulator.road.network import Network
from sim_scenarios.embedded_simulator.road.plans.town10hd import TOWN10HD
from sim_scenarios.embedded_simulator.road.town import Town


@pytest.fixture(scope="session")
def town_named() -> Callable[[str], Town]:
    """Builds a town when it is first asked for."""
    return cache(build_town)


@pytest.fixture(scope="session")
def town(town_named: Callable[[str], Town]) -> Town:
    return town_named("Town10HD")


@pytest.fixture(scope="session")
def network() -> Network:
    return build_network(TOWN10HD)


@pytest.fixture(scope="session")
def carla_map(town: Town) -> carla.Map:
    return carla.Map(town.name, town.opendrive)
