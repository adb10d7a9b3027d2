"""Compiled loops over the pixels of one decoded frame: counting, translating labels, changing colours.

They release the interpreter lock, so that frames are loaded side by side by threads, and stay in numba's cache.
"""

# numba has no type information: its decorator hides the annotations below from mypy.
# mypy: disable-error-code="untyped-decorator, no-any-return"

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

_HALF = np.int32(1 << 13)


@njit(cache=True, nogil=True, error_model="numpy")
def translate(labels: npt.NDArray[np.uint8], lookup: npt.NDArray[np.uint8]) -> None:
    """Replace each id of (H, W) uint8 by its entry of (256,) uint8, in place."""
    height, width = labels.shape
    for y in range(height):
        row = labels[y]
        for x in range(width):
            row[x] = lookup[row[x]]


@njit(cache=True, nogil=True, error_model="numpy")
def add_moments(rgb: npt.NDArray[np.uint8], sums: npt.NDArray[np.uint64], squares: npt.NDArray[np.uint64]) -> None:
    """Add to (3,) `sums` and `squares` those of the channels of (3, H, W) uint8, exactly."""
    _, height, width = rgb.shape
    for channel in range(3):
        for y in range(height):
            row = rgb[channel, y]
            # A row's sums fit 32 bits: at most 16,384 pixels of 255 * 255. Only then does the compiler use vectors.
            total = np.uint32(0)
            squared = np.uint32(0)
            for x in range(width):
                value = np.uint32(row[x])
                total = np.uint32(total + value)
                squared = np.uint32(squared + np.uint32(value * value))
            sums[channel] += np.uint64(total)
            squares[channel] += np.uint64(squared)


@njit(cache=True, nogil=True, error_model="numpy")
def add_counts(tags: npt.NDArray[np.uint8], counts: npt.NDArray[np.int64]) -> None:
    """Add to (256,) `counts` how many pixels of (H, W) uint8 have each id.

    Counts runs of equal ids: adding one at a time to the same number waits for the addition before.
    """
    height, width = tags.shape
    for y in range(height):
        row = tags[y]
        start = 0
        for x in range(1, width):
            if row[x] != row[x - 1]:
                counts[row[start]] += x - start
                start = x
        counts[row[start]] += width - start


@njit(cache=True, nogil=True, error_model="numpy")
def recolor(
    rgb: npt.NDArray[np.uint8],
    matrix: npt.NDArray[np.int32],
    offset: npt.NDArray[np.int32],
    is_mirrored: bool,
    out: npt.NDArray[np.uint8],
) -> None:
    """``out = clip(round(matrix @ rgb + offset))``, mirrored left to right if asked for.

    Args:
        rgb: (3, H, W) uint8; may be a view with strides.
        matrix: (3, 3) int32 in units of 2**-14.
        offset: (3,) int32 in units of 2**-14 grey values.
        is_mirrored: whether column 0 of `out` is the last of `rgb`.
        out: (3, H, W) uint8 to fill.
    """
    _, height, width = rgb.shape
    line = np.empty(width, np.uint8)
    for y in range(height):
        red, green, blue = rgb[0, y], rgb[1, y], rgb[2, y]
        for channel in range(3):
            of_red, of_green, of_blue = matrix[channel, 0], matrix[channel, 1], matrix[channel, 2]
            start = offset[channel] + _HALF
            for x in range(width):
                warm = np.int32(np.int32(of_red * np.int32(red[x])) + np.int32(of_green * np.int32(green[x])))
                value = np.int32(np.int32(warm + np.int32(of_blue * np.int32(blue[x]))) + start)
                value = np.int32(value >> np.int32(14))
                line[x] = np.uint8(min(max(value, np.int32(0)), np.int32(255)))
            _put(line, is_mirrored, out[channel, y])


@njit(cache=True, nogil=True, error_model="numpy")
def copy_labels(labels: npt.NDArray[np.uint8], is_mirrored: bool, out: npt.NDArray[np.uint8]) -> None:
    """Copy (H, W) uint8, mirrored left to right if asked for."""
    height, _ = labels.shape
    for y in range(height):
        _put(labels[y], is_mirrored, out[y])


@njit(cache=True, nogil=True, inline="always")
def _put(line: npt.NDArray[np.uint8], is_mirrored: bool, out: npt.NDArray[np.uint8]) -> None:
    """Copy (W,) forwards or backwards."""
    width = len(line)
    if is_mirrored:
        last = np.uint64(width - 1)  # unsigned: an index that may be negative keeps the compiler from using vectors
        for x in range(width):
            out[x] = line[last - np.uint64(x)]
    else:
        for x in range(width):
            out[x] = line[x]
