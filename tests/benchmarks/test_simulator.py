"""How fast the embedded simulator's world goes on: ticks without cameras, and how long a town takes to load.

Each test prints its figures (``pytest -m benchmark -s``) and fails on wrong results only, never on time. The
TrafficManager and the crowd of walkers run in the client, here in this process, and are part of what is measured.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

import carla
import pytest

from harness.carla_client.endpoint import Endpoint, open_endpoint
from tests.traffic_awake import traffic_awake

pytestmark = pytest.mark.benchmark

TM_PORT = 8020
TOWNS = ("Town01", "Town02", "Town03", "Town04", "Town05", "Town10HD")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with open_endpoint(None, None, timeout_s=240.0) as found:
        yield found


@pytest.fixture(scope="module")
def client(endpoint: Endpoint) -> carla.Client:
    client = carla.Client(endpoint.host, endpoint.port, worker_threads=8)
    client.set_timeout(60.0)
    return client


@contextmanager
def populated(client: carla.Client, town: str, *, cars: int, walkers: int) -> Iterator[carla.World]:
    """A world in synchronous mode with cars and people on their way."""
    world = client.load_world(town)
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, 0.05
    world.apply_settings(settings)
    manager = client.get_trafficmanager(TM_PORT)
    manager.set_synchronous_mode(True)
    manager.set_random_device_seed(1)
    rng = random.Random(1)
    library, points = world.get_blueprint_library(), world.get_map().get_spawn_points()
    rng.shuffle(points)
    spawn = carla.command.SpawnActor
    kinds = sorted(library.filter("vehicle.*").filter_by_attribute("base_type", "car"), key=lambda b: b.id)
    autopilot = carla.command.SetAutopilot(carla.command.FutureActor, True, TM_PORT)
    batch = [spawn(rng.choice(kinds), point).then(autopilot) for point in points[:cars]]
    spawned = [answer.actor_id for answer in client.apply_batch_sync(batch, True) if not answer.error]
    assert len(spawned) == cars
    people: list[int] = []
    while len(people) < walkers:
        place = world.get_random_location_from_navigation()
        place.z += 1.0
        walker = world.try_spawn_actor(library.filter("walker.pedestrian.*")[len(people) % 12], carla.Transform(place))
        people += [] if walker is None else [walker.id]
    world.tick()
    controller = library.find("controller.ai.walker")
    answers = client.apply_batch_sync([spawn(controller, carla.Transform(), person) for person in people], True)
    world.tick()
    for answer in answers:
        ai = world.get_actor(answer.actor_id)
        ai.start()
        ai.go_to_location(world.get_random_location_from_navigation())
    try:
        yield world
    finally:
        for answer in answers:
            world.get_actor(answer.actor_id).stop()
        manager.set_synchronous_mode(False)
        manager.shut_down()
        settings.synchronous_mode, settings.fixed_delta_seconds = False, None
        world.apply_settings(settings)


@pytest.mark.parametrize(("cars", "walkers"), [(0, 0), (10, 0), (100, 100)])
def test_ticks_without_cameras(client: carla.Client, is_full: bool, cars: int, walkers: int) -> None:
    rounds, ticks = (7, 400) if is_full else (1, 60)
    with traffic_awake(TM_PORT), populated(client, "Town10HD", cars=cars, walkers=walkers) as world:
        for _ in range(60):
            world.tick()
        rates = []
        for _ in range(rounds):
            started = time.perf_counter()
            for _ in range(ticks):
                world.tick()
            rates.append(ticks / (time.perf_counter() - started))
    median = statistics.median(rates)
    print(f"\n{cars} cars, {walkers} walkers: {median:.0f} ticks/s ({min(rates):.0f} to {max(rates):.0f})")


def test_loading_a_town(client: carla.Client, is_full: bool) -> None:
    for town in TOWNS if is_full else TOWNS[:1]:
        started = time.perf_counter()
        assert client.load_world(town).get_map().name.endswith(town)
        first = time.perf_counter() - started
        started = time.perf_counter()
        client.reload_world()
        print(f"\n{town}: loaded in {first:.2f} s, again in {time.perf_counter() - started:.2f} s")
