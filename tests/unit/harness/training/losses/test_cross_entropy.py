"""Cross entropy against torch's own, bit for bit."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from datasets.labels import IGNORE_ID
from tests.unit.harness.training.losses.batches import NUM_CLASSES, random_case


@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_it_is_torchs_mean(is_weighted: bool, memory_format: torch.memory_format) -> None:
    case = random_case(is_weighted=is_weighted)
    logits = case.logits.detach().contiguous(memory_format=memory_format)
    expected = functional.cross_entropy(logits, case.labels.long(), weight=case.class_weights, ignore_index=IGNORE_ID)
    torch.testing.assert_close(case.build("cross-entropy")(logits, case.labels), expected)


@pytest.mark.parametrize("is_weighted", [False, True])
def test_pixels_are_rows_and_the_sum_is_torchs_to_the_last_bit(is_weighted: bool) -> None:
    case = random_case(is_weighted=is_weighted)
    rows, ids = case.logits.permute(0, 2, 3, 1).reshape(-1, NUM_CLASSES), case.labels.flatten().long()
    total = functional.cross_entropy(rows, ids, weight=case.class_weights, ignore_index=IGNORE_ID, reduction="sum")
    weights = torch.ones(NUM_CLASSES) if case.class_weights is None else case.class_weights
    expected = total / weights[ids[ids != IGNORE_ID]].sum()
    value = case.build("cross-entropy")(case.logits, case.labels)
    torch.testing.assert_close(value, expected, rtol=1e-7, atol=0)
    if case.class_weights is None:
        assert torch.equal(value, expected)
