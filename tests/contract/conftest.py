"""The contract: what a program written for CARLA 0.9.16 may expect of a server, asked through the official client.

The suite runs against the embedded simulator, and with ``--carla-host`` against a real server. It asks for nothing
that only one of the two has: places come from the map, actors from the library, figures are plausible, not exact.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import carla
import pytest

from harness.carla_client.endpoint import Endpoint
from tests.contract.driving import DELTA_S, Spawn, run
from tests.traffic_awake import traffic_awake


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/contract" in item.path.as_posix():
            item.add_marker(pytest.mark.integration)


@pytest.fixture(autouse=True)
def traffic_goes_on(request: pytest.FixtureRequest) -> Iterator[None]:
    """TrafficManagers of the tests that have one."""
    has_traffic = request.path.name in ("test_traffic_manager.py", "test_vehicle.py")
    with traffic_awake(*((8000, 8010) if has_traffic else ())):
        yield


@pytest.fixture(scope="session")
def endpoint(request: pytest.FixtureRequest) -> Endpoint:
    """The server that is asked: the one of --carla-host, or the embedded simulator."""
    is_named = request.config.getoption("--carla-host") is not None
    found: Endpoint = request.getfixturevalue("carla_server" if is_named else "simulator_process")
    return found


@pytest.fixture(scope="session")
def client(endpoint: Endpoint) -> carla.Client:
    # Eight threads: with as many sensor callbacks waiting for Python's lock as there are threads, no snapshot is read.
    client = carla.Client(endpoint.host, endpoint.port, worker_threads=8)
    client.set_timeout(60.0)
    return client


@pytest.fixture(scope="module")
def world(client: carla.Client) -> Iterator[carla.World]:
    """An empty town in synchronous mode, left asynchronous."""
    world = client.load_world("Town01")  # whatever another test has left here
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, DELTA_S
    world.apply_settings(settings)
    world.tick()
    yield world
    settings.synchronous_mode, settings.fixed_delta_seconds = False, None
    world.apply_settings(settings)


@pytest.fixture
def spawn(world: carla.World) -> Iterator[Spawn]:
    """Spawns an actor by its blueprint and attributes and ticks once; what is left is destroyed in reverse."""
    actors: list[Any] = []

    def spawn_one(blueprint: str, pose: carla.Transform, *, attach_to: Any = None, **attributes: object) -> Any:
        definition = world.get_blueprint_library().find(blueprint)
        for name, value in attributes.items():
            definition.set_attribute(name, str(value))
        actors.append(world.spawn_actor(definition, pose, attach_to=attach_to))
        world.tick()
        return actors[-1]

    yield spawn_one
    for actor in reversed(actors):
        if actor.is_alive:
            actor.destroy()
    world.tick()


@pytest.fixture
def street(world: carla.World) -> carla.Transform:
    """A spawn point with 60 m of straight lane before it."""
    town = world.get_map()
    for pose in town.get_spawn_points():
        ahead = town.get_waypoint(pose.location).next(60.0)
        if not ahead:
            continue
        turn = ahead[0].transform.rotation.yaw - pose.rotation.yaw
        if abs(math.remainder(turn, 360.0)) < 2.0 and ahead[0].lane_type == carla.LaneType.Driving:
            return pose
    raise AssertionError("this town has no straight street of 60 m behind a spawn point")


@pytest.fixture
def car(spawn: Spawn, street: carla.Transform, world: carla.World) -> carla.Vehicle:
    """A car that stands on its wheels."""
    vehicle = spawn("vehicle.tesla.model3", street)
    run(world, 1.0)
    return vehicle
