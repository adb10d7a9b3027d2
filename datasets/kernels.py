"""Compiled loops over bytes and pixels: checksums and the reversible colour transform.

They release the interpreter lock, so that encoder threads and a writer run side by side, and stay in numba's cache.
Loops run over one-dimensional slices from index 0 and cast every sum back to its width: only then does the compiler
use vectors (5-8 times faster, measured). ``fastmath`` has no meaning here: all is integers modulo 2**n or 65535.
"""

# numba has no type information: its decorator hides the annotations below from mypy.
# mypy: disable-error-code="untyped-decorator, no-any-return"

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

_P1 = np.uint64(0x9E3779B185EBCA87)
_P2 = np.uint64(0xC2B2AE3D27D4EB4F)
_P3 = np.uint64(0x165667B19E3779F9)
_P4 = np.uint64(0x85EBCA77C2B2AE63)
_P5 = np.uint64(0x27D4EB2F165667C5)

_FLETCHER_BLOCK = 360
"""Words whose second sum is sure to fit 32 bits: 65535 * 360 * 361 / 2 < 2**32 (HDF5 uses the same number)."""


@njit(cache=True, nogil=True, inline="always")
def _folded(total: np.uint64) -> np.uint64:
    """The 16-bit one's-complement form: multiples of 65535 other than 0 are 65535."""
    rest = total % np.uint64(65535)
    return np.uint64(65535) if rest == 0 and total != 0 else rest


@njit(cache=True, nogil=True, error_model="numpy")
def fletcher32_words(words: npt.NDArray[np.uint16], last: int) -> int:
    """Sums over (N,) little-endian views of big-endian words; `last` is a final word, or -1 for none."""
    first = np.uint64(0)
    second = np.uint64(0)
    for start in range(0, words.size, _FLETCHER_BLOCK):
        block = words[start : start + _FLETCHER_BLOCK]
        count = len(block)
        total = np.uint32(0)
        weighted = np.uint32(0)
        for i in range(count):
            little = np.uint32(block[i])
            low_first = np.uint32(np.uint32(little << np.uint32(8)) & np.uint32(0xFF00))
            word = np.uint32(np.uint32(little >> np.uint32(8)) | low_first)
            total = np.uint32(total + word)
            weighted = np.uint32(weighted + np.uint32(word * np.uint32(count - i)))
        second = _folded(second + first * np.uint64(count) + np.uint64(weighted))
        first = _folded(first + np.uint64(total))
    if last >= 0:
        first = _folded(first + np.uint64(last))
        second = _folded(second + first)
    return (second << np.uint64(16)) | first


@njit(cache=True, nogil=True, inline="always")
def _rotated(value: np.uint64, bits: int) -> np.uint64:
    return (value << np.uint64(bits)) | (value >> np.uint64(64 - bits))


@njit(cache=True, nogil=True, inline="always")
def _round(lane: np.uint64, word: np.uint64) -> np.uint64:
    return _rotated(lane + word * _P2, 31) * _P1


@njit(cache=True, nogil=True, inline="always")
def _merged(value: np.uint64, lane: np.uint64) -> np.uint64:
    return (value ^ _round(np.uint64(0), lane)) * _P1 + _P4


@njit(cache=True, nogil=True, error_model="numpy")
def xxh64_stripes(stripes: npt.NDArray[np.uint64], tail: npt.NDArray[np.uint8], length: np.uint64) -> np.uint64:
    """Whole 32-byte stripes as (4 N,) words, then the last 0..31 bytes; names and steps follow the specification."""
    value = _P5
    if stripes.size:
        a, b, c, d = _P1 + _P2, _P2, np.uint64(0), np.uint64(0) - _P1
        for i in range(0, stripes.size, 4):
            a = _round(a, stripes[i])
            b = _round(b, stripes[i + 1])
            c = _round(c, stripes[i + 2])
            d = _round(d, stripes[i + 3])
        value = _rotated(a, 1) + _rotated(b, 7) + _rotated(c, 12) + _rotated(d, 18)
        value = _merged(_merged(_merged(_merged(value, a), b), c), d)
    value += length
    at = 0
    while at + 8 <= tail.size:
        value = _rotated(value ^ _round(np.uint64(0), _word(tail, at, 8)), 27) * _P1 + _P4
        at += 8
    if at + 4 <= tail.size:
        value = _rotated(value ^ (_word(tail, at, 4) * _P1), 23) * _P2 + _P3
        at += 4
    while at < tail.size:
        value = _rotated(value ^ (np.uint64(tail[at]) * _P5), 11) * _P1
        at += 1
    value = (value ^ (value >> np.uint64(33))) * _P2
    value = (value ^ (value >> np.uint64(29))) * _P3
    return value ^ (value >> np.uint64(32))


@njit(cache=True, nogil=True, error_model="numpy")
def xxh64_rows(rows: npt.NDArray[np.uint8], hashes: npt.NDArray[np.uint64]) -> None:
    """The hash of each row of (N, size) uint8 into (N,) uint64."""
    num_rows, size = rows.shape
    in_stripes = size // 32 * 32
    stripes = np.empty(in_stripes // 8, np.uint64)
    octets = stripes.view(np.uint8)
    for i in range(num_rows):
        octets[:] = rows[i, :in_stripes]  # copied: a row may begin at any address
        hashes[i] = xxh64_stripes(stripes, rows[i, in_stripes:], np.uint64(size))


@njit(cache=True, nogil=True, inline="always")
def _word(octets: npt.NDArray[np.uint8], at: int, size: int) -> np.uint64:
    """`size` bytes from `at` on as one little-endian number."""
    word = np.uint64(0)
    for i in range(size):
        word |= np.uint64(octets[at + i]) << np.uint64(8 * i)
    return word


@njit(cache=True, nogil=True, error_model="numpy")
def green_left_delta(rgb: npt.NDArray[np.uint8], planes: npt.NDArray[np.uint8]) -> None:
    """(H, W, 3) uint8 pixels -> (3, H, W) uint8 planes of R-G, G, B-G, each less its left neighbour, modulo 256."""
    height, width, _ = rgb.shape
    for y in range(height):
        row = rgb[y].reshape(-1)
        red, green, blue = planes[0, y], planes[1, y], planes[2, y]
        red[0] = np.uint8(row[0] - row[1])
        green[0] = row[1]
        blue[0] = np.uint8(row[2] - row[1])
        for x in range(1, width):
            g = row[3 * x + 1]
            left_g = row[3 * x - 2]
            red[x] = np.uint8(np.uint8(row[3 * x] - g) - np.uint8(row[3 * x - 3] - left_g))
            green[x] = np.uint8(g - left_g)
            blue[x] = np.uint8(np.uint8(row[3 * x + 2] - g) - np.uint8(row[3 * x - 1] - left_g))


@njit(cache=True, nogil=True, error_model="numpy")
def undo_green_left_delta(planes: npt.NDArray[np.uint8], rgb: npt.NDArray[np.uint8]) -> None:
    """The exact inverse: (3, H, W) uint8 planes -> (H, W, 3) uint8 pixels."""
    _, height, width = planes.shape
    for y in range(height):
        row = rgb[y].reshape(-1)
        red, green, blue = planes[0, y], planes[1, y], planes[2, y]
        r, g, b = np.uint8(0), np.uint8(0), np.uint8(0)
        for x in range(width):
            r = np.uint8(r + red[x])
            g = np.uint8(g + green[x])
            b = np.uint8(b + blue[x])
            row[3 * x] = np.uint8(r + g)
            row[3 * x + 1] = g
            row[3 * x + 2] = np.uint8(b + g)


@njit(cache=True, nogil=True, error_model="numpy")
def split_channels(rgb: npt.NDArray[np.uint8], planes: npt.NDArray[np.uint8]) -> None:
    """(H, W, 3) uint8 -> (3, H, W) uint8; several times faster than a transposed copy."""
    height, width, _ = rgb.shape
    for y in range(height):
        row = rgb[y].reshape(-1)
        red, green, blue = planes[0, y], planes[1, y], planes[2, y]
        for x in range(width):
            red[x] = row[3 * x]
            green[x] = row[3 * x + 1]
            blue[x] = row[3 * x + 2]


@njit(cache=True, nogil=True, error_model="numpy")
def left_delta_24(codes: npt.NDArray[np.uint32], planes: npt.NDArray[np.uint8]) -> None:
    """(H, W) uint32 of 24 bits, each less its left neighbour modulo 2**24 -> (3, H, W) uint8 low, middle, high byte."""
    height, width = codes.shape
    for y in range(height):
        row = codes[y]
        low, middle, high = planes[0, y], planes[1, y], planes[2, y]
        left = np.uint32(0)
        for x in range(width):
            delta = np.uint32(row[x] - left)
            left = row[x]
            low[x] = np.uint8(delta)
            middle[x] = np.uint8(delta >> np.uint32(8))
            high[x] = np.uint8(delta >> np.uint32(16))


@njit(cache=True, nogil=True, error_model="numpy")
def undo_left_delta_24(planes: npt.NDArray[np.uint8], codes: npt.NDArray[np.uint32]) -> None:
    """The exact inverse: (3, H, W) uint8 planes -> (H, W) uint32 codes of 24 bits."""
    _, height, width = planes.shape
    for y in range(height):
        row = codes[y]
        low, middle, high = planes[0, y], planes[1, y], planes[2, y]
        code = np.uint32(0)
        for x in range(width):
            delta = np.uint32(low[x]) | (np.uint32(middle[x]) << np.uint32(8)) | (np.uint32(high[x]) << np.uint32(16))
            code = np.uint32(np.uint32(code + delta) & np.uint32(0xFFFFFF))
            row[x] = code
