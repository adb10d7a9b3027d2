"""Pixels and places: an inverse of each other, and the same as carla's own transforms."""

from __future__ import annotations

import carla
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.closed_loop.mask_driver.ground_plane import GroundPlane, rotation
from sim_scenarios.camera import CameraSpec

ANGLES = st.floats(-180, 180)


@given(ANGLES, ANGLES, ANGLES)
def test_axes_are_those_of_carla(pitch: float, yaw: float, roll: float) -> None:
    matrix = np.array(carla.Transform(carla.Location(), carla.Rotation(pitch, yaw, roll)).get_matrix())
    np.testing.assert_allclose(rotation(pitch, yaw, roll), matrix[:3, :3], atol=2e-5)


@given(
    st.floats(0.5, 4), st.floats(-30, 5), st.floats(-40, 40), st.floats(-15, 15), st.floats(-5, 5), st.floats(-5, 5),
    st.floats(40, 120),
)  # fmt: skip
def test_a_place_on_the_ground_is_where_its_pixel_says(
    z: float, pitch: float, yaw: float, roll: float, body_pitch: float, body_roll: float, fov: float
) -> None:
    camera = CameraSpec(x=1.2, y=-0.3, z=z, pitch=pitch, yaw=yaw, roll=roll, fov=fov)
    plane = GroundPlane.of(camera, pitch_deg=body_pitch, roll_deg=body_roll)
    pixels = np.array([[u, v] for u in (3.0, 320.0, 611.5) for v in (200.0, 300.0, 359.0)])
    ground = plane.to_ground(pixels)
    seen = np.isfinite(ground[:, 0]) & (np.abs(ground).max(axis=1) < 1e3)
    np.testing.assert_allclose(plane.to_pixels(ground[seen]), pixels[seen], atol=1e-5)


def test_known_places() -> None:
    plane = GroundPlane.of(CameraSpec(x=1.5, z=2.0, width=640, height=360, fov=90))
    # f is 320 px; 160 px below the axis is 2 / x = 160 / 320, so 4 m ahead of the camera.
    np.testing.assert_allclose(plane.to_ground(np.array([[320.0, 340.0]])), [[5.5, 0.0]], atol=1e-9)
    np.testing.assert_allclose(plane.to_ground(np.array([[480.0, 340.0]])), [[5.5, 2.0]], atol=1e-9)
    assert np.isnan(plane.to_ground(np.array([[320.0, 100.0]]))).all(), "the sky is nowhere on the ground"
    assert np.isnan(plane.to_pixels(np.array([[-5.0, 0.0]]))).all(), "what is behind the camera has no pixel"
    assert plane.nearest_m == pytest.approx(1.5 + 2.0 * 320 / 180)


def test_a_body_that_pitches_down_sees_nearer_ground() -> None:
    camera = CameraSpec()
    level, braking = (GroundPlane.of(camera, pitch_deg=pitch).nearest_m for pitch in (0.0, -2.0))
    assert braking < level
