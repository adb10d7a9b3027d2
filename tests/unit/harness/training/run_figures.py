"""Figures of epochs for the tests of what a run writes."""

from __future__ import annotations

import math

from harness.training.epoch_metrics import EpochMetrics


def epoch_metrics(epoch: int, miou: float = 0.5, **figures: float) -> EpochMetrics:
    """Return the figures of an epoch of ten steps on two classes, the second of them absent."""
    return EpochMetrics(
        **{
            "epoch": epoch,
            "step": epoch * 10,
            "learning_rate": 1 / 3,
            "train_loss": 1 / epoch,
            "validation_loss": 2 / epoch,
            "pixel_accuracy": 0.9,
            "miou": miou,
            "iou": {"Roads": miou, "Car, parked": math.nan},
            "seconds": 1.5,
            "validation_seconds": 0.5,
            "images_per_s": 20.0,
            "data_wait_share": 0.01,
            "memory_bytes": 3_000_000_000,
            **figures,
        }
    )
