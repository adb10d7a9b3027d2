"""A client program for ``test_towns.py``: looks at one town after the other and drives in some; prints JSON.

Run as ``python town_checks.py PORT CARS TICKS TOWN...``: a process of its own, because the client library can take its
process down. With no cars it only looks; with cars it takes one town.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

import carla

from harness.carla_client.traffic_watch import TrafficWatch

DELTA_S = 0.05
TRAFFIC_MANAGER_OFFSET = 3000
LOOK_EVERY_TICKS = 20
STANDING_M_S = 0.1
NUM_WALKER_PLACES = 150
PATIENCE_S = 20.0


def main(port: int, num_cars: int, ticks: int, towns: list[str]) -> None:
    client = carla.Client("127.0.0.1", port, worker_threads=8)
    client.set_timeout(60.0)
    for town in towns:
        began = time.monotonic()
        world = client.load_world(town)
        seconds = time.monotonic() - began
        settings = world.get_settings()
        settings.synchronous_mode, settings.fixed_delta_seconds = True, DELTA_S
        world.apply_settings(settings)
        world.tick()
        report = {"town": world.get_map().name.rsplit("/", 1)[-1], "load_s": seconds} | look(world)
        if num_cars:
            # Made once the town is there: it keeps the map that it finds.
            manager = client.get_trafficmanager(port + TRAFFIC_MANAGER_OFFSET)
            manager.set_synchronous_mode(True)
            manager.set_random_device_seed(7)
            report |= drive(world, manager, num_cars, ticks)
        sys.stdout.write("\n" + json.dumps(report) + "\n")
        sys.stdout.flush()
    os._exit(0)  # the client's background threads do not end on their own


def look(world: carla.World) -> dict[str, Any]:
    """Where lights stop traffic and where walkers may go."""
    lights = world.get_actors().filter("traffic.traffic_light*")
    stops = [{(w.road_id, w.lane_id) for w in light.get_stop_waypoints()} for light in lights]
    affected = [{(w.road_id, w.lane_id) for w in light.get_affected_lane_waypoints()} for light in lights]
    labels: dict[str, int] = {}
    crosswalks = world.get_map().get_crosswalks()
    for _ in range(NUM_WALKER_PLACES):
        place = world.get_random_location_from_navigation()
        found = world.ground_projection(place + carla.Location(z=1.0), 5.0)
        label = str(found.label) if found is not None else "nothing"
        if label in ("Roads", "RoadLines") and min(corner.distance(place) for corner in crosswalks) < 12.0:
            label = "Crosswalks"
        labels[label] = labels.get(label, 0) + 1
    return {
        "lights": len(lights),
        "lights_without_stop": sum(not lanes for lanes in stops),
        "lights_with_other_lanes": sum(a != b for a, b in zip(stops, affected, strict=True)),
        "walkers_on": labels,
    }


def drive(world: carla.World, manager: carla.TrafficManager, num_cars: int, ticks: int) -> dict[str, Any]:
    """How cars of the TrafficManager get on: how many were left behind, left the road, or stand for good."""
    town_map = world.get_map()
    car = world.get_blueprint_library().find("vehicle.tesla.model3")
    poses = town_map.get_spawn_points()[:num_cars]
    cars = [world.spawn_actor(car, pose) for pose in poses]
    world.tick()
    for actor in cars:
        actor.set_autopilot(True, manager.get_port())
    ids = [actor.id for actor in cars]
    off_road: dict[int, tuple[float, float, float]] = {}
    stands_since = dict.fromkeys(ids, 0)
    longest = dict.fromkeys(ids, 0)
    driven_m = dict.fromkeys(ids, 0.0)
    last_seen: dict[int, carla.Location] = {}
    vanished: dict[int, tuple[float, float, int]] = {}
    watch = TrafficWatch(manager.get_port(), on_wake=_say_woken, patience_s=PATIENCE_S)
    for tick in range(ticks):
        with watch.during_a_tick():
            world.tick()
        if tick % LOOK_EVERY_TICKS:
            continue
        snapshot = world.get_snapshot()
        for actor_id in ids:
            seen = snapshot.find(actor_id)
            if seen is None:
                last = last_seen[actor_id]
                vanished.setdefault(actor_id, (round(last.x, 1), round(last.y, 1), tick))
                continue
            place = seen.get_transform().location
            if actor_id in last_seen:
                driven_m[actor_id] += place.distance(last_seen[actor_id])
            last_seen[actor_id] = place
            if seen.get_velocity().length() > STANDING_M_S:
                stands_since[actor_id] = tick
            longest[actor_id] = max(longest[actor_id], tick - stands_since[actor_id])
            lane = town_map.get_waypoint(place)
            away = lane.transform.location
            if ((away.x - place.x) ** 2 + (away.y - place.y) ** 2) ** 0.5 > 0.5 * lane.lane_width + 0.6:
                off_road.setdefault(actor_id, (round(place.x, 1), round(place.y, 1), round(place.z, 1)))
    watch.leave()
    return {
        "cars": len(ids),
        "vanished": list(vanished.values()),
        "off_road": list(off_road.values()),
        "longest_stand_s": max(longest.values()) * DELTA_S,
        "least_driven_m": round(min(driven_m.values()), 1),
        "mean_speed_m_s": round(sum(driven_m.values()) / len(ids) / (ticks * DELTA_S), 2),
    }


def _say_woken() -> None:
    print("a tick was woken", file=sys.stderr)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
