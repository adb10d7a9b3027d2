"""The interval of a share of successes (Wilson, Journal of the American Statistical Association 22, 1927).

Unlike the textbook's ``p ± z·sqrt(p(1-p)/n)`` it stays inside 0..1 and says something at 0 and at all of few trials
(Brown, Cai and DasGupta, Statistical Science 16, 2001, who recommend it for them).
"""

from __future__ import annotations

import math
from statistics import NormalDist


def wilson_interval(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Shares that are not ruled out by ``successes`` of ``trials``.

    Args:
        successes: how often it went well, 0..``trials``.
        trials: how often it was tried.
        level: share of such intervals that hold the true share, about, above 0 and below 1.

    Returns:
        Lower and upper end in 0..1; NaN without a trial.
    """
    assert 0 <= successes <= trials, f"{successes} of {trials}"
    if not trials:
        return math.nan, math.nan
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = successes / trials
    middle = share + z * z / (2 * trials)
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    # At the ends the formula gives 0 and 1, up to rounding.
    low = 0.0 if successes == 0 else (middle - half) / scale
    high = 1.0 if successes == trials else (middle + half) / scale
    return low, high
