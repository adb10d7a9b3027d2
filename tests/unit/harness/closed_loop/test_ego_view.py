"""Ego frame to pixels: by hand, against carla's own matrices, and where the near plane cuts."""

from __future__ import annotations

import math

import carla
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.closed_loop.ego_view import NEAR_M, ego_view
from sim_scenarios.camera import CameraSpec

LEVEL = CameraSpec(width=640, height=360, fov=90.0, x=1.5, y=0.0, z=2.0)
ANGLES = st.floats(-25.0, 25.0)


def test_a_point_ahead_lies_where_the_pinhole_says() -> None:
    """f = 320: 10 m before the camera, 2 m below it and 1.5 m to the right are 64 px down and 48 px across."""
    view = ego_view(LEVEL)
    assert view.focal_px == pytest.approx(320.0)
    np.testing.assert_allclose(view.pixels([[11.5, 1.5, 0.0]]), [[320 + 48, 180 + 64]])


def test_the_horizon_of_a_camera_that_looks_down_moves_up() -> None:
    far = [[1e9, 0.0, 2.0]]
    down = ego_view(LEVEL.model_copy(update={"pitch": -10.0})).pixels(far)
    np.testing.assert_allclose(down, [[320, 180 - 320 * math.tan(math.radians(10))]], atol=1e-4)
    nose_up = ego_view(LEVEL, pitch_deg=10.0).pixels(far)
    np.testing.assert_allclose(nose_up, [[320, 180 + 320 * math.tan(math.radians(10))]], atol=1e-4)


def test_a_car_that_rolls_clockwise_turns_the_picture_the_other_way() -> None:
    left, right = ego_view(LEVEL, roll_deg=5.0).pixels([[50.0, -20.0, 0.0], [50.0, 20.0, 0.0]])
    assert left[1] > right[1]


@given(pitch=ANGLES, yaw=ANGLES, roll=ANGLES, body_pitch=ANGLES, body_roll=ANGLES, y=st.floats(-3, 3))
def test_it_is_what_carlas_own_matrices_give(
    pitch: float, yaw: float, roll: float, body_pitch: float, body_roll: float, y: float
) -> None:
    spec = CameraSpec(x=0.8, y=0.2, z=1.7, pitch=pitch, yaw=yaw, roll=roll, width=320, height=200, fov=75)
    point = np.array([9.0, y, 0.3])
    on_body = carla.Transform(carla.Location(0.8, 0.2, 1.7), carla.Rotation(pitch=pitch, yaw=yaw, roll=roll))
    body = carla.Transform(carla.Location(), carla.Rotation(pitch=body_pitch, roll=body_roll))
    to_camera = np.array(on_body.get_inverse_matrix()) @ np.array(body.get_inverse_matrix())
    forward, right, up, _ = to_camera @ [*point, 1.0]
    focal = 160 / math.tan(math.radians(37.5))
    found = ego_view(spec, pitch_deg=body_pitch, roll_deg=body_roll).pixels(point[None])
    np.testing.assert_allclose(found, [[160 + focal * right / forward, 100 - focal * up / forward]], atol=0.02)


def test_a_line_under_the_car_is_cut_at_the_near_plane() -> None:
    view = ego_view(LEVEL)
    pieces = view.line([[-5.0, 0.0, 0.0], [11.5, 0.0, 0.0]])
    assert len(pieces) == 1
    np.testing.assert_allclose(pieces[0], [[320, 180 + 320 * 2.0 / NEAR_M], [320, 180 + 64]])


def test_a_line_that_leaves_and_comes_back_is_two_pieces() -> None:
    view = ego_view(LEVEL)
    pieces = view.line([[9.0, -1.0, 0.0], [-2.0, -1.0, 0.0], [-2.0, 1.0, 0.0], [9.0, 1.0, 0.0]])
    assert [len(piece) for piece in pieces] == [2, 2]
    assert np.isfinite(np.vstack(pieces)).all()
    assert view.line([[-1.0, 0.0, 0.0], [-2.0, 0.0, 0.0]]) == ()


def test_a_polygon_under_the_car_keeps_its_part_in_front() -> None:
    view = ego_view(LEVEL)
    seen = view.polygon([[-5.0, -1.0, 0.0], [21.5, -1.0, 0.0], [21.5, 1.0, 0.0], [-5.0, 1.0, 0.0]])
    far = [[320 - 16, 180 + 32], [320 + 16, 180 + 32]]
    near = [[320 + 320 / NEAR_M, 180 + 640 / NEAR_M], [320 - 320 / NEAR_M, 180 + 640 / NEAR_M]]
    assert sorted(map(tuple, np.round(seen, 6))) == sorted(map(tuple, np.round([*far, *near], 6)))
    assert len(view.polygon([[-5.0, -1.0, 0.0], [-4.0, 1.0, 0.0], [-5.0, 1.0, 0.0]])) == 0


def test_what_is_behind_has_no_pixel() -> None:
    assert np.isnan(ego_view(LEVEL).pixels([[0.0, 0.0, 0.0]])).all()
