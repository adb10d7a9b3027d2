"""Limbs follow the way gone: feet that carry stand still on the ground, strides lengthen with speed."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.world.gait import (
    ANKLE,
    ANKLE_AHEAD,
    HEEL_BEHIND,
    HIP,
    KNEE,
    KNEE_AHEAD,
    TOE_AHEAD,
    Gait,
    Limb,
    Manner,
    gait,
    stride_m,
)

HEIGHT_M = 1.75
LEFT = (Limb.LEFT_LEG, Limb.LEFT_SHIN, Limb.LEFT_FOOT)


def posed(phase: NDArray[np.float64], speed: float, manner: Manner = Manner.STRAIGHT) -> Gait:
    return gait(phase, np.full_like(phase, speed), np.full_like(phase, HEIGHT_M), np.full(len(phase), manner))


def left_sole(walk: Gait) -> NDArray[np.float64]:
    """(N, heel and toe, x and z): before the hip's place and over the ground [m], chained from bone to bone."""
    place, turn = np.stack([np.zeros(len(walk.drop_m)), HIP - walk.drop_m / HEIGHT_M], axis=1), 0.0
    ends = []
    bones = ((KNEE_AHEAD, KNEE - HIP), (ANKLE_AHEAD - KNEE_AHEAD, ANKLE - KNEE))
    for limb, (ahead, above) in zip(LEFT, (*bones, (0.0, 0.0)), strict=True):
        turn = turn + walk.angles[:, limb]
        c, s = np.cos(turn), np.sin(turn)
        if limb == Limb.LEFT_FOOT:
            ends = [
                place + np.stack([x * c - ANKLE * s, -x * s - ANKLE * c], axis=1) for x in (-HEEL_BEHIND, TOE_AHEAD)
            ]
        place = place + np.stack([ahead * c + above * s, -ahead * s + above * c], axis=1)
    return HEIGHT_M * np.stack(ends, axis=1)


@pytest.mark.parametrize(("speed", "carries"), [(0.5, 0.60), (1.4, 0.60), (1.7, 0.60), (4.0, 0.35)])
def test_a_foot_that_carries_neither_slides_nor_sinks_nor_floats(speed: float, carries: float) -> None:
    phase = 0.75 + np.linspace(0.02, carries - 0.02, 40)  # the left foot lands at three quarters
    sole = left_sole(posed(phase, speed))
    lower = sole[..., 1].argmin(axis=1)
    np.testing.assert_allclose(sole[np.arange(40), lower, 1], 0.0, atol=0.012)
    on_ground = sole[np.arange(40), lower, 0] + phase * stride_m(speed, HEIGHT_M)
    heel, toe = on_ground[lower == 0], on_ground[lower == 1]
    assert np.ptp(heel) < 0.02
    assert np.ptp(toe) < 0.02
    assert toe.mean() - heel.mean() == pytest.approx(HEIGHT_M * (HEEL_BEHIND + TOE_AHEAD), abs=0.02)


@pytest.mark.parametrize("speed", [0.3, 0.8, 1.4, 1.7, 2.5, 4.0, 8.0])
def test_no_foot_ever_goes_into_the_ground_and_swings_are_even(speed: float) -> None:
    sole = left_sole(posed(np.linspace(0.0, 1.0, 201), speed))
    assert sole[..., 1].min() > -0.012
    np.testing.assert_allclose(sole[0], sole[-1], atol=1e-9)
    assert np.abs(np.diff(sole, axis=0)).max() < 0.03 * (1.0 + stride_m(speed, HEIGHT_M))


def test_knees_bend_forwards_only() -> None:
    for speed in (0.5, 1.4, 4.0):
        angles = posed(np.linspace(0.0, 1.0, 101), speed).angles
        assert angles[:, Limb.LEFT_SHIN].min() > -0.12
        assert 0.5 < angles[:, Limb.LEFT_SHIN].max() < 2.2 or speed < 1.0


def test_strides_lengthen_with_speed_and_quicken_too() -> None:
    lengths = [stride_m(speed, HEIGHT_M) for speed in (0.5, 1.4, 4.0)]
    steps_a_minute = [120 * speed / length for speed, length in zip((0.5, 1.4, 4.0), lengths, strict=True)]
    assert lengths == sorted(lengths)
    assert steps_a_minute == sorted(steps_a_minute)
    assert 100 < steps_a_minute[1] < 125
    assert 160 < steps_a_minute[2] < 210


def test_arms_swing_against_the_legs_and_bend_in_a_run() -> None:
    walk, run = (posed(np.array([0.75]), speed).angles[0] for speed in (1.4, 4.0))
    for angles in (walk, run):
        assert angles[Limb.LEFT_LEG] < 0.0 < angles[Limb.LEFT_ARM]
    assert run[Limb.LEFT_FOREARM] < -1.2 < -0.3 < walk[Limb.LEFT_FOREARM] < 0.0


@pytest.mark.parametrize("manner", [m for m in Manner if m != Manner.IN_A_WHEELCHAIR])
def test_people_stand_in_their_manner_on_the_ground(manner: Manner) -> None:
    stand = posed(np.array([0.3]), 0.0, manner)
    assert stand.angles.any() == (manner != Manner.STRAIGHT) or np.abs(stand.angles).max() < 1e-9
    assert left_sole(stand)[..., 1].min() == pytest.approx(0.0, abs=0.005)
    np.testing.assert_allclose(posed(np.array([0.3]), 1.4, manner).angles, posed(np.array([0.3]), 1.4).angles)


def test_who_sits_in_a_wheelchair_takes_no_steps() -> None:
    still, pushed = (posed(np.array([0.3, 0.6]), speed, Manner.IN_A_WHEELCHAIR) for speed in (0.0, 1.4))
    np.testing.assert_array_equal(still.angles, pushed.angles)
    assert still.angles[0, Limb.LEFT_LEG] == pytest.approx(-np.pi / 2, abs=0.35)
    assert still.angles[0, Limb.LEFT_SHIN] == pytest.approx(np.pi / 2, abs=0.35)
    assert left_sole(still)[..., 1].min() > 0.05


def test_vehicles_have_no_gait() -> None:
    rest = gait(np.array([0.3]), np.array([20.0]), np.array([0.0]), np.zeros(1, np.int64))
    assert not rest.angles.any()
    assert not rest.drop_m.any()
