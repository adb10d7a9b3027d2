"""White balance: which light a camera takes for white.

The light of ``temp`` kelvins becomes white: a higher value than the scene's makes a picture warm, a lower one cold, as
in Unreal (PostProcessCombineLUTs.usf, WhiteBalance). Daylight's chromaticities are those of the CIE's series D, below
4000 K those of a black body (Kim et al. 2002); ``tint`` leads off that line. The change of white is Bradford's.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_COLDEST_K, _HOTTEST_K = 1700.0, 25000.0
_TINT_TO_UV = 0.05
"""Unreal's scale of the tint, in the CIE's 1960 chart."""
_RGB_TO_XYZ = np.array([
    [0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041],
])  # fmt: skip
_XYZ_TO_CONES = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


@lru_cache(maxsize=16)
def white_balance(temp_k: float, tint: float) -> NDArray[np.float64]:
    """(3, 3) for linear RGB columns: the light of a temperature and tint to white; 6500 and 0 are no change."""
    source, white = (_cones(*white_point(k, t)) for k, t in ((temp_k, tint), (6500.0, 0.0)))
    to_cones = _XYZ_TO_CONES @ _RGB_TO_XYZ
    return np.asarray(np.linalg.inv(to_cones) @ np.diag(white / source) @ to_cones)


def white_point(temp_k: float, tint: float) -> tuple[float, float]:
    """CIE 1931 chromaticity (x, y) of a light."""
    temp_k = min(_HOTTEST_K, max(_COLDEST_K, temp_k))
    u, v = _to_uv(*_on_the_line(temp_k))
    if tint:
        u1, v1 = _to_uv(*_on_the_line(temp_k * 1.01))
        along = np.array([u1 - u, v1 - v]) / np.hypot(u1 - u, v1 - v)
        u, v = u - along[1] * tint * _TINT_TO_UV, v + along[0] * tint * _TINT_TO_UV
    return 3.0 * u / (2.0 * u - 8.0 * v + 4.0), 2.0 * v / (2.0 * u - 8.0 * v + 4.0)


def _on_the_line(k: float) -> tuple[float, float]:
    m = 1000.0 / k
    if k >= 4000.0:
        x = (
            0.244063 + 0.09911 * m + 2.9678 * m**2 - 4.6070 * m**3 if k <= 7000.0
            else 0.237040 + 0.24748 * m + 1.9018 * m**2 - 2.0064 * m**3
        )  # fmt: skip
        return x, -3.0 * x**2 + 2.870 * x - 0.275
    x = 0.179910 + 0.8776956 * m - 0.2343589 * m**2 - 0.2661239 * m**3
    if k > 2222.0:
        return x, -0.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - 0.16748867
    return x, -1.1063814 * x**3 - 1.34811020 * x**2 + 2.18555832 * x - 0.20219683


def _to_uv(x: float, y: float) -> tuple[float, float]:
    return 4.0 * x / (-2.0 * x + 12.0 * y + 3.0), 6.0 * y / (-2.0 * x + 12.0 * y + 3.0)


def _cones(x: float, y: float) -> NDArray[np.float64]:
    return np.asarray(_XYZ_TO_CONES @ np.array([x / y, 1.0, (1.0 - x - y) / y]))
