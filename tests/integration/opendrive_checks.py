"""A client program for ``test_opendrive_worlds.py``: makes worlds from OpenDRIVE texts, looks and drives; prints JSON.

Run as ``python opendrive_checks.py PORT``: a process of its own, because the client library can take its process down.
"""

from __future__ import annotations

import json
import os
import queue
import sys
from typing import Any

import carla
import numpy as np

from tests import opendrive_texts as texts

DELTA_S = 0.05
TRAFFIC_MANAGER_OFFSET = 3000
DRIVE_TICKS = 900
WIDTH, HEIGHT = 160, 120


def main(port: int) -> None:
    client = carla.Client("127.0.0.1", port, worker_threads=8)
    client.set_timeout(120.0)
    before = client.get_world()
    spectator = before.get_spectator().id
    report: dict[str, Any] = {"refused": refusals(client)}
    after = client.get_world()
    report["untouched"] = (before.id, before.get_map().name) == (after.id, after.get_map().name)
    report["untouched"] = report["untouched"] and after.get_spectator().id == spectator
    for name, text in (("hill", texts.hill()), ("T", texts.t_junction()), ("loop", texts.loop_over_itself())):
        # A time of its own is kept: the client asks for no other settings.
        parameters = carla.OpendriveGenerationParameters(wall_height=0.0)
        world = client.generate_opendrive_world(text, parameters)
        settings = world.get_settings()
        settings.synchronous_mode, settings.fixed_delta_seconds = True, DELTA_S
        world.apply_settings(settings)
        world.tick()
        report[name] = look(world, text)
    report["loop"] |= drive(client, world, port + TRAFFIC_MANAGER_OFFSET)
    report["again"] = client.reload_world(False).get_map().name
    sys.stdout.write("\n" + json.dumps(report) + "\n")
    sys.stdout.flush()
    os._exit(0)  # the client's background threads do not end on their own


def refusals(client: carla.Client) -> list[str]:
    """What the client is told about texts that are no maps."""
    said = []
    good = texts.hill()
    for text in ("", "<osm/>", good.replace("<line/>", "<circle/>"), good[: len(good) // 2], breaks_the_client()):
        try:
            client.generate_opendrive_world(text, carla.OpendriveGenerationParameters())
            said.append("nothing")
        except RuntimeError as error:
            said.append(str(error))
    return said


def breaks_the_client() -> str:
    """A text that is well-formed and ends a process that makes a ``carla.Map`` of it."""
    return texts.t_junction().replace('<successor id="-1"/>', '<successor id="-9"/>')


def look(world: carla.World, text: str) -> dict[str, Any]:
    """How the ground, the lanes and the picture agree."""
    town_map = world.get_map()
    off, labels = [], set()
    for waypoint in town_map.generate_waypoints(4.0):
        place = waypoint.transform.location
        found = world.ground_projection(place + carla.Location(z=0.4), 2.0)
        off.append(abs(found.location.z - place.z))
        labels.add(str(found.label))
    pose = town_map.get_spawn_points()[0]
    pose.location.z += 1.5
    pose.rotation.pitch -= 12.0
    return {
        "name": town_map.name,
        "same_text": town_map.to_opendrive() == text,
        "most_off_m": max(off),
        "labels": sorted(labels),
        "seen": tags_seen(world, pose),
        "walkers": walker_places(world),
        "spawn_points": len(town_map.get_spawn_points()),
        "lights": sorted(light.get_opendrive_id() for light in world.get_actors().filter("traffic.traffic_light")),
    }


def walker_places(world: carla.World) -> list[str]:
    """What lies within 15 cm of where walkers may appear; the navigation mesh has longer facets than the ground."""
    labels = set()
    for _ in range(30):
        place = world.get_random_location_from_navigation()
        found = world.ground_projection(place + carla.Location(z=1.0), 3.0)
        labels.add(
            str(found.label) if abs(found.location.z - place.z) < 0.15 else f"{found.location.z - place.z} m off"
        )
    return sorted(labels)


def tags_seen(world: carla.World, pose: carla.Transform) -> dict[int, float]:
    """Share of each semantic tag in a picture."""
    camera_type = world.get_blueprint_library().find("sensor.camera.semantic_segmentation")
    camera_type.set_attribute("image_size_x", str(WIDTH))
    camera_type.set_attribute("image_size_y", str(HEIGHT))
    camera = world.spawn_actor(camera_type, pose)
    images: queue.Queue[carla.Image] = queue.Queue()
    camera.listen(images.put)
    world.tick()
    tags = np.frombuffer(images.get(timeout=60.0).raw_data, np.uint8).reshape(HEIGHT, WIDTH, 4)[:, :, 2]
    camera.stop()
    camera.destroy()
    values, counts = np.unique(tags, return_counts=True)
    return {int(tag): float(count) / tags.size for tag, count in zip(values, counts, strict=True)}


def drive(client: carla.Client, world: carla.World, port: int) -> dict[str, Any]:
    """A car of the TrafficManager on the closed loop: how far it came and how it kept to its lane."""
    town_map = world.get_map()
    start = carla.Location(20.0, 1.75, 0.0)
    pose = min(town_map.get_spawn_points(), key=lambda pose: pose.location.distance(start))
    car = world.spawn_actor(world.get_blueprint_library().find("vehicle.tesla.model3"), pose)
    manager = client.get_trafficmanager(port)
    manager.set_synchronous_mode(True)
    manager.set_random_device_seed(3)
    manager.auto_lane_change(car, False)
    car.set_autopilot(True, port)
    aside, above, heights, driven = [], [], [], 0.0
    last = pose.location
    for tick in range(DRIVE_TICKS):
        world.tick()
        place = car.get_location()
        driven += place.distance(last)
        last = place
        if tick > 20:
            waypoint = town_map.get_waypoint(place)
            lane = waypoint.transform
            right, offset = lane.get_right_vector(), place - lane.location
            aside.append(abs(right.x * offset.x + right.y * offset.y))
            above.append(abs(offset.z))
            heights.append(place.z)
    car.destroy()
    return {
        "driven_m": driven,
        "most_aside_m": max(aside),
        "most_above_m": max(above),
        "heights_m": [min(heights), max(heights)],
    }


if __name__ == "__main__":
    main(int(sys.argv[1]))
