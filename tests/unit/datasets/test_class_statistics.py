from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from datasets.class_statistics import class_histogram, median_frequency_weights
from datasets.labels import CARLA_23, CARLA_29, CITYSCAPES_19
from datasets.sample import Sample


def test_histogram_of_raw_tags(write_shard: Callable[..., Path], make_sample: Callable[..., Sample]) -> None:
    histogram = class_histogram([write_shard("a.h5"), write_shard("b.h5", count=2)], CARLA_29)
    tags = [make_sample(number).tags for number in (*range(5), *range(2))]
    expected = np.bincount(np.concatenate([image.ravel() for image in tags]), minlength=29)
    expected[0] = 0  # NONE is not counted
    assert histogram.dtype == np.int64
    assert histogram.tolist() == expected.tolist()


def test_histogram_merges_tables_and_sizes(write_shard: Callable[..., Path]) -> None:
    new = write_shard("new.h5", count=2)
    old = write_shard("old.h5", count=1, tag_table=CARLA_23, sample_options={"num_tags": 23, "height": 5})
    both = class_histogram([new, old], CITYSCAPES_19)
    assert both.shape == (19,)
    assert (both == class_histogram([new], CITYSCAPES_19) + class_histogram([old], CITYSCAPES_19)).all()


def test_no_shards_no_pixels() -> None:
    assert not class_histogram([], CARLA_29).any()


def test_median_frequency_by_hand() -> None:
    weights = median_frequency_weights(np.array([100, 0, 50, 10, 200], np.int64))
    assert weights.dtype == np.float32
    assert weights.tolist() == [0.75, 0.0, 1.5, 7.5, 0.375]


def test_weights_do_not_depend_on_the_amount_of_data() -> None:
    histogram = np.array([3, 5, 7, 0, 11], np.int64)
    assert np.array_equal(median_frequency_weights(histogram), median_frequency_weights(histogram * 10**15))


def test_no_class_at_all() -> None:
    with pytest.raises(ValueError, match="no class occurs"):
        median_frequency_weights(np.zeros(4, np.int64))
