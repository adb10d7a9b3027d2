"""Validation counts whole frames, however they are batched."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from harness.training.data import CachedFrames
from harness.training.distributed import Ranks
from harness.training.losses import build_loss
from harness.training.validation import Validation, validate

NUM_CLASSES = 5
CPU = torch.device("cpu")


class RedLevelNet(nn.Module):
    """Predicts the class whose number is the red level of a pixel."""

    def forward(self, images: Tensor) -> Tensor:
        assert not self.training
        red = ((images[:, 0] * 0.25 + 0.5) * 255).round()
        return -(red[:, None] - torch.arange(NUM_CLASSES)[:, None, None]).abs()


def frames() -> tuple[Tensor, Tensor]:
    """Truth and prediction of seven frames ``(7, 6, 9)``; the last has no label at all."""
    generator = torch.Generator().manual_seed(0)
    truth, predicted = (
        torch.randint(0, NUM_CLASSES, (7, 6, 9), generator=generator, dtype=torch.uint8) for _ in range(2)
    )
    truth[:, 0] = 255
    truth[2, :4] = 255
    truth[-1] = 255
    return truth, predicted


def validated(net: nn.Module, batch_size: int) -> Validation:
    truth, predicted = frames()
    return validate(
        net,
        build_loss("cross-entropy+dice", num_classes=NUM_CLASSES, ignore_id=255, class_weights=None),
        CachedFrames(predicted[..., None].expand(-1, -1, -1, 3), truth, device=CPU),
        num_classes=NUM_CLASSES,
        batch_size=batch_size,
        device=CPU,
        precision="float32",
        ranks=Ranks(),
    )


@pytest.mark.parametrize("batch_size", [2, 3, 100])
def test_counts_are_exact_for_any_batch_size(batch_size: int) -> None:
    truth, predicted = (plane.numpy() for plane in frames())
    expected = np.zeros((NUM_CLASSES, NUM_CLASSES), dtype=np.int64)
    labelled = truth != 255
    np.add.at(expected, (truth[labelled], predicted[labelled]), 1)
    net = RedLevelNet().train()
    assert np.array_equal(validated(net, batch_size).confusion.counts, expected)
    assert net.training


def test_the_loss_is_the_mean_of_each_frames_own() -> None:
    truth, predicted = frames()
    # A net that is sure: the logits of the classes fall by one with each step from the predicted one.
    logits = -(predicted[:, None].float() - torch.arange(NUM_CLASSES)[:, None, None]).abs()
    loss = build_loss("cross-entropy+dice", num_classes=NUM_CLASSES, ignore_id=255, class_weights=None)
    expected = sum(float(loss(logits[i : i + 1], truth[i : i + 1])) for i in range(7)) / 7
    for batch_size in (2, 3, 7):
        assert validated(RedLevelNet(), batch_size).loss == pytest.approx(expected, rel=1e-5)


def test_a_few_frames_are_kept_with_what_was_predicted() -> None:
    truth, predicted = frames()
    examples = validated(RedLevelNet(), 3).examples
    assert len(examples) == 4
    for example in examples:
        (number,) = [i for i in range(7) if np.array_equal(example.prediction, predicted[i].numpy())]
        assert np.array_equal(example.truth, truth[number].numpy())
