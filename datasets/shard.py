"""Shards, the one import that most callers need; the parts live in the modules named below.

A shard is one HDF5 file with the images, raw tags and index of one drive seen by one camera: see ``FORMAT.md``.
"""

from __future__ import annotations

from datasets.codec import COMPRESSIONS
from datasets.encoded_sample import EncodedSample, encode_sample
from datasets.errors import DiskError, ShardError
from datasets.shard_header import ShardHeader
from datasets.shard_reader import ShardReader
from datasets.shard_writer import ShardWriter

__all__ = [
    "COMPRESSIONS",
    "DiskError",
    "EncodedSample",
    "ShardError",
    "ShardHeader",
    "ShardReader",
    "ShardWriter",
    "encode_sample",
]
