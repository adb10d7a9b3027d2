"""Arrays to compressed bytes and back, as HDF5's filters of the same ids do it, but outside HDF5 and its lock.

Decisions:

* Each way back knows beforehand how many bytes must come out, and says no before it allocates more than that.
* JPEG's size is read from its header before the decoder sees it, and only plain baseline files pass: this is what we
  write, and the one kind whose cost is bounded by its size.
"""

from __future__ import annotations

import struct
import threading
import zlib
from dataclasses import dataclass
from typing import ClassVar, Protocol

import cv2
import numpy as np
import numpy.typing as npt
import zstandard

from datasets.errors import ShardError

_per_thread = threading.local()


class ChunkFilter(Protocol):
    """A compressor that HDF5 has a number for."""

    hdf5_id: ClassVar[int]
    """Registered with The HDF Group."""
    is_lossless: ClassVar[bool]
    is_optional: ClassVar[bool]
    """Whether HDF5 may create the data set without having the filter."""

    def client_data(self, height: int, width: int) -> tuple[int, ...]:
        """The filter's parameters for images of this size [px], as HDF5 stores them."""
        ...

    def most_bytes(self, num_bytes: int) -> int:
        """The most that `num_bytes` bytes of pixels can become."""
        ...

    def compress(self, stored: npt.NDArray[np.generic]) -> bytes:
        """Bytes for a C-contiguous array."""
        ...

    def decompress(self, frame: memoryview, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[np.generic]:
        """The array of `shape` and `dtype`, perhaps read-only; ShardError when `frame` does not hold one."""
        ...


@dataclass(frozen=True)
class _LeveledFilter:
    """What HDF5's filters for Zstd and deflate have in common."""

    level: int
    is_lossless: ClassVar[bool] = True
    is_optional: ClassVar[bool] = False

    def client_data(self, height: int, width: int) -> tuple[int, ...]:
        """The level."""
        return (self.level,)

    def most_bytes(self, num_bytes: int) -> int:
        """The bounds of both libraries, rounded up."""
        return num_bytes + num_bytes // 256 + 1024


@dataclass(frozen=True)
class ZstdFilter(_LeveledFilter):
    """One Zstd frame that declares its content size."""

    hdf5_id: ClassVar[int] = 32015

    def compress(self, stored: npt.NDArray[np.generic]) -> bytes:
        """One frame."""
        frame: bytes = _zstd_compressor(self.level).compress(stored.data.cast("B"))
        return frame

    def decompress(self, frame: memoryview, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[np.generic]:
        """Read-only array."""
        size = _num_bytes(shape, dtype)
        try:
            declared = zstandard.frame_content_size(frame)
            if declared != size:  # before a byte is decompressed: a forged size must not cost memory
                raise ShardError(f"the Zstd frame declares {declared} bytes, expected {size}")
            content: bytes = _zstd_decompressor().decompress(frame, allow_extra_data=False)
        except zstandard.ZstdError as error:
            raise ShardError(f"the chunk is no whole Zstd frame ({error}): the file is damaged") from error
        return np.frombuffer(content, dtype).reshape(shape)


@dataclass(frozen=True)
class DeflateFilter(_LeveledFilter):
    """A zlib stream: every HDF5 library can read it."""

    hdf5_id: ClassVar[int] = 1

    def compress(self, stored: npt.NDArray[np.generic]) -> bytes:
        """One stream."""
        return zlib.compress(stored.data.cast("B"), self.level)

    def decompress(self, frame: memoryview, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[np.generic]:
        """Read-only array."""
        size = _num_bytes(shape, dtype)
        stream = zlib.decompressobj()
        try:
            content = stream.decompress(frame, size + 1)  # one more than right: a longer stream shows, and ends there
        except zlib.error as error:
            raise ShardError(f"the chunk is no zlib stream ({error}): the file is damaged") from error
        if len(content) != size or not stream.eof or stream.unused_data:
            raise ShardError(f"the zlib stream does not hold exactly the {size} bytes expected")
        return np.frombuffer(content, dtype).reshape(shape)


@dataclass(frozen=True)
class JpegFilter:
    """A baseline JPEG of full colour resolution (4:4:4): lossy, for (H, W, 3) uint8 sRGB only."""

    quality: int
    """1 .. 100 as libjpeg counts it."""
    hdf5_id: ClassVar[int] = 32019
    is_lossless: ClassVar[bool] = False
    is_optional: ClassVar[bool] = True

    def client_data(self, height: int, width: int) -> tuple[int, ...]:
        """Quality, columns, rows, colour mode 1 (RGB): as the filter's author defines them."""
        return (self.quality, width, height, 1)

    def most_bytes(self, num_bytes: int) -> int:
        """Far above what noise at quality 100 takes."""
        return 2 * num_bytes + 4096

    def compress(self, stored: npt.NDArray[np.generic]) -> bytes:
        """One JPEG file."""
        bgr = cv2.cvtColor(stored.astype(np.uint8, copy=False), cv2.COLOR_RGB2BGR)
        sampling = (cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444)
        is_done, octets = cv2.imencode(".jpg", bgr, (cv2.IMWRITE_JPEG_QUALITY, self.quality, *sampling))
        if not is_done:
            raise ShardError(f"a frame of {stored.shape} could not be made a JPEG")
        return bytes(octets)

    def decompress(self, frame: memoryview, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[np.generic]:
        """The decoder's pixels, which may differ in their last bit from another decoder's."""
        declared = jpeg_size(frame)
        if declared != shape[:2]:
            raise ShardError(f"the JPEG declares (height, width) {declared}, expected {shape[:2]}")
        bgr = cv2.imdecode(np.frombuffer(frame, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        if bgr is None or bgr.shape != shape:
            raise ShardError("the chunk is no whole JPEG: the file is damaged")
        pixels: npt.NDArray[np.generic] = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB, dst=bgr)
        return pixels


def jpeg_size(jpeg: memoryview) -> tuple[int, int]:
    """(height, width) [px] that a baseline JPEG of three colours declares; ShardError for anything else."""
    at = 2
    if bytes(jpeg[:2]) == b"\xff\xd8":
        while at + 10 <= len(jpeg) and jpeg[at] == 0xFF:
            marker, length = struct.unpack_from(">BH", jpeg, at + 1)
            if marker == 0xC0:
                bits, height, width, components = struct.unpack_from(">BHHB", jpeg, at + 4)
                if (bits, components) == (8, 3):
                    return height, width
                break
            if (0xC1 <= marker <= 0xCF and marker != 0xC4) or marker in (0xD9, 0xDA) or length < 2:
                break  # another kind of JPEG, or pixels before any size
            at += 2 + length
    raise ShardError("the chunk does not begin as a baseline JPEG of 8-bit RGB: the file is damaged or forged")


def _num_bytes(shape: tuple[int, ...], dtype: npt.DTypeLike) -> int:
    return int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize


def _zstd_compressor(level: int) -> zstandard.ZstdCompressor:
    """This thread's own: the objects of the library must not be shared between threads at work."""
    compressors: dict[int, zstandard.ZstdCompressor] = _per_thread.__dict__.setdefault("compressors", {})
    if level not in compressors:
        compressors[level] = zstandard.ZstdCompressor(level=level, write_content_size=True)
    return compressors[level]


def _zstd_decompressor() -> zstandard.ZstdDecompressor:
    if not hasattr(_per_thread, "decompressor"):
        _per_thread.decompressor = zstandard.ZstdDecompressor()
    decompressor: zstandard.ZstdDecompressor = _per_thread.decompressor
    return decompressor
