"""Motion blur: streaks along the flow, as long as the shutter says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.render.motion_blur import blur_motion, shutter_share
from sim_scenarios.embedded_simulator.render.optics import CARLA_OPTICS

HEIGHT, WIDTH = 60, 100


def blurred(flow_px: tuple[float, float], *, share: float = 1.0, longest_px: float = 50.0) -> np.ndarray:
    """What becomes of one bright pixel in row 30 and column 50 when all moves by so much (right, down)."""
    light = np.zeros((HEIGHT, WIDTH, 4), np.float32)
    light[30, 50] = 1.0
    flow = np.empty((HEIGHT, WIDTH, 2), np.float32)
    flow[:] = flow_px[0] / (WIDTH / 2), -flow_px[1] / (HEIGHT / 2)
    out = np.full_like(light, -1.0)
    blur_motion(0, 1, np.float32(share), np.float32(longest_px), flow, light, out)
    return out[..., 0]


def test_a_streak_is_as_long_as_the_way_with_the_shutter_open() -> None:
    out = blurred((20.0, 0.0))
    assert np.flatnonzero(out[30]).tolist() == list(range(40, 61))
    assert out.sum() == pytest.approx(1.0, abs=0.06)
    assert np.count_nonzero(out) == np.count_nonzero(out[30])
    assert np.count_nonzero(blurred((20.0, 0.0), share=0.5)) == 11
    assert np.count_nonzero(blurred((20.0, 0.0), longest_px=6.0)) == 7


def test_a_streak_goes_the_way_of_the_flow() -> None:
    rows, columns = np.nonzero(blurred((8.0, 8.0)))
    np.testing.assert_array_equal(rows - 30, columns - 50)
    assert len(rows) == 9
    rows, columns = np.nonzero(blurred((0.0, -12.0)))
    assert set(columns) == {50}
    assert np.ptp(rows) == 12


def test_what_moves_by_less_than_a_pixel_stays_as_it_is() -> None:
    out = blurred((0.9, 0.3))
    assert out[30, 50] == 1.0
    assert np.count_nonzero(out) == 1


def test_the_shutter_is_open_for_a_share_of_a_thirtieth() -> None:
    assert shutter_share(replace(CARLA_OPTICS, motion_blur_intensity=0.6), 0.05) == pytest.approx(0.6 / 30 / 0.05)
    assert shutter_share(CARLA_OPTICS, 0.0) == 0.0
    assert not CARLA_OPTICS.blurs_motion
    assert replace(CARLA_OPTICS, motion_blur_max_distortion=5.0).blurs_motion
    assert not replace(CARLA_OPTICS, motion_blur_intensity=0.0, motion_blur_max_distortion=5.0).blurs_motion
