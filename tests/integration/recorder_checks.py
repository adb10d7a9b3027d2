"""Recording and replaying with the unmodified carla client: ``python recorder_checks.py PORT``.

In a process of its own, as ``simulator_client_checks.py`` and for the same reason. Prints what it found as it goes.
"""

from __future__ import annotations

import re
import sys
from typing import Any

import carla
import pytest

from tests.integration.simulator_client_checks import DELTA_S, connect, fresh_world, spawn_car, ticks_under_watch

NUM_TICKS = 60
TM_PORT = 8123
NAME = "checked.log"

Scene = list[tuple[str, tuple[float, ...]]]


def scene(world: carla.World, snapshot: carla.WorldSnapshot | None = None) -> Scene:
    """Types and poses of vehicles and walkers in the order of ids, in the bits that the stream carries."""
    snapshot = snapshot or world.get_snapshot()
    found = [world.get_actor(entry.id) for entry in sorted(snapshot, key=lambda entry: entry.id)]
    return [
        (actor.type_id, pose_values(snapshot.find(actor.id).get_transform()))
        for actor in found
        if actor is not None and actor.type_id.startswith(("vehicle.", "walker."))
    ]


def pose_values(pose: carla.Transform) -> tuple[float, ...]:
    place, turn = pose.location, pose.rotation
    return (place.x, place.y, place.z, turn.pitch, turn.yaw, turn.roll)


def vehicles(world: carla.World) -> list[Any]:
    return sorted(world.get_actors().filter("vehicle.*"), key=lambda actor: actor.id)


def record_a_drive(client: carla.Client) -> tuple[list[Scene], list[list[Any]], int]:
    """Cars of a TrafficManager, a walker, and a hero that runs into a parked car."""
    world = fresh_world(client)
    manager = client.get_trafficmanager(TM_PORT)
    manager.set_synchronous_mode(True)
    manager.set_random_device_seed(3)
    points = world.get_map().get_spawn_points()
    library = world.get_blueprint_library()
    cars = [spawn_car(world, index) for index in (2, 9, 14, 20)]
    for car in cars:
        car.set_autopilot(True, TM_PORT)
    hero_blueprint = library.find("vehicle.audi.tt")
    hero_blueprint.set_attribute("role_name", "hero")
    hero = world.spawn_actor(hero_blueprint, points[30])
    ahead = carla.Transform(points[30].location, points[30].rotation)
    ahead.location += 8.0 * points[30].get_forward_vector()
    world.spawn_actor(library.find("vehicle.nissan.micra"), ahead)
    sensor = world.spawn_actor(library.find("sensor.other.collision"), carla.Transform(), attach_to=hero)
    sensor.listen(lambda event: None)
    walker = spawn_walker(world)
    world.tick()
    path = client.start_recorder(NAME, True)
    assert path.endswith("/" + NAME), path
    scenes, lights = [scene(world)], [states(world)]
    with ticks_under_watch(world, TM_PORT) as tick:
        for _ in range(NUM_TICKS):
            hero.apply_control(carla.VehicleControl(throttle=1.0))
            walker.apply_control(carla.WalkerControl(carla.Vector3D(1.0, 0.0, 0.0), 1.2))
            tick()
            scenes.append(scene(world))
            lights.append(states(world))
    client.stop_recorder()
    sensor.stop()
    manager.shut_down()
    return scenes, lights, hero.id


def spawn_walker(world: carla.World) -> Any:
    """A walker at a place where nothing stands."""
    world.set_pedestrians_seed(5)
    blueprint = world.get_blueprint_library().find("walker.pedestrian.0001")
    for _ in range(20):
        place = carla.Transform(world.get_random_location_from_navigation() + carla.Location(z=1.0))
        walker = world.try_spawn_actor(blueprint, place)
        if walker is not None:
            return walker
    raise AssertionError("no place for a walker")


def states(world: carla.World) -> list[Any]:
    return [
        light.state for light in sorted(world.get_actors().filter("traffic.traffic_light"), key=lambda actor: actor.id)
    ]


def check_texts(client: carla.Client, hero_id: int) -> None:
    text = client.show_recorder_file_info(NAME, True)
    assert text.startswith("Version: 1\nMap: Town10HD\nDate: ")
    assert f"\nFrames: {NUM_TICKS + 1}\nDuration: {NUM_TICKS * DELTA_S:g} seconds\n" in text
    assert len(re.findall(r"^Frame \d+ at \S+ seconds$", text, re.MULTILINE)) == NUM_TICKS + 1
    assert f"Create {hero_id}: vehicle.audi.tt (1) at (" in text
    assert "  role_name = hero\n" in text
    assert len(client.show_recorder_file_info(NAME, False)) < len(text) / 5
    hit = [line for line in client.show_recorder_collisions(NAME, "h", "v").splitlines() if "nissan" in line]
    assert hit
    assert re.match(rf" +\d   v v +{hero_id} vehicle\.audi\.tt +\d+ vehicle\.nissan\.micra +$", hit[0]), hit
    assert "nissan" not in client.show_recorder_collisions(NAME, "w", "a")
    assert "vehicle.nissan.micra" not in client.show_recorder_actors_blocked(NAME, 100.0, 10.0)
    with pytest.raises(RuntimeError, match="one of the letters"):
        client.show_recorder_collisions(NAME, "x", "a")


def check_replays(client: carla.Client, scenes: list[Scene], lights: list[list[Any]], hero_id: int) -> None:
    for _ in range(2):  # a replay equals the one before, in a world that is none the worse for it
        world = fresh_world(client)
        answer = client.replay_file(NAME, 0.0, 0.0, hero_id, False)
        total_s = NUM_TICKS * DELTA_S
        assert f"Replaying from 0 s - {total_s:g} s ({total_s:g} s) at 1.0x\n" in answer
        for expected, shown in zip(scenes[1:], lights[1:], strict=True):
            world.tick()
            assert scene(world) == expected
            assert states(world) == shown
            followed = next(car for car in vehicles(world) if car.attributes.get("role_name") == "hero")
            distance_m = world.get_spectator().get_location().distance(followed.get_location())
            assert distance_m == pytest.approx(11.18, abs=0.05)
    client.stop_replayer(True)

    world = fresh_world(client)
    client.replay_file(NAME, -1.0, 0.5, 0, False)  # the half second that begins one second before the end
    for index in range(NUM_TICKS - 20 + 1, NUM_TICKS - 10 + 1):
        world.tick()
        assert scene(world) == scenes[index]
    at_end = scene(world)
    world.tick()
    assert [name for name, _ in scene(world)] == [name for name, _ in at_end]

    world = fresh_world(client)
    client.set_replayer_time_factor(2.0)
    client.replay_file(NAME, 0.0, 0.0, 0, False)
    for index in range(2, NUM_TICKS + 1, 2):
        world.tick()
        assert scene(world) == scenes[index]
    assert "at 2.0x" in client.replay_file(NAME, 0.0, 0.0, 0, False)

    world = fresh_world(client)
    assert "at 1.0x" in client.replay_file(NAME, 0.0, 0.0, 0, False)  # a replayer belongs to an episode

    world = fresh_world(client)
    client.set_replayer_ignore_hero(True)
    client.replay_file(NAME, 0.0, 0.0, 0, False)
    world.tick()
    assert scene(world) == [entry for entry in scenes[1] if entry[0] != "vehicle.audi.tt"]
    client.set_replayer_ignore_hero(False)
    client.set_replayer_ignore_spectator(True)
    client.stop_replayer(False)
    world.tick()
    assert scene(world) == []


def check_in_real_time(client: carla.Client, scenes: list[Scene]) -> None:
    """Asynchronous: the replay goes by itself and ends where the recording ended."""
    world = client.reload_world()
    arrived: list[carla.WorldSnapshot] = []
    # As they arrive: asking what the actors are may take longer than a tick, and after the end they go on.
    callback = world.on_tick(arrived.append)
    client.replay_file(NAME, -0.5, 0.0, 0, False)
    ended = False
    for _ in range(40):
        world.wait_for_tick(5.0)
        while arrived and not ended:
            ended = scene(world, arrived.pop(0)) == scenes[-1]
        if ended:
            break
    world.remove_on_tick(callback)
    assert ended


def check_refusals(client: carla.Client) -> None:
    for name in ("/tmp/elsewhere.log", "../elsewhere.log"):
        with pytest.raises(RuntimeError, match=r"outside this server's scratch folder .* --scratch"):
            client.start_recorder(name)
        with pytest.raises(RuntimeError, match="scratch folder"):
            client.replay_file(name, 0.0, 0.0, 0, False)
    assert "not found on server" in client.replay_file("nowhere.log", 0.0, 0.0, 0, False)
    assert "not found on server" in client.show_recorder_file_info("nowhere.log", False)


def main() -> None:
    client = connect(int(sys.argv[1]))
    scenes, lights, hero_id = record_a_drive(client)
    print(f"recorded {len(scenes)} frames of {len(scenes[-1])} actors", flush=True)
    check_texts(client, hero_id)
    check_replays(client, scenes, lights, hero_id)
    check_in_real_time(client, scenes)
    check_refusals(client)
    print("all is well", flush=True)


if __name__ == "__main__":
    main()
