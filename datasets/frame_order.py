"""In which order an epoch draws its frames: a function of seed and epoch, with no history to save or to lose."""

from __future__ import annotations

import numpy as np


def epoch_order(num_frames: int, *, seed: int, epoch: int) -> list[int]:
    """The permutation of ``0 .. num_frames - 1`` that epoch `epoch` of a run with `seed` draws, both >= 0."""
    order: list[int] = np.random.default_rng([seed, epoch]).permutation(num_frames).tolist()
    return order
