"""From stored pixels to a net's input, and from its output to class ids: for training, validation and inference.

A fixed linear scaling rather than the data set's own mean and deviation: it needs no pass over the data, is the same
for every recording, and batch norm takes up the rest.
"""

from __future__ import annotations

import torch
from torch import Tensor

CENTER = 0.5
"""Grey value, of 0..1, that becomes zero."""

SPREAD = 0.25
"""Distance from the centre, of 0..1, that becomes one: about the deviation of a street image."""


def to_net_input(rgb: Tensor) -> Tensor:
    """Scale ``rgb (B, 3, H, W)`` uint8 to float32 in -2..2, channels last in memory."""
    return center(rgb.to(dtype=torch.float32, memory_format=torch.channels_last).div_(255.0))


def to_class_ids(logits: Tensor) -> Tensor:
    """Return the id of the largest of ``logits (B, K, H, W)`` at each pixel: ``(B, H, W)`` uint8."""
    # max is up to four times faster than argmax on a CPU (torch 2.13), and its values cost nothing here.
    return logits.max(dim=1).indices.to(torch.uint8)


def center(unit_rgb: Tensor) -> Tensor:
    """Scale float RGB of 0..1 to -2..2."""
    return (unit_rgb - CENTER) / SPREAD
