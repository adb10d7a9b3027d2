"""Lovász-softmax loss: the Jaccard index (IoU) itself, made differentiable.

Paper: M. Berman, A. Rannen Triki and M. B. Blaschko, "The Lovász-Softmax loss: A tractable surrogate for the
optimization of the intersection-over-union measure in neural networks", CVPR 2018 (arXiv:1705.08790): over the whole
batch, the mean of the classes present. All classes have the same say, so class weights do not act here.

For one class, a pixel's error is how far its probability is from 0 or 1. Sorted from the largest down, the loss is the
sum of each error times the growth of the Jaccard loss when that pixel becomes wrong, too. The growth depends on the
order alone and is constant where the loss is smooth; so it is found without gradients and put back to where the pixels
were, and autograd keeps no permutation.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from harness.training.losses.truth import Truth, labelled_pixels


def lovasz(rows: Tensor, truth: Truth) -> Tensor:
    """Return the Lovász-softmax loss of the batch, times the number of labelled pixels.

    Args:
        rows: ``(P, K)`` logits of each pixel.
        truth: of the same pixels.
    """
    classes = torch.arange(rows.shape[1], device=rows.device)[:, None]
    is_class = truth.ids.flatten() == classes  # (K, P)
    probabilities = functional.softmax(rows, dim=1).T
    errors = torch.where(is_class, 1 - probabilities, probabilities)
    losses = (errors * _slopes(errors.detach(), is_class, truth.is_labelled.flatten())).sum(dim=1)
    is_present = is_class.any(dim=1)
    return (losses * is_present).sum() / is_present.sum().clamp(min=1) * labelled_pixels(truth)


def _slopes(errors: Tensor, is_class: Tensor, is_labelled: Tensor) -> Tensor:
    """Return ``(K, P)``: how much the Jaccard loss grows at each pixel when errors come in falling order.

    With n pixels of the class, of which f are among the first i, and b = i - f others, the Jaccard loss of those i is
    ``i / (n + b)``. Its growth is written out below, because the difference of two such numbers near 1 would have few
    digits left in float32. All counts are exact integers. Ignored pixels come last and have slope 0.

    Args:
        errors: ``(K, P)``, 0 to 1.
        is_class: ``(K, P)`` bool.
        is_labelled: ``(P,)`` bool.
    """
    order = errors.masked_fill(~is_labelled, -1.0).argsort(dim=1, descending=True)
    is_class_sorted = is_class.gather(1, order)
    num_found = is_class_sorted.cumsum(dim=1, dtype=torch.int32)  # f
    num_pixels = num_found[:, -1:]  # n
    place = torch.arange(1, errors.shape[1] + 1, dtype=torch.int32, device=errors.device)  # i
    num_others = place - num_found  # b
    union = (num_pixels + num_others).to(errors.dtype)
    growth = torch.where(
        is_class_sorted, 1 / union, (num_pixels - num_found) / union.clamp(min=1) / (union - 1).clamp(min=1)
    )
    return torch.zeros_like(errors).scatter(1, order, growth) * is_labelled
