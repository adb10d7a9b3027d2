"""Stray light: none is made, none is lost, and ghosts come of bright lights alone."""

from __future__ import annotations

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.render.bloom import (
    bell,
    bloom_share,
    new_glow,
    sample_small,
    scatter_light,
    shrink,
)
from sim_scenarios.embedded_simulator.render.jit import Workers
from sim_scenarios.embedded_simulator.render.optics import Optics

BLOOM = Optics(bloom_intensity=5.0, lens_flare_intensity=0.0)
HEIGHT, WIDTH = 192, 320


def with_stray_light(light: np.ndarray, optics: Optics, *, threads: int = 1) -> np.ndarray:
    """As the film adds it, in numpy: (H, W, 3)."""
    glow = new_glow(*light.shape[:2])
    scatter_light(Workers(threads), optics, light, glow)
    out = light[..., :3] * np.float32(1.0 - bloom_share(optics))
    for y in range(light.shape[0]):
        for x in range(light.shape[1]):
            out[y, x] += sample_small(glow.small, np.float32((x + 0.5) / 4), np.float32((y + 0.5) / 4))
    return np.asarray(out)


@pytest.fixture(scope="module")
def lamp() -> np.ndarray:
    light = np.zeros((HEIGHT, WIDTH, 4), np.float32)
    light[92:96, 156:164, :3] = (30.0, 20.0, 10.0)
    return light


def test_bloom_conserves_energy(lamp: np.ndarray) -> None:
    out = with_stray_light(lamp, BLOOM)
    np.testing.assert_allclose(out.sum(axis=(0, 1)), lamp[..., :3].sum(axis=(0, 1)), rtol=1e-3)
    assert out[94, 160, 0] == pytest.approx(30.0 * (1.0 - bloom_share(BLOOM)), rel=0.1)
    beside = out[94, 170:240, 0]
    assert (np.diff(beside) <= 1e-6).all()
    assert beside[0] > 0.02


def test_an_even_light_stays_as_it_is() -> None:
    light = np.full((50, 70, 4), 0.7, np.float32)
    np.testing.assert_allclose(with_stray_light(light, BLOOM), 0.7, rtol=1e-5)


def test_means_over_four_by_four() -> None:
    light = np.random.default_rng(4).random((10, 14, 4)).astype(np.float32)
    small = np.empty((3, 4, 3), np.float32)
    shrink(0, 1, light, small)
    for y in range(3):
        for x in range(4):
            expected = light[4 * y : 4 * y + 4, 4 * x : 4 * x + 4, :3].reshape(-1, 3).mean(axis=0)
            np.testing.assert_allclose(small[y, x], expected, rtol=1e-5)


def test_a_bell_has_the_deviation_it_is_asked_for() -> None:
    weights = bell(3.0).astype(float)
    places = np.arange(len(weights)) - len(weights) // 2
    assert weights.sum() == pytest.approx(1.0, abs=1e-6)
    assert float(np.sqrt((weights * places**2).sum())) == pytest.approx(3.0, rel=0.1)  # cut off at 2.5 deviations


def test_ghosts_lie_across_the_middle_and_come_of_bright_lights_alone(lamp: np.ndarray) -> None:
    aside = np.roll(lamp, (-40, -80), axis=(0, 1))
    without, flare = (
        with_stray_light(aside, Optics(bloom_intensity=0.0, lens_flare_intensity=intensity)) for intensity in (0.0, 1.0)
    )
    np.testing.assert_allclose(without, aside[..., :3])
    ghosts = (flare - without).sum(axis=2)
    assert ghosts.min() >= 0.0
    assert ghosts[HEIGHT // 2 :, WIDTH // 2 :].sum() > 0.3 * ghosts.sum() > 0.0
    dim = with_stray_light(0.02 * aside, Optics(bloom_intensity=0.0, lens_flare_intensity=1.0))
    np.testing.assert_allclose(dim, 0.02 * aside[..., :3])


def test_threads_do_not_matter(lamp: np.ndarray) -> None:
    glows = [new_glow(HEIGHT, WIDTH) for _ in range(2)]
    for threads, glow in enumerate(glows, start=1):
        scatter_light(Workers(threads), Optics(lens_flare_intensity=1.0), lamp, glow)
    np.testing.assert_array_equal(glows[0].small, glows[1].small)
