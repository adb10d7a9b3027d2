"""How good the net is on frames it does not learn from: counts over whole frames, divided once at the end."""

from __future__ import annotations

import torch
from torch import nn

from harness.scoring.confusion import ConfusionMatrix
from harness.training.data import Frames
from harness.training.device import Precision, autocast
from harness.training.pixels import to_class_ids, to_net_input


def validate(
    net: nn.Module,
    frames: Frames,
    *,
    num_classes: int,
    batch_size: int,
    device: torch.device,
    precision: Precision,
) -> ConfusionMatrix:
    """Return the counts of truth and prediction over all ``frames``; leaves the net in training mode as it found it."""
    was_training = net.training
    net.eval()
    matrix = ConfusionMatrix(num_classes)
    with torch.inference_mode():
        for batch in frames.batches(range(len(frames)), batch_size):
            with autocast(device, precision):
                logits = net(to_net_input(batch.rgb))
            matrix.update(batch.labels.cpu().numpy(), to_class_ids(logits).cpu().numpy())
    net.train(was_training)
    return matrix
