"""A sample as it will lie in the file: the part of recording that takes processor time, and no lock.

Call `encode_sample` from as many threads as there are; hand the results in frame order to the one thread that owns the
`ShardWriter`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datasets.codec import RGB_ZSTD_LEVEL, TAGS_ZSTD_LEVEL, compression_named, packed
from datasets.frame_index import index_row
from datasets.labels import LabelSet, check_tags
from datasets.sample import Sample


@dataclass(frozen=True, kw_only=True, eq=False)
class EncodedSample:
    """One frame's chunks; `num_bytes` is what a bounded queue should count."""

    frame: int
    height: int
    """[px]"""
    width: int
    """[px]"""
    compression: str
    tag_table_digest: str
    """Of the label set that the tags were checked against."""
    rgb_chunk: bytes
    tags_chunk: bytes
    index_row: bytes

    @property
    def num_bytes(self) -> int:
        """Bytes that the frame will take in the file, without HDF5's own."""
        return len(self.rgb_chunk) + len(self.tags_chunk) + len(self.index_row)


def encode_sample(sample: Sample, *, tag_table: LabelSet, compression: str = "residual") -> EncodedSample:
    """Compress and hash `sample`.

    Raises:
        LabelError: the tags hold an id that `tag_table` does not have.
        ShardError: there is no `compression` of that name.
    """
    mode = compression_named(compression)
    check_tags(sample.tags, tag_table)
    height, width = sample.tags.shape
    return EncodedSample(
        frame=sample.frame,
        height=height,
        width=width,
        compression=compression,
        tag_table_digest=tag_table.digest,
        rgb_chunk=packed(mode.forward(sample.rgb), level=RGB_ZSTD_LEVEL),
        tags_chunk=packed(np.ascontiguousarray(sample.tags), level=TAGS_ZSTD_LEVEL),
        index_row=index_row(sample),
    )
