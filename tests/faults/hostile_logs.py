"""Frame logs made to harm, each from the honest log of three frames; every one must be refused."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from datasets.checksums import xxh64
from datasets.frame_log import MARKER, ROW_DTYPE

Build = Callable[[Path], None]
_HEAD = struct.Struct("<8sQQ")


def _split(path: Path) -> tuple[dict[str, Any], bytes]:
    """The facts of the head, and the records."""
    content = path.read_bytes()
    _, length, _ = _HEAD.unpack_from(content)
    return json.loads(content[_HEAD.size : _HEAD.size + length]), content[_HEAD.size + length :]


def _write(path: Path, head: str, records: bytes, *, length: int | None = None) -> None:
    text = head.encode()
    magic = path.read_bytes()[:8]
    path.write_bytes(_HEAD.pack(magic, len(text) if length is None else length, xxh64(text)) + text + records)


def _facts(**changes: Any) -> Build:
    def build(path: Path) -> None:
        facts, records = _split(path)
        _write(path, json.dumps(facts | changes), records)

    return build


def _header(old: str, new: str) -> Build:
    def build(path: Path) -> None:
        facts, records = _split(path)
        assert old in facts["header"]
        _write(path, json.dumps(facts | {"header": facts["header"].replace(old, new, 1)}), records)

    return build


def _head_text(text: str) -> Build:
    return lambda path: _write(path, text, _split(path)[1])


def _length(length: int) -> Build:
    return lambda path: _write(path, json.dumps(_split(path)[0]), _split(path)[1], length=length)


def _records(change: Callable[[bytes], bytes]) -> Build:
    def build(path: Path) -> None:
        facts, records = _split(path)
        _write(path, json.dumps(facts), change(records))

    return build


def _sizes(*sizes: int) -> Callable[[bytes], bytes]:
    """Each record's chunks declared to have other sizes, with row hashes that fit."""

    def change(records: bytes) -> bytes:
        row = bytearray(records[: ROW_DTYPE.itemsize])
        struct.pack_into("<4Q", row, len(MARKER), *sizes)
        struct.pack_into("<Q", row, ROW_DTYPE.itemsize - 8, xxh64(bytes(row[:-8])))
        return bytes(row) + bytes(2_000)

    return change


LOGS: dict[str, Build] = {
    "log: head of 2**63 bytes": _length(2**63),
    "log: head of 200 MB": _length(200_000_000),
    "log: head is a list": _head_text("[]"),
    "log: head nested": _head_text("[" * 100_000),
    "log: head is no JSON": _head_text("{"),
    "log: head with a key twice": _head_text('{"header":1,"header":2}'),
    "log: frames of 2**40 pixels": _facts(height=2**20, width=2**20),
    "log: frames without pixels": _facts(height=0),
    "log: frames with a fraction": _facts(height=11.5),
    "log: frames of True": _facts(height=True),
    "log: planes unknown": _facts(planes=["rgb", "tags", "lidar"]),
    "log: planes nested": _facts(planes=[["rgb"], ["tags"]]),
    "log: planes twice": _facts(planes=["rgb", "rgb", "tags"]),
    "log: quality of 10**30": _facts(compression="jpeg", jpeg_quality=10**30),
    "log: version of another": _facts(format_version=3),
    "log: version nested": _facts(format_version=[2]),
    "log: header of another kind": _facts(header={"scenario": "x"}),
    "log: header infinite": _header("5.0", "1e999"),
    "log: header with half a character": _header("Town10HD", "\\ud800"),
    "log: nothing but markers": _records(lambda records: MARKER * 1_000_000),
    "log: chunks of 2**63 bytes": _records(_sizes(2**63, 2**63, 2**63, 2**63)),
    "log: chunks whose sizes overflow to nothing": _records(_sizes(2**63, 2**63, 10, 10)),
    "log: chunks without bytes": _records(_sizes(0, 0, 0, 0)),
    "log: the same frame twice": _records(lambda records: records + records),
    "log: no record": _records(lambda records: b""),
    "log: empty": lambda path: path.write_bytes(b"") and None,
    "log: zeros": lambda path: path.write_bytes(bytes(100_000)) and None,
}
