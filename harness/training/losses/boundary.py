"""Boundary-weighted cross entropy: pixels near the border of two classes count more.

After the weight map of O. Ronneberger et al., "U-Net", MICCAI 2015 (arXiv:1505.04597), section 3, with a step in place
of its distance to the two nearest cells, which would need a distance transform for each picture on the host.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from harness.training.losses.cross_entropy import pixel_cross_entropy
from harness.training.losses.truth import Truth

RADIUS_PX = 2
"""A pixel is near a border when another class stands within so many rows and columns."""

BORDER_WEIGHT = 5.0
"""How often such a pixel counts: where a tenth of the pixels is near a border, they are about a third of the loss."""


def boundary(rows: Tensor, truth: Truth) -> Tensor:
    """Return the sum of cross entropy over labelled pixels, times their class weights and border weights.

    Args:
        rows: ``(P, K)`` logits of each pixel.
        truth: of the same pixels.
    """
    return (pixel_cross_entropy(rows, truth) * _weights(truth).flatten()).sum()


def boundary_weighted_pixels(truth: Truth) -> Tensor:
    """Return the sum of those weights over labelled pixels, float32 scalar."""
    return _weights(truth).sum()


def near_border(truth: Truth) -> Tensor:
    """Return ``(B, H, W)`` bool: whether two classes stand within ``RADIUS_PX`` rows and columns of the pixel.

    Where ignored pixels begin there is no border: nobody knows what is on their side.
    """
    ids = truth.ids.float()
    lowest = -_max_around((-ids).masked_fill(~truth.is_labelled, -torch.inf))
    highest = _max_around(ids.masked_fill(~truth.is_labelled, -torch.inf))
    return highest > lowest


def _max_around(values: Tensor) -> Tensor:
    """The largest of ``values (B, H, W)`` in the square around each pixel: of its columns, then of its rows."""
    size = 2 * RADIUS_PX + 1
    in_rows = functional.max_pool2d(values[:, None], (1, size), stride=1, padding=(0, RADIUS_PX))
    return functional.max_pool2d(in_rows, (size, 1), stride=1, padding=(RADIUS_PX, 0))[:, 0]


def _weights(truth: Truth) -> Tensor:
    return truth.pixel_weights * torch.where(near_border(truth), BORDER_WEIGHT, 1.0)
