"""Where borders are."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from datasets.labels import IGNORE_ID
from harness.training.losses.boundary import RADIUS_PX, near_border
from harness.training.losses.truth import truth_of
from tests.unit.harness.training.losses import references

LABELS = hnp.arrays(
    np.uint8,
    st.tuples(st.integers(1, 2), st.integers(1, 9), st.integers(1, 9)),
    elements=st.sampled_from([0, 1, 28, IGNORE_ID]),
)


def found(labels: np.ndarray) -> np.ndarray:
    truth = truth_of(torch.from_numpy(labels), ignore_id=IGNORE_ID, class_weights=None)
    return near_border(truth).numpy()


@given(LABELS)
def test_borders_are_where_a_search_finds_them(labels: np.ndarray) -> None:
    np.testing.assert_array_equal(found(labels), references.near_border(labels))


def test_a_border_is_a_band_and_does_not_run_along_ignored_pixels() -> None:
    labels = np.zeros((1, 3, 12), np.uint8)
    labels[0, :, 6:] = 1
    labels[0, :, :2] = IGNORE_ID
    expected = np.abs(np.arange(12) - 5.5) < RADIUS_PX
    np.testing.assert_array_equal(found(labels)[0], np.broadcast_to(expected, (3, 12)))
