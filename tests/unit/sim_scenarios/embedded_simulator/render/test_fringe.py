"""Chromatic aberration against cv2.remap."""

from __future__ import annotations

import cv2
import numpy as np

from sim_scenarios.embedded_simulator.render.fringe import fringe

HEIGHT, WIDTH = 90, 160


def fringed(light: np.ndarray, intensity: float, offset: float) -> np.ndarray:
    out = np.full_like(light, -1.0)
    fringe(0, 1, np.float32(intensity), np.float32(offset), light, out)
    return out[..., :3]


def test_each_channel_is_the_picture_at_its_own_scale() -> None:
    light = cv2.GaussianBlur(np.random.default_rng(7).random((HEIGHT, WIDTH, 4)).astype(np.float32), (0, 0), 2.0)
    out = fringed(light, 5.0, 0.3)
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    dx, dy = (x + 0.5 - WIDTH / 2) / (WIDTH / 2), (y + 0.5 - HEIGHT / 2) / (HEIGHT / 2)
    r = np.hypot(dx, dy)
    for channel, nm in enumerate((611.3, 549.1, 464.3)):
        scale = 1.0 - 5.0 * 0.007 * 0.01 * (nm - 464.3) * np.maximum(0.0, r - 0.3) / r
        map_x = ((dx * scale + 1.0) * WIDTH / 2 - 0.5).astype(np.float32)
        map_y = ((dy * scale + 1.0) * HEIGHT / 2 - 0.5).astype(np.float32)
        expected = cv2.remap(light[..., channel], map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        assert np.abs(out[..., channel] - expected).max() < 0.01  # cv2 rounds to a 32nd of a pixel
    np.testing.assert_array_equal(out[..., 2], light[..., 2])


def test_within_the_offset_nothing_is_shifted() -> None:
    light = np.random.default_rng(8).random((HEIGHT, WIDTH, 4)).astype(np.float32)
    np.testing.assert_allclose(fringed(light, 3.0, 2.0), light[..., :3], atol=1e-4)
