"""Which pixels hard example mining keeps."""

from __future__ import annotations

import math

import pytest
import torch

from datasets.labels import IGNORE_ID
from harness.training.losses import build_loss

SIDE = 8


def logits_of(probabilities: torch.Tensor) -> torch.Tensor:
    """(1, 2, H, W) logits with these probabilities (H, W) for class 0."""
    return torch.stack([probabilities, 1 - probabilities]).log()[None].requires_grad_()


def kept(probabilities: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(H, W) bool whether a pixel has a gradient, and the loss."""
    logits = logits_of(probabilities)
    loss = build_loss("ohem", num_classes=2, ignore_id=IGNORE_ID, class_weights=None)(logits, labels)
    loss.backward()
    assert logits.grad is not None
    return logits.grad[0, 0] != 0, loss.detach()


def test_pixels_that_are_wrong_or_unsure_are_kept() -> None:
    probabilities = torch.full((SIDE, SIDE), 0.9)
    probabilities[0], probabilities[1] = 0.2, 0.69
    is_kept, loss = kept(probabilities, torch.zeros((1, SIDE, SIDE), dtype=torch.uint8))
    assert torch.equal(is_kept, probabilities < 0.7)
    assert loss.item() == pytest.approx(-(math.log(0.2) + math.log(0.69)) / 2)


def test_a_sixteenth_is_kept_even_if_all_are_right() -> None:
    probabilities = torch.linspace(0.8, 0.99, SIDE * SIDE).reshape(SIDE, SIDE)
    is_kept, _ = kept(probabilities, torch.zeros((1, SIDE, SIDE), dtype=torch.uint8))
    assert torch.equal(is_kept.flatten(), torch.arange(SIDE * SIDE) < SIDE * SIDE / 16)


def test_all_are_kept_if_there_are_fewer_than_that() -> None:
    labels = torch.full((1, SIDE, SIDE), IGNORE_ID, dtype=torch.uint8)
    labels[0, 2, 3] = labels[0, 5, 5] = 0
    is_kept, loss = kept(torch.full((SIDE, SIDE), 0.95), labels)
    assert torch.equal(is_kept, labels[0] == 0)
    assert loss.item() == pytest.approx(-math.log(0.95))
