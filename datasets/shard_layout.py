"""How a version-1 shard is laid out in HDF5: one table from which the writer builds and the reader checks.

``FORMAT.md`` is the specification; this is its form in code. Nothing here opens a file.
"""

from __future__ import annotations

from dataclasses import dataclass

import h5py
import numpy as np
import numpy.typing as npt

from datasets.codec import RGB_ZSTD_LEVEL, TAGS_ZSTD_LEVEL, Compression
from datasets.errors import ShardError
from datasets.shard_header import ShardHeader

FORMAT_NAME = "carla-loop-harness/shard"
FORMAT_VERSION = 1

SUFFIX = ".h5"
PART_SUFFIX = ".part"
"""Appended to the final name until the file is closed, verified and on disk."""

FORMAT_ATTRIBUTE = "format"
VERSION_ATTRIBUTE = "format_version"
COMPRESSION_ATTRIBUTE = "compression"
HEADER_ATTRIBUTE = "header"
TRANSFORM_ATTRIBUTE = "transform"
TAG_TABLE_ATTRIBUTE = "tag_table_sha256"

MAX_FRAMES = 10_000_000
MAX_SIDE_PX = 16_384
MAX_PIXELS = 1 << 26
"""Of one frame: 192 MiB of RGB is the most that a reader will ever allocate for one."""

ZSTD_FILTER = 32015
"""Registered with The HDF Group; hdf5plugin brings it."""
FILTERS: tuple[int, ...] = (ZSTD_FILTER, h5py.h5z.FILTER_FLETCHER32)
"""Of both images, in the order of writing."""

INDEX_NAME = "index"
"""The third data set: (N,) of `frame_index.INDEX_DTYPE`, contiguous, written when the shard is closed."""

LIBVER = ("v110", "v110")
"""HDF5 1.10 and later can read the file: the first version whose tables all have checksums, and one that says of a file
whether its writer closed it."""


@dataclass(frozen=True, kw_only=True)
class ShardContents:
    """What a shard holds and where: all that reading its frames takes, once the file has been examined."""

    header: ShardHeader
    compression: Compression
    height: int
    """[px]"""
    width: int
    """[px]"""
    index: npt.NDArray[np.void]
    """(N,) of INDEX_DTYPE."""
    chunks: dict[str, npt.NDArray[np.int64]]
    """"rgb" and "tags": (N, 2) int64, byte offset in the file and stored size of each frame."""


@dataclass(frozen=True, kw_only=True)
class Plane:
    """One data set of N images, one image a chunk."""

    name: str
    item_shape: tuple[int, ...]
    zstd_level: int
    attributes: dict[str, str]

    @property
    def chunk_shape(self) -> tuple[int, ...]:
        """Shape of a chunk: one image."""
        return (1, *self.item_shape)

    @property
    def item_bytes(self) -> int:
        """Bytes of one image before compression."""
        return int(np.prod(self.item_shape, dtype=np.int64))

    def origin(self, number: int) -> tuple[int, ...]:
        """HDF5 coordinates of image `number`."""
        return (number, *(0 for _ in self.item_shape))

    def create(self, file: h5py.File) -> h5py.Dataset:
        """The empty, extendable data set in `file`."""
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        properties.set_chunk(self.chunk_shape)
        properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        properties.set_filter(ZSTD_FILTER, h5py.h5z.FLAG_MANDATORY, (self.zstd_level,))
        properties.set_fletcher32()
        space = h5py.h5s.create_simple((0, *self.item_shape), (h5py.h5s.UNLIMITED, *self.item_shape))
        dataset = h5py.Dataset(h5py.h5d.create(file.id, self.name.encode(), h5py.h5t.STD_U8LE, space, properties))
        for name, text in self.attributes.items():
            write_text(dataset, name, text)
        return dataset


def planes(*, height: int, width: int, compression: Compression, tag_table_digest: str) -> dict[str, Plane]:
    """The image data sets of a shard of (height, width) [px] frames, by name."""
    rgb = Plane(
        name="rgb",
        item_shape=compression.item_shape(height, width),
        zstd_level=RGB_ZSTD_LEVEL,
        attributes={TRANSFORM_ATTRIBUTE: compression.transform},
    )
    tags = Plane(
        name="tags",
        item_shape=(height, width),
        zstd_level=TAGS_ZSTD_LEVEL,
        attributes={TAG_TABLE_ATTRIBUTE: tag_table_digest},
    )
    return {plane.name: plane for plane in (rgb, tags)}


def check_frame_size(height: int, width: int) -> None:
    """ShardError when no shard may hold frames of (height, width) [px]."""
    if not (0 < height <= MAX_SIDE_PX and 0 < width <= MAX_SIDE_PX and height * width <= MAX_PIXELS):
        raise ShardError(
            f"frames of {width} x {height} pixels, expected 1 .. {MAX_SIDE_PX} a side and at most {MAX_PIXELS} in all"
        )


def write_text(target: h5py.File | h5py.Dataset, name: str, text: str) -> None:
    """Store `text` as a UTF-8 string of fixed length: variable-length ones lie in a heap that has no checksum."""
    octets = text.encode()
    target.attrs.create(name, np.bytes_(octets), dtype=h5py.string_dtype("utf-8", len(octets)))
