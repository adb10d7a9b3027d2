from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim_scenarios.embedded_simulator.render.view import View, camera_record, rotation_axes
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector

angles = st.floats(-180.0, 180.0)


@pytest.mark.parametrize(
    ("rotation", "forward", "right", "up"),
    [
        (Rotation(), (1, 0, 0), (0, 1, 0), (0, 0, 1)),
        (Rotation(yaw=90), (0, 1, 0), (-1, 0, 0), (0, 0, 1)),
        (Rotation(pitch=90), (0, 0, 1), (0, 1, 0), (-1, 0, 0)),
        (Rotation(roll=90), (1, 0, 0), (0, 0, -1), (0, 1, 0)),
    ],
)
def test_axes_are_those_of_carla(
    rotation: Rotation, forward: tuple[int, ...], right: tuple[int, ...], up: tuple[int, ...]
) -> None:
    np.testing.assert_allclose(rotation_axes(rotation), [forward, right, up], atol=1e-12)


@given(pitch=angles, yaw=angles, roll=angles)
def test_axes_are_orthonormal(pitch: float, yaw: float, roll: float) -> None:
    axes = rotation_axes(Rotation(pitch, yaw, roll))
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(np.cross(axes[0], axes[1]), axes[2], atol=1e-9)


def test_focal_length_comes_from_the_horizontal_field_of_view() -> None:
    camera = camera_record(View(pose=Pose(Vector(1, 2, 3)), width=640, height=360, fov_deg=90.0))
    assert camera["focal_px"][0] == pytest.approx(320.0)
    assert (camera["center_x"][0], camera["center_y"][0]) == (320.0, 180.0)
    assert tuple(camera["eye"][0]) == (1.0, 2.0, 3.0)


@pytest.mark.parametrize("wrong", [{"width": 0}, {"height": -1}, {"fov_deg": 0.0}, {"fov_deg": 180.0}])
def test_impossible_views_are_refused(wrong: dict[str, float]) -> None:
    settings = {"pose": Pose(), "width": 10, "height": 10, "fov_deg": 90.0, **wrong}
    with pytest.raises(ValueError, match="expected"):
        View(**settings)  # type: ignore[arg-type]
