"""Suites that name places in CARLA's towns find like roads in the embedded simulator's."""

from __future__ import annotations

from functools import cache

import carla
import pytest

from harness.carla_client.routes import plan_journey
from sim_scenarios.embedded_simulator.road.layout import build_network
from sim_scenarios.embedded_simulator.road.opendrive import write_opendrive
from sim_scenarios.embedded_simulator.road.plans import PLANS
from sim_scenarios.load import load_suite
from sim_scenarios.scenario import Scenario

SCENARIOS = [each for name in ("towns", "highway", "driving_towns") for each in load_suite(name).scenarios]


@cache
def map_of(town: str) -> carla.Map:
    return carla.Map(town, write_opendrive(build_network(PLANS[town])))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_the_ego_finds_its_way(scenario: Scenario) -> None:
    if isinstance(scenario.ego.spawn_point, int):  # a bare map has no spawn points; every town has a hundred
        assert scenario.ego.spawn_point < 100
        return
    town = map_of(scenario.town)
    journey = plan_journey(town, scenario)
    start = town.get_waypoint(journey.start.location)
    if scenario.group == "roundabout":
        assert len(journey.exits) >= 2
        assert 90.0 < journey.plan.length_m < 250.0
    else:
        assert start.get_left_lane() is not None
        assert journey.plan.length_m > 100.0
