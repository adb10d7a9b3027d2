"""Validation counts whole frames, however they are batched."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from harness.training.data import CachedFrames
from harness.training.validation import validate

NUM_CLASSES = 5


class RedLevelNet(nn.Module):
    """Predicts the class whose number is the red level of a pixel."""

    def forward(self, images: Tensor) -> Tensor:
        assert not self.training
        red = ((images[:, 0] * 0.25 + 0.5) * 255).round()
        return -(red[:, None] - torch.arange(NUM_CLASSES)[:, None, None]).abs()


@pytest.mark.parametrize("batch_size", [2, 3, 100])
def test_counts_are_exact_for_any_batch_size(batch_size: int) -> None:
    generator = torch.Generator().manual_seed(0)
    truth, predicted = (
        torch.randint(0, NUM_CLASSES, (7, 6, 9), generator=generator, dtype=torch.uint8) for _ in range(2)
    )
    truth[:, 0] = 255
    net = RedLevelNet().train()
    matrix = validate(
        net,
        CachedFrames(predicted[..., None].expand(-1, -1, -1, 3), truth, device=torch.device("cpu")),
        num_classes=NUM_CLASSES,
        batch_size=batch_size,
        device=torch.device("cpu"),
        precision="float32",
    )
    expected = np.zeros((NUM_CLASSES, NUM_CLASSES), dtype=np.int64)
    np.add.at(expected, (truth[:, 1:].numpy(), predicted[:, 1:].numpy()), 1)
    assert np.array_equal(matrix.counts, expected)
    assert net.training
