from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from datasets.sample import depth_metres
from harness.scoring.bands import (
    DISTANCE_BAND_NAMES,
    DISTANCE_EDGES_M,
    OBJECT_BAND_NAMES,
    OBJECT_EDGES,
    distance_bands,
    object_bands,
)
from tests.unit.harness.scoring.made_cells import Mask, scene


def bands_class_by_class(labels: Mask) -> NDArray[np.uint8]:
    """The slow way: OpenCV's connected components of each id, and their areas as exact fractions."""
    bands = np.zeros(labels.shape, dtype=np.uint8)
    for label in np.unique(labels):
        mask = labels == label
        _, regions, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
        areas = stats[:, cv2.CC_STAT_AREA].astype(np.int64)
        band_of_region = sum((areas * 10_000 >= edge * labels.size).astype(np.uint8) for edge in OBJECT_EDGES)
        bands[mask] = np.asarray(band_of_region)[regions[mask]]
    return bands


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 80))
@settings(max_examples=80)
def test_object_bands_equal_those_of_opencv_for_each_class(seed: int, height: int, width: int) -> None:
    labels = scene(seed, height, width)
    np.testing.assert_array_equal(object_bands(labels), bands_class_by_class(labels))


@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 40), st.integers(1, 40))
@settings(max_examples=60)
def test_they_do_so_in_noise(seed: int, num_ids: int, height: int, width: int) -> None:
    labels = np.random.default_rng(seed).integers(0, num_ids, (height, width), dtype=np.uint8)
    np.testing.assert_array_equal(object_bands(labels), bands_class_by_class(labels))


def test_a_frame_of_the_usual_size_has_all_bands_and_equals_the_slow_way() -> None:
    labels = scene(5, 360, 640)
    labels[100:130] = np.random.default_rng(2).integers(0, 5, (30, 640))
    found = object_bands(labels)
    assert set(np.unique(found)) == set(range(len(OBJECT_BAND_NAMES)))
    np.testing.assert_array_equal(found, bands_class_by_class(labels))


def test_regions_that_touch_by_their_corners_are_one() -> None:
    labels = np.zeros((40, 60), dtype=np.uint8)
    labels[10:12, 10:14] = [[1, 0, 0, 1], [0, 1, 1, 0]]
    assert object_bands(labels)[10, 10] == 1, "four pixels in one region are 0.17 % of 2400, one alone 0.04 %"
    labels[11, 11:13] = 0
    assert object_bands(labels)[10, 10] == 0


def test_views_are_found_like_copies() -> None:
    labels = scene(8, 60, 80)[::2, ::-1]
    np.testing.assert_array_equal(object_bands(labels), object_bands(labels.copy()))


@pytest.mark.parametrize(("area", "band"), [(4, 0), (5, 1), (49, 1), (50, 2), (499, 2), (500, 3)])
def test_an_edge_belongs_to_the_larger_size(area: int, band: int) -> None:
    labels = np.zeros((100, 100), dtype=np.uint8)
    labels[40:60].reshape(-1)[:area] = 1
    assert object_bands(labels)[40, 0] == band


@pytest.mark.parametrize(("band", "edge"), [*enumerate(DISTANCE_EDGES_M)])
def test_the_edges_of_distances_are_exact_codes(band: int, edge: int) -> None:
    about = edge * (2**24 - 1) // 1000
    codes = np.arange(about - 50, about + 50, dtype=np.uint32)
    expected = [band + (int(code) * 1000 >= edge * (2**24 - 1)) for code in codes]
    assert distance_bands(codes[None])[0].tolist() == expected
    assert len(set(expected)) == 2
    assert len(DISTANCE_BAND_NAMES) == len(DISTANCE_EDGES_M) + 1


def test_distances_are_those_in_metres_and_the_sky_is_far() -> None:
    codes = np.random.default_rng(0).integers(0, 2_500_000, (30, 40), dtype=np.uint32)
    codes[0] = 2**24 - 1
    metres = depth_metres(codes)
    expected = np.digitize(metres, DISTANCE_EDGES_M)
    clear = np.abs(metres[..., None] - np.array(DISTANCE_EDGES_M)).min(axis=-1) > 1e-3
    np.testing.assert_array_equal(distance_bands(codes)[clear], expected[clear])
    assert (distance_bands(codes)[0] == 4).all()
