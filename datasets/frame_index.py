"""The index: one row for each frame that says which frame it is, from where it was seen, and what its pixels must be.

Decisions:

* A row holds a hash of the *decoded* pixels of each image. It finds what the chunk's own checksum cannot: chunks that
  are whole but in the wrong place, and a decoder that errs.
* The pixel hashes have no seed and no frame number in them, so that equal images have equal hashes: the same drive
  under another weather shows that its tags are identical without decoding them. The row's own hash ties frame number,
  time and pose to the two pixel hashes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from datasets.checksums import xxh64, xxh64_each
from datasets.errors import ShardError
from datasets.sample import Sample

INDEX_DTYPE = np.dtype(
    [
        ("frame", "<u8"),
        ("timestamp_s", "<f8"),
        ("camera_transform", "<f8", (6,)),
        ("rgb_xxh64", "<u8"),
        ("tags_xxh64", "<u8"),
        ("row_xxh64", "<u8"),
    ]
)
"""88 bytes without padding; ``row_xxh64`` is the XXH64 of the 80 before it."""

_HASHED = INDEX_DTYPE.itemsize - 8


def index_row(sample: Sample) -> bytes:
    """The row of `sample`, as stored."""
    row = np.zeros((), INDEX_DTYPE)
    row["frame"] = sample.frame
    row["timestamp_s"] = sample.timestamp_s
    row["camera_transform"] = sample.camera_transform
    row["rgb_xxh64"] = xxh64(np.ascontiguousarray(sample.rgb))
    row["tags_xxh64"] = xxh64(np.ascontiguousarray(sample.tags))
    row["row_xxh64"] = xxh64(row.tobytes()[:_HASHED])
    return row.tobytes()


def checked_rows(rows: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    """`rows` ((N,) of INDEX_DTYPE) when each fits its hash and frames rise; ShardError that names the first misfit."""
    octets = np.ascontiguousarray(rows).view(np.uint8).reshape(len(rows), INDEX_DTYPE.itemsize)
    damaged = np.flatnonzero(xxh64_each(np.ascontiguousarray(octets[:, :_HASHED])) != rows["row_xxh64"])
    if damaged.size:
        number = int(damaged[0])
        raise ShardError(
            f"index row {number} (frame {rows['frame'][number]}) does not fit its checksum: the file is damaged"
        )
    not_rising = np.flatnonzero(rows["frame"][1:] <= rows["frame"][:-1])
    if not_rising.size:
        before, after = rows["frame"][not_rising[0] : not_rising[0] + 2]
        raise ShardError(f"frame {after} follows frame {before} in the index, expected rising frame numbers")
    return rows
