"""Modes of the server as the unmodified carla client sees them; one function a topic.

Run as ``python mode_checks.py PORT CHECK``, each in a process of its own; ``test_modes.py`` runs them. Each begins with
a new episode and default settings, whatever the one before left behind.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import carla

DELTA_S = 0.05
TOWN = "Town10HD"


def connect(port: int) -> carla.Client:
    client = carla.Client("127.0.0.1", port, worker_threads=8)
    client.set_timeout(20.0)
    return client


def apply(world: carla.World, **changes: Any) -> int:
    settings = world.get_settings()
    for name, value in changes.items():
        setattr(settings, name, value)
    return int(world.apply_settings(settings))


def synchronous(world: carla.World) -> None:
    apply(world, synchronous_mode=True, fixed_delta_seconds=DELTA_S)


def until(condition: Callable[[], Any], at_most_s: float = 10.0) -> bool:
    deadline = time.monotonic() + at_most_s
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return bool(condition())


def frames_until(messages: queue.Queue[int], frame: int) -> list[int]:
    """Frames that a sensor measured, up to one that must come; the client ticks by itself in ``apply_settings``."""
    frames = [messages.get(timeout=60)]
    while frames[-1] < frame:
        frames.append(messages.get(timeout=10))
    assert frames[-1] == frame
    return frames


# --- time -----------------------------------------------------------------------------------------------------------


def check_asynchronous(port: int) -> None:
    world = connect(port).load_world(TOWN)
    start = world.wait_for_tick()
    began = time.monotonic()
    while (last := world.wait_for_tick()).elapsed_seconds - start.elapsed_seconds < 1.0:
        assert last.delta_seconds == world.get_snapshot().delta_seconds
    assert 0.5 < time.monotonic() - began < 6.0  # in real time, on a machine that may be busy
    apply(world, fixed_delta_seconds=0.1)
    first, second = world.wait_for_tick(), world.wait_for_tick()
    assert abs(second.delta_seconds - 0.1) < 1e-6
    assert second.frame > first.frame
    assert abs(second.elapsed_seconds - first.elapsed_seconds - 0.1 * (second.frame - first.frame)) < 1e-4


def check_tick_callbacks(port: int) -> None:
    world = connect(port).load_world(TOWN)
    synchronous(world)
    seen: list[int] = []
    number = world.on_tick(lambda snapshot: seen.append(snapshot.frame))
    frames = [world.tick() for _ in range(3)]
    assert until(lambda: seen[-3:] == frames)
    world.remove_on_tick(number)
    world.tick()
    assert until(lambda: world.get_snapshot().frame == frames[-1] + 1)
    assert seen[-1] == frames[-1]
    # Waiting is for another thread to end.
    waited: list[int] = []
    waiter = threading.Thread(target=lambda: waited.append(world.wait_for_tick(10.0).frame))
    waiter.start()
    time.sleep(0.2)
    world.tick()
    waiter.join(10.0)
    assert waited == [frames[-1] + 2]


# --- settings -------------------------------------------------------------------------------------------------------


def check_settings(port: int) -> None:
    client = connect(port)
    assert client.get_client_version() == client.get_server_version() == "0.9.16"
    world = client.load_world(TOWN)
    wanted = {
        "synchronous_mode": True, "fixed_delta_seconds": 0.05, "substepping": True, "max_substep_delta_time": 0.005,
        "max_substeps": 12, "max_culling_distance": 120.0, "deterministic_ragdolls": True,
        "tile_stream_distance": 1234.0, "actor_active_distance": 987.0, "spectator_as_ego": False,
    }  # fmt: skip
    frame = apply(world, **wanted)
    assert frame <= world.get_snapshot().frame
    echoed = connect(port).get_world().get_settings()
    for name, value in wanted.items():
        told = getattr(echoed, name)
        assert told == value if isinstance(value, (bool, int)) else abs(told - value) < 1e-9, name
    # What Unreal could not step is the client's to warn about (Simulator::SetEpisodeSettings); the server takes it.
    apply(world, max_substeps=40, max_substep_delta_time=0.0001)
    assert world.get_settings().max_substeps == 40
    world = client.reload_world(False)
    assert world.get_settings().synchronous_mode
    world = client.load_world_if_different(TOWN)
    assert world is None or world.get_settings().synchronous_mode
    before = client.get_world().id
    world = client.reload_world()
    assert world.id != before
    assert not world.get_settings().synchronous_mode
    assert world.get_settings().fixed_delta_seconds is None


def check_no_rendering(port: int) -> None:
    world = connect(port).load_world(TOWN)
    synchronous(world)
    library, spot = world.get_blueprint_library(), world.get_map().get_spawn_points()[0]
    heard: dict[str, queue.Queue[int]] = {}
    sensors = []
    for kind in ("camera.rgb", "camera.depth", "lidar.ray_cast", "other.gnss", "other.imu"):
        blueprint = library.find(f"sensor.{kind}")
        if kind.startswith("camera"):
            blueprint.set_attribute("image_size_x", "64")
            blueprint.set_attribute("image_size_y", "36")
        sensors.append(world.spawn_actor(blueprint, spot))
        heard[kind] = queue.Queue()
        sensors[-1].listen(lambda data, kind=kind: heard[kind].put(data.frame))
    frame = world.tick()
    assert all(frames_until(messages, frame) for messages in heard.values())
    apply(world, no_rendering_mode=True)
    unseen = world.tick()
    for kind, messages in heard.items():
        if not kind.startswith("camera"):
            frames_until(messages, unseen)
    apply(world, no_rendering_mode=False)
    frame = world.tick()
    for kind, messages in heard.items():
        frames = frames_until(messages, frame)
        assert not (kind.startswith("camera") and unseen in frames)
    for sensor in sensors:
        sensor.stop()
        sensor.destroy()


# --- several clients ------------------------------------------------------------------------------------------------


def check_two_clients(port: int) -> None:
    first, second = connect(port), connect(port)
    world = first.load_world(TOWN)
    synchronous(world)
    spots = world.get_map().get_spawn_points()
    car = world.spawn_actor(world.get_blueprint_library().find("vehicle.tesla.model3"), spots[0])
    frame = world.tick()
    other = second.get_world()
    assert other.id == world.id
    assert until(lambda: other.get_snapshot().frame == frame)  # without another tick
    assert [actor.id for actor in other.get_actors([car.id])] == [car.id]
    mine = other.spawn_actor(other.get_blueprint_library().find("vehicle.audi.tt"), spots[5])
    other.get_actor(car.id).apply_control(carla.VehicleControl(throttle=1.0))
    frame = world.tick()
    assert until(lambda: other.get_snapshot().frame == frame)
    assert until(lambda: car.get_control().throttle == 1.0 or world.tick() < 0, 2.0)
    assert {actor.id for actor in world.get_actors().filter("vehicle.*")} == {car.id, mine.id}
    assert other.get_settings().synchronous_mode
    spectator = world.get_spectator()
    spectator.set_transform(carla.Transform(carla.Location(1.0, 2.0, 30.0), carla.Rotation(yaw=90.0)))
    world.get_actors()  # an answer, so that what was sent before it has been done
    frame = world.tick()
    assert until(lambda: other.get_snapshot().frame == frame)
    assert abs(other.get_spectator().get_transform().rotation.yaw - 90.0) < 1e-3


def die(port: int) -> None:
    """Leaves synchronous mode, two cars and a camera behind."""
    world = connect(port).get_world()
    synchronous(world)
    library, spots = world.get_blueprint_library(), world.get_map().get_spawn_points()
    cars = [world.spawn_actor(library.find("vehicle.tesla.model3"), spots[number]) for number in (3, 9)]
    camera = world.spawn_actor(library.find("sensor.camera.rgb"), carla.Transform(carla.Location(z=2.0)), cars[0])
    camera.listen(lambda image: None)
    for _ in range(3):
        world.tick()
    print(*(actor.id for actor in (*cars, camera)), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


def check_one_dies(port: int) -> None:
    stayed = connect(port)
    world = stayed.load_world(TOWN)
    victim = subprocess.run(
        [sys.executable, __file__, str(port), "die"], stdout=subprocess.PIPE, text=True, timeout=60, check=False
    )
    assert victim.returncode == -signal.SIGKILL
    left = set(map(int, victim.stdout.split()))
    assert len(left) == 3
    # Who stayed goes on, in the mode that the other chose.
    assert world.get_settings().synchronous_mode
    frame = world.get_snapshot().frame
    time.sleep(0.3)
    assert world.get_snapshot().frame == frame
    assert world.tick() == frame + 1
    assert left <= {actor.id for actor in world.get_actors()}
    # So does who comes, and may undo it.
    later = connect(port).get_world()
    apply(later, synchronous_mode=False, fixed_delta_seconds=None)
    assert later.wait_for_tick().frame > frame
    assert left <= {actor.id for actor in later.get_actors()}
    assert all(actor.destroy() for actor in later.get_actors(sorted(left)))
    later.wait_for_tick()
    later.wait_for_tick()
    assert not left & {actor.id for actor in later.get_actors()}


# --- odds and ends --------------------------------------------------------------------------------------------------


def check_odds_and_ends(port: int) -> None:
    client = connect(port)
    world = client.load_world(TOWN)
    synchronous(world)
    assert abs(world.get_imui_sensor_gravity() - 9.81) < 1e-5
    world.set_imui_sensor_gravity(3.0)
    assert abs(world.get_imui_sensor_gravity() - 3.0) < 1e-5
    town = world.get_map()
    assert town.name == f"Carla/Maps/{TOWN}"
    assert f"/Game/Carla/Maps/{TOWN}_Opt" in client.get_available_maps()
    library, spots = world.get_blueprint_library(), town.get_spawn_points()
    cars = [world.spawn_actor(library.find("vehicle.tesla.model3"), spots[number]) for number in (0, 4)]
    world.tick()
    cars[0].set_light_state(carla.VehicleLightState(carla.VehicleLightState.Fog))
    world.tick()
    assert world.get_vehicles_light_states() == {
        cars[0].id: carla.VehicleLightState.Fog, cars[1].id: carla.VehicleLightState.NONE
    }  # fmt: skip
    assert {actor.id for actor in world.get_actors([cars[0].id, 10**6])} == {cars[0].id}
    assert world.get_actor(10**6) is None
    for _ in range(5):
        place = world.get_random_location_from_navigation()
        assert place is not None
        lane = town.get_waypoint(place, lane_type=carla.LaneType.Any)
        assert lane is not None
        assert place.distance(lane.transform.location) < 60.0
    here = spots[0].location
    geo = town.transform_to_geolocation(here)
    back = town.geolocation_to_transform(geo) if hasattr(town, "geolocation_to_transform") else here
    assert here.distance(back) < 0.5
    assert len(town.get_topology()) > 20
    assert len(town.generate_waypoints(10.0)) > 200
    assert town.get_crosswalks()
    waypoint = town.get_waypoint(here)
    assert town.get_waypoint_xodr(waypoint.road_id, waypoint.lane_id, waypoint.s).transform.location.distance(
        waypoint.transform.location
    ) < 0.1  # fmt: skip
    assert "OpenDRIVE" in town.to_opendrive()


CHECKS = {name.removeprefix("check_"): check for name, check in globals().items() if name.startswith("check_")}

if __name__ == "__main__":
    (die if sys.argv[2] == "die" else CHECKS[sys.argv[2]])(int(sys.argv[1]))
