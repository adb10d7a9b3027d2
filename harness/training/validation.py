"""How good the net is on frames it does not learn from: counts over whole frames, divided once at the end.

The loss is the mean of each frame's own loss, so that, like the counts, it does not depend on how frames are batched
or divided among processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from harness.scoring.confusion import ConfusionMatrix
from harness.training.data import Frames
from harness.training.device import Precision, autocast
from harness.training.distributed import Ranks
from harness.training.losses import SegmentationLoss
from harness.training.panels import Example, example_frames, examples_of
from harness.training.pixels import to_class_ids, to_net_input


@dataclass(frozen=True, kw_only=True)
class Validation:
    """What one look at all validation frames came to."""

    confusion: ConfusionMatrix
    """Counts of truth and prediction over all pixels."""

    loss: float
    """Mean over the frames."""

    examples: Sequence[Example]
    """A few frames and what was predicted, in the first process only."""


def validate(
    net: nn.Module,
    loss: SegmentationLoss,
    frames: Frames,
    *,
    num_classes: int,
    batch_size: int,
    device: torch.device,
    precision: Precision,
    ranks: Ranks,
) -> Validation:
    """Return the figures over all ``frames``, the same in each process; leaves the net in the mode it was in.

    Args:
        net: on ``device``.
        loss: on ``device``.
        frames: at least one.
        num_classes: K.
        batch_size: frames that this process puts through the net at once.
        device: where to compute.
        precision: of convolutions.
        ranks: the processes, which share the frames out among themselves.
    """
    order = range(len(frames))[ranks.rank :: ranks.size]
    wanted = example_frames(order) if ranks.is_first else ()
    was_training = net.training
    net.eval()
    confusion = ConfusionMatrix(num_classes)
    examples: list[Example] = []
    losses = torch.zeros((), dtype=torch.float64, device=device)
    with torch.inference_mode():
        for batch in frames.batches(order, batch_size):
            with autocast(device, precision):
                logits = net(to_net_input(batch.rgb))
            ids = to_class_ids(logits)
            confusion.update(batch.labels.cpu().numpy(), ids.cpu().numpy())
            for frame in range(len(ids)):
                losses += loss(logits[frame : frame + 1], batch.labels[frame : frame + 1])
            examples += examples_of(batch, ids, wanted)
    net.train(was_training)
    ranks.sum_(torch.from_numpy(confusion.counts))  # the tensor is a view of the counts
    return Validation(confusion=confusion, loss=float(ranks.sum_(losses)) / len(frames), examples=examples)
