"""Whether two weathers of one drive show the same scene: equal labels have equal hashes, and no image is read."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

LABEL_HASHES = ("tags_xxh64", "depth_xxh64", "instance_xxh64")
"""Columns of the index; a plane that a stream lacks has the hash 0 in both."""


def frames_with_other_labels(one: npt.NDArray[np.void], other: npt.NDArray[np.void]) -> int:
    """How many frames that both indexes hold differ in tags, depth or instances.

    Args:
        one: (N,) of `datasets.frame_index.INDEX_DTYPE`.
        other: (M,) likewise.
    """
    _, in_one, in_other = np.intersect1d(one["frame"], other["frame"], assume_unique=True, return_indices=True)
    differs = np.zeros(len(in_one), bool)
    for column in LABEL_HASHES:
        differs |= one[column][in_one] != other[column][in_other]
    return int(differs.sum())
