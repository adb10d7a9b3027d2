"""What the unmodified carla client must be able to do with walkers, in Town02; one function a topic.

Run as ``python walker_client_checks.py PORT CHECK`` by ``test_walkers.py``, as ``simulator_client_checks.py`` is.
"""

from __future__ import annotations

import hashlib
import math
import os
import queue
import struct
import sys
from collections.abc import Callable
from typing import Any

import carla
import numpy as np

DELTA_S = 0.05


def fresh_world(port: int) -> carla.World:
    """An empty world in synchronous mode."""
    # Eight threads: with as many sensor callbacks waiting for Python's lock as there are threads, no snapshot is read.
    client = carla.Client("127.0.0.1", port, worker_threads=8)
    client.set_timeout(20.0)
    world = client.reload_world()
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, DELTA_S
    world.apply_settings(settings)
    world.tick()
    return world


def run(world: carla.World, ticks: int) -> None:
    for _ in range(ticks):
        world.tick()


def spawn(world: carla.World, number: int, place: Any, **attributes: str) -> Any:
    blueprint = world.get_blueprint_library().find(f"walker.pedestrian.{number:04d}")
    for name, value in attributes.items():
        blueprint.set_attribute(name, value)
    return world.spawn_actor(blueprint, carla.Transform(place + carla.Location(z=1.0)))


def sidewalk(world: carla.World) -> Any:
    world.set_pedestrians_seed(2)
    return world.get_random_location_from_navigation()


def send(world: carla.World, walker: Any, goal: Any, speed: float) -> Any:
    """A controller that takes the walker to a goal."""
    blueprint = world.get_blueprint_library().find("controller.ai.walker")
    controller = world.spawn_actor(blueprint, carla.Transform(), walker)
    world.tick()
    controller.start()
    controller.go_to_location(goal)
    controller.set_max_speed(speed)
    return controller


def flat_distance(a: Any, b: Any) -> float:
    return math.hypot(a.x - b.x, a.y - b.y)


def close(a: Any, b: Any, tolerance: float = 1e-3) -> bool:
    """Whether two transforms have the same place."""
    return bool(a.location.distance(b.location) < tolerance)


# --- what there is --------------------------------------------------------------------------------------------------


def check_catalogue(port: int) -> None:
    library = fresh_world(port).get_blueprint_library()
    walkers = list(library.filter("walker.pedestrian.*"))
    assert len(walkers) == 52
    assert len(library.filter("*pedestrian.00*")) == 52
    assert {walker.get_attribute("age").as_str() for walker in walkers} == {"adult", "child", "teenager"}
    in_wheelchairs = [w for w in walkers if w.get_attribute("can_use_wheelchair").as_bool()]
    assert len(in_wheelchairs) == 36
    in_wheelchairs[0].set_attribute("use_wheelchair", "true")
    for walker in walkers:
        assert walker.get_attribute("is_invincible").as_bool()
        standing, walking, running = (float(speed) for speed in walker.get_attribute("speed").recommended_values)
        assert standing == 0.0 < walking < running


def check_jump(port: int) -> None:
    world = fresh_world(port)
    walker = spawn(world, 3, sidewalk(world))
    run(world, 20)
    ground = walker.get_location().z
    walker.apply_control(carla.WalkerControl(speed=0.0, jump=True))
    world.tick()
    assert walker.get_control().jump
    walker.apply_control(carla.WalkerControl())
    heights = []
    for _ in range(25):
        world.tick()
        heights.append(walker.get_location().z - ground)
    assert 0.8 < max(heights) < 1.1
    assert abs(heights[-1]) < 1e-3


def check_death(port: int) -> None:
    world = fresh_world(port)
    pose = world.get_map().get_spawn_points()[5]
    ahead = pose.location + 8.0 * pose.get_forward_vector()
    walker = spawn(world, 4, ahead, is_invincible="false")
    car = world.spawn_actor(world.get_blueprint_library().find("vehicle.tesla.model3"), pose)
    run(world, 20)
    car.set_target_velocity(10.0 * pose.get_forward_vector())
    run(world, 40)
    assert abs(walker.get_transform().rotation.pitch) > 80.0
    assert walker.get_location().z - pose.location.z < 0.4
    assert walker.is_alive  # the actor is still there, as with CARLA
    run(world, 220)
    assert world.get_actors().find(walker.id) is None


# --- bones ----------------------------------------------------------------------------------------------------------


def check_bones(port: int) -> None:
    world = fresh_world(port)
    walker = spawn(world, 2, sidewalk(world))
    walker.apply_control(carla.WalkerControl(direction=carla.Vector3D(1.0, 0.0, 0.0), speed=1.4))
    run(world, 20)
    walker.apply_control(carla.WalkerControl())
    run(world, 10)
    pose = walker.get_transform()
    names = walker.get_bone_names()
    taken = walker.get_bones()  # kept: its list does not outlive it
    bones = list(taken.bone_transforms)
    assert [bone.name for bone in bones] == names == walker.get_socket_names()
    assert len(names) == 66
    by_name = {bone.name: bone for bone in bones}
    for bone in bones:
        assert placed(pose, bone.component.location).distance(bone.world.location) < 1e-3, bone.name
    assert all(map(close, walker.get_bone_world_transforms(), [bone.world for bone in bones]))
    mesh = walker.get_component_world_transform("CharacterMesh0")
    assert walker.get_component_names()[0] == "CollisionCylinder"
    assert close(walker.get_component_relative_transform("CollisionCylinder"), carla.Transform())
    for relative, bone in zip(walker.get_bone_relative_transforms(), bones, strict=True):
        assert placed(mesh, relative.location).distance(bone.world.location) < 1e-3
    ground = ground_under(world, walker)
    head, foot = (by_name[name].world.location for name in ("crl_Head__C", "crl_foot__L"))
    assert abs(head.z - ground - 0.89 * 1.80) < 0.03
    assert abs(foot.z - ground - 0.04 * 1.80) < 0.03

    walking, arm = by_name["crl_hand__R"].component.location.x, by_name["crl_arm__R"].relative
    control = carla.WalkerBoneControlIn()
    raised = carla.Transform(arm.location, carla.Rotation(pitch=90.0))
    control.bone_transforms = [("crl_arm__R", raised)]
    hidden = picture(world, pose)
    walker.set_bones(control)
    assert abs(forward_of_hand(walker) - walking) < 1e-3, "kept, not shown"
    walker.show_pose()
    shown = forward_of_hand(walker)
    assert shown > walking + 0.4
    assert (picture(world, pose) != hidden).any()
    walker.blend_pose(0.5)
    assert walking + 0.2 < forward_of_hand(walker) < shown - 0.05
    walker.hide_pose()
    assert abs(forward_of_hand(walker) - walking) < 1e-3
    np.testing.assert_array_equal(picture(world, pose), hidden)
    walker.get_pose_from_animation()
    walker.show_pose()
    assert abs(forward_of_hand(walker) - walking) < 1e-3


def placed(pose: Any, place: Any) -> Any:
    """A place in the frame of ``pose`` in the world; ``carla.Transform.transform`` changes what it is given."""
    return pose.transform(carla.Location(place.x, place.y, place.z))


def forward_of_hand(walker: Any) -> float:
    """How far the right hand is before the actor's middle [m]."""
    taken = walker.get_bones()
    (bone,) = (bone for bone in taken.bone_transforms if bone.name == "crl_hand__R")
    return float(bone.component.location.x)


def picture(world: carla.World, pose: Any) -> Any:
    """What a camera at a walker's right sees of it: (60, 80) labels."""
    place = placed(pose, carla.Location(y=3.0))
    side = carla.Transform(place, carla.Rotation(yaw=pose.rotation.yaw - 90.0))
    blueprint = world.get_blueprint_library().find("sensor.camera.semantic_segmentation")
    blueprint.set_attribute("image_size_x", "80")
    blueprint.set_attribute("image_size_y", "60")
    camera = world.spawn_actor(blueprint, side)
    images: queue.Queue[Any] = queue.Queue()
    camera.listen(images.put)
    world.tick()
    image = images.get(timeout=20)
    camera.stop()
    camera.destroy()
    return np.frombuffer(image.raw_data, np.uint8).reshape(60, 80, 4)[..., 2].copy()


# --- the client's navigation ----------------------------------------------------------------------------------------


def check_navigation(port: int) -> None:
    world = fresh_world(port)
    start = sidewalk(world)
    near = sorted(
        (world.get_random_location_from_navigation() for _ in range(400)), key=lambda place: flat_distance(start, place)
    )
    goal = next(place for place in near if flat_distance(start, place) > 8.0)
    walker = spawn(world, 1, start)
    controller = send(world, walker, goal, 1.2)
    fastest = 0.0
    for _ in range(400):
        world.tick()
        velocity = walker.get_velocity()
        fastest = max(fastest, math.hypot(velocity.x, velocity.y))
        feet = walker.get_location().z - walker.bounding_box.extent.z
        assert abs(feet - ground_under(world, walker)) < 0.16
        if flat_distance(walker.get_location(), goal) < 1.0:
            break
    else:
        raise AssertionError(f"not at its goal: {walker.get_location()}, {goal}")
    assert 1.0 < fastest < 1.3
    controller.stop()
    run(world, 3)
    still = walker.get_location()
    run(world, 20)
    assert flat_distance(walker.get_location(), still) < 0.05
    controller.destroy()


def check_crossing_factor(port: int) -> None:
    world = fresh_world(port)
    here, there = across_a_street(world.get_map())
    reached = {}
    for factor in (0.0, 1.0):
        world.set_pedestrians_cross_factor(factor)
        walker = spawn(world, 1, here)
        controller = send(world, walker, there, 2.0)
        nearest = math.inf  # who has arrived goes on to somewhere else
        for _ in range(200):
            world.tick()
            nearest = min(nearest, flat_distance(walker.get_location(), there))
        reached[factor] = nearest < 1.5
        controller.stop()
        controller.destroy()
        walker.destroy()
        world.tick()
    assert reached == {0.0: False, 1.0: True}


def ground_under(world: carla.World, walker: Any) -> float:
    """Height of what is under a walker's feet [m]; a ray from above meets the walker itself first."""
    place = walker.get_location()
    points = world.cast_ray(place, carla.Location(place.x, place.y, place.z - 5.0))
    return float(min(point.location.z for point in points))


def across_a_street(town: carla.Map) -> tuple[Any, Any]:
    """Two places on the sidewalks of a street, in the middle of the longest one."""
    lengths: dict[int, float] = {}
    for point in town.generate_waypoints(2.0):
        if not point.is_junction:
            lengths[point.road_id] = max(point.s, lengths.get(point.road_id, 0.0))
    road, length = max(lengths.items(), key=lambda item: item[1])
    lanes = (town.get_waypoint_xodr(road, lane, length / 2.0) for lane in range(-8, 9))
    here, there = (
        lane.transform.location for lane in lanes if lane is not None and lane.lane_type == carla.LaneType.Sidewalk
    )
    return here, there


def check_seed(port: int) -> None:
    """Prints a digest of where ten walkers went, which two processes must have in common."""
    digests = [ways_of_ten(fresh_world(port), seed) for seed in (7, 7, 8)]
    assert digests[0] == digests[1] != digests[2]
    print(digests[0])


def ways_of_ten(world: carla.World, seed: int) -> str:
    world.set_pedestrians_seed(seed)
    world.set_pedestrians_cross_factor(0.3)
    starts = [world.get_random_location_from_navigation() for _ in range(10)]
    walkers = [spawn(world, number, start) for number, start in enumerate(starts, start=1)]
    controllers = [send(world, walker, world.get_random_location_from_navigation(), 1.4) for walker in walkers]
    digest = hashlib.sha256()
    for _ in range(100):
        world.tick()
        for walker in walkers:
            place = walker.get_location()
            digest.update(struct.pack("<3f", place.x, place.y, place.z))
    for controller in controllers:
        controller.stop()
        controller.destroy()
    return digest.hexdigest()


CHECKS: dict[str, Callable[[int], None]] = {
    name.removeprefix("check_"): function for name, function in list(globals().items()) if name.startswith("check_")
}


def main() -> None:
    port, name = int(sys.argv[1]), sys.argv[2]
    CHECKS[name](port)
    sys.stdout.flush()
    os._exit(0)  # the client library's threads do not always end well


if __name__ == "__main__":
    main()
