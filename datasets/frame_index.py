"""The index: one row for each frame that says which frame it is, from where it was seen, and what its pixels must be.

Decisions:

* A row holds a hash of the *decoded* pixels of each image (of a JPEG: of its bytes). It finds what the chunk's own
  checksum cannot: chunks that are whole but in the wrong place, and a decoder that errs.
* The pixel hashes have no seed and no frame number in them, so that equal images have equal hashes: the same drive
  under another weather shows that its tags are identical without decoding them. The row's own hash ties frame number,
  time and pose to the pixel hashes.
* In memory rows always have the form of version 2, whatever the file's version is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from datasets.checksums import xxh64, xxh64_each
from datasets.errors import ShardError
from datasets.sample import Sample

_WHAT_AND_WHERE: list[tuple[str, str] | tuple[str, str, tuple[int, ...]]] = [
    ("frame", "<u8"),
    ("timestamp_s", "<f8"),
    ("camera_transform", "<f8", (6,)),
]

INDEX_DTYPE = np.dtype(
    [
        *_WHAT_AND_WHERE,
        ("rgb_xxh64", "<u8"),
        ("tags_xxh64", "<u8"),
        ("depth_xxh64", "<u8"),
        ("instance_xxh64", "<u8"),
        ("row_xxh64", "<u8"),
    ]
)
"""104 bytes without padding; ``row_xxh64`` is the XXH64 of those before it. A plane that is not there has hash 0."""

INDEX_DTYPE_V1 = np.dtype([*_WHAT_AND_WHERE, ("rgb_xxh64", "<u8"), ("tags_xxh64", "<u8"), ("row_xxh64", "<u8")])
"""88 bytes: what version 1 has on disk."""


def index_row(sample: Sample, hashes: Mapping[str, int]) -> bytes:
    """The row of `sample`, as stored; `hashes` are those of its planes, by name."""
    row = np.zeros((), INDEX_DTYPE)
    row["frame"] = sample.frame
    row["timestamp_s"] = sample.timestamp_s
    row["camera_transform"] = sample.camera_transform
    for plane, digest in hashes.items():
        row[f"{plane}_xxh64"] = digest
    row["row_xxh64"] = xxh64(row.tobytes()[:-8])
    return row.tobytes()


def checked_rows(rows: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    """`rows` ((N,) of either version), read-only and in the form of version 2, when each fits its hash and frames rise.

    ShardError names the first misfit.
    """
    damaged = np.flatnonzero(_row_hashes(rows) != rows["row_xxh64"])
    if damaged.size:
        number = int(damaged[0])
        raise ShardError(
            f"index row {number} (frame {rows['frame'][number]}) does not fit its checksum: the file is damaged"
        )
    not_rising = np.flatnonzero(rows["frame"][1:] <= rows["frame"][:-1])
    if not_rising.size:
        before, after = rows["frame"][not_rising[0] : not_rising[0] + 2]
        raise ShardError(f"frame {after} follows frame {before} in the index, expected rising frame numbers")
    rows = rows if rows.dtype == INDEX_DTYPE else _brought_to_version_2(rows)
    rows.flags.writeable = False
    return rows


def index_digest(rows: npt.NDArray[np.void]) -> str:
    """SHA-256 (hex) of `rows` in the form of version 2: what a manifest says of a shard's content."""
    return hashlib.sha256(np.ascontiguousarray(rows).view(np.uint8).data).hexdigest()


def _brought_to_version_2(rows: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    brought = np.zeros(rows.shape, INDEX_DTYPE)
    for name in INDEX_DTYPE_V1.names or ():
        brought[name] = rows[name]
    brought["row_xxh64"] = _row_hashes(brought)
    return brought


def _row_hashes(rows: npt.NDArray[np.void]) -> npt.NDArray[np.uint64]:
    """(N,) XXH64 of each row without its last field."""
    octets = np.ascontiguousarray(rows).view(np.uint8).reshape(len(rows), rows.dtype.itemsize)
    return xxh64_each(octets[:, :-8])
