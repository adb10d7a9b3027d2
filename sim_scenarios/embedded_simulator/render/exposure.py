"""How much light a camera lets in: by the weather, by hand, or by measuring its own pictures.

All three meet on one scale, exposure values at ISO 100 (EV), on which CARLA's default limits of 10 and 12 are what this
renderer's weathers need: a clear noon has 12, a night about 10.4. One EV more halves the light.

* ``histogram`` at CARLA's defaults: the weather's own exposure (``weather_look.py``), no memory.
* ``histogram`` with other limits or speeds: the mean of the brighter part of the camera's own picture, held between the
  limits, is followed at the speeds given, in the simulated time between this camera's pictures. The first one is
  adapted at once.
* ``manual``: ``iso``, ``shutter_speed`` and ``fstop`` as on a real camera, whatever the weather.

``exposure_compensation`` adds to all three. Unreal's units of light are not ours, so that CARLA's towns have other EV;
``calibration_constant`` is deprecated in CARLA's engine and does nothing there either.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.optics import Optics

NOON_EV, _NOON_EXPOSURE = 12.0, 0.58
_NOON_METER = 0.56
"""The brighter part of a clear noon street, in scene light (measured in Town10HD)."""
_LOW_SHARE, _HIGH_SHARE = 0.80, 0.983
"""Unreal's ``AutoExposureLowPercent`` and ``HighPercent``: between them lies the brighter part that is measured."""
_DARKEST = 1e-4
_SETTLING_EV = 1.5
"""Within this distance Unreal's adaptation slows down towards its aim (PostProcessEyeAdaptation.usf)."""
_METER_STEP_PX = 8


def ev_of(exposure: float) -> float:
    """EV of a factor on scene light."""
    return NOON_EV - math.log2(exposure / _NOON_EXPOSURE)


def exposure_of(ev: float) -> float:
    """The factor on scene light of an EV."""
    return float(_NOON_EXPOSURE * 2.0 ** (NOON_EV - ev))


def manual_ev(optics: Optics) -> float:
    """EV = log2(N^2 / t * 100 / S), the formula of ActorBlueprintFunctionLibrary.cpp."""
    aperture, per_second, iso = (max(1e-3, value) for value in (optics.fstop, optics.shutter_speed, optics.iso))
    return math.log2(aperture**2 * per_second * 100.0 / iso)


def metered_ev(light: NDArray[np.float32]) -> float:
    """EV that brings the brighter part of a picture (H, W, >= 3), linear, to where a clear noon has it.

    A sum that does not depend on the machine's vector width: ``math.fsum``.
    """
    step_y, step_x = (max(1, min(_METER_STEP_PX, side // 8)) for side in light.shape[:2])
    some = light[::step_y, ::step_x, :3].astype(np.float64)
    luminance = np.sort((some[..., 0] * 0.3 + some[..., 1] * 0.6 + some[..., 2] * 0.1).ravel())
    first = int(_LOW_SHARE * luminance.size)
    last = max(first + 1, int(_HIGH_SHARE * luminance.size))
    logs = [math.log2(max(_DARKEST, value)) for value in luminance[first:last].tolist()]
    return NOON_EV + math.fsum(logs) / len(logs) - math.log2(_NOON_METER)


def adapted(ev: float, aim: float, *, speed: float, seconds: float) -> float:
    """Where an eye that stands at ``ev`` is after some time: at ``speed`` EV/s from afar, slower within 1.5 EV."""
    away = abs(aim - ev)
    left = max(0.0, speed) * seconds
    steady = min(left, max(0.0, away - _SETTLING_EV))
    away = (away - steady) * math.exp(-(left - steady) / _SETTLING_EV)
    return aim - math.copysign(away, aim - ev)


class Eye:
    """What one camera has adapted to; belongs to the camera and goes with it."""

    def __init__(self) -> None:
        self._ev: float | None = None
        self._seen_s = 0.0

    def look(self, optics: Optics, light: NDArray[np.float32], elapsed_s: float) -> float:
        """EV for a picture that is taken at a simulated time."""
        low = optics.exposure_min_bright
        aim = min(max(metered_ev(light), low), max(low, optics.exposure_max_bright))
        if self._ev is None:
            self._ev = aim
        else:
            speed = optics.exposure_speed_up if aim > self._ev else optics.exposure_speed_down
            self._ev = adapted(self._ev, aim, speed=speed, seconds=max(0.0, elapsed_s - self._seen_s))
        self._seen_s = elapsed_s
        return self._ev
