"""A sample as it will lie in the file: the part of recording that takes processor time, and no lock.

Call `encode_sample` from as many threads as there are; hand the results in frame order to the one thread that owns the
`ShardWriter`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from datasets.codec import DEFAULT_JPEG_QUALITY, PLANE_NAMES, compression_named
from datasets.errors import ShardError
from datasets.frame_index import index_row
from datasets.labels import LabelSet, check_tags
from datasets.sample import MAX_DEPTH_CODE, Sample


@dataclass(frozen=True, kw_only=True, eq=False)
class EncodedSample:
    """One frame's chunks; `num_bytes` is what a bounded queue should count."""

    frame: int
    height: int
    """[px]"""
    width: int
    """[px]"""
    compression: str
    jpeg_quality: int
    """Of the compression "jpeg"; the others do not use it."""
    tag_table_digest: str
    """Of the label set that the tags were checked against."""
    chunks: Mapping[str, bytes]
    """By plane, in the order of `PLANE_NAMES`."""
    index_row: bytes

    @property
    def num_bytes(self) -> int:
        """Bytes that the frame will take in the file, without HDF5's own."""
        return sum(map(len, self.chunks.values())) + len(self.index_row)


def encode_sample(
    sample: Sample,
    *,
    tag_table: LabelSet,
    compression: str = "residual",
    jpeg_quality: int = DEFAULT_JPEG_QUALITY,
) -> EncodedSample:
    """Compress and hash `sample`.

    Raises:
        LabelError: the tags hold an id that `tag_table` does not have.
        ShardError: there is no `compression` of that name or `jpeg_quality`, or a depth code has more than 24 bits.
    """
    mode = compression_named(compression, jpeg_quality=jpeg_quality)
    check_tags(sample.tags, tag_table)
    if sample.depth is not None and int(sample.depth.max()) > MAX_DEPTH_CODE:
        raise ShardError(f"a depth code is {sample.depth.max()}, expected at most {MAX_DEPTH_CODE} (24 bits)")
    images = {plane: image for plane in PLANE_NAMES if (image := getattr(sample, plane)) is not None}
    encoded = {plane: mode.planes[plane].encode(image) for plane, image in images.items()}
    height, width = sample.tags.shape
    return EncodedSample(
        frame=sample.frame,
        height=height,
        width=width,
        compression=compression,
        jpeg_quality=jpeg_quality,
        tag_table_digest=tag_table.digest,
        chunks={plane: chunk for plane, (chunk, _) in encoded.items()},
        index_row=index_row(sample, {plane: digest for plane, (_, digest) in encoded.items()}),
    )
