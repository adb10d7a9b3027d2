from __future__ import annotations

import numpy as np
import pytest

from datasets.frame_index import INDEX_DTYPE
from harness.recording.pairing import frames_with_other_labels


def index(*frames: int, **hashes: int) -> np.ndarray:
    rows = np.zeros(len(frames), INDEX_DTYPE)
    rows["frame"] = frames
    rows["rgb_xxh64"] = np.random.default_rng(len(frames)).integers(0, 2**63, len(frames))
    for column, value in hashes.items():
        rows[column] = value
    return rows


def test_equal_labels_are_equal_whatever_the_picture() -> None:
    assert frames_with_other_labels(index(1, 2, 3), index(1, 2, 3, tags_xxh64=0)) == 0


@pytest.mark.parametrize("column", ["tags_xxh64", "depth_xxh64", "instance_xxh64"])
def test_each_plane_counts_and_each_frame_once(column: str) -> None:
    other = index(1, 2, 3)
    other[column][1] = other["tags_xxh64"][1] = 9
    assert frames_with_other_labels(index(1, 2, 3), other) == 1


def test_only_frames_that_both_have_are_compared() -> None:
    assert frames_with_other_labels(index(1, 2, 3), index(3, 4, tags_xxh64=5)) == 1
    assert frames_with_other_labels(index(1, 2), index(3, 4, tags_xxh64=5)) == 0
