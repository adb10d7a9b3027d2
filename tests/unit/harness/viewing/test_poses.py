from __future__ import annotations

import carla
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.viewing.poses import intrinsics, right_handed_pose

ANGLE = st.floats(-180, 180)
METRES = st.floats(-1000, 1000)


@given(st.tuples(METRES, METRES, METRES, ANGLE, ANGLE, ANGLE), st.tuples(*[st.floats(-50, 50)] * 3))
def test_points_land_where_carla_puts_them_with_y_turned_round(
    transform: tuple[float, ...], point: tuple[float, float, float]
) -> None:
    x, y, z, pitch, yaw, roll = transform
    pose = carla.Transform(carla.Location(x, y, z), carla.Rotation(pitch=pitch, yaw=yaw, roll=roll))
    expected = pose.transform(carla.Location(*point))
    translation, rotation = right_handed_pose(transform)
    found = rotation @ (np.array(point) * (1, -1, 1)) + translation
    np.testing.assert_allclose(found, (expected.x, -expected.y, expected.z), atol=2e-3)


@given(ANGLE, ANGLE, ANGLE)
def test_it_is_a_rotation(pitch: float, yaw: float, roll: float) -> None:
    _, rotation = right_handed_pose((0, 0, 0, pitch, yaw, roll))
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1.0)


def test_a_turn_to_the_right_faces_right() -> None:
    """CARLA's yaw of 90 degrees looks along +y, which is to the right: minus y on right-handed axes."""
    _, rotation = right_handed_pose((0, 0, 0, 0, 90, 0))
    np.testing.assert_allclose(rotation[:, 0], (0, -1, 0), atol=1e-12)
    _, pitched = right_handed_pose((0, 0, 0, 90, 0, 0))
    np.testing.assert_allclose(pitched[:, 0], (0, 0, 1), atol=1e-12)


@pytest.mark.parametrize(("width", "height", "fov"), [(640, 480, 90.0), (320, 180, 60.0), (101, 77, 120.0)])
def test_the_field_of_view_is_horizontal(width: int, height: int, fov: float) -> None:
    matrix = intrinsics(width, height, fov)
    edge = np.array([np.tan(np.radians(fov / 2)), 0.0, 1.0])  # right edge of the view at depth 1
    assert (matrix @ edge)[0] == pytest.approx(width)
    assert (matrix @ (0.0, 0.0, 1.0)).tolist() == [width / 2, height / 2, 1.0]
    assert matrix[0, 0] == matrix[1, 1]
