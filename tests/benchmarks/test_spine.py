"""How fast the spine is: start-up, RGB + semantic pairs a second, and what recording adds to a bare loop.

Each test prints its figures (``pytest -m benchmark -s``) and fails on wrong results only, never on time.
"""

from __future__ import annotations

import queue
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import carla
import numpy as np
import pytest

from harness.carla_client.cast import spawn_controllers, spawn_ego, spawn_vehicles, spawn_walkers, start_walking
from harness.carla_client.endpoint import Endpoint, open_endpoint
from harness.carla_client.routes import transform_at
from harness.carla_client.session import Session, open_session
from harness.carla_client.weather import to_carla
from harness.recording.recorder import record
from sim_scenarios.camera import CameraSpec
from sim_scenarios.scenario import Ego, Scenario, Suite, Traffic
from sim_scenarios.weather import parse_weather

pytestmark = pytest.mark.benchmark


@pytest.fixture(scope="module")
def scenario(is_full: bool) -> Scenario:
    return Scenario(
        name="benchmark",
        split="test",
        seed=1,
        duration_s=(100 if is_full else 40) * 0.05,
        ego=Ego(spawn_point=3),
        traffic=Traffic(vehicles=30, walkers=30),
        cameras=(CameraSpec(width=640, height=360),),
        warmup_ticks=20 if is_full else 10,
    )


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    """A simulator that nothing else has used, so that memory and caches are those of one user."""
    with open_endpoint(None, None, timeout_s=240.0) as found:
        yield found


def bare_seconds_per_tick(endpoint: Endpoint, scenario: Scenario) -> float:
    """What a user's own loop takes: tick, then take both images from their queues, and nothing else."""
    with open_session(endpoint, fixed_delta_seconds=scenario.fixed_delta_seconds) as session:
        session.world.set_weather(to_carla(scenario.weather))
        with session.actors() as scope:
            ego = spawn_cast(session, scope, scenario)
            images = [
                attach(session, scope, ego, kind, scenario.cameras[0]) for kind in ("rgb", "semantic_segmentation")
            ]
            for _ in range(scenario.warmup_ticks):
                tick_and_receive(session, images)
            started = time.perf_counter()
            for _ in range(scenario.num_ticks):
                tick_and_receive(session, images)
            return (time.perf_counter() - started) / scenario.num_ticks


def spawn_cast(session: Session, scope, scenario: Scenario) -> carla.Actor:  # type: ignore[no-untyped-def]
    """The actors that a recording of ``scenario`` spawns, from the same seed."""
    rng = np.random.default_rng(scenario.seed)
    session.start_traffic(scenario.seed)
    start = transform_at(session.map, scenario.ego.spawn_point, what="the ego")
    ego = spawn_ego(scope, blueprint=scenario.ego.blueprint, start=start)
    near = carla.Location(*ego.spawned_at[:3])
    vehicles = spawn_vehicles(scope, session.world, count=scenario.traffic.vehicles, near=near, rng=rng)
    walkers = spawn_walkers(scope, session.world, count=scenario.traffic.walkers, near=near, rng=rng)
    assert len(vehicles) == scenario.traffic.vehicles
    assert len(walkers) == scenario.traffic.walkers
    controllers = spawn_controllers(scope, walkers)
    session.tick()
    for member in (ego, *vehicles):
        member.actor.set_autopilot(True, session.traffic_manager_port)
    start_walking(scope, session.world, controllers, rng=rng)
    return ego.actor


def attach(session: Session, scope, ego: carla.Actor, kind: str, spec: CameraSpec) -> queue.Queue[carla.Image]:  # type: ignore[no-untyped-def]
    blueprint = session.world.get_blueprint_library().find(f"sensor.camera.{kind}")
    for name, value in (("image_size_x", spec.width), ("image_size_y", spec.height), ("fov", spec.fov)):
        blueprint.set_attribute(name, str(value))
    camera = session.world.spawn_actor(blueprint, carla.Transform(carla.Location(x=spec.x, z=spec.z)), attach_to=ego)
    images: queue.Queue[carla.Image] = queue.Queue()
    camera.listen(images.put)

    def end() -> None:
        camera.stop()
        session.client.apply_batch_sync([carla.command.DestroyActor(camera.id)])

    scope.before_destroying(end)
    return images


def tick_and_receive(session: Session, images: list[queue.Queue[carla.Image]]) -> None:
    frame = session.world.tick(30.0)
    for each in images:
        assert each.get(timeout=30.0).frame == frame


def recorded_seconds_per_tick(endpoint: Endpoint, scenario: Scenario, folder: Path) -> float:
    """From the first recorded tick to the last; spawning and closing are not what a tick costs."""
    times = []
    summary = record(
        endpoint,
        Suite(name="benchmark", scenarios=(scenario,)),
        folder,
        progress=lambda what, done, total: times.append(time.perf_counter()),
    )
    assert [row.frames for row in summary.rows] == [scenario.num_ticks] == [len(times)]
    return (times[-1] - times[0]) / (scenario.num_ticks - 1)


@pytest.mark.usefixtures("endpoint")  # whose start has compiled what was not in the kernel cache yet
def test_server_is_ready_soon() -> None:
    started = time.perf_counter()
    with open_endpoint(None, None):
        print(f"\nserver ready with a warm kernel cache: {time.perf_counter() - started:.1f} s")


@pytest.mark.parametrize("weather", ["ClearNoon", "HardRainNight"])
def test_pairs_a_second(endpoint: Endpoint, scenario: Scenario, weather: str) -> None:
    pace = 1 / bare_seconds_per_tick(endpoint, scenario.model_copy(update={"weather": parse_weather(weather)}))
    print(f"\n640x360 RGB + semantic pairs, 30 vehicles, 30 walkers, {weather}: {pace:.1f} pairs/s received")


def test_recording_adds_little_to_a_bare_loop(
    endpoint: Endpoint, scenario: Scenario, is_full: bool, tmp_path: Path
) -> None:
    ratios = []
    for attempt in range(3 if is_full else 1):
        bare = bare_seconds_per_tick(endpoint, scenario)
        recorded = recorded_seconds_per_tick(endpoint, scenario, tmp_path / str(attempt))
        ratios.append(recorded / bare)
    listed = ", ".join(f"{ratio:.3f}" for ratio in sorted(ratios))
    print(f"\ntime of a recorded tick over a bare tick: median {statistics.median(ratios):.3f} of {listed}")
