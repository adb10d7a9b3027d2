"""How often each class occurs in shards, and the class weights of a loss that follow from it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from datasets.labels import LabelSet, check_tags, lookup_table
from datasets.shard_reader import ShardReader


def class_histogram(paths: Sequence[Path], label_set: LabelSet) -> npt.NDArray[np.int64]:
    """(K,) int64 pixels of each class of `label_set` in all frames of the shards; ignored pixels are in none.

    Shards may hold different tag tables and sizes. RGB is not read. ShardError for a damaged shard, LabelError for tags
    that its table does not have.
    """
    histogram = np.zeros(label_set.num_classes, np.int64)
    for path in paths:
        with ShardReader(path) as reader:
            table = reader.header.tag_table
            lookup = lookup_table(table, label_set)
            counts = np.zeros(256, np.int64)
            for number in range(len(reader)):
                tags = reader.tags(number)
                check_tags(tags, table)
                counts += np.bincount(tags.ravel(), minlength=256)
        is_class = lookup != label_set.ignore_id
        np.add.at(histogram, lookup[is_class], counts[is_class])
    return histogram


def median_frequency_weights(histogram: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """(K,) float32 weight of each class: median frequency of the classes that occur, over the class's own.

    A class that never occurs has weight 0: nothing can be learnt about it, and an infinite weight would make every loss
    NaN. Frequencies are those over all pixels (Eigen and Fergus divide by the pixels of the images that show the class;
    that needs counts by image). ValueError when no class occurs.
    """
    occurs = histogram > 0
    if not occurs.any():
        raise ValueError("no class occurs in the histogram, so there are no frequencies to weigh by")
    weights = np.zeros(histogram.shape, np.float64)
    weights[occurs] = np.median(histogram[occurs]) / histogram[occurs]
    return weights.astype(np.float32)
