"""Poses against CARLA's own arithmetic."""

from __future__ import annotations

import carla
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim_scenarios.embedded_simulator.world import geometry
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector

ANGLES = st.floats(-180, 180)
VECTORS = st.builds(Vector, st.floats(-100, 100), st.floats(-100, 100), st.floats(-100, 100))
POSES = st.builds(Pose, VECTORS, st.builds(Rotation, st.floats(-85, 85), ANGLES, ANGLES))


def carla_transform(pose: Pose) -> carla.Transform:
    return carla.Transform(carla.Location(*pose.location), carla.Rotation(*pose.rotation))


@given(POSES, VECTORS)
def test_points_are_transformed_as_carla_does(pose: Pose, point: Vector) -> None:
    theirs = carla_transform(pose).transform(carla.Location(*point))
    ours = geometry.transform_point(pose, point)
    assert ours == pytest.approx((theirs.x, theirs.y, theirs.z), abs=1e-3)


@given(POSES, VECTORS)
def test_there_and_back(pose: Pose, point: Vector) -> None:
    assert geometry.inverse_transform_point(pose, geometry.transform_point(pose, point)) == pytest.approx(
        point, abs=1e-9
    )


@given(POSES, POSES, VECTORS)
def test_composition_is_one_after_the_other(parent: Pose, child: Pose, point: Vector) -> None:
    at_once = geometry.transform_point(geometry.compose(parent, child), point)
    in_turn = geometry.transform_point(parent, geometry.transform_point(child, point))
    assert at_once == pytest.approx(in_turn, abs=1e-4)


@given(st.floats(-1e4, 1e4))
def test_wrapped_angles(angle: float) -> None:
    wrapped = geometry.wrap_degrees(angle)
    assert -180.0 <= wrapped < 180.0
    turns = (wrapped - angle) / 360.0
    assert turns == pytest.approx(round(turns), abs=1e-9)
