"""How fast the embedded simulator draws: images as a client receives them, the share of each stage, and memory.

Each test prints its figures (``pytest -m benchmark -s``) and fails on wrong results only, never on time. Beside the
wall clock stands the processor time of the simulator, which says more where other programs run.
"""

from __future__ import annotations

import contextlib
import math
import os
import queue
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import carla
import pytest

from harness.carla_client.endpoint import Endpoint, open_endpoint
from sim_scenarios.embedded_simulator.render.quality import QUALITIES
from sim_scenarios.embedded_simulator.render.renderer import Renderer
from sim_scenarios.embedded_simulator.render.view import View
from sim_scenarios.embedded_simulator.road.build import TOWN_NAMES, build_town
from sim_scenarios.embedded_simulator.world.description import ActorDescription
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Vector
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VEHICLES
from sim_scenarios.embedded_simulator.world.walker_catalogue import WALKERS
from sim_scenarios.embedded_simulator.world.world import StaticTown, World

pytestmark = pytest.mark.benchmark

TOWN, CARS, WALKERS_ON_FOOT = "Town10HD", 50, 50
BRIEFLY = 10
"""Of each, where the measurement is brief."""
SIZES = ((320, 180), (640, 360), (1280, 720))
RGB, TAGS = "sensor.camera.rgb", "sensor.camera.semantic_segmentation"
CLEAR_NOON, RAIN_AT_NIGHT = carla.WeatherParameters.ClearNoon, carla.WeatherParameters.HardRainNight
STEP_M = 0.4
"""The cameras go along the street at 8 m/s."""


class Pace(NamedTuple):
    """What a set of cameras takes."""

    images_per_s: float
    """Complete sets of images a second of wall-clock time."""
    server_ms: float
    """Processor time of the simulator for one set."""


class Street:
    """A crowded street and a carrier of cameras that goes along it."""

    def __init__(self, endpoint: Endpoint, *, cars: int, walkers: int) -> None:
        assert endpoint.child is not None
        self._pid = endpoint.child.process.pid
        client = carla.Client(endpoint.host, endpoint.port)
        client.set_timeout(120.0)
        self.world = client.load_world(TOWN)
        settings = self.world.get_settings()
        settings.synchronous_mode, settings.fixed_delta_seconds = True, 0.05
        self.world.apply_settings(settings)
        self._library = self.world.get_blueprint_library()
        start, *others = self._places()
        self._way = self.world.get_map().get_waypoint(start.location)
        self._carrier = self.world.spawn_actor(self._library.find("vehicle.tesla.model3"), start)
        self._carrier.set_simulate_physics(False)
        kinds = sorted(self._library.filter("vehicle.*"), key=lambda blueprint: blueprint.id)
        people = sorted(self._library.filter("walker.pedestrian.*"), key=lambda blueprint: blueprint.id)
        for number, place in enumerate(others[:cars]):
            assert self.world.try_spawn_actor(kinds[number % len(kinds)], place) is not None
        on_foot = 0
        while on_foot < walkers:
            place = carla.Transform(self.world.get_random_location_from_navigation())
            place.location.z += 1.0
            walker = self.world.try_spawn_actor(people[on_foot % len(people)], place)
            if walker is not None:
                walker.apply_control(carla.WalkerControl(speed=1.4))
                on_foot += 1

    def _places(self) -> list[Any]:
        """Spawn points, those nearest to one of them first."""
        points = self.world.get_map().get_spawn_points()
        return sorted(points, key=lambda point: point.location.distance(points[3].location))

    def pace(
        self, kinds: Sequence[str], size: tuple[int, int], *, ticks: int, yaws_deg: Sequence[float] = (0,)
    ) -> Pace:
        """Of one camera of each kind for each heading."""
        with self._cameras(kinds, size, yaws_deg) as images:
            for _ in range(6):
                self._tick(images)
            walls, used = [], self._server_s()
            for _ in range(ticks):
                started = time.perf_counter()
                self._tick(images)
                walls.append(time.perf_counter() - started)
            used = self._server_s() - used
        return Pace(1.0 / median(walls), 1e3 * used / ticks)

    def _tick(self, images: list[queue.SimpleQueue[Any]]) -> None:
        self._way = self._way.next(STEP_M)[0]
        self._carrier.set_transform(self._way.transform)
        frame = self.world.tick()
        for received in images:
            assert received.get(timeout=60.0).frame == frame

    @contextlib.contextmanager
    def _cameras(
        self, kinds: Sequence[str], size: tuple[int, int], yaws_deg: Sequence[float]
    ) -> Iterator[list[queue.SimpleQueue[Any]]]:
        cameras, images = [], []
        for yaw_deg in yaws_deg:
            for kind in kinds:
                blueprint = self._library.find(kind)
                blueprint.set_attribute("image_size_x", str(size[0]))
                blueprint.set_attribute("image_size_y", str(size[1]))
                mount = carla.Transform(carla.Location(x=0.5, z=1.8), carla.Rotation(yaw=yaw_deg))
                cameras.append(self.world.spawn_actor(blueprint, mount, attach_to=self._carrier))
                images.append(queue.SimpleQueue())
                cameras[-1].listen(images[-1].put)
        yield images
        for camera in cameras:
            camera.stop()
            camera.destroy()

    def _server_s(self) -> float:
        fields = Path(f"/proc/{self._pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.fixture(scope="module")
def street(is_full: bool) -> Iterator[Street]:
    cars, walkers = (CARS, WALKERS_ON_FOOT) if is_full else (BRIEFLY, BRIEFLY)
    with open_endpoint(None, None, timeout_s=240.0) as endpoint:
        yield Street(endpoint, cars=cars, walkers=walkers)


def test_a_pair_costs_one_render(street: Street, is_full: bool) -> None:
    street.world.set_weather(CLEAR_NOON)
    for size in SIZES if is_full else SIZES[:1]:
        rounds = [
            (street.pace([RGB], size, ticks=ticks), street.pace([RGB, TAGS], size, ticks=ticks))
            for ticks in ([40] * 5 if is_full else [12])
        ]
        by_clock = median(alone.images_per_s / pair.images_per_s for alone, pair in rounds)
        by_processor = median(pair.server_ms / alone.server_ms for alone, pair in rounds)
        print(
            f"\n{size[0]}x{size[1]}: RGB + semantic pair over RGB alone {by_clock:.2f} (processor {by_processor:.2f})"
        )


def test_pairs_a_second(street: Street, is_full: bool) -> None:
    if not is_full:
        pytest.skip("measured with --full-benchmarks only")
    for size in SIZES:
        paces: dict[str, list[Pace]] = {"noon": [], "rain at night": []}
        for _ in range(3):
            for name, weather in (("noon", CLEAR_NOON), ("rain at night", RAIN_AT_NIGHT)):
                street.world.set_weather(weather)
                paces[name].append(street.pace([RGB, TAGS], size, ticks=40))
        noon, rain = (median(pace.images_per_s for pace in paces[name]) for name in paces)
        noon_ms, rain_ms = (median(pace.server_ms for pace in paces[name]) for name in paces)
        print(
            f"\n{size[0]}x{size[1]}: noon {noon:.1f} pairs/s ({noon_ms:.0f} ms of the server's processor time a pair), "
            f"rain at night {rain:.1f} ({rain_ms:.0f} ms), {rain / noon:.2f} of noon"
        )


def test_four_cameras_over_one(street: Street, is_full: bool) -> None:
    if not is_full:
        pytest.skip("measured with --full-benchmarks only")
    street.world.set_weather(CLEAR_NOON)
    by_clock, by_processor = [], []
    for _ in range(5):
        one = street.pace([RGB], (640, 360), ticks=30)
        four = street.pace([RGB], (640, 360), ticks=30, yaws_deg=(0, 90, 180, 270))
        by_clock.append(one.images_per_s / four.images_per_s)
        by_processor.append(four.server_ms / one.server_ms)
    print(f"\n640x360: four RGB cameras over one {median(by_clock):.2f} (processor {median(by_processor):.2f})")


def test_share_of_each_stage(is_full: bool) -> None:
    if not is_full:
        pytest.skip("measured with --full-benchmarks only")
    town = build_town(TOWN)
    world = World(TOWN, StaticTown(town))
    start = town.spawn_points[3]
    x, y, _ = start.location
    places = sorted(town.spawn_points, key=lambda pose: math.hypot(pose.location.x - x, pose.location.y - y))
    for number, (location, rotation) in enumerate(places[1 : 1 + CARS + WALKERS_ON_FOOT]):
        is_car = number < CARS
        blueprint = VEHICLES[number % len(VEHICLES)].id if is_car else WALKERS[number % len(WALKERS)].id
        above = Pose(location._replace(z=location.z + (0.3 if is_car else 1.0)), rotation)
        world.spawn(ActorDescription(uid=1, id=blueprint), above)
    (x, y, z), rotation = start
    yaw = math.radians(rotation.yaw)
    for name, quality in QUALITIES.items():
        renderer = Renderer(town, threads=1, quality=quality)
        for width, height in SIZES:
            stages: dict[str, list[float]] = {}
            for tick in range(15):
                gone_m = tick * STEP_M
                eye = Pose(Vector(x + gone_m * math.cos(yaw), y + gone_m * math.sin(yaw), z + 1.8), rotation)
                view = View(pose=eye, width=width, height=height, fov_deg=90.0)
                renderer.render(view, world.tick().snapshot, color=True)
                for stage, seconds in renderer.stage_seconds.items():
                    stages.setdefault(stage, []).append(1e3 * seconds)
            ms = {stage: median(times[3:]) for stage, times in stages.items()}
            shares = ", ".join(f"{stage} {one:.1f} ({one / sum(ms.values()):.0%})" for stage, one in ms.items())
            print(f"\n{width}x{height}, {name} quality, one thread, ms: {sum(ms.values()):.1f} = {shares}")


def test_memory_of_each_town(is_full: bool) -> None:
    if not is_full:
        pytest.skip("measured with --full-benchmarks only")
    for town in TOWN_NAMES:
        with open_endpoint(None, None) as endpoint:
            assert endpoint.child is not None
            client = carla.Client(endpoint.host, endpoint.port)
            client.set_timeout(120.0)
            world = client.load_world(town)
            blueprint = world.get_blueprint_library().find(RGB)
            blueprint.set_attribute("image_size_x", "1280")
            blueprint.set_attribute("image_size_y", "720")
            place = world.get_map().get_spawn_points()[3]
            above = carla.Transform(place.location + carla.Location(z=2.0), place.rotation)
            camera = world.spawn_actor(blueprint, above)
            images: queue.SimpleQueue[Any] = queue.SimpleQueue()
            camera.listen(images.put)
            for _ in range(3):
                images.get(timeout=60.0)
            camera.stop()
            status = Path(f"/proc/{endpoint.child.process.pid}/status").read_text()
            peak_kib = int(status.split("VmHWM:")[1].split()[0])
            print(f"\n{town}: {peak_kib >> 10} MiB at most, with a picture of 1280x720")
