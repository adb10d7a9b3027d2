"""Fills a town with cars and people and lets them go about, as CARLA's own traffic generator does.

A program as a user of CARLA would write it: nothing but the client, and no knowledge of which server answers.

    python traffic_generator.py --port 2000 --town Town03 --vehicles 40 --walkers 30 --ticks 2000

Prints one line of JSON: what was spawned, how far it went, and what became of it.
"""

from __future__ import annotations

import argparse
import json
import random
import sys

import carla

DELTA_S = 0.05


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=2000)
    parser.add_argument("--tm-port", type=int, default=8000)
    parser.add_argument("--town", default="Town01")
    parser.add_argument("--vehicles", type=int, default=30)
    parser.add_argument("--walkers", type=int, default=20)
    parser.add_argument("--ticks", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def spawn_vehicles(client, world, count, tm_port, rng):
    blueprints = [b for b in world.get_blueprint_library().filter("vehicle.*") if b.get_attribute("base_type") == "car"]
    points = world.get_map().get_spawn_points()
    rng.shuffle(points)
    batch = []
    for point in points[:count]:
        blueprint = rng.choice(sorted(blueprints, key=lambda b: b.id))
        if blueprint.has_attribute("color"):
            blueprint.set_attribute("color", rng.choice(blueprint.get_attribute("color").recommended_values))
        blueprint.set_attribute("role_name", "autopilot")
        autopilot = carla.command.SetAutopilot(carla.command.FutureActor, True, tm_port)
        batch.append(carla.command.SpawnActor(blueprint, point).then(autopilot))
    return [answer.actor_id for answer in client.apply_batch_sync(batch, True) if not answer.error]


def spawn_walkers(client, world, count, rng):
    blueprints = sorted(world.get_blueprint_library().filter("walker.pedestrian.*"), key=lambda b: b.id)
    world.set_pedestrians_cross_factor(0.1)
    batch, speeds = [], []
    for _ in range(count):
        place = world.get_random_location_from_navigation()
        if place is None:
            continue
        place.z += 1.0
        blueprint = rng.choice(blueprints)
        if blueprint.has_attribute("is_invincible"):
            blueprint.set_attribute("is_invincible", "false")
        speeds.append(float(blueprint.get_attribute("speed").recommended_values[1]))
        batch.append(carla.command.SpawnActor(blueprint, carla.Transform(place)))
    answers = client.apply_batch_sync(batch, True)
    walkers = [(a.actor_id, speed) for a, speed in zip(answers, speeds, strict=True) if not a.error]
    controller = world.get_blueprint_library().find("controller.ai.walker")
    batch = [carla.command.SpawnActor(controller, carla.Transform(), walker) for walker, _ in walkers]
    controllers = [answer.actor_id for answer in client.apply_batch_sync(batch, True) if not answer.error]
    world.tick()
    for number, (_, speed) in zip(controllers, walkers, strict=True):
        ai = world.get_actor(number)
        ai.start()
        ai.go_to_location(world.get_random_location_from_navigation())
        ai.set_max_speed(speed)
    return [walker for walker, _ in walkers], controllers


def main() -> int:
    args = parse()
    rng = random.Random(args.seed)
    client = carla.Client(args.host, args.port, worker_threads=8)
    client.set_timeout(60.0)
    world = client.load_world(args.town)
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, DELTA_S
    world.apply_settings(settings)
    manager = client.get_trafficmanager(args.tm_port)
    manager.set_synchronous_mode(True)
    manager.set_random_device_seed(args.seed)
    manager.set_global_distance_to_leading_vehicle(2.5)
    world.set_pedestrians_seed(args.seed)
    vehicles = walkers = controllers = []
    try:
        vehicles = spawn_vehicles(client, world, args.vehicles, args.tm_port, rng)
        walkers, controllers = spawn_walkers(client, world, args.walkers, rng)
        town = world.get_map()
        driven = dict.fromkeys(vehicles + walkers, 0.0)
        off_road = 0
        last = {}
        for tick in range(args.ticks):
            world.tick()
            snapshot = world.get_snapshot()
            for number in driven:
                seen = snapshot.find(number)
                if seen is None:
                    continue
                here = seen.get_transform().location
                if number in last:
                    driven[number] += here.distance(last[number])
                last[number] = here
            if tick % 100 == 99:
                for number in vehicles:
                    seen = snapshot.find(number)
                    if seen is not None:
                        here = seen.get_transform().location
                        lane = town.get_waypoint(here)
                        off_road += lane.transform.location.distance(here) > 0.5 * lane.lane_width + 1.0
        alive = {actor.id for actor in world.get_actors()}
        summary = {
            "town": town.name.split("/")[-1],
            "vehicles": len(vehicles),
            "vehicles_left": sum(number in alive for number in vehicles),
            "vehicles_moved": sum(driven[number] > 10.0 for number in vehicles),
            "vehicle_km": sum(driven[number] for number in vehicles) / 1000.0,
            "walkers": len(walkers),
            "walkers_moved": sum(driven[number] > 2.0 for number in walkers),
            "off_road_sightings": off_road,
        }
        print(json.dumps(summary), flush=True)
    finally:
        for number in controllers:
            ai = world.get_actor(number)
            if ai is not None:
                ai.stop()
        client.apply_batch_sync([carla.command.DestroyActor(n) for n in controllers + walkers + vehicles], True)
        manager.set_synchronous_mode(False)
        manager.shut_down()
        settings.synchronous_mode, settings.fixed_delta_seconds = False, None
        world.apply_settings(settings)
    return 0


if __name__ == "__main__":
    sys.exit(main())
