from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from harness.scoring.boundary import boundary_width, in_band
from tests.unit.harness.scoring.made_cells import Mask, scene


def eroded_away(labels: Mask, width: int) -> NDArray[np.bool_]:
    """The bands as the paper's authors compute them: for each id a rim of zeros, then ``width`` erosions."""
    band = np.zeros(labels.shape, dtype=np.bool_)
    for label in np.unique(labels):
        mask = labels == label
        framed = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
        band |= mask & (cv2.erode(framed, np.ones((3, 3), np.uint8), iterations=width)[1:-1, 1:-1] == 0)
    return band


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 50), st.integers(1, 25))
@settings(max_examples=120)
def test_bands_equal_those_of_one_erosion_a_class(seed: int, height: int, width: int, band: int) -> None:
    labels = scene(seed, height, width)
    np.testing.assert_array_equal(in_band(labels, band), eroded_away(labels, band))


def test_noise_and_a_frame_of_the_usual_size_equal_the_slow_way_too() -> None:
    labels = scene(5, 360, 640)
    labels[100:160] = np.random.default_rng(2).integers(0, 5, (60, 640))
    np.testing.assert_array_equal(in_band(labels, 15), eroded_away(labels, 15))


def test_the_edge_of_the_image_is_a_border() -> None:
    sky = np.zeros((7, 9), dtype=np.uint8)
    assert in_band(sky, 2).sum() == 7 * 9 - 3 * 5
    assert in_band(sky, 4).all()


def test_views_have_the_bands_of_copies() -> None:
    labels = scene(8, 60, 80)[::2, ::-1]
    np.testing.assert_array_equal(in_band(labels, 3), in_band(labels.copy(), 3))


@pytest.mark.parametrize(("size", "width"), [((360, 640), 15), ((1080, 1920), 44), ((24, 32), 1), ((1, 1), 1)])
def test_the_width_is_two_percent_of_the_diagonal(size: tuple[int, int], width: int) -> None:
    assert boundary_width(*size) == width
