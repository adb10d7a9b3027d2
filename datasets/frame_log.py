"""The frame log: what a shard is while frames are added, one file ``NAME.h5.part`` that only ever grows.

Its layout, and reading it; `frame_log_writer` writes it.

::

    head     magic, sizes and hash of a JSON text, the text
    record   a row of fixed size with a hash of its own, then the chunks of one frame
    record   ...

Decisions:

* HDF5 rewrites its tables in place, so a writer that is killed can leave tables that do not fit their checksums, and
  dozens of frames go with them (seen once in nine kills, in the mode made for it). What is only appended to cannot be
  harmed: at worst the last record is cut, and its row or its length says so.
* A row tells where the next one is. Where one is damaged the next is found by its marker: one frame is lost, not all.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from datasets import strict_json
from datasets.checksums import xxh64, xxh64_each
from datasets.codec import PLANE_NAMES, Compression, compression_named
from datasets.errors import NoFrameError, ShardError, storage_error
from datasets.frame_index import INDEX_DTYPE, checked_rows
from datasets.shard_header import MAX_HEADER_BYTES, ShardHeader, header_digest
from datasets.shard_layout import FORMAT_VERSION, FORMAT_VERSIONS, ShardContents, check_frame_size, planes

ROW_DTYPE = np.dtype(
    [
        ("marker", "S8"),
        ("sizes", "<u8", (len(PLANE_NAMES),)),
        ("index", INDEX_DTYPE),
        ("log_xxh64", "<u8"),
    ]
)
"""152 bytes; ``sizes`` [bytes] are those of the chunks that follow, 0 for a plane that the shard does not have, and
``log_xxh64`` is the XXH64 of the 144 bytes before it."""

MARKER = b"CLHFRAME"
_MAGIC = b"CLHFLOG2"
_HEAD = struct.Struct("<8sQQ")
"""Magic, length of the JSON text, XXH64 of the JSON text."""
_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_MAX_HEAD_TEXT = 4 * MAX_HEADER_BYTES
_FIRST_STEP, _LARGEST_STEP = 1 << 12, 1 << 20
"""Of the search for the next row behind damage [bytes]."""
_NO_FRAME = "no frame was acknowledged. Delete it and record again"


@dataclass(frozen=True, kw_only=True)
class LogHead:
    """What is true of all frames of a log."""

    header: ShardHeader
    compression: Compression
    jpeg_quality: int
    height: int
    """[px]"""
    width: int
    """[px]"""
    planes: tuple[str, ...]

    def to_bytes(self) -> bytes:
        """As it lies at the start of the file."""
        facts = {
            "format_version": FORMAT_VERSION,
            "compression": self.compression.name,
            "jpeg_quality": self.jpeg_quality,
            "height": self.height,
            "width": self.width,
            "planes": list(self.planes),
            "header": self.header.to_json(),
        }
        text = strict_json.dumps(facts).encode()
        return _HEAD.pack(_MAGIC, len(text), xxh64(text)) + text


def log_row(index_row: bytes, sizes: Mapping[str, int]) -> bytes:
    """The row before the chunks of a frame; `sizes` [bytes] by plane."""
    content = MARKER + struct.pack("<4Q", *(sizes.get(plane, 0) for plane in PLANE_NAMES)) + index_row
    return content + struct.pack("<Q", xxh64(content))


@dataclass(frozen=True, kw_only=True)
class LogContents:
    """The whole records of a log."""

    head: LogHead
    frames: ShardContents
    """Chunk places are those in the log."""
    end: int
    """Offset behind the last whole record [bytes]."""
    damaged_bytes: int
    """Before `end`, in no whole record."""
    torn_bytes: int
    """After `end`."""


def examined_log(part: Path) -> LogContents:
    """The whole records of `part`; NoFrameError when there is none, ShardError when it is no frame log."""
    try:
        with part.open("rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            head, start = _head(file.fileno(), size)
            places, rows = [], []
            end = start
            for offset, row in _whole_records(file.fileno(), start, size, _most_bytes(head)):
                rows.append(row["index"].tobytes())
                places.append((offset, *map(int, row["sizes"])))
                end = offset + ROW_DTYPE.itemsize + sum(places[-1][1:])
        if not rows:
            raise NoFrameError(_NO_FRAME)
        index = checked_rows(np.frombuffer(b"".join(rows), INDEX_DTYPE))
        digest = header_digest(head.header.to_json())
    except ShardError as error:
        error.args = (f"{part}: {error}",)
        raise
    except OSError as error:
        raise storage_error(f"{part} cannot be read", error) from error
    table = np.array(places, np.int64)
    whole = int(table[:, 1:].sum()) + len(rows) * ROW_DTYPE.itemsize
    return LogContents(
        head=head,
        frames=ShardContents(
            version=FORMAT_VERSION,
            header=head.header,
            header_digest=digest,
            compression=head.compression,
            height=head.height,
            width=head.width,
            index=index,
            chunks=_chunk_places(head.planes, table),
        ),
        end=end,
        damaged_bytes=end - start - whole,
        torn_bytes=size - end,
    )


def _chunk_places(names: tuple[str, ...], table: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[np.int64]]:
    """(N, 2) offset and size by plane, of (N, 1 + planes) rows: offset of the record, size of each chunk."""
    starts = table[:, 0] + ROW_DTYPE.itemsize
    ends = starts[:, None] + np.cumsum(table[:, 1:], axis=1)
    return {
        name: np.stack([ends[:, column] - table[:, 1 + column], table[:, 1 + column]], axis=1)
        for column, name in enumerate(PLANE_NAMES)
        if name in names
    }


def _head(descriptor: int, size: int) -> tuple[LogHead, int]:
    """The head and the offset of the first record."""
    start = os.pread(descriptor, _HEAD.size, 0)
    if start.startswith(_HDF5_MAGIC):
        raise ShardError("it was begun in version 1 of the format: finish it with the program that began it")
    if len(start) < _HEAD.size and _MAGIC.startswith(start[: len(_MAGIC)]):
        raise NoFrameError(_NO_FRAME)
    magic, length, text_hash = _HEAD.unpack(start) if len(start) == _HEAD.size else (b"", 0, 0)
    if magic != _MAGIC or length > _MAX_HEAD_TEXT:
        raise ShardError("its first bytes are not those of a frame log: it is damaged or of another kind")
    if _HEAD.size + length > size:
        raise NoFrameError(_NO_FRAME)
    text = os.pread(descriptor, length, _HEAD.size)
    if xxh64(text) != text_hash:
        raise ShardError("its head does not fit its checksum: it is damaged")
    try:
        return _parsed_head(strict_json.loads(text.decode())), _HEAD.size + length
    except (ValueError, KeyError, TypeError) as error:
        raise ShardError(f"its head cannot be understood: {error}") from error


def _parsed_head(facts: dict[str, object]) -> LogHead:
    version, names, header = facts["format_version"], facts["planes"], facts["header"]
    if version != FORMAT_VERSION:
        raise ShardError(f"format version is {version}, expected {FORMAT_VERSION}; use the program that began it")
    allowed = FORMAT_VERSIONS[FORMAT_VERSION]
    if not isinstance(names, list) or not set(allowed.required_planes) <= set(names) <= set(PLANE_NAMES):
        raise ShardError(f"its planes are {names}, expected {allowed.required_planes} and perhaps others")
    numbers = [facts[name] for name in ("height", "width", "jpeg_quality")]
    height, width, quality = (number if type(number) is int else 0 for number in numbers)
    check_frame_size(height, width)
    return LogHead(
        header=ShardHeader.from_json(str(header)),
        compression=compression_named(str(facts["compression"]), jpeg_quality=quality),
        jpeg_quality=quality,
        height=height,
        width=width,
        planes=tuple(name for name in PLANE_NAMES if name in names),
    )


def _most_bytes(head: LogHead) -> tuple[int, ...]:
    """The most bytes that a chunk of each plane can have; 0 for those that the log does not have."""
    there = planes(head.planes, height=head.height, width=head.width, compression=head.compression, tag_table_digest="")
    return tuple(there[name].most_chunk_bytes if name in there else 0 for name in PLANE_NAMES)


def _whole_records(
    descriptor: int, start: int, size: int, most_bytes: tuple[int, ...]
) -> Iterator[tuple[int, np.void]]:
    """(Offset, row) of each whole record from `start` on, those behind damage too."""
    offset = start
    while offset < size:
        row = _row(os.pread(descriptor, ROW_DTYPE.itemsize, offset), most_bytes)
        end = offset + ROW_DTYPE.itemsize + (int(row["sizes"].sum()) if row is not None else 0)
        if row is not None and end <= size:
            yield offset, row
            offset = end
        else:
            offset = _next_row(descriptor, offset + 1, size, most_bytes)


def _row(octets: bytes, most_bytes: tuple[int, ...]) -> np.void | None:
    """The row that `octets` are, if they are a whole one that fits its hash and the planes of the log."""
    if len(octets) < ROW_DTYPE.itemsize:
        return None
    rows = np.frombuffer(octets, ROW_DTYPE)
    row: np.void = rows[0]
    return row if _are_whole(rows, most_bytes)[0] else None


def _are_whole(rows: npt.NDArray[np.void], most_bytes: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """(N,) bool: which rows have the marker, fit their hash, and name chunks of possible sizes."""
    octets = np.ascontiguousarray(rows).view(np.uint8).reshape(len(rows), ROW_DTYPE.itemsize)
    most = np.array(most_bytes, np.uint64)
    fits = ((rows["sizes"] >= np.minimum(most, 1)) & (rows["sizes"] <= most)).all(axis=1)
    whole: npt.NDArray[np.bool_] = fits & (rows["marker"] == MARKER) & (xxh64_each(octets[:, :-8]) == rows["log_xxh64"])
    return whole


def _next_row(descriptor: int, offset: int, size: int, most_bytes: tuple[int, ...]) -> int:
    """Offset of the next row from `offset` on whose record lies in the file; `size` when there is none.

    The step doubles from a small one: the time is proportional to the bytes that are skipped, whatever they are.
    """
    step = _FIRST_STEP
    while offset < size:
        block = os.pread(descriptor, step + ROW_DTYPE.itemsize - 1, offset)
        starts = np.array([match.start() for match in re.finditer(MARKER, block)], np.int64)
        starts = starts[starts + ROW_DTYPE.itemsize <= len(block)]
        if starts.size:
            windows = np.lib.stride_tricks.sliding_window_view(np.frombuffer(block, np.uint8), ROW_DTYPE.itemsize)
            rows = windows[starts].view(ROW_DTYPE)[:, 0]
            whole = starts[_are_whole(rows, most_bytes)]
            if whole.size:
                return offset + int(whole[0])
        offset += step
        step = min(2 * step, _LARGEST_STEP)
    return size
