from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim_scenarios.embedded_simulator.render.shadows import light_camera, rounded_light


@given(altitude=st.floats(2, 89), azimuth=st.floats(-179, 179))
def test_light_is_rounded_to_whole_degrees(altitude: float, azimuth: float) -> None:
    a, b = math.radians(altitude), math.radians(azimuth)
    sun = np.array([math.cos(a) * math.cos(b), math.cos(a) * math.sin(b), math.sin(a)], np.float32)
    camera = light_camera(rounded_light(sun), np.zeros(3), side_m=100.0, size_px=512)
    forward = camera["forward"][0]
    assert float(forward @ -sun) > math.cos(math.radians(1.0))
    axes = np.stack([forward, camera["right"][0], camera["up"][0]])
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-5)


def test_snapped_maps_move_in_whole_texels() -> None:
    """Otherwise the shadows of standing actors would shimmer while the camera drives."""
    texel = 72.0 / 768
    first = light_camera((40, 30), np.array([10.0, 5.0, 0.0]), side_m=72.0, size_px=768, snap=True)
    second = light_camera((40, 30), np.array([10.33, 5.21, 0.0]), side_m=72.0, size_px=768, snap=True)
    step = second["eye"][0] - first["eye"][0]
    for axis in ("right", "up"):
        texels = float(step @ first[axis][0]) / texel
        assert texels == pytest.approx(round(texels), abs=1e-2)
