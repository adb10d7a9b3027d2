"""The journal beside an unfinished shard: where each acknowledged frame lies, whatever state HDF5's own tables are in.

Decisions:

* HDF5 rewrites its chunk tables in place. A writer killed while it does so leaves a block that fails its checksum, and
  dozens of frames go with it: seen once in nine kills in the single-writer-multiple-reader mode, flushed after each
  frame, where readers then wait for many minutes. The journal is only appended to: no kill can harm what is in it.
* A frame is acknowledged when its chunks and then its journal row have been handed to the kernel.
* Rows have 128 bytes and begin at a multiple of 128: none lies across two memory pages, so none is ever half there.
* The journal repeats the header. A ``.part`` is read without HDF5; the journal goes when the shard gets its final name.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt

from datasets import strict_json
from datasets.checksums import xxh64
from datasets.codec import compression_named
from datasets.errors import ShardError
from datasets.frame_index import INDEX_DTYPE, checked_rows
from datasets.shard_header import MAX_HEADER_BYTES, ShardHeader
from datasets.shard_layout import FORMAT_VERSION, ShardContents, check_frame_size

SUFFIX = "-journal"
"""Appended to the name of the ``.part``."""

ROW_DTYPE = np.dtype(
    [
        ("rgb_offset", "<u8"),
        ("rgb_size", "<u8"),
        ("tags_offset", "<u8"),
        ("tags_size", "<u8"),
        ("index", INDEX_DTYPE),
        ("journal_xxh64", "<u8"),
    ]
)
"""128 bytes; ``journal_xxh64`` is the XXH64 of the 120 before it. Offsets and sizes [bytes] are in the ``.part``."""

_MAGIC = b"CLHJRNL1"
_HEAD = struct.Struct("<8sQQ")
"""Magic, length of the JSON text, XXH64 of the JSON text; the text follows, then zeros up to a multiple of a row."""
_HASHED = ROW_DTYPE.itemsize - 8


def journal_path(part: Path) -> Path:
    """Of the shard that is written as `part`."""
    return part.with_name(part.name + SUFFIX)


class PartJournal:
    """The journal being written. OSError passes: the caller knows what could not be acknowledged."""

    def __init__(self, part: Path, header: ShardHeader, *, compression: str, height: int, width: int) -> None:
        text = strict_json.dumps(
            {
                "format_version": FORMAT_VERSION,
                "compression": compression,
                "height": height,
                "width": width,
                "header": header.to_json(),
            }
        ).encode()
        head = _HEAD.pack(_MAGIC, len(text), xxh64(text)) + text
        self._file = journal_path(part).open("wb", buffering=0)
        self._write(head + bytes(-len(head) % ROW_DTYPE.itemsize))

    def append(self, *, rgb_place: tuple[int, int], tags_place: tuple[int, int], index_row: bytes) -> None:
        """Acknowledge a frame whose chunks lie at (offset, size) [bytes] of the ``.part``."""
        content = struct.pack("<4Q", *rgb_place, *tags_place) + index_row
        self._write(content + struct.pack("<Q", xxh64(content)))

    def close(self) -> None:
        """Give the file back."""
        self._file.close()

    def _write(self, content: bytes) -> None:
        written = self._file.write(content)
        if written != len(content):
            raise OSError(f"{written} of {len(content)} bytes of the journal were written")


def examined_part(part: Path) -> ShardContents:
    """Contents of an unfinished shard up to its last acknowledged frame; ShardError when there is none."""
    path = journal_path(part)
    if not path.is_file():
        raise ShardError(f"{part} has no journal {path.name}: no frame was acknowledged. Delete it and record again")
    try:
        content = path.read_bytes()
        magic, length, text_hash = _HEAD.unpack_from(content)
        text = content[_HEAD.size : _HEAD.size + length]
        if magic != _MAGIC or length > 2 * MAX_HEADER_BYTES or xxh64(text) != text_hash:
            raise ShardError("its first bytes are not those of a journal")
        facts = strict_json.loads(text.decode())
        if facts["format_version"] != FORMAT_VERSION:
            raise ShardError(f"format version is {facts['format_version']}, expected {FORMAT_VERSION}")
        header, compression = ShardHeader.from_json(facts["header"]), compression_named(facts["compression"])
        height, width = int(facts["height"]), int(facts["width"])
        check_frame_size(height, width)
    except (ShardError, OSError, ValueError, KeyError, TypeError, struct.error) as error:
        raise ShardError(f"{path}: {error}; without its journal the frames of {part.name} cannot be found") from error
    start = _HEAD.size + length + -(_HEAD.size + length) % ROW_DTYPE.itemsize
    rows = _whole_rows(content[start:], part.stat().st_size)
    if not len(rows):
        raise ShardError(f"{part}: no frame was acknowledged. Delete it and record again")
    index = checked_rows(np.ascontiguousarray(rows["index"]))
    index.flags.writeable = False
    return ShardContents(
        header=header,
        compression=compression,
        height=height,
        width=width,
        index=index,
        chunks={
            plane: np.stack([rows[f"{plane}_offset"], rows[f"{plane}_size"]], axis=1).astype(np.int64)
            for plane in ("rgb", "tags")
        },
    )


def _whole_rows(content: bytes, part_bytes: int) -> npt.NDArray[np.void]:
    """Rows up to the first that is damaged or names bytes that the ``.part`` of `part_bytes` bytes does not have."""
    rows = np.frombuffer(content[: len(content) // ROW_DTYPE.itemsize * ROW_DTYPE.itemsize], ROW_DTYPE)
    for number, row in enumerate(rows):
        is_whole = xxh64(row.tobytes()[:_HASHED]) == int(row["journal_xxh64"])
        ends = [int(row[f"{plane}_offset"]) + int(row[f"{plane}_size"]) for plane in ("rgb", "tags")]
        if not is_whole or max(ends) > part_bytes:
            return rows[:number]
    return rows
