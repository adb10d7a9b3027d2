"""What a lidar costs a tick: 64 channels, 100,000 points a second, 20 ticks a second, in a town with traffic.

In the test's own process and on one core, stage by stage. Prints its figures and fails on wrong results only.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.render.ray_geometry import RayGeometry
from sim_scenarios.embedded_simulator.render.renderer import Renderer
from sim_scenarios.embedded_simulator.road.build import build_town
from sim_scenarios.embedded_simulator.road.town import Town
from sim_scenarios.embedded_simulator.sensors.jobs import perform
from sim_scenarios.embedded_simulator.sensors.lidar import Scan, ray_directions
from sim_scenarios.embedded_simulator.sensors.suite import SensorSuite
from sim_scenarios.embedded_simulator.world.actors import Sensor, SensorKind
from sim_scenarios.embedded_simulator.world.blueprints.library import build_library
from sim_scenarios.embedded_simulator.world.description import ActorDescription, AttributeValue
from sim_scenarios.embedded_simulator.world.errors import WorldError
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Vector
from sim_scenarios.embedded_simulator.world.world import StaticTown, World

pytestmark = pytest.mark.benchmark

ATTRIBUTES = {"channels": "64", "points_per_second": "100000", "rotation_frequency": "20", "range": "100"}
CARS, WALKERS = 50, 50


def spawn_traffic(world: World, town: Town) -> None:
    ids = [blueprint.id for blueprint in build_library()]
    cars, walkers = ([name for name in ids if name.startswith(kind)] for kind in ("vehicle.", "walker."))
    for i in range(CARS + WALKERS):
        kind = cars[i % len(cars)] if i < CARS else walkers[i % len(walkers)]
        location, rotation = town.spawn_points[i % len(town.spawn_points)]
        up = 0.0 if i < CARS else 0.8  # a walker's origin is at half its height
        try:
            world.spawn(ActorDescription(uid=1, id=kind), Pose(location._replace(z=location.z + up), rotation))
        except WorldError:  # a bus that does not fit behind another
            continue


def mount_lidar(world: World, kind: SensorKind, place: Pose) -> Sensor:
    values = {a.id: a.value for b in build_library() if b.id == kind.value for a in b.attributes} | ATTRIBUTES
    if kind is SensorKind.LIDAR:
        values["dropoff_general_rate"] = "0"  # every ray counts
    attributes = tuple(AttributeValue(name, 4, value) for name, value in values.items())
    above = Pose(Vector(place.location.x, place.location.y, place.location.z + 2.1), place.rotation)
    sensor = world.spawn(ActorDescription(uid=1, id=kind.value, attributes=attributes), above)
    assert isinstance(sensor, Sensor)
    return sensor


class Stopwatch:
    """Processor time of this thread by stage [ms]: others who share the machine do not count."""

    def __init__(self) -> None:
        self.stages: dict[str, list[float]] = {}

    def __call__(self, stage: str, work: Callable[..., Any], *arguments: Any) -> Any:
        start = time.thread_time()
        result = work(*arguments)
        self.stages.setdefault(stage, []).append(1e3 * (time.thread_time() - start))
        return result


@pytest.fixture(scope="module")
def town() -> Town:
    return build_town("Town10HD")


@pytest.fixture(scope="module")
def renderer(town: Town) -> Renderer:
    return Renderer(town, threads=1)


@pytest.mark.parametrize("kind", [SensorKind.LIDAR, SensorKind.SEMANTIC_LIDAR])
def test_lidar_milliseconds_a_tick(kind: SensorKind, town: Town, renderer: Renderer, is_full: bool) -> None:
    world = World("Town10HD", StaticTown(town))
    spawn_traffic(world, town)
    sensor = mount_lidar(world, kind, town.spawn_points[3])
    suite = SensorSuite(seed=0)
    rays = renderer.rays
    watch = Stopwatch()
    for tick in range(400 if is_full else 24):
        place = town.spawn_points[3 + tick // 10 % 60]
        world.set_pose(sensor.id, Pose(place.location._replace(z=place.location.z + 2.1), place.rotation))
        done = world.tick()
        (scan,) = suite.measure(world, done, is_listened_to=lambda stream_id: True).jobs
        assert isinstance(scan, Scan)
        watch("pose actors", rays.prepare, done.snapshot)
        local = watch("directions", ray_directions, scan)
        hits = watch("rays", rays.cast, done.snapshot, scan.pose.location, local, np.full(len(local), 100.0))
        (message,) = watch("whole scan", perform, renderer, scan, done.snapshot)
        assert (hits.row >= 0).mean() > 0.3
        assert len(message.parts) == 3
    watch("build trees", RayGeometry, renderer._scene)
    print(f"\n{kind.value}: {len(local)} rays, {len(done.snapshot.actors)} actors, ms of one core a tick")
    medians = {}
    for stage, times in watch.stages.items():
        kept = times[len(times) // 4 :]  # by then kernels are loaded and caches warm
        medians[stage] = float(np.median(kept))
        print(f"  {stage:<12} {medians[stage]:6.2f} (95 %: {np.percentile(kept, 95):.2f})")
    together = medians["pose actors"] + medians["whole scan"]
    print(f"  together {together:.2f} ms, {together / 50.0:.0%} of a tick of 50 ms")
