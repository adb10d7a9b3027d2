"""Class weights of the loss: those of the schemes, up to a cap."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from datasets.class_weights import effective_number_weights, inverse_sqrt_weights
from harness.training.class_weights import MAX_CLASS_WEIGHT, class_weights


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
