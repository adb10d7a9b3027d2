from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.actors import (
    ActorPoser,
    limb_rotations,
    move_limbs,
    rotation_matrices,
    switch_lights,
    turn_wheels,
)
from sim_scenarios.embedded_simulator.render.mesh import Joint, Part
from sim_scenarios.embedded_simulator.render.models.walkers import walker_model
from sim_scenarios.embedded_simulator.render.scene import build_scene
from sim_scenarios.embedded_simulator.render.view import rotation_axes
from sim_scenarios.embedded_simulator.world.gait import (
    ANKLE,
    ANKLE_AHEAD,
    HEEL_BEHIND,
    HIP,
    KNEE,
    KNEE_AHEAD,
    TOE_AHEAD,
    Limb,
    Manner,
    gait,
)
from sim_scenarios.embedded_simulator.world.snapshot import Rotation, TrafficLightState, VehicleLight
from sim_scenarios.embedded_simulator.world.walker_catalogue import WALKERS


def rest_joints() -> NDArray[np.float64]:
    return np.tile(np.eye(3, 4), (1, len(Joint), 1, 1))


def column(value: float) -> NDArray[np.float64]:
    return np.array([value])


@given(pitch=st.floats(-180, 180), yaw=st.floats(-180, 180), roll=st.floats(-180, 180))
def test_matrices_agree_with_the_cameras_axes(pitch: float, yaw: float, roll: float) -> None:
    (matrix,) = rotation_matrices(np.array([[pitch, yaw, roll]]))
    np.testing.assert_allclose(matrix.T, rotation_axes(Rotation(pitch, yaw, roll)), atol=1e-12)


def test_wheels_roll_forwards_and_steer_right() -> None:
    joints = rest_joints()
    turn_wheels(joints, column(0.3 * math.pi / 2), column(0.0), column(0.3))
    # A quarter turn: the top of the wheel has come to the front.
    np.testing.assert_allclose(joints[0, Joint.REAR_WHEELS, :, :3] @ [0, 0, 1], [1, 0, 0], atol=1e-6)
    joints = rest_joints()
    turn_wheels(joints, column(0.0), column(90.0), column(0.3))
    np.testing.assert_allclose(joints[0, Joint.FRONT_WHEELS, :, :3] @ [1, 0, 0], [0, 1, 0], atol=1e-6)
    np.testing.assert_allclose(joints[0, Joint.REAR_WHEELS], np.eye(3, 4), atol=1e-6)


STRAIGHT = np.array([Manner.STRAIGHT])
PIVOTS = np.zeros((1, len(Joint), 3))
_LEFT = 1.8 * np.array([[0.0, -0.05, HIP], [KNEE_AHEAD, -0.05, KNEE], [ANKLE_AHEAD, -0.05, ANKLE]])
PIVOTS[0, [Joint.LEFT_LEG, Joint.LEFT_SHIN, Joint.LEFT_FOOT]] = _LEFT
PIVOTS[0, [Joint.RIGHT_LEG, Joint.RIGHT_SHIN, Joint.RIGHT_FOOT]] = _LEFT * [1, -1, 1]
HEEL, TOE = (1.8 * np.array([ANKLE_AHEAD + end, -0.05, 0.0]) for end in (-HEEL_BEHIND, TOE_AHEAD))


def moved(joints: NDArray[np.float64], joint: Joint, point: NDArray[np.float64]) -> NDArray[np.float64]:
    """The place of a vertex as the kernels compute it."""
    pivot = PIVOTS[0, joint]
    return np.asarray(joints[0, joint, :, :3] @ (point - pivot) + pivot + joints[0, joint, :, 3])


def test_who_stands_keeps_the_limbs_down() -> None:
    joints = rest_joints()
    move_limbs(joints, limb_rotations(gait(column(0.3), column(0.0), column(1.8), STRAIGHT), [None]), PIVOTS)
    np.testing.assert_allclose(joints, rest_joints(), atol=1e-6)


@given(
    phase=st.floats(0, 1),
    speed=st.floats(0, 1.8),
    manner=st.sampled_from([m for m in Manner if m != Manner.IN_A_WHEELCHAIR]),
)
def test_limbs_hold_together_and_the_lower_foot_is_on_the_ground(phase: float, speed: float, manner: Manner) -> None:
    joints, walk = rest_joints(), gait(column(phase), column(speed), column(1.8), np.array([manner]))
    move_limbs(joints, limb_rotations(walk, [None]), PIVOTS)
    for upper, lower in (
        (Joint.LEFT_LEG, Joint.LEFT_SHIN), (Joint.RIGHT_LEG, Joint.RIGHT_SHIN), (Joint.LEFT_SHIN, Joint.LEFT_FOOT),
        (Joint.RIGHT_SHIN, Joint.RIGHT_FOOT),
    ):  # fmt: skip
        pivot = PIVOTS[0, lower]
        np.testing.assert_allclose(moved(joints, upper, pivot), moved(joints, lower, pivot), atol=1e-9)
    soles = [moved(joints, Joint.LEFT_FOOT, end)[2] for end in (HEEL, TOE)]
    soles += [moved(joints, Joint.RIGHT_FOOT, end * [1, -1, 1])[2] for end in (HEEL, TOE)]
    assert min(soles) - walk.drop_m[0] == pytest.approx(0.0, abs=0.01)


def test_a_posture_stands_for_the_gait() -> None:
    posture = np.tile(np.eye(3), (len(Limb), 1, 1))
    below = 1.8 * np.array([KNEE_AHEAD, -0.05, 0.0])  # of the knee
    posture[Limb.LEFT_LEG] = [[0, 0, -1], [0, 1, 0], [1, 0, 0]]  # the thigh straight ahead
    joints = rest_joints()
    move_limbs(joints, limb_rotations(gait(column(0.3), column(1.4), column(1.8), STRAIGHT), [posture]), PIVOTS)
    np.testing.assert_allclose(
        moved(joints, Joint.LEFT_SHIN, below), 1.8 * np.array([HIP, -0.05, HIP + KNEE_AHEAD]), atol=1e-9
    )
    np.testing.assert_allclose(joints[0, Joint.RIGHT_LEG], np.eye(3, 4), atol=1e-9)


@pytest.mark.parametrize(
    ("lights", "part", "glows"),
    [
        (VehicleLight.NONE, Part.HEADLIGHT, False),
        (VehicleLight.POSITION, Part.HEADLIGHT, True),
        (VehicleLight.LOW_BEAM, Part.HEADLIGHT, True),
        (VehicleLight.BRAKE, Part.TAIL_LIGHT, True),
        (VehicleLight.BRAKE, Part.HEADLIGHT, False),
        (VehicleLight.REVERSE, Part.REVERSE_LIGHT, True),
        (VehicleLight.LEFT_BLINKER, Part.BLINKER_LEFT, True),
        (VehicleLight.LEFT_BLINKER, Part.BLINKER_RIGHT, False),
        (VehicleLight.SPECIAL1, Part.BEACON, True),
        (VehicleLight.HIGH_BEAM, Part.BEACON, False),
    ],
)
def test_lights_follow_the_flags(lights: VehicleLight, part: Part, glows: bool) -> None:
    glow = np.zeros(len(Part), np.float32)
    switch_lights(glow, lights, age_s=0.1)
    assert (glow[part] > 0) == glows


def test_blinkers_blink_with_simulated_time() -> None:
    states = []
    for tick in range(40):
        glow = np.zeros(len(Part), np.float32)
        switch_lights(glow, VehicleLight.RIGHT_BLINKER, age_s=0.05 * tick)
        states.append(bool(glow[Part.BLINKER_RIGHT]))
    assert {True, False} == set(states)
    assert sum(a != b for a, b in itertools.pairwise(states)) == 5  # 1.5 Hz over two seconds


def test_rows_hold_pose_identity_and_signals(stage: Any) -> None:
    scene = build_scene(stage.town(), stage.models())
    poser = ActorPoser(scene, {"walker.pedestrian.0002": 1.8})
    rows, _ = poser.pose(
        stage.snapshot(stage.car(5, 6, actor_id=70000, yaw=90), stage.walker(1, 2), signal=TrafficLightState.GREEN)
    )
    car, walker = rows[-1], rows[-2]  # ordered by id
    assert car["instance"] == 70000 & 0xFFFF
    np.testing.assert_allclose(car["rotation"] @ [1, 0, 0], [0, 1, 0], atol=1e-6)
    assert walker["origin"][2] == pytest.approx(0.9)
    signal = rows[scene.light_rows["7"]]
    assert signal["glow"][Part.SIGNAL_GREEN] == 1.0
    assert signal["glow"][Part.SIGNAL_RED] == 0.0


def test_an_actor_of_another_id_looks_the_same(stage: Any) -> None:
    """Replays spawn the actors of a drive again; number plates and seats must not change."""
    scene = build_scene(stage.town(), stage.models())
    poser = ActorPoser(scene, {"walker.pedestrian.0002": 1.8})
    drawn = []
    for first in (7, 4711):
        rows, _ = poser.pose(stage.snapshot(stage.walker(1, 2, actor_id=first), stage.car(5, 6, actor_id=first + 1)))
        drawn.append(rows[len(scene.objects) :].copy())
        drawn[-1]["instance"] = 0
    assert drawn[0].tobytes() == drawn[1].tobytes()
    assert drawn[0]["seed"][0] != drawn[0]["seed"][1]


def test_rows_of_gone_actors_are_gone(stage: Any) -> None:
    scene = build_scene(stage.town(), stage.models())
    poser = ActorPoser(scene, {"walker.pedestrian.0002": 1.8})
    many = [stage.car(5 * i, 0, actor_id=10 + i) for i in range(100)]
    rows, joints = poser.pose(stage.snapshot(*many))
    assert len(rows) == len(scene.objects) + 100
    assert len(joints) >= 1200
    rows, _ = poser.pose(stage.snapshot(many[3]))
    assert list(rows["instance"][len(scene.objects) :]) == [13]
    assert len(poser.footprints) == 1


def test_twins_pose_apart_and_know_each_others_models(stage: Any) -> None:
    scene = build_scene(stage.town(), stage.models())
    poser = ActorPoser(scene, {"walker.pedestrian.0002": 1.8})
    twin = poser.twin()
    now, then = stage.snapshot(stage.car(5, 6), stage.walker(1, 2)), stage.snapshot(stage.car(4, 6), stage.walker(1, 3))
    rows, joints = (each.copy() for each in poser.pose(now))
    num_meshes = len(scene.models.library)
    earlier, _ = twin.pose(then)
    assert len(scene.models.library) == num_meshes
    assert list(earlier["origin"][-2:, 0]) == [4.0, 1.0]
    for name in ("first_level", "num_levels", "joint_base", "instance"):
        np.testing.assert_array_equal(earlier[name], rows[name])
    again = poser.pose(now)
    np.testing.assert_array_equal(again[0], rows)
    np.testing.assert_array_equal(again[1], joints)


def test_who_sits_in_a_wheelchair_has_a_model_with_wheels_that_roll(stage: Any) -> None:
    models = replace(stage.models(), walkers=WALKERS[:2], walker=walker_model)
    poser = ActorPoser(build_scene(stage.town(), models), {spec.id: spec.height_m for spec in models.walkers})
    stands = replace(stage.walker(1, 2), blueprint_id=WALKERS[1].id, travelled_m=0.1)
    sits = replace(stands, id=stands.id + 1, manner=Manner.IN_A_WHEELCHAIR, speed=1.4)
    rows, joints = poser.pose(stage.snapshot(stands, sits))
    assert rows["first_level"][-1] != rows["first_level"][-2]
    assert rows["origin"][-1, 2] < rows["origin"][-2, 2] - 0.3
    roll = joints[rows["joint_base"][-1] + Joint.REAR_WHEELS]
    np.testing.assert_allclose(math.asin(roll[0, 2]), 0.1 / (0.17 * WALKERS[1].height_m), rtol=0.05)


def test_an_empty_street_poses_nobody(stage: Any) -> None:
    scene = build_scene(stage.town(), stage.models())
    poser = ActorPoser(scene, {})
    rows, _ = poser.pose(stage.snapshot())
    assert len(rows) == len(scene.objects)
    assert poser.footprints.shape == (0, 6)
