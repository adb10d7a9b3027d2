"""The suites of the catalogue fit the town that they are for."""

from __future__ import annotations

from collections.abc import Iterator

import carla
import numpy as np
import pytest

from harness.carla_client.drive import drive
from harness.carla_client.endpoint import Endpoint
from harness.carla_client.log_writer import traffic_lights
from harness.carla_client.route_plan import Command, RoutePlan
from harness.carla_client.routes import plan_journey
from harness.carla_client.session import Session, open_session
from harness.carla_client.staging import require_on_route
from harness.closed_loop.rules import RolloutRules
from sim_scenarios.load import catalog_names, load_suite
from sim_scenarios.scenario import Scenario

pytestmark = pytest.mark.integration

TOWN = "Town10HD"
MIN_DISTANCE_M = 100.0
"""Between the start of a drive to test on and that of any drive to train or validate on, of whichever suite."""

OF_TOWN = [scenario for name in catalog_names() for scenario in load_suite(name).scenarios if scenario.town == TOWN]
WALKING_SPEED = 1.4
"""[m/s]"""
DRIVEN_ELSEWHERE = ("smoke", "demo", "city")
"""Suites that other tests and the README's story drive."""


@pytest.fixture(scope="module")
def spawn_points(simulator: Endpoint) -> list[carla.Transform]:
    client = carla.Client(simulator.host, simulator.port, 2)
    client.set_timeout(20.0)
    return list(client.get_world().get_map().get_spawn_points())


@pytest.fixture(scope="module")
def session(simulator: Endpoint) -> Iterator[Session]:
    with open_session(simulator, fixed_delta_seconds=0.05) as session:
        yield session


def start_of(scenario: Scenario, spawn_points: list[carla.Transform]) -> carla.Location:
    place = scenario.ego.spawn_point
    return spawn_points[place].location if isinstance(place, int) else carla.Location(place.x, place.y, place.z)


@pytest.mark.parametrize("name", catalog_names())
def test_test_drives_start_elsewhere(name: str, spawn_points: list[carla.Transform]) -> None:
    suite = load_suite(name)
    for test in (each for each in suite.of_split("test") if each.town == TOWN):
        for other in suite.of_split("train", "val"):
            distance = start_of(test, spawn_points).distance(start_of(other, spawn_points))
            assert distance >= MIN_DISTANCE_M, (test.name, other.name)


@pytest.mark.parametrize("name", [name for name in catalog_names() if name not in DRIVEN_ELSEWHERE])
def test_suites_to_score_on_start_far_from_all_that_is_trained_on(
    name: str, spawn_points: list[carla.Transform]
) -> None:
    trained = [each for each in OF_TOWN if each.split != "test"]
    for test in (each for each in load_suite(name).of_split("test") if each.town == TOWN):
        for other in trained:
            distance = start_of(test, spawn_points).distance(start_of(other, spawn_points))
            assert distance >= MIN_DISTANCE_M, (test.name, other.name)


@pytest.mark.parametrize(
    "scenario",
    [each for each in OF_TOWN if not each.name.startswith(DRIVEN_ELSEWHERE)],
    ids=lambda scenario: scenario.name,
)
def test_everybody_finds_room_and_the_ego_drives(scenario: Scenario, session: Session) -> None:
    driven = drive(session, scenario.model_copy(update={"duration_s": 0.5, "warmup_ticks": 10}), cameras=())
    for _ in driven:
        pass
    log = driven.log
    assert driven.shortfalls == ()
    traffic = scenario.traffic
    others = traffic.vehicles + traffic.parked_vehicles + traffic.walkers + len(scenario.staged)
    assert log.transforms.shape[1] == 1 + others
    moved = log.transforms[-1, log.ego, :3] - log.transforms[0, log.ego, :3]
    assert np.linalg.norm(moved) > 0.5


@pytest.mark.slow
@pytest.mark.parametrize(
    "scenario",
    [each for name in catalog_names() if not name.startswith("driving") for each in load_suite(name).scenarios],
    ids=lambda scenario: scenario.name,
)
def test_a_drive_to_record_does_not_spend_its_time_at_a_red_light(scenario: Scenario, session: Session) -> None:
    driven = drive(session, scenario, cameras=())
    for _ in driven:
        pass
    track = driven.log.transforms[scenario.warmup_ticks :, driven.log.ego, :2]
    way_m = np.linalg.norm(np.diff(track, axis=0), axis=1).sum()
    assert way_m > WALKING_SPEED * scenario.duration_s


@pytest.fixture(scope="module")
def lights(session: Session) -> list[list[carla.Transform]]:
    """Of each traffic light of the town, where its traffic waits."""
    session.load_town(TOWN)
    return [[each.transform for each in light.get_stop_waypoints()] for light in traffic_lights(session.world)]


def waits_on(plan: RoutePlan, places: list[carla.Transform]) -> bool:
    """Whether a route comes by one of these places before its goal, in its direction."""
    for place in places:
        distances = np.hypot(plan.points[:, 0] - place.location.x, plan.points[:, 1] - place.location.y)
        nearest = int(distances.argmin())
        turned_deg = abs((plan.yaws_deg[nearest] - place.rotation.yaw + 180.0) % 360.0 - 180.0)
        if distances[nearest] < 1.0 and turned_deg < 30.0 and plan.s_m[nearest] < plan.length_m - RolloutRules.goal_m:
            return True
    return False


@pytest.mark.parametrize("scenario", load_suite("driving").scenarios, ids=lambda scenario: scenario.name)
def test_a_route_can_be_driven_in_its_time(
    scenario: Scenario, session: Session, lights: list[list[carla.Transform]]
) -> None:
    plan = plan_journey(session.map, scenario).plan
    require_on_route(plan, scenario)
    assert 60.0 < plan.length_m < 300.0
    needed_s = plan.length_m / 4.0 + 15.0 + 45.0 * sum(waits_on(plan, places) for places in lights)
    needed_s += 10.0 * len(scenario.staged) + (20.0 if scenario.traffic.vehicles else 0.0)
    assert needed_s <= scenario.duration_s <= needed_s + 20.0
    turns = {Command(int(command)) for command in plan.commands} - {Command.FOLLOW}
    if scenario.group == "lane_following":
        assert turns <= {Command.STRAIGHT}
    for command in (Command.LEFT, Command.RIGHT, Command.STRAIGHT):
        if scenario.group == "junction" and scenario.name.endswith(command.name.lower()):
            assert turns == {command}
