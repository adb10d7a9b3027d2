"""The loss of a training run: a sum of losses, over the main output and the auxiliary ones, of a batch or a part of it.

A batch may be worked through in parts, one after the other for less memory or side by side in several processes. A
part's value is then its share of the batch's loss: its total divided by the weight of the *whole* batch. So the parts'
values, and their gradients, add up to those of the batch. That is exact for losses of single pixels (cross entropy,
focal, boundary). Dice, Lovász-softmax and hard example mining look at all pixels of what they are given: they are
computed for each part and averaged by its labelled pixels, which depends on how the batch was divided.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from harness.training.losses.catalog import LOSSES
from harness.training.losses.notation import parse_loss
from harness.training.losses.truth import Truth, truth_of


class SegmentationLoss(nn.Module):
    """A sum of losses over labelled pixels; see ``build_loss``.

    Ignored pixels have a gradient of exactly zero. A batch without any labelled pixel has loss 0 and not 0 / 0, so that
    "NaN loss" always means that training went wrong.
    """

    def __init__(
        self,
        terms: tuple[tuple[float, str], ...],
        *,
        ignore_id: int,
        class_weights: Tensor | None,
        auxiliary_weights: tuple[float, ...],
    ) -> None:
        super().__init__()
        self.factors = tuple(factor for factor, _ in terms)
        self.losses = tuple(LOSSES[name] for _, name in terms)
        self.ignore_id = ignore_id
        self.auxiliary_weights = auxiliary_weights
        self.class_weights: Tensor | None
        self.register_buffer("class_weights", class_weights)

    def weights(self, labels: Tensor) -> Tensor:
        """Return ``(T,)`` float32: what each of the T terms is divided by, from ``labels (B, H, W)`` uint8 alone."""
        return self._weights(self._truth(labels))

    def forward(
        self, outputs: Tensor | tuple[Tensor, ...], labels: Tensor, *, total_weights: Tensor | None = None
    ) -> Tensor:
        """Return the scalar float32 loss, or of a part of a batch its share of the batch's loss.

        Args:
            outputs: logits ``(B, K, H, W)`` of any floating type, or those and one such tensor for each of the
                auxiliary weights.
            labels: ``(B, H, W)`` uint8 class ids.
            total_weights: ``(T,)`` float32, the sum of ``weights`` over all parts of the batch; None if this is all.
        """
        logits, *auxiliary = (outputs,) if isinstance(outputs, Tensor) else outputs
        truth = self._truth(labels)
        weights = self._weights(truth) if total_weights is None else total_weights
        loss = self._sum_of_terms(logits, truth, weights)
        for factor, output in zip(self.auxiliary_weights, auxiliary, strict=bool(auxiliary)):
            loss = loss + factor * self._sum_of_terms(output, truth, weights)
        return loss

    def _truth(self, labels: Tensor) -> Truth:
        return truth_of(labels, ignore_id=self.ignore_id, class_weights=self.class_weights)

    def _weights(self, truth: Truth) -> Tensor:
        return torch.stack([loss.weight(truth) for loss in self.losses])

    def _sum_of_terms(self, logits: Tensor, truth: Truth, weights: Tensor) -> Tensor:
        # Pixels as rows: on channels-last logits that is a view, and softmax over adjacent numbers is much faster.
        rows = logits.permute(0, 2, 3, 1).reshape(-1, logits.shape[1]).float()
        divisors = weights.clamp(min=1e-6).unbind()
        terms = zip(self.factors, self.losses, divisors, strict=True)
        return torch.stack([factor * loss.total(rows, truth) / divisor for factor, loss, divisor in terms]).sum()


def build_loss(
    text: str,
    *,
    num_classes: int,
    ignore_id: int,
    class_weights: Tensor | None,
    auxiliary_weights: tuple[float, ...] = (),
) -> SegmentationLoss:
    """Return the loss that ``text`` names, on the CPU.

    Args:
        text: a name of ``LOSSES``, or a sum such as ``cross-entropy+0.5*dice``.
        num_classes: K, to check the weights against.
        ignore_id: label of pixels that do not count.
        class_weights: ``(K,)`` float32 for the losses of single pixels (cross-entropy, focal, ohem, boundary), whose
            means are then weighted means; None for equal weights.
        auxiliary_weights: the factor of each auxiliary output of the net, as its ``auxiliary_weights`` says.

    Raises:
        UsageError: ``text`` cannot be read.
    """
    assert class_weights is None or class_weights.shape == (num_classes,)
    return SegmentationLoss(
        parse_loss(text), ignore_id=ignore_id, class_weights=class_weights, auxiliary_weights=auxiliary_weights
    )
