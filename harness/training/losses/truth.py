"""The labels of a batch in the form that losses need them in, made once for all terms and outputs of a step."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Truth(NamedTuple):
    """Labels, and how much each pixel counts; a tuple, because ``torch.compile`` looks through those."""

    ids: Tensor
    """``(B, H, W)`` int64 class ids."""

    is_labelled: Tensor
    """``(B, H, W)`` bool, false where the ignore id stands."""

    pixel_weights: Tensor
    """``(B, H, W)`` float32: the class weight of each pixel, or 1 without class weights; 0 where ignored."""

    class_weights: Tensor | None
    """``(K,)`` float32, or None for equal weights."""

    ignore_id: int
    """Label of pixels that do not count."""


def truth_of(labels: Tensor, *, ignore_id: int, class_weights: Tensor | None) -> Truth:
    """Return the truth of ``labels (B, H, W)`` uint8."""
    ids = labels.long()
    is_labelled = ids != ignore_id
    weights = is_labelled.float()
    if class_weights is not None:
        weights = class_weights[ids.masked_fill(~is_labelled, 0)] * is_labelled
    return Truth(ids, is_labelled, weights, class_weights, ignore_id)


def labelled_pixels(truth: Truth) -> Tensor:
    """Return how many pixels are labelled, float32 scalar: what losses of a whole picture are averaged over."""
    return truth.is_labelled.sum().float()


def weighted_pixels(truth: Truth) -> Tensor:
    """Return the sum of class weights over labelled pixels, float32 scalar: what losses of pixels are averaged over."""
    return truth.pixel_weights.sum()
