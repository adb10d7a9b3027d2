"""What Lovász-softmax is at its corners, and that its digits last for millions of pixels."""

from __future__ import annotations

import numpy as np
import torch

from datasets.labels import IGNORE_ID
from harness.training.losses.lovasz import _slopes
from tests.unit.harness.training.losses.batches import NUM_CLASSES, random_case


def test_of_a_net_that_is_certain_it_is_one_minus_mean_iou() -> None:
    case = random_case(1)
    predicted = case.logits.argmax(dim=1)
    certain = 1e4 * torch.nn.functional.one_hot(predicted, NUM_CLASSES).permute(0, 3, 1, 2).float()
    labels, is_labelled = case.labels, case.labels != IGNORE_ID
    ious = []
    for k in labels[is_labelled].unique():
        truth, found = (labels == k), (predicted == k) & is_labelled
        ious.append(((truth & found).sum() / (truth | found).sum()).item())
    assert 0.1 < np.mean(ious) < 0.9
    np.testing.assert_allclose(case.build("lovasz")(certain, labels).item(), 1 - np.mean(ious), rtol=1e-6)


def test_slopes_keep_their_digits_over_a_million_pixels() -> None:
    num_pixels = 2**20
    generator = torch.Generator().manual_seed(0)
    errors = torch.randperm(num_pixels, generator=generator)[None] / num_pixels
    is_class = torch.rand((1, num_pixels), generator=generator) < 0.01
    is_labelled = torch.rand(num_pixels, generator=generator) < 0.9
    is_class &= is_labelled
    slopes = _slopes(errors, is_class, is_labelled)
    exact = _slopes(errors.double(), is_class, is_labelled)
    assert slopes.dtype == torch.float32
    assert torch.count_nonzero(slopes[:, ~is_labelled]) == 0
    torch.testing.assert_close(slopes.double(), exact, rtol=1e-6, atol=0)
    # In all, the Jaccard loss grows from 0 to 1.
    np.testing.assert_allclose(exact.sum().item(), 1.0, rtol=1e-12)
