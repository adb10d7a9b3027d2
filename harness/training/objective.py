"""What a training step differentiates: the net and its loss, as one function of a batch.

As one, since ``torch.compile`` then fuses the loss with the net's last layers, and several processes exchange the
gradients of exactly this. The net itself stays what it was: its parameters have their own names in a checkpoint.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from harness.training.device import Precision, autocast
from harness.training.losses import SegmentationLoss


class Objective(nn.Module):
    """The loss of a net on a batch or on a part of one."""

    def __init__(self, net: nn.Module, loss: SegmentationLoss, *, device: torch.device, precision: Precision) -> None:
        super().__init__()
        self.net = net
        self.loss = loss
        self.device = device
        self.precision = precision

    def forward(self, images: Tensor, labels: Tensor, total_weights: Tensor) -> Tensor:
        """Return the part's share of the batch's loss, a scalar float32.

        Args:
            images: ``(B, 3, H, W)`` float32, zero-centred.
            labels: ``(B, H, W)`` uint8 class ids.
            total_weights: ``(T,)`` float32, what the terms of the loss are divided by, of the whole batch.
        """
        with autocast(self.device, self.precision):
            outputs = self.net(images)
        loss: Tensor = self.loss(outputs, labels, total_weights=total_weights)
        return loss
