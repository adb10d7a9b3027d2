"""What the net is asked to make small: one loss a file, each a function of logits and labels, and sums of them.

A loss is named by a notation, ``cross-entropy+0.5*dice``; ``LOSSES`` holds the names. All of them leave out the pixels
of the ignore id, whose gradient is exactly zero, and none of them waits for the device.
"""

from __future__ import annotations

from harness.training.losses.catalog import LOSSES
from harness.training.losses.notation import parse_loss
from harness.training.losses.segmentation_loss import SegmentationLoss, build_loss

__all__ = ["LOSSES", "SegmentationLoss", "build_loss", "parse_loss"]
