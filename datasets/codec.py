"""Images to stored chunks and back: pure functions, callable from any thread, no file in sight.

Decisions:

* A chunk made here is what HDF5's own pipeline (a compressor, then Fletcher32) accepts, so that plain h5py reads it
  too. It is made outside HDF5 because libhdf5 works behind one lock in each process.
* ``residual`` takes from each pixel what its left neighbour already says. Lossless, and a third smaller than plain
  Zstd on street frames in the same time.
* The Zstd filter of today's hdf5plugin returns damaged data without an error. Fletcher32 is therefore part of every
  chunk, and it is tested here on each read: a chunk that fails is never decompressed.
* Decoded pixels are tested by their hash. Only JPEG's bytes are hashed instead: decoders differ in the last bit.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from datasets.checksums import fletcher32, xxh64
from datasets.chunk_filters import ChunkFilter, DeflateFilter, JpegFilter, ZstdFilter
from datasets.errors import ShardError
from datasets.kernels import green_left_delta, left_delta_24, undo_green_left_delta, undo_left_delta_24

PLANE_NAMES = ("rgb", "tags", "depth", "instance")
"""In the order of storing; the last two may be missing from a shard."""
PLANE_DTYPES: dict[str, np.dtype[Any]] = {
    "rgb": np.dtype("u1"),
    "tags": np.dtype("u1"),
    "depth": np.dtype("<u4"),
    "instance": np.dtype("<u2"),
}

DEFAULT_JPEG_QUALITY = 95

_SUM = struct.Struct("<I")


def image_shape(plane: str, height: int, width: int) -> tuple[int, ...]:
    """Shape of one image of `plane`: (H, W, 3) for rgb, else (H, W)."""
    return (height, width, 3) if plane == "rgb" else (height, width)


@dataclass(frozen=True, kw_only=True)
class Transform:
    """What is done to an image before it is compressed; lossless."""

    name: str
    """With its version, as stored with the data set."""
    is_planar: bool
    """Whether the stored array is (3, H, W) uint8; else it is as the image."""
    forward: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]
    """Image -> C-contiguous array to be compressed."""
    inverse: Callable[[npt.NDArray[Any], npt.NDArray[Any]], None]
    """(Stored array, image to fill)."""


@dataclass(frozen=True, kw_only=True)
class PlaneCodec:
    """One plane of images in one compression."""

    plane: str
    transform: Transform
    filter: ChunkFilter

    @property
    def stored_dtype(self) -> np.dtype[Any]:
        """Type of the stored array."""
        return np.dtype("u1") if self.transform.is_planar else PLANE_DTYPES[self.plane]

    def stored_shape(self, height: int, width: int) -> tuple[int, ...]:
        """Shape of the stored array of one image."""
        return (3, height, width) if self.transform.is_planar else image_shape(self.plane, height, width)

    def encode(self, image: npt.NDArray[Any]) -> tuple[bytes, int]:
        """(Chunk, XXH64 for the index) of one image."""
        pixels = np.ascontiguousarray(image)
        frame = self.filter.compress(self.transform.forward(pixels))
        return sealed(frame), xxh64(pixels if self.filter.is_lossless else frame)

    def decode(self, chunk: bytes, digest: int, out: npt.NDArray[Any]) -> None:
        """Fill `out`, a C-contiguous image; ShardError when the bytes or the pixels are not those that were written."""
        frame = checked_frame(chunk)
        if not self.filter.is_lossless:
            _check_hash("bytes", xxh64(frame), digest)
        stored = self.filter.decompress(frame, self.stored_shape(*out.shape[:2]), self.stored_dtype)
        self.transform.inverse(stored, out)
        if self.filter.is_lossless:
            _check_hash("pixels", xxh64(out), digest)


@dataclass(frozen=True, kw_only=True)
class Compression:
    """One way to store the planes of a shard."""

    name: str
    """As given on the command line and stored in the file."""
    planes: Mapping[str, PlaneCodec]
    """By plane, all of `PLANE_NAMES`."""

    @property
    def is_lossless(self) -> bool:
        """Whether every pixel comes back as it was."""
        return all(codec.filter.is_lossless for codec in self.planes.values())


def sealed(frame: bytes) -> bytes:
    """The chunk for a compressed `frame`: the bytes, then their Fletcher32 (4 bytes)."""
    return frame + _SUM.pack(fletcher32(frame))


def checked_frame(chunk: bytes) -> memoryview:
    """The chunk's compressed frame; ShardError when the bytes are not those that were written."""
    if len(chunk) <= _SUM.size:
        raise ShardError(f"a chunk of {len(chunk)} bytes cannot hold a frame and its checksum")
    expected = _SUM.unpack_from(chunk, len(chunk) - _SUM.size)[0]
    frame = memoryview(chunk)[: -_SUM.size]
    found = fletcher32(frame)
    if found != expected:
        raise ShardError(
            f"the chunk's bytes have Fletcher32 {found:#010x}, expected {expected:#010x}: the file is damaged"
        )
    return frame


def compression_named(name: str, *, jpeg_quality: int = DEFAULT_JPEG_QUALITY) -> Compression:
    """The entry of `COMPRESSIONS`, with JPEGs of `jpeg_quality`; ShardError when there is none, or no such quality."""
    if name not in COMPRESSIONS:
        raise ShardError(f"compression is {name!r}, expected one of {', '.join(COMPRESSIONS)}")
    if not 1 <= jpeg_quality <= 100:
        raise ShardError(f"the JPEG quality is {jpeg_quality}, expected 1 .. 100")
    return _jpeg(jpeg_quality) if name == "jpeg" else COMPRESSIONS[name]


def residual_planes(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """(H, W, 3) uint8 -> (3, H, W) uint8: R-G, G, B-G modulo 256, each less its left neighbour modulo 256."""
    return _planes_of(rgb, green_left_delta)


def _depth_planes(codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint8]:
    return _planes_of(codes, left_delta_24)


def _copied(stored: npt.NDArray[Any], image: npt.NDArray[Any]) -> None:
    np.copyto(image, stored)


def _planes_of(image: npt.NDArray[Any], kernel: Callable[[Any, Any], None]) -> npt.NDArray[np.uint8]:
    pixels = np.ascontiguousarray(image).view()
    pixels.flags.writeable = False  # one argument type, one compilation
    planes = np.empty((3, *pixels.shape[:2]), np.uint8)
    kernel(pixels, planes)
    return planes


_NONE = Transform(
    name="none",
    is_planar=False,
    forward=np.ascontiguousarray,
    inverse=_copied,
)
_GREEN_LEFT_DELTA = Transform(
    name="green-left-delta/1", is_planar=True, forward=residual_planes, inverse=undo_green_left_delta
)
_LEFT_DELTA_24 = Transform(
    name="left-delta-24/1",
    is_planar=True,
    forward=_depth_planes,
    inverse=undo_left_delta_24,
)


def _compression(name: str, **planes: tuple[Transform, ChunkFilter]) -> Compression:
    return Compression(
        name=name,
        planes={
            plane: PlaneCodec(plane=plane, transform=transform, filter=chunk_filter)
            for plane, (transform, chunk_filter) in planes.items()
        },
    )


def _jpeg(quality: int) -> Compression:
    lossless = {
        plane: (codec.transform, codec.filter)
        for plane, codec in COMPRESSIONS["residual"].planes.items()
        if plane != "rgb"
    }
    return _compression("jpeg", rgb=(_NONE, JpegFilter(quality)), **lossless)


def _check_hash(what: str, found: int, expected: int) -> None:
    if found != expected:
        raise ShardError(f"{what} have XXH64 {found:#018x}, expected {expected:#018x}: swapped or damaged")


COMPRESSIONS: dict[str, Compression] = {
    "residual": _compression(
        "residual",
        rgb=(_GREEN_LEFT_DELTA, ZstdFilter(1)),  # higher levels gain less than 2 % on residual planes
        tags=(_NONE, ZstdFilter(3)),
        depth=(_LEFT_DELTA_24, ZstdFilter(1)),
        instance=(_NONE, ZstdFilter(3)),
    ),
    "plain": _compression(
        "plain",
        rgb=(_NONE, ZstdFilter(1)),
        tags=(_NONE, ZstdFilter(3)),
        depth=(_NONE, ZstdFilter(1)),
        instance=(_NONE, ZstdFilter(3)),
    ),
    "gzip": _compression("gzip", **dict.fromkeys(PLANE_NAMES, (_NONE, DeflateFilter(4)))),
}
COMPRESSIONS["jpeg"] = _jpeg(DEFAULT_JPEG_QUALITY)
