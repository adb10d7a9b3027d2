"""The film: its curve against Unreal's laws, its tables, vignette and white balance."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.render.bloom import new_glow
from sim_scenarios.embedded_simulator.render.film import (
    TABLE_SIZE,
    VIGNETTE_MEAN,
    answer_table,
    develop,
    film_curve,
    film_record,
    table_for,
)
from sim_scenarios.embedded_simulator.render.optics import VIGNETTE, FilmCurve, Optics
from sim_scenarios.embedded_simulator.render.white_balance import white_balance, white_point

CLEAR = Optics(bloom_intensity=0.0, lens_flare_intensity=0.0)


def developed(light: np.ndarray, optics: Optics = CLEAR, *, exposure: float = 1.0) -> np.ndarray:
    rgb = np.empty((*light.shape[:2], 3), np.uint8)
    film = film_record(optics, exposure)
    develop(0, 1, film, table_for(optics), new_glow(*light.shape[:2]).small, light, rgb)
    return rgb


def greys(*levels: float) -> np.ndarray:
    """One pixel for each level: so small a picture has no vignette in its middle row to speak of."""
    return np.repeat(np.array(levels, np.float32)[None, :, None], 4, axis=2)


def expected_tone(light: np.ndarray) -> np.ndarray:
    aces = light * (2.51 * light + 0.03) / (light * (2.43 * light + 0.59) + 0.14)
    return 255.0 * np.sqrt(np.minimum(1.0, aces))


def vignette(height: int, width: int) -> np.ndarray:
    """Cosine to the fourth of the angle whose tangent is VIGNETTE * sqrt(2) in the corners."""
    y, x = np.mgrid[:height, :width] + 0.5
    corner = math.hypot(width / 2, height / 2)
    tangent = VIGNETTE * math.sqrt(2.0) * np.hypot(x - width / 2, y - height / 2) / corner
    return np.cos(np.arctan(tangent)) ** 4


def test_a_picture_is_the_curve_of_light_times_exposure_times_vignette() -> None:
    light = np.random.default_rng(1).uniform(0.0, 2.0, (18, 32, 1)).astype(np.float32).repeat(4, axis=2)
    for exposure in (0.5, 1.0, 2.0):
        expected = expected_tone(exposure * vignette(18, 32) / VIGNETTE_MEAN * light[..., 0].astype(float))
        for channel in range(3):
            assert np.abs(developed(light, exposure=exposure)[..., channel] - expected).max() <= 0.51


def test_the_vignette_leaves_the_exposure_of_the_whole() -> None:
    assert vignette(360, 640).mean() == pytest.approx(VIGNETTE_MEAN, abs=1e-3)
    assert vignette(600, 800).mean() == pytest.approx(VIGNETTE_MEAN, abs=3e-3)


def test_one_ev_of_compensation_is_twice_the_light() -> None:
    light = np.random.default_rng(2).uniform(0.0, 0.7, (9, 16, 4)).astype(np.float32)
    np.testing.assert_array_equal(developed(light, exposure=2.0), developed(2.0 * light))


def test_unreals_curve_takes_middle_grey_to_itself_and_rises() -> None:
    for film in (FilmCurve(), FilmCurve(slope=0.6), FilmCurve(toe=0.3, shoulder=0.5), FilmCurve(toe=0.9)):
        assert film_curve(0.18, film) == pytest.approx(0.18, abs=0.002)
        values = [film_curve(10.0 ** (i / 20), film) for i in range(-60, 40)]
        assert (np.diff(values) > -1e-9).all()
    assert film_curve(1e6, FilmCurve()) == pytest.approx(1.04, abs=0.001)  # 1 + white_clip
    assert film_curve(1e-9, FilmCurve()) == pytest.approx(0.0, abs=0.001)  # black_clip


def test_the_table_of_carlas_defaults_is_the_curve_without_a_table() -> None:
    light = np.concatenate([np.linspace(0.0, 0.2, 400), np.linspace(0.2, 20.0, 400)])
    table = answer_table(FilmCurve()).astype(float)
    looked_up = np.interp(light / (light + 0.5) * TABLE_SIZE, np.arange(TABLE_SIZE + 1), table)
    assert np.abs(looked_up - expected_tone(light)).max() < 1.0


def test_film_attributes_bend_the_curve_as_they_say() -> None:
    dark, grey, bright = 0.02, 0.18, 1.2

    def shown(**film: float) -> np.ndarray:
        optics = replace(CLEAR, film=FilmCurve(**film))
        return developed(greys(dark, grey, bright), optics)[0, :, 1].astype(int)

    plain = shown()
    assert shown(slope=1.0)[0] < plain[0]  # steeper: more contrast
    assert shown(slope=0.7)[2] < plain[2]
    assert shown(toe=0.3)[0] != plain[0]
    assert shown(shoulder=0.6)[2] != plain[2]
    assert shown(black_clip=0.1)[0] < plain[0]
    assert shown(white_clip=0.3)[2] > plain[2]


def test_gamma_is_the_power_of_the_shown_light() -> None:
    light = greys(0.02, 0.1, 0.4, 1.0)
    plain = developed(light)[0, :, 0] / 255.0
    soft = developed(light, replace(CLEAR, film=FilmCurve(gamma=4.4)))[0, :, 0] / 255.0
    np.testing.assert_allclose(soft, plain**0.5, atol=0.006)


def test_without_effects_light_is_clipped_and_no_more() -> None:
    light = greys(0.0, 0.2, 0.5, 1.0, 3.0)
    rgb = developed(light, Optics(enable_postprocess_effects=False))[0, :, 0]
    np.testing.assert_allclose(rgb, 255.0 * np.minimum(1.0, [0.0, 0.2, 0.5, 1.0, 3.0]) ** (1 / 2.2), atol=1.0)


def test_the_light_of_a_temperature_becomes_white() -> None:
    """What is lit by 4000 K looks white to a camera that is set to 4000 K, and warm to one that is set to 6500 K."""
    to_xyz = np.array([
        [0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041],
    ])  # fmt: skip

    def light(temp: float, tint: float = 0.0) -> np.ndarray:
        x, y = white_point(temp, tint)
        return np.linalg.solve(to_xyz, [x / y, 1.0, (1.0 - x - y) / y])

    np.testing.assert_allclose(white_balance(6500.0, 0.0), np.eye(3), atol=1e-9)
    for temp, tint in ((4500.0, 0.0), (3000.0, 0.0), (9000.0, 0.0), (6500.0, 0.5)):
        np.testing.assert_allclose(white_balance(temp, tint) @ light(temp, tint), light(6500.0), atol=1e-6)
    assert light(4500.0)[0] > 1.2 * light(4500.0)[2]


def test_daylight_is_that_of_the_cie() -> None:
    assert white_point(6504.0, 0.0) == pytest.approx((0.3127, 0.3290), abs=2e-4)  # D65
    assert white_point(5003.0, 0.0) == pytest.approx((0.3457, 0.3585), abs=3e-4)  # D50
    assert white_point(2856.0, 0.0) == pytest.approx((0.4476, 0.4074), abs=6e-4)  # illuminant A


def test_a_high_temperature_is_warm_and_a_tint_goes_across() -> None:
    grey = greys(0.3)

    def shown(temp: float, tint: float) -> np.ndarray:
        return developed(grey, replace(CLEAR, temp=temp, tint=tint))[0, 0].astype(int)

    plain = shown(6500.0, 0.0)
    assert len(set(plain.tolist())) == 1
    warm, cold = shown(9000.0, 0.0), shown(4500.0, 0.0)
    assert warm[0] > plain[0] > cold[0]
    assert warm[2] < plain[2] < cold[2]
    one, other = shown(6500.0, 0.5), shown(6500.0, -0.5)
    assert (one[1] - plain[1]) * (other[1] - plain[1]) < 0
