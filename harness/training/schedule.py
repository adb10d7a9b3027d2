"""The learning rate at each step: linear warm-up, then down to zero.

Down along half a cosine (Loshchilov and Hutter, 2017) or as a power of what is left ("poly", Chen et al., DeepLab).
A function of the step number alone. There is no state to save, so a resumed run cannot have the wrong one.
"""

from __future__ import annotations

import math

POLY_POWER = 0.9
"""DeepLab's exponent, which everybody after it has taken over."""


def learning_rate_at(
    step: int, *, total_steps: int, peak: float, warmup_fraction: float, schedule: str = "cosine"
) -> float:
    """Return the rate for optimiser step ``step``, 0 being the first and ``total_steps - 1`` the last.

    The warm-up's first step has ``peak / warmup_steps``, never zero, and its last has ``peak``.

    Args:
        step: optimiser step.
        total_steps: of the whole run.
        peak: highest rate.
        warmup_fraction: share of all steps that climb.
        schedule: ``"cosine"`` or ``"poly"``.
    """
    warmup_steps = round(total_steps * warmup_fraction)
    if step < warmup_steps:
        return peak * (step + 1) / warmup_steps
    progress = (step - warmup_steps) / max(1, total_steps - warmup_steps)
    if schedule == "poly":
        return float(peak * (1.0 - progress) ** POLY_POWER)
    return peak * 0.5 * (1.0 + math.cos(math.pi * progress))
