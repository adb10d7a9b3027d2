"""How much each class counts in the loss, from how often it occurs in the training labels."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datasets.class_weights import effective_number_weights, inverse_sqrt_weights, median_frequency_weights

MAX_CLASS_WEIGHT = 10.0
"""Cap on class weights: a class of a hundred pixels must not shake the whole net."""


def class_weights(histogram: NDArray[np.int64], scheme: str, *, beta: float | None = None) -> Tensor:
    """Return ``(K,)`` float32 weights, 0 for a class that never occurs and at most ``MAX_CLASS_WEIGHT``.

    Args:
        histogram: ``(K,)`` int64, labelled pixels of each class in the training split; at least one pixel in all.
        scheme: ``"median-frequency"``, ``"inverse-sqrt"`` or ``"effective-number"``; see ``datasets.class_weights``.
        beta: of ``"effective-number"``.
    """
    if scheme == "effective-number":
        weights = effective_number_weights(histogram, beta=beta)
    else:
        schemes = {"median-frequency": median_frequency_weights, "inverse-sqrt": inverse_sqrt_weights}
        weights = schemes[scheme](histogram)
    return torch.from_numpy(np.minimum(weights, np.float32(MAX_CLASS_WEIGHT)))
