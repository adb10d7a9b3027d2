"""The losses there are. The table is explicit on purpose: a loss exists when its line does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from harness.training.losses.boundary import boundary, boundary_weighted_pixels
from harness.training.losses.cross_entropy import cross_entropy
from harness.training.losses.dice import dice
from harness.training.losses.focal import focal
from harness.training.losses.lovasz import lovasz
from harness.training.losses.ohem import ohem
from harness.training.losses.truth import Truth, labelled_pixels, weighted_pixels


@dataclass(frozen=True, kw_only=True)
class Loss:
    """A loss, as a total and the weight that it is divided by.

    The two are apart so that a batch can be worked through in parts: totals and weights of the parts add up.
    """

    total: Callable[[Tensor, Truth], Tensor]
    """Of logits ``(P, K)`` float32, a row a pixel, and their truth: a scalar; 0 without a labelled pixel.

    For a loss that looks at a whole picture it is the loss of that part times its weight, so that the quotient is the
    mean of the parts' losses by their weights.
    """

    weight: Callable[[Truth], Tensor]
    """Of the truth alone: a float32 scalar, 0 without a labelled pixel."""


LOSSES = {
    "cross-entropy": Loss(total=cross_entropy, weight=weighted_pixels),
    "focal": Loss(total=focal, weight=weighted_pixels),
    "dice": Loss(total=dice, weight=labelled_pixels),
    "lovasz": Loss(total=lovasz, weight=labelled_pixels),
    "ohem": Loss(total=ohem, weight=labelled_pixels),
    "boundary": Loss(total=boundary, weight=boundary_weighted_pixels),
}
