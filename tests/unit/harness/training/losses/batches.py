"""Batches to compute losses of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from datasets.labels import IGNORE_ID
from harness.training.losses import SegmentationLoss, build_loss
from harness.training.losses.truth import Truth, truth_of

NUM_CLASSES = 5


@dataclass(frozen=True, kw_only=True)
class Case:
    """A batch, and the weights of classes that go with it."""

    logits: Tensor
    """(B, K, H, W) float32, right in most places, that want a gradient."""

    labels: Tensor
    """(B, H, W) uint8 in patches, some of them ignored; the last class is absent."""

    class_weights: Tensor | None

    def build(self, text: str, *, auxiliary_weights: tuple[float, ...] = ()) -> SegmentationLoss:
        return build_loss(
            text,
            num_classes=NUM_CLASSES,
            ignore_id=IGNORE_ID,
            class_weights=self.class_weights,
            auxiliary_weights=auxiliary_weights,
        )

    @property
    def rows(self) -> Tensor:
        """(P, K) float64, detached."""
        return self.logits.detach().permute(0, 2, 3, 1).reshape(-1, NUM_CLASSES).double()

    @property
    def truth(self) -> Truth:
        """Of float64 weights, as the rows are."""
        weights = None if self.class_weights is None else self.class_weights.double()
        truth = truth_of(self.labels, ignore_id=IGNORE_ID, class_weights=weights)
        return truth._replace(pixel_weights=truth.pixel_weights.double())


def random_case(
    seed: int = 0,
    *,
    size: tuple[int, int, int] = (2, 9, 11),
    ignored: float = 0.3,
    is_weighted: bool = False,
) -> Case:
    """Patches of 4x4, `ignored` of all pixels without a label, in a batch of `size` (B, H, W)."""
    rng = np.random.default_rng(seed)
    batch, height, width = size
    patches = rng.integers(0, NUM_CLASSES - 1, (batch, -(-height // 4), -(-width // 4)), dtype=np.uint8)
    labels = patches.repeat(4, axis=1).repeat(4, axis=2)[:, :height, :width].copy()
    logits = 2 * rng.standard_normal((batch, NUM_CLASSES, height, width), dtype=np.float32)
    best = logits.max(axis=1, keepdims=True) + 1
    np.put_along_axis(logits, labels[:, None].astype(np.int64), best, axis=1)
    logits += rng.standard_normal(logits.shape, dtype=np.float32)
    labels[rng.random(labels.shape) < ignored] = IGNORE_ID
    return Case(
        logits=torch.from_numpy(logits).requires_grad_(),
        labels=torch.from_numpy(labels),
        class_weights=torch.tensor([0.5, 2.0, 1.0, 4.0, 0.0]) if is_weighted else None,
    )
