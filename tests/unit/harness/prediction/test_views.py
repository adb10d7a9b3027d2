from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from datasets.labels import CARLA_29
from harness.prediction.views import TTA_SCALES, MultiViewNet, blend_weights, window_starts


class PixelNet:
    """Probabilities that depend on each pixel's colour alone; notes the shapes that it saw."""

    label_set = CARLA_29
    origin: Mapping[str, Any] = {}

    def __init__(self) -> None:
        self.seen: list[tuple[int, ...]] = []

    def probabilities(self, images: NDArray[np.uint8]) -> Tensor:
        self.seen.append(images.shape)
        rgb = torch.from_numpy(images).float() / 255
        scores = torch.stack([rgb[..., 0], rgb[..., 1], rgb[..., 2]], dim=1)
        return (8 * scores).softmax(dim=1)


class LeftNet(PixelNet):
    """Says class 0 for the left half of what it sees, and class 1 for the right."""

    def probabilities(self, images: NDArray[np.uint8]) -> Tensor:
        batch, height, width, _ = images.shape
        out = torch.zeros(batch, 2, height, width)
        out[:, 0, :, : width // 2] = 1
        out[:, 1, :, width // 2 :] = 1
        return out


def picture(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def best_pixel_class(rgb: NDArray[np.uint8]) -> NDArray[np.int64]:
    return rgb.argmax(axis=2)


@pytest.mark.parametrize("tile", [(16, 16), (40, 24), (7, 64), (200, 200), (1, 1)])
def test_tiles_change_nothing_for_a_net_that_sees_single_pixels(tile: tuple[int, int]) -> None:
    net, rgb = PixelNet(), picture(33, 47)
    np.testing.assert_array_equal(MultiViewNet(net, tile=tile).predict(rgb), best_pixel_class(rgb))
    assert all(shape[1] <= tile[1] and shape[2] <= tile[0] for shape in net.seen)


def test_mirrored_views_are_mirrored_back() -> None:
    rgb = picture(20, 30)
    np.testing.assert_array_equal(MultiViewNet(PixelNet(), is_mirrored=True).predict(rgb), best_pixel_class(rgb))
    # A net that only knows left from right is undecided once it has seen both.
    once = MultiViewNet(LeftNet()).predict(rgb)
    assert once[:, :15].max() == 0
    assert once[:, 15:].min() == 1
    assert MultiViewNet(LeftNet(), is_mirrored=True).predict(rgb).max() == 0


def test_scales_are_brought_back_to_the_pixels_of_the_picture() -> None:
    rgb = np.zeros((60, 80, 3), np.uint8)
    rgb[:, :40, 0] = rgb[:, 40:, 1] = 255
    net = PixelNet()
    ids = MultiViewNet(net, scales=TTA_SCALES, is_mirrored=True).predict(rgb)
    assert ids.shape == (60, 80)
    assert ids[:, :39].max() == 0
    assert ids[:, 41:].min() == 1
    assert [shape[1:3] for shape in net.seen] == [(45, 60)] * 2 + [(60, 80)] * 2 + [(75, 100)] * 2


@given(st.integers(1, 500), st.integers(1, 600))
def test_windows_cover_every_pixel_and_stay_inside(length: int, window: int) -> None:
    starts = window_starts(length, window)
    covered = np.zeros(length, dtype=int)
    for start in starts:
        assert start >= 0
        assert start + min(window, length) <= length
        covered[start : start + window] += 1
    assert covered.min() >= 1
    assert starts == sorted(set(starts))


@given(st.integers(1, 300))
def test_every_pixel_of_a_window_counts_and_none_more_than_its_middle(length: int) -> None:
    weights = blend_weights(length)
    assert weights.min() > 0
    assert weights.max() <= 1
    np.testing.assert_array_equal(weights, weights[::-1])
    assert weights[length // 2] == weights.max()
