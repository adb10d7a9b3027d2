"""Online hard example mining: cross entropy of the pixels that the net still gets wrong, or is unsure of.

Paper: A. Shrivastava et al., "Training Region-based Object Detectors with Online Hard Example Mining", CVPR 2016
(arXiv:1604.03540); for segmentation Z. Wu et al., "High-performance Semantic Segmentation Using Very Deep Fully
Convolutional Networks", 2016 (arXiv:1604.04339), who keep the pixels of a probability below a threshold, but never
fewer than some number. Which pixels are kept is decided on the device: nothing is counted on the host.
"""

from __future__ import annotations

import math

from torch import Tensor

from harness.training.losses.cross_entropy import pixel_cross_entropy
from harness.training.losses.truth import Truth, labelled_pixels

MAX_PROBABILITY = 0.7
"""Pixels whose truth has at most this probability are kept."""

MIN_KEPT = 1 / 16
"""Of all pixels, ignored ones included, at least so many are kept; all labelled ones if there are no more than that."""


def ohem(rows: Tensor, truth: Truth) -> Tensor:
    """Return the weighted mean of cross entropy over kept pixels, times the number of labelled pixels.

    Args:
        rows: ``(P, K)`` logits of each pixel.
        truth: of the same pixels.
    """
    losses = pixel_cross_entropy(rows, truth)
    # Ignored pixels have loss 0, the smallest; so the last of the largest is 0 when there are too few labelled ones.
    num_kept = math.ceil(MIN_KEPT * losses.numel())
    last_kept = losses.detach().topk(num_kept, sorted=False).values.min()
    is_easy = losses < last_kept.clamp(max=-math.log(MAX_PROBABILITY))  # and a NaN is not
    weights = truth.pixel_weights.flatten().masked_fill(is_easy, 0.0)
    return (losses * weights).sum() / weights.sum().clamp(min=1e-6) * labelled_pixels(truth)
