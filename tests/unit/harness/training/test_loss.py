"""The loss against torch's own, and what it must not see."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from datasets.class_weights import effective_number_weights, inverse_sqrt_weights
from harness.training.loss import MAX_CLASS_WEIGHT, CrossEntropy, class_weights

WEIGHTS = torch.tensor([0.5, 2.0, 1.0, 4.0])


def logits_and_labels() -> tuple[Tensor, Tensor]:
    """``(2, 4, 6, 7)`` float64 logits that want a gradient, and uint8 labels with a third ignored."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn((2, 4, 6, 7), generator=generator)
    labels = torch.randint(0, 4, (2, 6, 7), generator=generator, dtype=torch.uint8)
    labels[:, :2] = 255
    return logits.requires_grad_(), labels


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_it_is_torchs_mean_cross_entropy(weights: Tensor | None, memory_format: torch.memory_format) -> None:
    logits, labels = logits_and_labels()
    expected = functional.cross_entropy(logits, labels.long(), weight=weights, ignore_index=255)
    loss = CrossEntropy(ignore_id=255, class_weights=weights)(logits.contiguous(memory_format=memory_format), labels)
    torch.testing.assert_close(loss, expected)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_ignored_pixels_have_a_gradient_of_exactly_zero(weights: Tensor | None) -> None:
    logits, labels = logits_and_labels()
    CrossEntropy(ignore_id=255, class_weights=weights)(logits, labels).backward()
    assert logits.grad is not None
    per_pixel = logits.grad.abs().sum(dim=1)
    assert torch.equal(per_pixel == 0, labels == 255)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_a_batch_without_labels_has_loss_and_gradient_zero(weights: Tensor | None) -> None:
    logits, labels = logits_and_labels()
    loss = CrossEntropy(ignore_id=255, class_weights=weights)(logits, torch.full_like(labels, 255))
    loss.backward()
    assert loss == 0
    assert logits.grad is not None
    assert torch.count_nonzero(logits.grad) == 0


def test_half_precision_logits_are_summed_in_float32() -> None:
    logits, labels = logits_and_labels()
    loss = CrossEntropy(ignore_id=255)(logits.bfloat16(), labels)
    assert loss.dtype == torch.float32


def test_a_nan_is_not_hidden() -> None:
    logits, labels = logits_and_labels()
    with torch.no_grad():
        logits[0, 0, 3, 3] = float("nan")
    assert torch.isnan(CrossEntropy(ignore_id=255)(logits, labels))


def test_class_weights_are_those_of_the_scheme_up_to_a_cap() -> None:
    histogram = np.array([100, 400, 0, 200, 1], dtype=np.int64)
    weights = class_weights(histogram, "median-frequency")
    # The median of 1, 100, 200, 400 is 150; no pixel ever has the class that is absent.
    assert weights.tolist() == pytest.approx([1.5, 0.375, 0.0, 0.75, MAX_CLASS_WEIGHT])
    assert weights.dtype == torch.float32
    for scheme, beta, reference in (
        ("inverse-sqrt", None, inverse_sqrt_weights(histogram)),
        ("effective-number", None, effective_number_weights(histogram)),
        ("effective-number", 0.9, effective_number_weights(histogram, beta=0.9)),
    ):
        assert class_weights(histogram, scheme, beta=beta).tolist() == reference.tolist()
