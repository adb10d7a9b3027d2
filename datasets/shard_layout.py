"""How a shard is laid out in HDF5: one table from which the writer builds and the reader checks.

``FORMAT.md`` is the specification; this is its form in code. Nothing here opens a file.
"""

from __future__ import annotations

from dataclasses import dataclass

import h5py
import numpy as np
import numpy.typing as npt

from datasets.codec import Compression, PlaneCodec
from datasets.errors import ShardError
from datasets.frame_index import INDEX_DTYPE, INDEX_DTYPE_V1
from datasets.shard_header import ShardHeader

FORMAT_NAME = "carla-loop-harness/shard"
FORMAT_VERSION = 2
"""What is written."""

SUFFIX = ".h5"
PART_SUFFIX = ".part"
"""Appended to the final name while frames are added: a frame log, see `frame_log`."""
CLOSING_SUFFIX = ".closing"
"""Appended to the final name while the frame log is copied into HDF5; worthless when left behind."""

FORMAT_ATTRIBUTE = "format"
VERSION_ATTRIBUTE = "format_version"
COMPRESSION_ATTRIBUTE = "compression"
HEADER_ATTRIBUTE = "header"
TRANSFORM_ATTRIBUTE = "transform"
TAG_TABLE_ATTRIBUTE = "tag_table_sha256"

MAX_FRAMES = 10_000_000
MAX_SIDE_PX = 16_384
MAX_PIXELS = 1 << 26
"""Of one frame: 256 MiB of depth is the most that a reader will ever allocate for one."""

INDEX_NAME = "index"
"""The data set of rows: (N,) of the version's `INDEX_DTYPES`, contiguous."""

LIBVER = ("v110", "v110")
"""HDF5 1.10 and later can read the file: the first version whose tables all have checksums, and one that says of a file
whether its writer closed it."""


@dataclass(frozen=True, kw_only=True)
class FormatVersion:
    """What one version of the format allows."""

    index_dtype: np.dtype[np.void]
    required_planes: tuple[str, ...] = ("rgb", "tags")
    optional_planes: tuple[str, ...] = ()
    compressions: tuple[str, ...]


FORMAT_VERSIONS = {
    1: FormatVersion(index_dtype=INDEX_DTYPE_V1, compressions=("residual", "plain")),
    2: FormatVersion(
        index_dtype=INDEX_DTYPE,
        optional_planes=("depth", "instance"),
        compressions=("residual", "plain", "gzip", "jpeg"),
    ),
}
"""What is read."""


@dataclass(frozen=True, kw_only=True)
class ShardContents:
    """What a shard holds and where: all that reading its frames takes, once the file has been examined."""

    version: int
    """Of the format."""
    header: ShardHeader
    header_digest: str
    """SHA-256 (hex) of the header's text as it lies in the file."""
    compression: Compression
    height: int
    """[px]"""
    width: int
    """[px]"""
    index: npt.NDArray[np.void]
    """(N,) of `frame_index.INDEX_DTYPE`, read-only."""
    chunks: dict[str, npt.NDArray[np.int64]]
    """By plane, in the order of `PLANE_NAMES`: (N, 2) int64, byte offset in the file and stored size of each frame."""


@dataclass(frozen=True, kw_only=True)
class Plane:
    """One data set of N images, one image a chunk."""

    codec: PlaneCodec
    height: int
    """[px]"""
    width: int
    """[px]"""
    attributes: dict[str, str]

    @property
    def name(self) -> str:
        """Of the data set."""
        return self.codec.plane

    @property
    def item_shape(self) -> tuple[int, ...]:
        """Shape of one image as it is stored."""
        return self.codec.stored_shape(self.height, self.width)

    @property
    def filters(self) -> tuple[int, ...]:
        """HDF5's ids, in the order of writing."""
        return (self.codec.filter.hdf5_id, h5py.h5z.FILTER_FLETCHER32)

    @property
    def most_chunk_bytes(self) -> int:
        """More than any image needs, with its checksum."""
        item_bytes = int(np.prod(self.item_shape, dtype=np.int64)) * self.codec.stored_dtype.itemsize
        return self.codec.filter.most_bytes(item_bytes) + 4

    def origin(self, number: int) -> tuple[int, ...]:
        """HDF5 coordinates of image `number`."""
        return (number, *(0 for _ in self.item_shape))

    def create(self, file: h5py.File, num_frames: int) -> h5py.Dataset:
        """The data set in `file`, still without chunks."""
        chunk_filter = self.codec.filter
        flag = h5py.h5z.FLAG_OPTIONAL if chunk_filter.is_optional else h5py.h5z.FLAG_MANDATORY
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        properties.set_chunk((1, *self.item_shape))
        properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        properties.set_obj_track_times(False)  # equal frames, equal files
        properties.set_filter(chunk_filter.hdf5_id, flag, chunk_filter.client_data(self.height, self.width))
        properties.set_fletcher32()
        space = h5py.h5s.create_simple((num_frames, *self.item_shape))
        kind = h5py.h5t.py_create(self.codec.stored_dtype)
        dataset = h5py.Dataset(h5py.h5d.create(file.id, self.name.encode(), kind, space, properties))
        for name, text in self.attributes.items():
            write_text(dataset, name, text)
        return dataset


def planes(
    names: tuple[str, ...], *, height: int, width: int, compression: Compression, tag_table_digest: str
) -> dict[str, Plane]:
    """The image data sets `names` of a shard of (height, width) [px] frames, by name."""
    return {
        name: Plane(
            codec=compression.planes[name],
            height=height,
            width=width,
            attributes=(
                {TAG_TABLE_ATTRIBUTE: tag_table_digest}
                if name == "tags"
                else {TRANSFORM_ATTRIBUTE: compression.planes[name].transform.name}
            ),
        )
        for name in names
    }


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
