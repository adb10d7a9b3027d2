"""Pixels to stored chunk and back: pure functions, callable from any thread, no file in sight.

Decisions:

* A chunk made here is what HDF5's own pipeline (Zstd filter 32015, then Fletcher32) accepts, so that plain h5py with
  hdf5plugin reads it too. It is made outside HDF5 because libhdf5 works behind one lock in each process.
* ``residual``: R-G, G, B-G, each less its left neighbour, as planes. Lossless, and a third smaller than plain Zstd on
  street frames in the same time.
* The Zstd filter of today's hdf5plugin returns damaged data without an error. Fletcher32 is therefore part of every
  chunk, and it is tested here on each read: a chunk that fails is never decompressed.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import zstandard

from datasets.checksums import fletcher32
from datasets.errors import ShardError
from datasets.kernels import green_left_delta, undo_green_left_delta

RGB_ZSTD_LEVEL = 1
"""Higher levels gain less than 2 % on residual planes."""
TAGS_ZSTD_LEVEL = 3

_SUM = struct.Struct("<I")
_per_thread = threading.local()


@dataclass(frozen=True, kw_only=True)
class Compression:
    """One way to store RGB pixels; tags are stored alike in all of them."""

    name: str
    """As given on the command line and stored in the file."""
    transform: str
    """Name and version of what is done to the pixels before Zstd, stored with the data set."""
    is_planar: bool
    """Whether a stored frame is (3, H, W) rather than (H, W, 3)."""
    forward: Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.uint8]]
    """(H, W, 3) uint8 -> the C-contiguous array to be compressed."""
    inverse: Callable[[npt.NDArray[np.uint8], npt.NDArray[np.uint8]], None]
    """(stored array, (H, W, 3) uint8 to fill)."""

    def item_shape(self, height: int, width: int) -> tuple[int, int, int]:
        """Shape of one stored frame."""
        return (3, height, width) if self.is_planar else (height, width, 3)


def residual_planes(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """(H, W, 3) uint8 -> (3, H, W) uint8: R-G, G, B-G modulo 256, each less its left neighbour modulo 256."""
    pixels = np.ascontiguousarray(rgb).view()
    pixels.flags.writeable = False  # one argument type, one compilation
    height, width, _ = pixels.shape
    planes = np.empty((3, height, width), np.uint8)
    green_left_delta(pixels, planes)
    return planes


COMPRESSIONS: dict[str, Compression] = {
    "residual": Compression(
        name="residual",
        transform="green-left-delta/1",
        is_planar=True,
        forward=residual_planes,
        inverse=undo_green_left_delta,
    ),
    "plain": Compression(
        name="plain",
        transform="none",
        is_planar=False,
        forward=np.ascontiguousarray,
        inverse=lambda stored, rgb: np.copyto(rgb, stored),
    ),
}


def compression_named(name: str) -> Compression:
    """The entry of `COMPRESSIONS`; ShardError that lists them when there is none of that name."""
    if name not in COMPRESSIONS:
        raise ShardError(f"compression is {name!r}, expected one of {', '.join(COMPRESSIONS)}")
    return COMPRESSIONS[name]


def packed(stored: npt.NDArray[np.uint8], *, level: int) -> bytes:
    """The chunk for a C-contiguous uint8 array: one Zstd frame with its content size, then its Fletcher32 (4 bytes)."""
    frame: bytes = _compressor(level).compress(stored.data.cast("B"))
    return frame + _SUM.pack(fletcher32(frame))


def tested_frame(chunk: bytes) -> memoryview:
    """The chunk's Zstd frame; ShardError when the bytes are not those that were written."""
    if len(chunk) <= _SUM.size:
        raise ShardError(f"a chunk of {len(chunk)} bytes cannot hold a frame and its checksum")
    expected = _SUM.unpack_from(chunk, len(chunk) - _SUM.size)[0]
    found = fletcher32(memoryview(chunk)[: -_SUM.size])
    if found != expected:
        raise ShardError(
            f"the chunk's bytes have Fletcher32 {found:#010x}, expected {expected:#010x}: the file is damaged"
        )
    return memoryview(chunk)[: -_SUM.size]


def unpacked(chunk: bytes, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """The uint8 array of `shape`, read-only, that `packed` made a chunk of; ShardError for any other bytes."""
    frame = tested_frame(chunk)
    size = int(np.prod(shape, dtype=np.int64))
    try:
        declared = zstandard.frame_content_size(frame)
        if declared != size:  # before a byte is decompressed: a forged size must not cost memory
            raise ShardError(f"the Zstd frame declares {declared} bytes, expected {size}")
        content: bytes = _decompressor().decompress(frame, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise ShardError(f"the chunk is no whole Zstd frame ({error}): the file is damaged") from error
    return np.frombuffer(content, np.uint8).reshape(shape)


def _compressor(level: int) -> zstandard.ZstdCompressor:
    """This thread's own: the objects of the library must not be shared between threads at work."""
    compressors: dict[int, zstandard.ZstdCompressor] = _per_thread.__dict__.setdefault("compressors", {})
    if level not in compressors:
        compressors[level] = zstandard.ZstdCompressor(level=level, write_content_size=True)
    return compressors[level]


def _decompressor() -> zstandard.ZstdDecompressor:
    if not hasattr(_per_thread, "decompressor"):
        _per_thread.decompressor = zstandard.ZstdDecompressor()
    decompressor: zstandard.ZstdDecompressor = _per_thread.decompressor
    return decompressor
