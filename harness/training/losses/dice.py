"""Soft Dice loss: one minus the overlap of a class's probabilities with its pixels, the mean of the classes present.

Paper: F. Milletari et al., "V-Net", 3DV 2016 (arXiv:1606.04797), with probabilities in place of their squares in the
denominator. Rare classes count as much as frequent ones, so class weights do not act here. A class that the batch does
not show has no overlap to speak of and is left out; false alarms for it still cost, because probabilities sum to one.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from harness.training.losses.truth import Truth, labelled_pixels


def dice(rows: Tensor, truth: Truth) -> Tensor:
    """Return the mean over present classes of ``1 - 2 sum(p g) / (sum(p) + sum(g))``, times the labelled pixels.

    p is the probability of the class and g whether it is the truth; sums are over the labelled pixels of the batch.

    Args:
        rows: ``(P, K)`` logits of each pixel.
        truth: of the same pixels.
    """
    is_labelled = truth.is_labelled.flatten()[:, None]
    probabilities = functional.softmax(rows, dim=1) * is_labelled
    is_class = truth.ids.flatten()[:, None] == torch.arange(rows.shape[1], device=rows.device)
    num_pixels = is_class.sum(dim=0)
    overlap = (probabilities * is_class).sum(dim=0)
    losses = 1 - 2 * overlap / (probabilities.sum(dim=0) + num_pixels).clamp(min=1)
    is_present = num_pixels > 0
    return (losses * is_present).sum() / is_present.sum().clamp(min=1) * labelled_pixels(truth)
