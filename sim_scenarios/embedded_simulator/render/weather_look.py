"""CARLA's fourteen weather parameters turned into what the shading needs: colours, densities and strengths.

Conventions: ``sun_azimuth_angle`` turns from +x towards +y, ``sun_altitude_angle`` from the horizon up, and the sun
stands there (LibCarla and the 0.8 sources give the light's travel as minus that direction). Colours are linear, on a
scale on which a white sheet in full noon sun is about 4; ``exposure`` brings the scale to the tone curve.

CARLA's night presets have a fog density of 60 to 100, which by day hides everything beyond 50 m; with so little light
to scatter it reads as haze there, and so the fog is thinned by night (``_NIGHT_FOG``). Nothing else is ignored:
``wind_intensity`` slants the rain, ruffles puddles and stirs leaves; ``scattering_intensity`` is how bright the fog is,
``mie_scattering_scale`` the haze and the sun's halo, ``rayleigh_scattering_scale`` the blue of the sky and the red of
the sun. The presets' own values of these three (1, 0.03, 0.0331) are the clear air that everything else is tuned for.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.jit import Records
from sim_scenarios.embedded_simulator.world.snapshot import Weather

LOOK = np.dtype(
    [
        ("sun", np.float32, (3,)),  # unit, towards the sun (at night: the moon)
        ("sun_color", np.float32, (3,)),
        ("zenith", np.float32, (3,)),
        ("horizon", np.float32, (3,)),
        ("ambient", np.float32, (3,)),  # from above
        ("bounce", np.float32, (3,)),  # from below
        ("fog_color", np.float32, (3,)),
        ("cloud_color", np.float32, (3,)),
        ("fog_per_m", np.float32),
        ("fog_start_m", np.float32),
        ("fog_top_m", np.float32),  # height over which the fog thins out
        ("halo", np.float32),  # brightness of the air around the sun
        ("sun_disk", np.float32),
        ("cloudiness", np.float32),  # 0..1
        ("exposure", np.float32),
        ("night", np.float32),  # 0 day .. 1 night
        ("film", np.float32),  # 0 dry .. 1 every road shines
        ("puddles", np.float32),  # 0 none .. 1 everywhere
        ("rain", np.float32),  # 0..1
        ("wind", np.float32),  # 0..1
        ("lamp_power", np.float32),
        ("window_power", np.float32),
        ("signal_power", np.float32),
        ("grain", np.float32),  # sensor noise, of the full scale
        ("has_shadows", np.int32),
    ],
    align=True,
)
"""The look of one weather; arrays of one element."""

_NOON_SUN, _LOW_SUN, _RED_SUN = (
    np.array([1.0, 0.95, 0.86]) * 3.5, np.array([1.0, 0.70, 0.40]) * 3.1, np.array([1.0, 0.45, 0.16]) * 2.4,
)  # fmt: skip
_MOON = np.array([0.010, 0.013, 0.020])
_NOON_ZENITH, _LOW_ZENITH, _NIGHT_ZENITH = (
    np.array([0.09, 0.21, 0.54]), np.array([0.10, 0.20, 0.46]), np.array([0.0035, 0.0055, 0.0125]),
)  # fmt: skip
_NOON_HORIZON, _LOW_HORIZON, _RED_HORIZON, _NIGHT_HORIZON = (
    np.array([0.52, 0.67, 0.86]), np.array([0.60, 0.61, 0.62]), np.array([0.98, 0.55, 0.28]),
    np.array([0.015, 0.016, 0.021]),
)  # fmt: skip
_CLEAR_MIE, _CLEAR_RAYLEIGH = 0.03, 0.0331
_THICK_AIR_ZENITH, _THICK_AIR_HORIZON = np.array([0.24, 0.42, 0.95]), np.array([1.00, 0.80, 0.58])
"""What the sky comes to in much more air than the Earth has."""
_DUST_COLOR = np.array([0.62, 0.42, 0.22])
_FOG_PER_M = 0.092
"""Extinction of full fog density: at 85 % it leaves 5 % of the contrast at 45 m."""
_NIGHT_FOG = 0.13
_HAZE_PER_M = 0.00035
_MOON_ALTITUDE_DEG, _MOON_AZIMUTH_DEG = 55.0, 130.0


def look_of(weather: Weather) -> Records:
    """The look as a one-element ``LOOK`` array."""
    look = np.zeros(1, LOOK)
    altitude = weather.sun_altitude_angle
    night = _smooth(4.0, -7.0, altitude)
    low = _smooth(36.0, 8.0, altitude)
    cover = _percent(weather.cloudiness)
    rain = _percent(weather.precipitation)
    dust = _percent(weather.dust_storm)
    fog = _percent(weather.fog_density)
    overcast = max(_smooth(0.15, 0.95, cover), 0.95 * _smooth(0.0, 0.72, rain))
    overcast = max(overcast, 0.98 * _smooth(0.25, 0.8, fog) * (1.0 - night))
    _light_sky(look, weather, night=night, low=low, overcast=overcast, rain=rain, dust=dust)
    _fill_air(look, weather, night=night, rain=rain, dust=dust)
    deposits, wetness = _percent(weather.precipitation_deposits), _percent(weather.wetness)
    look["film"] = min(1.0, max(wetness, 1.3 * deposits, 1.2 * rain))
    look["puddles"] = max(deposits, 0.6 * wetness)
    look["rain"], look["wind"], look["cloudiness"] = rain, _percent(weather.wind_intensity), cover
    look["night"] = night
    dusk = _smooth(9.0, 0.0, altitude)
    look["lamp_power"], look["window_power"] = 46.0 * dusk, 0.9 * dusk
    look["signal_power"] = 1.9 * (1.0 - night) + 0.9 * night
    look["grain"] = 0.010 + 0.012 * night
    return look


def _light_sky(
    look: Records, weather: Weather, *, night: float, low: float, overcast: float, rain: float, dust: float
) -> None:
    """Directions and colours of sun, sky and bounced light."""
    altitude = weather.sun_altitude_angle
    moonlit = altitude < -2.0
    look["sun"] = (
        _direction(_MOON_ALTITUDE_DEG, _MOON_AZIMUTH_DEG) if moonlit
        else _direction(max(altitude, 1.0), weather.sun_azimuth_angle)
    )  # fmt: skip
    strength = _smooth(-2.0, 6.0, altitude)
    red = _smooth(13.0, 1.0, altitude)
    clear_sun = _mix(_mix(_NOON_SUN, _LOW_SUN, low), _RED_SUN, red) * strength
    sun = (_MOON if moonlit else clear_sun) * (1.0 - 0.94 * overcast) * (1.0 - 0.75 * dust)
    day = _mix(0.16, 1.0, _smooth(-4.0, 26.0, altitude))
    zenith = _mix(_NOON_ZENITH, _LOW_ZENITH, low) * day
    horizon = _mix(_mix(_NOON_HORIZON, _LOW_HORIZON, low), _RED_HORIZON, red)
    horizon *= _mix(0.25, 1.0, _smooth(-4.0, 20.0, altitude))
    zenith, horizon, sun = _through_air(weather, zenith, horizon, sun)
    gray = 0.58 * _mix(0.30, 1.0, _smooth(-2.0, 40.0, altitude)) * (1.0 - 0.42 * rain)
    warm = _mix(np.array([0.96, 0.99, 1.03]), np.array([1.08, 0.97, 0.88]), low)
    zenith = _mix(zenith, gray * 0.82 * warm, overcast)
    horizon = _mix(horizon, gray * 1.05 * warm, overcast)
    zenith, horizon = _mix(zenith, _NIGHT_ZENITH, night), _mix(horizon, _NIGHT_HORIZON, night)
    if night > 0.0:  # clouds throw the town's light back
        glow = night * overcast * np.array([0.011, 0.009, 0.008])
        zenith, horizon = zenith + 0.6 * glow, horizon + glow
    dusty = _DUST_COLOR * _mix(1.0, 0.03, night) * _mix(0.45, 1.0, _smooth(-2.0, 30.0, altitude))
    zenith, horizon = _mix(zenith, 0.85 * dusty, dust), _mix(horizon, dusty, dust)
    ambient = 0.95 * zenith + 0.50 * horizon + 0.05 * (1.0 - night) + night * np.array([0.020, 0.021, 0.027])
    ambient = _mix(ambient, ambient.mean(), 0.30)  # streets and walls, not only the sky, throw light into a shadow
    look["sun_color"], look["zenith"], look["horizon"], look["ambient"] = sun, zenith, horizon, ambient
    look["bounce"] = 0.32 * ambient + 0.10 * sun * float(look["sun"][0, 2])
    look["cloud_color"] = _mix(ambient * 1.25 + 0.22 * clear_sun * (1.0 - 0.7 * overcast), horizon * 1.5 + 0.004, night)
    look["halo"] = (0.35 + 1.35 * low) * min(4.0, _mie_haze(weather)) * (1.0 - overcast) * (1.0 - night)
    look["sun_disk"] = (1.0 - overcast) ** 2 * (1.0 - dust) * (1.0 - night)
    bright = _mix(_mix(0.58, 0.84, low), 0.72, overcast) * (1.0 + 0.10 * rain)
    look["exposure"] = _mix(bright, 1.75, night)
    look["has_shadows"] = int(float(np.max(sun)) > 0.25)


def _fill_air(look: Records, weather: Weather, *, night: float, rain: float, dust: float) -> None:
    """Fog, haze, rain veil and dust."""
    density = _percent(weather.fog_density)
    fog = _FOG_PER_M * density**2 * _mix(1.0, _NIGHT_FOG, night)
    haze = _HAZE_PER_M * (0.5 + 0.5 * _mie_haze(weather) ** 2)
    look["fog_per_m"] = fog + haze + 0.0045 * rain**2 * _mix(1.0, 0.7, night) + 0.034 * dust
    look["fog_start_m"] = max(0.0, weather.fog_distance)
    look["fog_top_m"] = np.clip(12.0 / max(weather.fog_falloff, 0.01), 1.5, 150.0)
    thick = _smooth(0.0, 0.02, fog)
    air = _mix(look["horizon"][0] * 0.92, 0.55 * look["horizon"][0] + 0.40 * look["ambient"][0], thick)
    air = _mix(air, air + np.array([0.006, 0.005, 0.004]), night)
    scattered = max(0.0, weather.scattering_intensity)
    look["fog_color"] = air * (_mix(0.45, 1.0, scattered) if scattered < 1.0 else 2.0 - 1.0 / scattered)


def _mie_haze(weather: Weather) -> float:
    """Large particles in the air: 0 none, 1 as in the presets, 2 three times as many, 5 at CARLA's largest."""
    return math.log2(1.0 + max(0.0, weather.mie_scattering_scale) / _CLEAR_MIE)


def _through_air(
    weather: Weather, zenith: NDArray[np.float64], horizon: NDArray[np.float64], sun: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Colours of zenith, horizon and sun when the air scatters otherwise than in the presets.

    Less Rayleigh scattering leaves a dull, dark sky; more of it a bright blue one, a warm horizon and a redder sun. Mie
    scattering whitens the sky, most of all near the horizon.
    """
    air = max(0.0, weather.rayleigh_scattering_scale) / _CLEAR_RAYLEIGH
    if air < 1.0:
        zenith, horizon = _mix(0.35 * zenith.mean(), zenith, air), _mix(0.55 * horizon.mean(), horizon, air)
    else:
        more = 1.0 - air**-0.4
        zenith = _mix(zenith, _THICK_AIR_ZENITH * (zenith.mean() / _NOON_ZENITH.mean()), more)
        horizon = _mix(horizon, _THICK_AIR_HORIZON * (horizon.mean() / _NOON_HORIZON.mean()), more)
        sun = sun * _mix(1.0, np.array([1.0, 0.78, 0.50]), more)
    milky = 0.16 * (_mie_haze(weather) - 1.0)
    if milky > 0.0:
        zenith, horizon = _mix(zenith, horizon.mean(), 0.8 * milky), _mix(horizon, 1.12 * horizon.mean(), milky)
    return zenith, horizon, sun


def _direction(altitude_deg: float, azimuth_deg: float) -> NDArray[np.float64]:
    altitude, azimuth = math.radians(altitude_deg), math.radians(azimuth_deg)
    return np.array([
        math.cos(altitude) * math.cos(azimuth), math.cos(altitude) * math.sin(azimuth), math.sin(altitude)
    ])  # fmt: skip


def _percent(value: float) -> float:
    return min(1.0, max(0.0, value / 100.0))


def _smooth(start: float, end: float, value: float) -> float:
    """0 at ``start``, 1 at ``end``, smooth between; ``end`` may lie below ``start``."""
    t = min(1.0, max(0.0, (value - start) / (end - start)))
    return t * t * (3.0 - 2.0 * t)


def _mix(a: NDArray[np.float64] | float, b: NDArray[np.float64] | float, t: float) -> Any:
    """``a`` at 0, ``b`` at 1; a number for two numbers, else a colour."""
    return a + (b - a) * t
