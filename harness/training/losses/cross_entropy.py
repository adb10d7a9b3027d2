"""Cross entropy: minus the logarithm of the probability that the net gives to the truth."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from harness.training.losses.truth import Truth


def cross_entropy(rows: Tensor, truth: Truth) -> Tensor:
    """Return the sum over labelled pixels, times their class weights; ``rows (P, K)`` are the logits of each pixel."""
    return functional.cross_entropy(
        rows, truth.ids.flatten(), weight=truth.class_weights, ignore_index=truth.ignore_id, reduction="sum"
    )


def pixel_cross_entropy(rows: Tensor, truth: Truth) -> Tensor:
    """Return ``(P,)`` cross entropy of each pixel without class weights, 0 where ignored."""
    return functional.cross_entropy(rows, truth.ids.flatten(), ignore_index=truth.ignore_id, reduction="none")
