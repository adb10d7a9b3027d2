"""Whether a pair of images can be what a camera saw. Faults of servers and drivers, told from weather and darkness.

Each criterion is one that no street can meet: a night is dark but not black everywhere, fog is even but not exactly
filled, and what moves past a moving camera changes some pixel. Pure judgement: nothing here reads or writes a file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from datasets.labels import LabelSet, unknown_tags
from datasets.sample import Sample

FlawKind = Literal["wrong-size", "black", "single-tag", "unknown-tags", "half-filled", "frozen"]

BLACK_LEVEL = 3
"""No channel of a black image is above this, of 255."""
FILLS = (0, 127, 128)
"""What an image holds where it was not drawn: zeros of a new buffer, or the grey of a lost JPEG block."""
FILLED_SHARE = 1 / 8
"""Of the rows: less is not taken for a fault."""
FROZEN_MOTION_M = 0.1
"""A camera that moved more than this does not see the same to the last bit."""

_SPARSE_ROWS = 16
"""Of so many rows one is compared first: almost always that is enough."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Flaw:
    """Why a pair is not to be believed."""

    kind: FlawKind
    detail: str
    """What was seen, and what was expected."""


def flaw_of(sample: Sample, *, previous: Sample | None, size: tuple[int, int], tag_table: LabelSet) -> Flaw | None:
    """What is wrong with ``sample``; None if nothing is.

    Args:
        sample: To be judged.
        previous: The one before it of the same camera.
        size: (width, height) that the camera was asked for [px].
        tag_table: The server's tags.
    """
    height, width = sample.tags.shape
    if (width, height) != size:
        return Flaw(kind="wrong-size", detail=f"the images have {width}x{height} pixels, expected {size[0]}x{size[1]}")
    brightest = int(sample.rgb.max())
    if brightest <= BLACK_LEVEL:
        return Flaw(kind="black", detail=f"no channel of any pixel is above {brightest} of 255")
    lowest, highest = int(sample.tags.min()), int(sample.tags.max())
    if lowest == highest:
        return Flaw(kind="single-tag", detail=f"every pixel has tag {lowest}")
    if highest >= tag_table.num_classes:
        return Flaw(
            kind="unknown-tags",
            detail=f"tags {unknown_tags(sample.tags, tag_table)} are not in the table {tag_table.name!r}",
        )
    return _half_filled(sample) or _frozen(sample, previous)


def _half_filled(sample: Sample) -> Flaw | None:
    """A band of exactly one fill that reaches the upper or lower edge, where the tags show more than one thing.

    A dark or grey sky alone is one tag: it is never taken for a fill.
    """
    height = len(sample.tags)
    for edge, step in (("upper", 1), ("lower", -1)):
        rows = sample.rgb.reshape(height, -1)[::step]
        fill = rows[0, 0]
        if fill not in FILLS or not _is_even(rows[0], fill):
            continue
        differs = (rows != fill).any(axis=1)
        count = int(differs.argmax()) if differs.any() else height
        tags = sample.tags[::step][:count]
        if count >= FILLED_SHARE * height and tags.min() != tags.max():
            return Flaw(
                kind="half-filled",
                detail=f"{count} of {height} rows, at the {edge} edge, are exactly {fill} where several tags are seen",
            )
    return None


def _is_even(row: npt.NDArray[np.uint8], value: np.uint8) -> bool:
    return bool((row == value).all())


def _frozen(sample: Sample, previous: Sample | None) -> Flaw | None:
    if previous is None or previous.rgb.shape != sample.rgb.shape:
        return None
    moved_m = math.dist(sample.camera_transform[:3], previous.camera_transform[:3])
    if moved_m <= FROZEN_MOTION_M:
        return None
    if not np.array_equal(sample.rgb[::_SPARSE_ROWS], previous.rgb[::_SPARSE_ROWS]):
        return None
    if not np.array_equal(sample.rgb, previous.rgb):
        return None
    return Flaw(
        kind="frozen",
        detail=f"equal to frame {previous.frame} in every pixel, though the camera has moved {moved_m:.2f} m since",
    )
