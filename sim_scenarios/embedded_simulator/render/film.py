"""From light to the picture's numbers: stray light, vignette, exposure, white balance, the film's curve, gamma.

At CARLA's defaults the curve is Narkowicz's fit of the ACES curve with a square root for the gamma. Other values of
``slope``, ``toe``, ``shoulder``, ``black_clip``, ``white_clip`` and ``gamma`` bend that curve as they bend Unreal's
(PostProcessCombineLUTs.usf, FilmToneMap): a light that Unreal's default curve shows in the same grey is looked up in
Unreal's curve with the new values. The answer is then a table.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.bloom import bloom_share
from sim_scenarios.embedded_simulator.render.jit import F, Real, Records, inlined, kernel
from sim_scenarios.embedded_simulator.render.optics import VIGNETTE, FilmCurve, Optics
from sim_scenarios.embedded_simulator.render.raster import BAND_SHIFT
from sim_scenarios.embedded_simulator.render.texture_sampling import floor_of
from sim_scenarios.embedded_simulator.render.white_balance import white_balance

_SATURATION = F(0.87)
"""Cameras see less colour than paint has."""
VIGNETTE_MEAN = 0.8277
"""Of a picture of 16 to 9: the exposure is raised by as much as the vignette takes, so that it is that of the whole."""
TABLE_SIZE, _TABLE_MIDDLE = 4096, F(0.5)
"""Entry i of a table answers to the light v with v / (v + 0.5) = i / TABLE_SIZE."""

FILM = np.dtype(
    [
        ("exposure", np.float32),
        ("own", np.float32),  # share of a pixel's light that does not stray
        ("has_glow", np.int32),
        ("vignette", np.float32),  # squared, for a distance of 1 at sqrt(1/2) of the way to a corner
        ("has_balance", np.int32),
        ("balance", np.float32, (3, 3)),
        ("has_table", np.int32),
    ],
    align=True,
)
"""How one picture is developed; arrays of one element."""


def film_record(optics: Optics, exposure: float) -> Records:
    """The settings of a picture whose light is to be multiplied by ``exposure``."""
    film = np.zeros(1, FILM)
    film["exposure"], film["own"] = exposure, 1.0
    if not optics.enable_postprocess_effects:
        film["has_table"] = 1
        return film
    film["own"] = 1.0 - bloom_share(optics)
    film["has_glow"] = bloom_share(optics) > 0.0 or optics.lens_flare_intensity > 0.0
    film["vignette"] = VIGNETTE**2
    film["exposure"] /= VIGNETTE_MEAN
    film["balance"] = white_balance(optics.temp, optics.tint)
    film["has_balance"] = (optics.temp, optics.tint) != (6500.0, 0.0)
    film["has_table"] = optics.film != FilmCurve()
    return film


def table_for(optics: Optics) -> NDArray[np.float32]:
    """The table of a camera, which is read only where its film record says so."""
    return answer_table(optics.film) if optics.enable_postprocess_effects else plain_table()


@lru_cache(maxsize=1)
def plain_table() -> NDArray[np.float32]:
    """As ``answer_table``, for a camera without effects: no curve, a gamma of 2.2."""
    return np.array([255.0 * min(1.0, _light_of(i)) ** (1.0 / 2.2) for i in range(TABLE_SIZE + 1)], np.float32)


def _light_of(entry: int) -> float:
    share = min(entry / TABLE_SIZE, 0.999999)
    return float(_TABLE_MIDDLE) * share / (1.0 - share)


@lru_cache(maxsize=8)
def answer_table(film: FilmCurve) -> NDArray[np.float32]:
    """(TABLE_SIZE + 1,) the grey, 0..255, that exposed light becomes on a film; the last entry is for endless light."""
    default, chosen = FilmCurve(), []
    for i in range(TABLE_SIZE + 1):
        light = _light_of(i)
        aces = light * (2.51 * light + 0.03) / (light * (2.43 * light + 0.59) + 0.14)
        shown = math.sqrt(min(1.0, aces)) ** default.gamma
        as_if = _light_that_shows(shown, default)
        chosen.append(255.0 * min(1.0, max(0.0, film_curve(as_if, film))) ** (1.0 / max(0.1, film.gamma)))
    return np.array(chosen, np.float32)


def film_curve(light: float, film: FilmCurve) -> float:
    """Unreal's curve: scene light to display light, 0.18 to 0.18; toe, straight and shoulder over log10 of light."""
    slope = max(0.01, film.slope)
    toe_scale = max(0.01, 1.0 + film.black_clip - film.toe)
    shoulder_scale = max(0.01, 1.0 + film.white_clip - film.shoulder)
    grey = 0.18
    if film.toe > 0.8:
        toe_match = (1.0 - film.toe - grey) / slope + math.log10(grey)
    else:
        bent = min(0.999, max(-0.999, (grey + film.black_clip) / toe_scale - 1.0))
        toe_match = math.log10(grey) - 0.5 * math.log((1.0 + bent) / (1.0 - bent)) * toe_scale / slope
    straight_match = (1.0 - film.toe) / slope - toe_match
    shoulder_match = film.shoulder / slope - straight_match
    log_light = math.log10(max(light, 1e-10))
    straight = slope * (log_light + straight_match)
    toe = straight
    if log_light < toe_match:
        toe = -film.black_clip + 2.0 * toe_scale / (1.0 + _exp(-2.0 * slope / toe_scale * (log_light - toe_match)))
    shoulder = straight
    if log_light > shoulder_match:
        bent = _exp(2.0 * slope / shoulder_scale * (log_light - shoulder_match))
        shoulder = 1.0 + film.white_clip - 2.0 * shoulder_scale / (1.0 + bent)
    width = shoulder_match - toe_match
    t = min(1.0, max(0.0, (log_light - toe_match) / width)) if width else 0.5
    if width < 0.0:
        t = 1.0 - t
    t = (3.0 - 2.0 * t) * t * t
    return toe + (shoulder - toe) * t


def _exp(power: float) -> float:
    return math.exp(min(700.0, power))


@lru_cache(maxsize=2)
def _curve_samples(film: FilmCurve) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    exponents = np.linspace(-8.0, 5.0, 6001)
    return exponents, np.array([film_curve(10.0**exponent, film) for exponent in exponents.tolist()])


def _light_that_shows(shown: float, film: FilmCurve) -> float:
    """The inverse of ``film_curve`` for a curve that rises."""
    exponents, values = _curve_samples(film)
    return float(10.0 ** np.interp(shown, values, exponents))


@inlined
def tone(value: Real) -> Real:
    """Exposed linear light to sRGB: Narkowicz's fit of the ACES curve, then a square root for the gamma."""
    v = max(F(0), value)
    v = v * (F(2.51) * v + F(0.03)) / (v * (F(2.43) * v + F(0.59)) + F(0.14))
    return np.uint8(math.sqrt(min(F(1), v)) * F(255) + F(0.5))


@inlined
def tabled(table: NDArray[np.float32], value: Real) -> Real:
    """Exposed linear light to sRGB by a table."""
    v = max(F(0), value)
    at = v / (v + _TABLE_MIDDLE) * F(TABLE_SIZE)
    i = min(TABLE_SIZE - 1, floor_of(at))
    return np.uint8(table[i] + (table[i + 1] - table[i]) * (at - F(i)) + F(0.5))


@kernel
def develop(
    worker: int, workers: int, film: Records, table: NDArray[np.float32], glow: NDArray[np.float32],
    light: NDArray[np.float32], rgb: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Fill ``rgb`` (H, W, 3) from ``light`` (H, W, 4)."""
    height, width = rgb.shape[0], rgb.shape[1]
    exposure, own, balance = film[0].exposure, film[0].own, film[0].balance
    has_glow, has_balance, has_table = film[0].has_glow != 0, film[0].has_balance != 0, film[0].has_table != 0
    lowest, last = glow.shape[0] - 1, glow.shape[1] - 1
    line = np.empty((last + 1, 3), np.float32)  # the stray light of a row of pixels
    gains, exposed = np.empty(width, np.float32), np.empty(3 * width, np.float32)
    shown = rgb.reshape(height, 3 * width)  # short loops over plain rows are done eight or sixteen numbers at a time
    # A lens darkens towards its corners by the fourth power of the cosine (as Unreal's vignette does).
    per_px = F(8) * film[0].vignette / F(width * width + height * height)
    for y in range(height):
        if (y >> BAND_SHIFT) % workers != worker:
            continue
        from_middle = F(y) + F(0.5) - F(0.5) * F(height)
        row = F(1) + per_px * from_middle * from_middle
        if has_glow:
            at = F(y) * F(0.25) - F(0.375)
            j = floor_of(at)
            share = at - F(j)
            j0, j1 = min(lowest, max(0, j)), min(lowest, max(0, j + 1))
            for i in range(last + 1):
                for c in range(3):
                    line[i, c] = glow[j0, i, c] + (glow[j1, i, c] - glow[j0, i, c]) * share
        for x in range(width):
            from_middle = F(x) + F(0.5) - F(0.5) * F(width)
            tangent2 = row + per_px * from_middle * from_middle
            gains[x] = exposure / (tangent2 * tangent2)
        for x in range(width):
            r, g, b = light[y, x, 0], light[y, x, 1], light[y, x, 2]
            if has_glow:
                at = F(x) * F(0.25) - F(0.375)
                i = floor_of(at)
                share = at - F(i)
                i0, i1 = min(last, max(0, i)), min(last, max(0, i + 1))
                r = r * own + line[i0, 0] + (line[i1, 0] - line[i0, 0]) * share
                g = g * own + line[i0, 1] + (line[i1, 1] - line[i0, 1]) * share
                b = b * own + line[i0, 2] + (line[i1, 2] - line[i0, 2]) * share
            gain = gains[x]
            r, g, b = r * gain, g * gain, b * gain
            grey = (r * F(0.3) + g * F(0.6) + b * F(0.1)) * (F(1) - _SATURATION)
            r, g, b = grey + r * _SATURATION, grey + g * _SATURATION, grey + b * _SATURATION
            if has_balance:
                r, g, b = (
                    balance[0, 0] * r + balance[0, 1] * g + balance[0, 2] * b,
                    balance[1, 0] * r + balance[1, 1] * g + balance[1, 2] * b,
                    balance[2, 0] * r + balance[2, 1] * g + balance[2, 2] * b,
                )
            exposed[3 * x], exposed[3 * x + 1], exposed[3 * x + 2] = r, g, b
        if has_table:
            for i in range(3 * width):
                shown[y, i] = tabled(table, exposed[i])
        else:
            for i in range(3 * width):
                shown[y, i] = tone(exposed[i])
