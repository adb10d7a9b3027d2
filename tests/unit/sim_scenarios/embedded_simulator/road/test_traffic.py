"""The official client drives and walks in the town: TrafficManager cars keep their lanes, walkers their footways.

The client runs in a process of its own, because a bad navigation mesh does not raise but crashes it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import carla
import numpy as np
import pytest

ROOT = Path(__file__).parents[5]
NUM_CARS, NUM_WALKERS, TICKS = 20, 10, 400
TRAFFIC_MANAGER_OFFSET = 3000


@pytest.mark.integration
def test_cars_keep_their_lanes_and_walkers_their_footways(tmp_path: Path, carla_map: carla.Map) -> None:
    log = _drive_and_walk(tmp_path)
    assert len(log["cars"]) == NUM_CARS
    assert len(log["walkers"]) >= NUM_WALKERS - 2  # two may be given the same place

    cars = np.array(log["cars"])  # (C, N, 2)
    assert np.linalg.norm(np.diff(cars, axis=1), axis=2).sum(axis=1).min() > 10.0
    away = []
    for x, y in cars[:, ::4].reshape(-1, 2):
        lane = carla_map.get_waypoint(carla.Location(x, y, 0.0))
        # Where lanes cross, the nearest one need not be the car's own; changing lanes takes a car half a lane aside.
        if not lane.is_junction:
            away.append(lane.transform.location.distance(carla.Location(x, y, 0.0)))
    assert np.percentile(away, 95) < 0.5
    assert max(away) <= 1.8

    walkers = np.array(log["walkers"])
    assert np.linalg.norm(np.diff(walkers, axis=1), axis=2).sum(axis=1).min() > 5.0
    for x, y in walkers[:, ::4].reshape(-1, 2):
        lane = carla_map.get_waypoint(carla.Location(x, y, 0.0), lane_type=carla.LaneType.Driving)
        on_road = lane.transform.location.distance(carla.Location(x, y, 0.0)) < 0.5 * lane.lane_width - 0.3
        assert not on_road or _near_crosswalk(carla_map, x, y)
    assert log["stop_lanes"] == log["affected_lanes"]
    assert log["same_light"]


def _near_crosswalk(carla_map: carla.Map, x: float, y: float) -> bool:
    corners = np.array([(corner.x, corner.y) for corner in carla_map.get_crosswalks()]).reshape(-1, 5, 2)
    low, high = corners.min(axis=1) - 1.0, corners.max(axis=1) + 1.0
    return bool(np.any(np.all((low <= (x, y)) & ((x, y) <= high), axis=1)))


def _drive_and_walk(tmp_path: Path) -> dict[str, list[list[list[float]]]]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "CARLA_CACHE_DIR": str(tmp_path)}
    server = subprocess.Popen(
        [sys.executable, "-m", "sim_scenarios.embedded_simulator", "--port", "0", "--exit-with-stdin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env=environment,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        from tests.traffic_awake import traffic_awake  # this file is the client's program, too

        port = json.loads(server.stdout.readline())["port"]
        with traffic_awake(port + TRAFFIC_MANAGER_OFFSET):
            client = subprocess.run(
                [sys.executable, __file__, str(port)],
                capture_output=True,
                text=True,
                timeout=240,
                check=False,
                cwd=tmp_path,
                env=environment,
            )
    finally:
        server.stdin.close()
        server.wait(timeout=30)
        server.stdout.close()
    assert client.returncode == 0, f"the client died with {client.returncode}:\n{client.stdout}\n{client.stderr}"
    return json.loads(client.stdout.strip().splitlines()[-1])


def _run_client(port: int) -> None:
    """In the client's process: drive, walk, print where everybody was as one line of JSON."""
    client = carla.Client("127.0.0.1", port, worker_threads=8)
    client.set_timeout(60.0)
    world = client.get_world()
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, 0.05
    world.apply_settings(settings)
    manager = client.get_trafficmanager(port + TRAFFIC_MANAGER_OFFSET)
    manager.set_synchronous_mode(True)
    manager.set_random_device_seed(1)
    world.set_pedestrians_seed(1)
    library = world.get_blueprint_library()
    spawn_points = world.get_map().get_spawn_points()[:NUM_CARS]
    cars = [world.spawn_actor(library.find("vehicle.tesla.model3"), point) for point in spawn_points]
    walkers, controllers = [], []
    for _ in range(NUM_WALKERS):
        place = world.get_random_location_from_navigation()
        place.z += 1.0
        walker = world.try_spawn_actor(library.filter("walker.pedestrian.*")[0], carla.Transform(place))
        if walker is not None:
            walkers.append(walker)
            brain = library.find("controller.ai.walker")
            controllers.append(world.spawn_actor(brain, carla.Transform(), attach_to=walker))
    world.tick()
    for car in cars:
        car.set_autopilot(True, port + TRAFFIC_MANAGER_OFFSET)
    for controller in controllers:
        controller.start()
        controller.go_to_location(world.get_random_location_from_navigation())
        controller.set_max_speed(1.8)
    tracks: dict[str, list[list[list[float]]]] = {"cars": [[] for _ in cars], "walkers": [[] for _ in walkers]}
    for tick in range(TICKS):
        world.tick()
        if tick % 5 == 0:
            for name, actors in (("cars", cars), ("walkers", walkers)):
                for track, actor in zip(tracks[name], actors, strict=True):
                    location = actor.get_location()
                    track.append([location.x, location.y])
    light = world.get_actors().filter("traffic.traffic_light")[0]
    lanes = {
        "stop_lanes": sorted((w.road_id, w.lane_id) for w in light.get_stop_waypoints()),
        "affected_lanes": sorted((w.road_id, w.lane_id) for w in light.get_affected_lane_waypoints()),
        "same_light": world.get_traffic_light_from_opendrive_id(light.get_opendrive_id()).id == light.id,
    }
    sys.stdout.write("\n" + json.dumps(tracks | lanes) + "\n")
    sys.stdout.flush()
    os._exit(0)  # the client's background threads do not end on their own


if __name__ == "__main__":
    _run_client(int(sys.argv[1]))
