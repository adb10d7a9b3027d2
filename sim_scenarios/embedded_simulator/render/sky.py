"""Radiance of the sky: gradient, halo and disk of the sun, clouds, stars; and the fog between."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.jit import F, Real, Records, inlined
from sim_scenarios.embedded_simulator.render.texture_sampling import floor_of, hash_bits, sample_noise


@inlined
def sky_gradient(look: Records, dx: Real, dy: Real, dz: Real) -> tuple[Real, Real, Real]:
    """Clear air in a unit direction: what fog takes its colour from and dull surfaces mirror."""
    up = math.sqrt(max(dz, F(0)))
    sun = look[0].sun
    s = max(F(0), dx * sun[0] + dy * sun[1] + dz * sun[2])
    s4 = s * s * s * s
    s32 = s4 * s4
    s32 *= s32
    s32 *= s32
    glow = look[0].halo * (F(0.10) * s4 + F(0.16) * s32)
    zenith, horizon, color = look[0].zenith, look[0].horizon, look[0].sun_color
    return (
        horizon[0] + (zenith[0] - horizon[0]) * up + color[0] * glow,
        horizon[1] + (zenith[1] - horizon[1]) * up + color[1] * glow,
        horizon[2] + (zenith[2] - horizon[2]) * up + color[2] * glow,
    )


@inlined
def cloud_cover(look: Records, noise: NDArray[np.uint8], dx: Real, dy: Real, dz: Real) -> tuple[Real, Real]:
    """Opacity of the clouds in a direction, and how thick they are (0..1)."""
    scale = F(1) / (max(dz, F(0)) + F(0.13))
    qx, qy = dx * scale, dy * scale
    big = sample_noise(noise, 0, qx * F(0.045), qy * F(0.045))
    wide = sample_noise(noise, 3, qx * F(0.045), qy * F(0.045))
    fine = sample_noise(noise, 1, qx * F(0.19), qy * F(0.19))
    value = big * F(0.50) + wide * F(0.28) + fine * F(0.22)
    start = F(0.66) - F(0.45) * look[0].cloudiness
    t = min(F(1), max(F(0), (value - start) * F(6)))
    fade = min(F(1), max(F(0), dz * F(8)))
    thick = min(F(1), max(F(0), (value - start) * F(2.2)))
    return t * t * (F(3) - F(2) * t) * fade, thick


@inlined
def star_light(dx: Real, dy: Real, dz: Real) -> Real:
    """Brightness of the star, if any, in a direction."""
    scale = F(430)
    cell_x, cell_y = floor_of(dx * scale / (F(1) + dz)), floor_of(dy * scale / (F(1) + dz))
    bits = hash_bits(np.uint32(cell_x & 0xFFFF) * np.uint32(65536) + np.uint32(cell_y & 0xFFFF))
    if bits & np.uint32(2047) != np.uint32(0):
        return F(0)
    return F((bits >> np.uint32(11)) & np.uint32(255)) * F(0.00035)


@inlined
def sky_radiance(look: Records, noise: NDArray[np.uint8], dx: Real, dy: Real, dz: Real) -> tuple[Real, Real, Real]:
    """Everything above the horizon, behind the fog."""
    r, g, b = sky_gradient(look, dx, dy, dz)
    cover, thick = cloud_cover(look, noise, dx, dy, dz)
    sun = look[0].sun
    s = dx * sun[0] + dy * sun[1] + dz * sun[2]
    if cover < F(1):
        glare = max(F(0), (s - F(0.975)) * F(40))
        glare *= glare * glare * glare
        disk = min(F(1), max(F(0), (s - F(0.99988)) * F(12000))) * F(9)
        disk = (disk + glare * glare * F(0.55)) * look[0].sun_disk
        if look[0].night > F(0.5):
            disk = min(F(1), max(F(0), (s - F(0.99993)) * F(30000))) * F(30) * (F(1) - look[0].cloudiness)
            star = star_light(dx, dy, max(dz, F(0)))
            r, g, b = r + star, g + star, b + star
        color = look[0].sun_color
        r, g, b = r + color[0] * disk, g + color[1] * disk, b + color[2] * disk
    shade = F(1) - F(0.42) * thick * (F(0.4) + F(0.6) * look[0].cloudiness)
    cloud = look[0].cloud_color
    near_sun = max(F(0), s)
    lift = shade * (F(1) + F(0.35) * near_sun * near_sun * near_sun * look[0].sun_disk)
    r += (cloud[0] * lift - r) * cover
    g += (cloud[1] * lift - g) * cover
    b += (cloud[2] * lift - b) * cover
    veil = F(1) - math.exp(-look[0].fog_per_m * min(F(2500), look[0].fog_top_m / max(dz, F(0.002))))
    fog = look[0].fog_color
    return r + (fog[0] - r) * veil, g + (fog[1] - g) * veil, b + (fog[2] - b) * veil


@inlined
def fog_opacity(look: Records, distance_m: Real, middle_height_m: Real) -> Real:
    """Share of the light of a thing at a distance that fog has replaced."""
    thin = look[0].fog_top_m / (look[0].fog_top_m + max(middle_height_m, F(0)))
    return F(1) - math.exp(-look[0].fog_per_m * thin * max(F(0), distance_m - look[0].fog_start_m))
