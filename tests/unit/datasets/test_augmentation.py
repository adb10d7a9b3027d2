"""What may change in a frame, and what must not."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.augmentation import LUMA, Augmentation, color_matrix
from datasets.errors import ShardError
from datasets.loading_kernels import recolor

Image = npt.NDArray[np.uint8]
factors = st.floats(0.0, 2.0)


def coordinates(height: int, width: int) -> tuple[Image, Image]:
    """RGB that says where each pixel was, (row, column, 77), and labels that say the same."""
    rows, columns = np.indices((height, width))
    return np.stack([rows, columns, np.full_like(rows, 77)]).astype(np.uint8), (rows * 16 + columns).astype(np.uint8)


def applied(rgb: Image, labels: Image, *, seed: int = 0, **settings: Any) -> tuple[Image, Image]:
    augmentation = Augmentation(**settings)
    width, height = augmentation.output_size(labels.shape[1], labels.shape[0])
    out = np.empty((3, height, width), np.uint8), np.empty((height, width), np.uint8)
    augmentation.apply(rgb, labels, *out, rng=np.random.default_rng(seed))
    return out


def test_with_everything_off_nothing_changes() -> None:
    rgb, labels = coordinates(11, 16)
    changed = applied(rgb, labels, flip=False, color_jitter=0.0)
    assert np.array_equal(changed[0], rgb)
    assert np.array_equal(changed[1], labels)


def test_labels_stay_with_their_pixels_wherever_the_window_lies() -> None:
    seen = set()
    for seed in range(60):
        rgb, labels = applied(*coordinates(11, 16), seed=seed, crop=(7, 5), color_jitter=0.0)
        rows, columns = rgb[0].astype(int), rgb[1].astype(int)
        assert np.array_equal(labels, rows * 16 + columns)
        step = columns[0, 1] - columns[0, 0]
        assert (np.diff(columns, axis=1) == step).all()
        assert (np.diff(rows, axis=0) == 1).all()
        seen.add((rows[0, 0], columns.min(), step))
    assert {row for row, _, _ in seen} == set(range(7))  # every place, the last one too
    assert {column for _, column, _ in seen} == set(range(10))
    assert {step for _, _, step in seen} == {1, -1}


def test_a_generator_in_the_same_state_makes_the_same_changes() -> None:
    rgb, labels = np.random.default_rng(5).integers(0, 256, (3, 9, 9), np.uint8), np.zeros((9, 9), np.uint8)
    first, again, other = (applied(rgb, labels, seed=seed, crop=(6, 6)) for seed in (1, 1, 2))
    assert np.array_equal(first[0], again[0])
    assert not np.array_equal(first[0], other[0])


@given(factors, factors, factors, st.integers(0, 2**32 - 1))
def test_colours_change_as_by_their_definitions(
    brightness: float, contrast: float, saturation: float, seed: int
) -> None:
    """One step after the other on floats, without clipping in between."""
    rgb = np.random.default_rng(seed).integers(0, 256, (3, 5, 7), np.uint8)
    bright = rgb * brightness
    grey = np.tensordot(LUMA, bright, axes=1)
    saturated = grey + saturation * (bright - grey)
    expected = np.clip(grey.mean() + contrast * (saturated - grey.mean()), 0, 255)
    out = np.empty_like(rgb)
    recolor(rgb, *color_matrix(rgb, brightness, contrast, saturation), False, out)
    assert np.abs(out - expected).max() <= 0.55


def test_grey_stays_grey_and_labels_stay() -> None:
    grey = np.repeat(np.random.default_rng(0).integers(0, 256, (1, 8, 8), np.uint8), 3, axis=0)
    labels = np.arange(64, dtype=np.uint8).reshape(8, 8)
    changed, changed_labels = applied(grey, labels, flip=False, color_jitter=0.9, seed=4)
    assert not np.array_equal(changed, grey)
    assert np.ptp(changed.astype(int), axis=0).max() <= 1  # by rounding
    assert np.array_equal(changed_labels, labels)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"color_jitter": 1.5}, "color_jitter is 1.5, expected 0 to 1"),
        ({"crop": (0, 4)}, r"crop is \(0, 4\)"),
        ({"crop": (17, 4)}, "the crop 17x4 is larger than the frames, 16x11"),
    ],
)
def test_settings_that_cannot_be_meant(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ShardError, match=message):
        applied(*coordinates(11, 16), **settings)
