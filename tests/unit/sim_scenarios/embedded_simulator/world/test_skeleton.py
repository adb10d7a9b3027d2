"""Bones against the drawn limbs, against each other, and against rotations done in another way."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.world import bones, skeleton
from sim_scenarios.embedded_simulator.world.actors import Walker
from sim_scenarios.embedded_simulator.world.controls import WalkerControl
from sim_scenarios.embedded_simulator.world.description import ActorDescription
from sim_scenarios.embedded_simulator.world.gait import Limb, Manner, gait
from sim_scenarios.embedded_simulator.world.geometry import compose, rotation_matrix
from sim_scenarios.embedded_simulator.world.skeleton import BONE_INDEX, BONES, BonePose
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector
from sim_scenarios.embedded_simulator.world.world import World

angles = st.builds(Rotation, st.floats(-89, 89), st.floats(-179, 179), st.floats(-179, 179))


@pytest.fixture
def walker(world: World) -> Walker:
    pose = Pose(Vector(30.0, 5.0, 1.05), Rotation(0.0, 70.0, 0.0))
    actor = world.spawn(ActorDescription(uid=1, id="walker.pedestrian.0002"), pose)
    assert isinstance(actor, Walker)
    actor.control = WalkerControl(direction=Vector(1.0, 0.3, 0.0), speed=1.4)
    for _ in range(17):
        world.tick()
    return actor


def of(name: str, pose: BonePose) -> NDArray[np.float64]:
    return np.asarray(pose.locations[BONE_INDEX[name]])


def test_the_tree_of_carla() -> None:
    assert len(BONES) == 66
    assert len(BONE_INDEX) == 66
    assert all(bone.parent < number for number, bone in enumerate(BONES)), "parents come first"
    parents = {bone.name: BONES[bone.parent].name for bone in BONES[1:]}
    assert parents["crl_handIndexEnd__R"] == "crl_handIndex02__R"
    assert parents["crl_handThumb__L"] == "crl_hand__L"
    assert parents["crl_thigh__L"] == "crl_hips__C"
    assert parents["crl_eye__R"] == "crl_Head__C"


def test_who_stands_has_bones_where_the_table_says() -> None:
    standing = gait(np.zeros(1), np.zeros(1), np.full(1, 2.0), np.full(1, Manner.STRAIGHT))
    pose = skeleton.component_pose(skeleton.walking_pose(standing, height_m=2.0), height_m=2.0)
    places = 2.0 * np.array([bone.place for bone in BONES])
    np.testing.assert_allclose(pose.locations, places - [0.0, 0.0, 1.0], atol=1e-12)


def test_a_walkers_lower_toe_is_on_the_ground_and_left_is_left(walker: Walker) -> None:
    component = bones.component_bones(walker)
    lower = min(of("crl_foot__L", component)[2], of("crl_foot__R", component)[2])
    assert lower == pytest.approx(-0.9 + 0.04 * 1.8, abs=0.03)
    for bone in BONES:
        if bone.name.endswith("__L"):
            assert of(bone.name, component)[1] < 0.0
    assert abs(of("crl_foot__L", component)[0] - of("crl_foot__R", component)[0]) > 0.1


def test_world_is_the_actors_pose_after_component(walker: Walker) -> None:
    component, world = bones.poses(bones.component_bones(walker)), bones.poses(bones.world_bones(walker))
    for one, other in zip(component, world, strict=True):
        expected = compose(walker.pose, one)
        assert other.location == pytest.approx(expected.location, abs=1e-9)
        assert other.rotation == pytest.approx(expected.rotation, abs=1e-6)


def test_component_is_the_parents_pose_after_relative(walker: Walker) -> None:
    component, relative = (bones.poses(f(walker)) for f in (bones.component_bones, bones.relative_bones))
    for number, bone in enumerate(BONES):
        if bone.parent >= 0:
            expected = compose(component[bone.parent], relative[number])
            assert component[number].location == pytest.approx(expected.location, abs=1e-9)


@given(rotation=angles)
def test_angles_and_matrices_go_there_and_back(rotation: Rotation) -> None:
    matrix = np.array([rotation_matrix(rotation)])
    (pose,) = bones.poses(BonePose(rotations=matrix, locations=np.zeros((1, 3))))
    np.testing.assert_allclose(rotation_matrix(pose.rotation), matrix[0], atol=1e-6)


def test_straight_up_has_an_angle_too() -> None:
    matrix = np.array([rotation_matrix(Rotation(90.0, 30.0, 0.0))])
    (pose,) = bones.poses(BonePose(rotations=matrix, locations=np.zeros((1, 3))))
    np.testing.assert_allclose(rotation_matrix(pose.rotation), matrix[0], atol=1e-9)


def turned(yaw: float) -> BonePose:
    return BonePose(rotations=np.array([rotation_matrix(Rotation(yaw=yaw))]), locations=np.zeros((1, 3)))


@given(yaw=st.floats(-179, 179), share=st.floats(0, 1))
def test_blending_turns_evenly_about_one_axis(yaw: float, share: float) -> None:
    part = skeleton.blended(turned(20.0), turned(20.0 + yaw), share)
    np.testing.assert_allclose(part.rotations[0], rotation_matrix(Rotation(yaw=20.0 + share * yaw)), atol=1e-6)


def test_half_of_a_half_turn_is_a_quarter_turn() -> None:
    part = skeleton.blended(turned(20.0), turned(200.0), 0.5).rotations[0]
    assert abs(part[1, 0] * np.cos(np.radians(20.0)) - part[0, 0] * np.sin(np.radians(20.0))) == pytest.approx(1.0)
    np.testing.assert_allclose(part @ part.T, np.eye(3), atol=1e-12)


def test_a_set_pose_shows_as_far_as_it_is_blended_in(world: World, walker: Walker) -> None:
    before = bones.animated_bones(walker)
    raised = Pose(Vector(*of("crl_arm__L", before)), Rotation(pitch=90.0))
    bones.set_bones(walker, {"crl_arm__L": raised, "no_such_bone": Pose()})
    assert bones.posture(walker) is None, "kept, not shown"
    walker.pose_blend = 1.0
    hand, elbow = (of(f"crl_{name}__L", bones.component_bones(walker)) for name in ("hand", "foreArm"))
    shoulder = of("crl_arm__L", bones.component_bones(walker))
    assert hand[0] > elbow[0] > shoulder[0] + 0.25, "the arm points forward"
    posture = bones.posture(walker)
    assert posture is not None
    np.testing.assert_allclose(posture[Limb.LEFT_ARM], rotation_matrix(Rotation(pitch=90.0)), atol=1e-9)
    shown = world.tick().snapshot.actors[0].posture
    assert shown is not None
    np.testing.assert_allclose(shown, posture, atol=1e-9)
    walker.pose_blend = 0.5
    halfway = bones.component_bones(walker)
    assert of("crl_hand__L", halfway)[0] < hand[0]


def test_the_pose_is_a_picture_of_the_gait(world: World, walker: Walker) -> None:
    walker.set_pose, walker.pose_blend = bones.animated_bones(walker), 1.0
    frozen = bones.component_bones(walker).locations
    for _ in range(5):
        world.tick()
    np.testing.assert_array_equal(bones.component_bones(walker).locations, frozen)
    walker.pose_blend = 0.0
    assert np.abs(bones.component_bones(walker).locations - frozen).max() > 0.05


def test_the_gait_as_a_posture_is_the_gait(walker: Walker) -> None:
    walk = gait(
        np.array([walker.gait_phase]), np.array([walker.gait_speed]), np.array([1.8]), np.array([walker.manner])
    )
    turned = skeleton.limb_rotations(bones.component_bones(walker))
    for limb in Limb:
        angle = walk.angles[0, limb]
        expected = rotation_matrix(Rotation(pitch=-math.degrees(angle)))
        np.testing.assert_allclose(turned[limb], expected, atol=1e-9)
