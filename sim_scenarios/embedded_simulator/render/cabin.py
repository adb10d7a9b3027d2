"""What is seen through a vehicle's windows: the driver, seats, steering wheel, and the light of the windows beyond.

Glass stays the surface that is drawn, so tags, instances and depths know nothing of what is behind it, and no triangle
is spent there. Behind each pixel of glass a ray goes on into a cabin made of a few ellipsoids (after J. van Dongen,
"Interior Mapping", 2008). Frame of reference: the vehicle's, x forward, y right, z up, metres.
"""

from __future__ import annotations

import math

import numpy as np

from sim_scenarios.embedded_simulator.render.jit import F, Real, inlined
from sim_scenarios.embedded_simulator.render.texture_sampling import hash_unit

SEAT_X, SEAT_Y, SEAT_Z, BENCH, BACK, FRONT, HALF_WIDTH, ROOF = range(8)
"""Columns of ``OBJECT.cabin``: the front seats' hip points are at (SEAT_X, +-SEAT_Y, SEAT_Z), benches follow every
BENCH behind them (0: a bulkhead), the cabin reaches from BACK to FRONT, to both sides and up to ROOF (0: no cabin)."""

_SKIN, _CLOTHES, _SEAT = 0.0, 1.0, 2.0
_FIGURES = np.array(
    [  # place from the hip points (y in seats to the right), 1 / half-axes, material, 1 for what comes with a driver
        (-0.10, -1.0, 0.70, 1 / 0.105, 1 / 0.085, 1 / 0.135, _SKIN, 1.0),
        (-0.08, -1.0, 0.30, 1 / 0.13, 1 / 0.21, 1 / 0.31, _CLOTHES, 1.0),
        (0.22, -1.0, 0.34, 1 / 0.24, 1 / 0.22, 1 / 0.055, _CLOTHES, 1.0),
        (-0.26, -1.0, 0.26, 1 / 0.09, 1 / 0.24, 1 / 0.36, _SEAT, 0.0),
        (-0.26, 1.0, 0.26, 1 / 0.09, 1 / 0.24, 1 / 0.36, _SEAT, 0.0),
        (-0.28, -1.0, 0.70, 1 / 0.055, 1 / 0.13, 1 / 0.10, _SEAT, 0.0),
        (-0.28, 1.0, 0.70, 1 / 0.055, 1 / 0.13, 1 / 0.10, _SEAT, 0.0),
    ],
    np.float32,
)
_BENCH_FIGURES = np.array(
    [
        (-0.24, 0.0, 0.24, 1 / 0.10, 1 / 0.62, 1 / 0.34, _SEAT, 0.0),
        (-0.28, -1.0, 0.66, 1 / 0.05, 1 / 0.12, 1 / 0.09, _SEAT, 0.0),
        (-0.28, 1.0, 0.66, 1 / 0.05, 1 / 0.12, 1 / 0.09, _SEAT, 0.0),
    ],
    np.float32,
)
_DASHBOARD_X_M, _LEDGE_M = 0.58, 0.36
"""Where the dashboard begins ahead of the seats, and how high it and the window ledges are above the hip points."""
_LUGGAGE_M = 0.45
"""Behind the last bench."""
_WHEEL = (0.42, 0.36, 0.155, 0.195)
"""The steering wheel's x, z, inner and outer radius [m]."""
_WHEEL_TILT = (-0.90, 0.43)


@inlined
def cabin_light(
    cabin: Real, has_driver: bool, seed: Real, x: Real, y: Real, z: Real, dx: Real, dy: Real, dz: Real
) -> tuple[Real, Real, Real]:
    """Share of the light that comes back through the glass at (x, y, z) from the way (dx, dy, dz) into the cabin."""
    seat_x, seat_y, seat_z = cabin[SEAT_X], cabin[SEAT_Y], cabin[SEAT_Z]
    ledge = seat_z + F(_LEDGE_M)
    # A ray along a wall never gets there.
    to_x = (cabin[FRONT] - x) / dx if dx > F(0) else (cabin[BACK] - x) / min(dx, F(-1e-6))
    to_y = (cabin[HALF_WIDTH] - y) / dy if dy > F(0) else (-cabin[HALF_WIDTH] - y) / min(dy, F(-1e-6))
    to_z = (cabin[ROOF] - z) / dz if dz > F(0) else (seat_z - F(0.3) - z) / min(dz, F(-1e-6))
    nearest = min(to_x, min(to_y, to_z))
    leaves_at = z + nearest * dz
    is_window = nearest < to_z and leaves_at > ledge and leaves_at < cabin[ROOF] - F(0.08)
    if to_x < to_y and dx < F(0) and cabin[BENCH] == F(0):
        is_window = False
    bright = F(0.105) if is_window else F(0.004)
    red, green, blue = bright, bright * F(1.10), bright * F(1.16)
    if dz < F(0):
        to_ledge = (ledge - z) / dz
        if to_ledge < nearest and x + to_ledge * dx > seat_x + F(_DASHBOARD_X_M):
            nearest = to_ledge
            red, green, blue = F(0.014), F(0.014), F(0.015)
    if has_driver:
        across = dx * F(_WHEEL_TILT[0]) + dz * F(_WHEEL_TILT[1])
        wx, wy, wz = x - seat_x - F(_WHEEL[0]), y + seat_y, z - seat_z - F(_WHEEL[1])
        to_wheel = -(wx * F(_WHEEL_TILT[0]) + wz * F(_WHEEL_TILT[1])) / across
        wx, wy, wz = wx + to_wheel * dx, wy + to_wheel * dy, wz + to_wheel * dz
        away = wx * wx + wy * wy + wz * wz
        if to_wheel > F(0) and to_wheel < nearest and away > F(_WHEEL[2] ** 2) and away < F(_WHEEL[3] ** 2):
            nearest = to_wheel
            red, green, blue = F(0.008), F(0.008), F(0.008)
    count = len(_FIGURES)
    if cabin[BENCH] > F(0):
        room = (seat_x - cabin[BACK] - F(_LUGGAGE_M)) / cabin[BENCH]
        count += len(_BENCH_FIGURES) * max(1, np.int64(room))
    for i in range(count):
        row = (i - len(_FIGURES)) // len(_BENCH_FIGURES) + 1 if i >= len(_FIGURES) else 0
        figure = _FIGURES[i] if row == 0 else _BENCH_FIGURES[(i - len(_FIGURES)) % len(_BENCH_FIGURES)]
        if figure[7] > F(0) and not has_driver:
            continue
        # The ellipsoid as the unit sphere.
        ox = (x - seat_x - figure[0] + F(row) * cabin[BENCH]) * figure[3]
        oy = (y - figure[1] * seat_y) * figure[4]
        oz = (z - seat_z - figure[2]) * figure[5]
        ex, ey, ez = dx * figure[3], dy * figure[4], dz * figure[5]
        a, b = ex * ex + ey * ey + ez * ez, ox * ex + oy * ey + oz * ez
        inside = b * b - a * (ox * ox + oy * oy + oz * oz - F(1))
        if inside > F(0):
            t = -(b + math.sqrt(inside)) / a
            if t > F(0) and t < nearest:
                nearest = t
                light = F(0.6) + F(0.4) * (oz + t * ez)
                if figure[6] == F(_SKIN):
                    tone = light * (F(0.045) + F(0.16) * hash_unit(seed ^ np.uint32(0x51)))
                    red, green, blue = tone, tone * F(0.70), tone * F(0.55)
                elif figure[6] == F(_CLOTHES):
                    red = light * (F(0.012) + F(0.11) * hash_unit(seed ^ np.uint32(0x52)))
                    green = light * (F(0.012) + F(0.11) * hash_unit(seed ^ np.uint32(0x53)))
                    blue = light * (F(0.012) + F(0.11) * hash_unit(seed ^ np.uint32(0x54)))
                else:
                    red, green, blue = light * F(0.022), light * F(0.021), light * F(0.021)
    return red, green, blue
