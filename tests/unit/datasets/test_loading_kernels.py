"""Each loop against the same thing in numpy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.loading_kernels import add_counts, add_moments, copy_labels, recolor, translate

sizes = st.tuples(st.integers(1, 9), st.integers(1, 70))
seeds = st.integers(0, 2**32 - 1)


@given(sizes, seeds)
def test_translate(size: tuple[int, int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels, lookup = rng.integers(0, 256, size, np.uint8), rng.integers(0, 256, 256, np.uint8)
    expected = lookup[labels]
    translate(labels, lookup)
    assert np.array_equal(labels, expected)


@given(sizes, seeds)
def test_moments_add_up(size: tuple[int, int], seed: int) -> None:
    rgb = np.random.default_rng(seed).integers(0, 256, (3, *size), np.uint8)
    sums, squares = np.full(3, 5, np.uint64), np.full(3, 7, np.uint64)
    add_moments(rgb, sums, squares)
    assert sums.tolist() == (5 + rgb.sum(axis=(1, 2), dtype=np.int64)).tolist()
    assert squares.tolist() == (7 + (rgb.astype(np.int64) ** 2).sum(axis=(1, 2))).tolist()


def test_moments_of_the_widest_white_row() -> None:
    sums, squares = np.zeros(3, np.uint64), np.zeros(3, np.uint64)
    add_moments(np.full((3, 2, 16_384), 255, np.uint8), sums, squares)
    assert sums.tolist() == [255 * 2 * 16_384] * 3
    assert squares.tolist() == [255 * 255 * 2 * 16_384] * 3


@given(sizes, seeds, st.integers(1, 256))
def test_counts(size: tuple[int, int], seed: int, num_ids: int) -> None:
    tags = np.sort(np.random.default_rng(seed).integers(0, num_ids, size, np.uint8), axis=1)
    counts = np.ones(256, np.int64)
    add_counts(tags, counts)
    assert np.array_equal(counts, 1 + np.bincount(tags.ravel(), minlength=256))


@given(sizes, seeds, st.booleans())
def test_recolor(size: tuple[int, int], seed: int, is_mirrored: bool) -> None:
    rng = np.random.default_rng(seed)
    rgb = rng.integers(0, 256, (3, *size), np.uint8)
    matrix = rng.integers(-(3 << 14), 8 << 14, (3, 3)).astype(np.int32)
    offset = rng.integers(-(300 << 14), 300 << 14, 3).astype(np.int32)
    out = np.empty_like(rgb)
    recolor(rgb, matrix, offset, is_mirrored, out)
    exact = np.einsum("ij,jyx->iyx", matrix.astype(np.int64), rgb.astype(np.int64)) + offset[:, None, None]
    expected = np.clip(np.floor(exact / (1 << 14) + 0.5), 0, 255).astype(np.uint8)
    assert np.array_equal(out, expected[..., ::-1] if is_mirrored else expected)


@pytest.mark.parametrize("is_mirrored", [False, True])
def test_labels_of_a_window(is_mirrored: bool) -> None:
    labels = np.arange(60, dtype=np.uint8).reshape(6, 10)
    out = np.empty((3, 5), np.uint8)
    copy_labels(labels[2:5, 4:9], is_mirrored, out)
    expected = labels[2:5, 4:9]
    assert np.array_equal(out, expected[:, ::-1] if is_mirrored else expected)
