"""The learning rate at each step: linear warm-up, then half a cosine to zero (Loshchilov and Hutter, 2017).

A function of the step number alone. There is no state to save, so a resumed run cannot have the wrong one.
"""

from __future__ import annotations

import math


def learning_rate_at(step: int, *, total_steps: int, peak: float, warmup_fraction: float) -> float:
    """Return the rate for optimiser step ``step``, 0 being the first and ``total_steps - 1`` the last.

    The warm-up's first step has ``peak / warmup_steps``, never zero, and its last has ``peak``.
    """
    warmup_steps = round(total_steps * warmup_fraction)
    if step < warmup_steps:
        return peak * (step + 1) / warmup_steps
    progress = (step - warmup_steps) / max(1, total_steps - warmup_steps)
    return peak * 0.5 * (1.0 + math.cos(math.pi * progress))
