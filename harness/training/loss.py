"""What the net is asked to make small, and how much each class counts in it."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from datasets.class_weights import effective_number_weights, inverse_sqrt_weights, median_frequency_weights

MAX_CLASS_WEIGHT = 10.0
"""Cap on class weights: a class of a hundred pixels must not shake the whole net."""


class CrossEntropy(nn.Module):
    """Mean cross entropy over labelled pixels, with optional class weights.

    Ignored pixels have a gradient of exactly zero. A batch without any labelled pixel has loss 0, where torch's own
    mean would be 0 / 0; so "NaN loss" always means that training went wrong.

    Args:
        ignore_id: label of pixels that do not count.
        class_weights: ``(K,)`` float32, or None for equal weights; the mean is then the weighted mean.
    """

    def __init__(self, *, ignore_id: int, class_weights: Tensor | None = None) -> None:
        super().__init__()
        self.ignore_id = ignore_id
        self.class_weights: Tensor | None
        self.register_buffer("class_weights", class_weights)

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the scalar float32 loss.

        Args:
            logits: ``(B, K, H, W)``, any floating type.
            labels: ``(B, H, W)`` uint8 class ids.
        """
        # Pixels as rows: on channels-last logits that is a view, and softmax over adjacent numbers is much faster.
        rows = logits.permute(0, 2, 3, 1).reshape(-1, logits.shape[1]).float()
        ids = labels.reshape(-1).long()
        total = functional.cross_entropy(
            rows, ids, weight=self.class_weights, ignore_index=self.ignore_id, reduction="sum"
        )
        return total / self._total_weight(ids).clamp(min=1e-6)

    def _total_weight(self, labels: Tensor) -> Tensor:
        is_labelled = labels != self.ignore_id
        if self.class_weights is None:
            return is_labelled.sum()
        weights = self.class_weights[labels.masked_fill(~is_labelled, 0)]
        return (weights * is_labelled).sum()


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
