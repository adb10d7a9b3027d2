"""Masks as indexed-colour PNG: any viewer shows the classes in their colours, and every pixel still is its class id.

Written by hand because OpenCV writes no palettes. The format is that of the PNG specification (third edition): the
chunks IHDR (colour type 3, 8 bits), PLTE, IDAT and IEND, each with its length and checksum.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_INDEXED_COLOR = 3
_COMPRESSION_LEVEL = 6


def encode_indexed_png(ids: NDArray[np.uint8], palette: NDArray[np.uint8]) -> bytes:
    """The file's bytes.

    Args:
        ids: class ids, ``(H, W)`` uint8.
        palette: sRGB by id, ``(256, 3)`` uint8.
    """
    if ids.dtype != np.uint8 or ids.ndim != 2 or ids.size == 0:
        raise ValueError(f"mask has shape {ids.shape} and type {ids.dtype}, expected (H, W) uint8")
    if palette.dtype != np.uint8 or palette.shape != (256, 3):
        raise ValueError(f"palette has shape {palette.shape} and type {palette.dtype}, expected (256, 3) uint8")
    height, width = ids.shape
    header = struct.pack(">IIBBBBB", width, height, 8, _INDEXED_COLOR, 0, 0, 0)
    rows = np.zeros((height, width + 1), dtype=np.uint8)  # each row starts with its filter: 0, none
    rows[:, 1:] = ids
    return b"".join(
        [
            _SIGNATURE,
            _chunk(b"IHDR", header),
            _chunk(b"PLTE", palette.tobytes()),
            _chunk(b"IDAT", zlib.compress(rows.tobytes(), _COMPRESSION_LEVEL)),
            _chunk(b"IEND", b""),
        ]
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
