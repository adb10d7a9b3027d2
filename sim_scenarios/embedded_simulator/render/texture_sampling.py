"""Reading textures inside kernels: bilinear material texels at a mip level, bilinear tileable noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.jit import F, Real, inlined

_BYTE = F(1.0 / 255.0)


@inlined
def floor_of(value: Real) -> int:
    """The largest whole number not above a value; ``math.floor`` would be a call into the C library."""
    whole = np.int64(value)
    return int(whole - 1 if F(whole) > value else whole)


@inlined
def sample_texel(texels: NDArray[np.uint8], offset: int, size: int, u: Real, v: Real) -> tuple[Real, Real, Real, Real]:
    """Bilinear sample, 0..1 in sRGB + gloss, of the ``size``-pixel mip level that starts at ``offset``."""
    fu, fv = (u - F(floor_of(u))) * F(size) - F(0.5), (v - F(floor_of(v))) * F(size) - F(0.5)
    base_u, base_v = floor_of(fu), floor_of(fv)
    fu, fv = fu - F(base_u), fv - F(base_v)
    mask = size - 1
    iu, iv = base_u & mask, base_v & mask
    row_0, row_1 = offset + iv * size, offset + ((iv + 1) & mask) * size
    ju = (iu + 1) & mask
    a, b, c, d = row_0 + iu, row_0 + ju, row_1 + iu, row_1 + ju
    wb, wc, wd = fu * (F(1) - fv), (F(1) - fu) * fv, fu * fv
    wa = F(1) - wb - wc - wd
    return (
        (F(texels[a, 0]) * wa + F(texels[b, 0]) * wb + F(texels[c, 0]) * wc + F(texels[d, 0]) * wd) * _BYTE,
        (F(texels[a, 1]) * wa + F(texels[b, 1]) * wb + F(texels[c, 1]) * wc + F(texels[d, 1]) * wd) * _BYTE,
        (F(texels[a, 2]) * wa + F(texels[b, 2]) * wb + F(texels[c, 2]) * wc + F(texels[d, 2]) * wd) * _BYTE,
        (F(texels[a, 3]) * wa + F(texels[b, 3]) * wb + F(texels[c, 3]) * wc + F(texels[d, 3]) * wd) * _BYTE,
    )


@inlined
def sample_noise(noise: NDArray[np.uint8], channel: int, u: Real, v: Real) -> Real:
    """Bilinear sample, 0..1, of one of the four channels (4, 512, 512) of the noise that repeats once a unit."""
    fu, fv = u * F(512), v * F(512)
    base_u, base_v = floor_of(fu), floor_of(fv)
    fu, fv = fu - F(base_u), fv - F(base_v)
    iu, iv = base_u & 511, base_v & 511
    ju, jv = (iu + 1) & 511, (iv + 1) & 511
    top = F(noise[channel, iv, iu]) * (F(1) - fu) + F(noise[channel, iv, ju]) * fu
    low = F(noise[channel, jv, iu]) * (F(1) - fu) + F(noise[channel, jv, ju]) * fu
    return (top * (F(1) - fv) + low * fv) * _BYTE


@inlined
def hash_bits(value: Real) -> Real:
    """Scramble 32 bits (the PCG hash of Jarzynski and Olano, "Hash Functions for GPU Rendering", 2020)."""
    state = np.uint32(value * np.uint32(747796405) + np.uint32(2891336453))
    word = np.uint32(((state >> np.uint32((state >> np.uint32(28)) + np.uint32(4))) ^ state) * np.uint32(277803737))
    return np.uint32((word >> np.uint32(22)) ^ word)


@inlined
def hash_unit(value: Real) -> Real:
    """A float in [0, 1) from 32 bits."""
    return F(hash_bits(value) >> np.uint32(8)) * F(1.0 / 16777216.0)
