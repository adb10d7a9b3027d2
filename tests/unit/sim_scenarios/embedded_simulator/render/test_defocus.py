"""Depth of field: thin-lens sizes, and light that is spread and not lost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.render.defocus import DiscSizes, aperture_points, blur_by_distance, disc_sizes
from sim_scenarios.embedded_simulator.render.jit import Workers
from sim_scenarios.embedded_simulator.render.optics import CARLA_OPTICS, Optics

HEIGHT, WIDTH = 60, 100


def blurred(light: np.ndarray, distance_m: np.ndarray, discs: DiscSizes, optics: Optics = CARLA_OPTICS) -> np.ndarray:
    out = np.full_like(light, -1.0)
    blur_by_distance(Workers(1), optics, discs, (1.0 / distance_m).astype(np.float32), light, out)
    return out[..., :3]


def discs(**changes: float) -> DiscSizes:
    sizes = {"endless_px": 6.0, "focus_m": 10.0, "haze_px": 0.0, "haze_m": 1000.0, "most_px": 8.0}
    return DiscSizes(**(sizes | changes))


def test_sizes_are_those_of_a_thin_lens() -> None:
    """A 12.288 mm lens (90 degrees before 24.576 mm) at f/1.4 in focus at 10 m: the image of a far point."""
    sizes = disc_sizes(CARLA_OPTICS, 1920, 960.0)
    focal, focus = 0.012288, 10.0
    image_of_focus, image_of_far = 1.0 / (1.0 / focal - 1.0 / focus), focal
    on_sensor_m = (focal / 1.4) * (image_of_focus - image_of_far) / image_of_far
    assert 2.0 * sizes.endless_px == pytest.approx(on_sensor_m / 0.024576 * 1920, rel=1e-6)
    assert not sizes.is_seen
    assert disc_sizes(replace(CARLA_OPTICS, focal_distance=50.0), 1920, 960.0).is_seen
    assert disc_sizes(replace(CARLA_OPTICS, blur_radius=20.0), 640, 320.0).is_seen
    assert not disc_sizes(replace(CARLA_OPTICS, blur_radius=2.0), 640, 320.0).is_seen


def test_what_is_in_focus_stays_as_it_is() -> None:
    light = np.random.default_rng(1).random((HEIGHT, WIDTH, 4)).astype(np.float32)
    out = blurred(light, np.full((HEIGHT, WIDTH), 10.0), discs())
    np.testing.assert_allclose(out, light[..., :3], atol=1e-5)


def test_an_even_light_stays_even_at_any_distance() -> None:
    light = np.full((HEIGHT, WIDTH, 4), 0.4, np.float32)
    distance = np.random.default_rng(2).uniform(2.0, 200.0, (HEIGHT, WIDTH))
    np.testing.assert_allclose(blurred(light, distance, discs()), 0.4, atol=1e-5)


def test_a_far_point_becomes_a_disc_of_its_light() -> None:
    light = np.zeros((HEIGHT, WIDTH, 4), np.float32)
    light[30, 50, :3] = 100.0
    out = blurred(light, np.full((HEIGHT, WIDTH), 1e6), discs())[..., 0]
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    away = np.hypot(x - 50, y - 30)
    assert out[away > 7.5].max() == 0.0
    assert (out[away < 4.5] > 0.0).mean() > 0.6  # 64 samples of some 113 pixels
    assert out.sum() == pytest.approx(100.0, rel=0.35)


def test_what_is_behind_does_not_run_over_what_is_in_focus() -> None:
    """Left a dark wall in focus, right the bright far: the wall stays dark up to its edge."""
    light = np.zeros((HEIGHT, WIDTH, 4), np.float32)
    light[:, 50:] = 1.0
    distance = np.full((HEIGHT, WIDTH), 10.0)
    distance[:, 50:] = 1e6
    out = blurred(light, distance, discs())[30, :, 0]
    assert out[:50].max() < 0.05
    distance[:, 50:], distance[:, :50] = 10.0, 2.0  # now the wall is near and blurred: its edge is soft
    out = blurred(light, distance, discs())[30, :, 0]
    assert 0.1 < out[51] < 0.9


def test_haze_blurs_more_with_distance() -> None:
    rng = np.random.default_rng(3)
    light = rng.random((HEIGHT, WIDTH, 4)).astype(np.float32)
    hazy = discs(endless_px=0.0, haze_px=6.0, haze_m=100.0)
    deviation = [float(blurred(light, np.full((HEIGHT, WIDTH), m), hazy).std()) for m in (1.0, 30.0, 100.0, 1000.0)]
    assert deviation == sorted(deviation, reverse=True)
    assert deviation[3] < 0.3 * deviation[0]


def test_blades_make_a_polygon() -> None:
    round_points, five = aperture_points(0).astype(float), aperture_points(5).astype(float)
    assert np.hypot(*round_points.T).max() <= 1.0
    normals = np.array([(np.cos(a), np.sin(a)) for a in (np.arange(5) + 0.5) * 2 * np.pi / 5])
    assert (five @ normals.T).max() <= np.cos(np.pi / 5) + 1e-6
    assert np.abs(five.mean(axis=0)).max() < 0.05
