"""Focal loss: cross entropy that pays little attention to pixels that are right already.

Paper: T.-Y. Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017 (arXiv:1708.02002), here with the softmax
over all classes in place of the paper's sigmoid; its alpha is our class weights.
"""

from __future__ import annotations

import torch
from torch import Tensor

from harness.training.losses.cross_entropy import pixel_cross_entropy
from harness.training.losses.truth import Truth

GAMMA = 2
"""The paper's best: a pixel with probability 0.9 counts a hundred times less than in cross entropy."""


def focal(rows: Tensor, truth: Truth) -> Tensor:
    """Return the sum of ``(1 - p) ** GAMMA`` times cross entropy over labelled pixels, times their class weights.

    Args:
        rows: ``(P, K)`` logits of each pixel.
        truth: of the same pixels.
    """
    losses = pixel_cross_entropy(rows, truth)
    doubt = -torch.expm1(-losses)  # 1 - p, of which a p near 1 leaves no digits when it is subtracted
    return (doubt**GAMMA * losses * truth.pixel_weights.flatten()).sum()
