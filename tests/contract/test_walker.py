"""``carla.Walker`` and ``carla.WalkerAIController``."""

from __future__ import annotations

import carla
import pytest

from tests.contract.driving import Spawn, ahead_of, run, speed_of


@pytest.fixture
def walker(spawn: Spawn, world: carla.World, street: carla.Transform) -> carla.Walker:
    person = spawn("walker.pedestrian.0001", ahead_of(street, 5.0, up=0.7))
    run(world, 1.0)
    return person


def test_walking(world: carla.World, walker: carla.Walker, street: carla.Transform) -> None:
    before = walker.get_location()
    walker.apply_control(carla.WalkerControl(street.get_forward_vector(), 1.5, False))
    run(world, 3.0)
    gone = walker.get_location() - before
    assert gone.dot(street.get_forward_vector()) == pytest.approx(4.5, abs=0.8)
    assert walker.get_control().speed == pytest.approx(1.5)
    walker.apply_control(carla.WalkerControl(street.get_forward_vector(), 0.0, False))
    run(world, 1.0)
    assert speed_of(walker) < 0.1


def test_jumping(world: carla.World, walker: carla.Walker) -> None:
    standing = walker.get_location().z
    walker.apply_control(carla.WalkerControl(carla.Vector3D(1.0, 0.0, 0.0), 0.0, True))
    heights = []
    for _ in range(30):
        world.tick()
        heights.append(walker.get_location().z)
    assert max(heights) > standing + 0.15
    walker.apply_control(carla.WalkerControl(carla.Vector3D(1.0, 0.0, 0.0), 0.0, False))
    run(world, 1.5)
    assert walker.get_location().z == pytest.approx(standing, abs=0.05)


def test_bones_are_read_and_set(world: carla.World, walker: carla.Walker) -> None:
    bones = walker.get_bones().bone_transforms
    names = [bone.name for bone in bones]
    assert "crl_hips__C" in names
    height = 2.0 * walker.bounding_box.extent.z
    assert all(bone.world.location.distance(walker.get_location()) < height for bone in bones)
    pose = carla.WalkerBoneControlIn()
    pose.bone_transforms = [("crl_arm__R", carla.Transform(carla.Location(), carla.Rotation(yaw=80.0)))]
    walker.set_bones(pose)
    walker.blend_pose(1.0)
    walker.show_pose()
    run(world, 0.2)
    assert len(walker.get_bones().bone_transforms) == len(bones)
    walker.hide_pose()
    walker.get_pose_from_animation()
    world.tick()


def test_people_walk_by_themselves(world: carla.World, spawn: Spawn) -> None:
    world.set_pedestrians_seed(3)
    start = world.get_random_location_from_navigation()
    start.z += 1.0
    person = spawn("walker.pedestrian.0002", carla.Transform(start))
    controller = spawn("controller.ai.walker", carla.Transform(), attach_to=person)
    controller.start()
    goal = world.get_random_location_from_navigation()
    controller.go_to_location(goal)
    controller.set_max_speed(1.4)
    run(world, 1.0)
    before = person.get_location()
    run(world, 6.0)
    assert person.get_location().distance(before) > 2.0
    assert speed_of(person) < 2.0
    controller.stop()
    world.tick()
