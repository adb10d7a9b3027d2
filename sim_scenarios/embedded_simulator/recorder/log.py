"""The file of a recording: a version, then frames that are only ever appended, each with its checksums.

::

    file   := MAGIC, version u16, frame*            little endian, no padding
    frame  := prefix, crc32 of the prefix u32, payload
    prefix := payload length u32, crc32 of the payload u32, kind u8, elapsed_s f64, duration_s f64

The first frame is the HEADER: a msgpack map with ``map`` and ``date``. Each following one is a tick: QUIET, or EVENTS
where something beside poses and states is told. A payload is msgpack, compressed with zlib (see ``frames.py``).
``elapsed_s`` is the simulated time since the first frame, ``duration_s`` the time step of the tick that ends with it.

> Why? A frame is one write and is never touched again, so a process that is killed leaves whole frames and at most one
> that is cut short: that is left out when reading, and said. Two checksums tell a file that was cut from one that was
> damaged: bytes that are there and wrong are an error, wherever they stand. Kind and times are outside the payload, so
> that seeking in an hour of driving unpacks only what happened.
"""

from __future__ import annotations

import contextlib
import enum
import math
import os
import struct
import zlib
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import msgpack

from sim_scenarios.embedded_simulator.world.errors import WorldError

MAGIC = b"embedded simulator recording\n"
VERSION = 1
MAX_PAYLOAD_BYTES = 64 << 20
"""Of one frame, unpacked: 10,000 actors take 1 MB."""
_LEVEL = 1
"""Of zlib: half the time of the default, within a tenth of its size on poses."""
_VERSION = struct.Struct("<H")
_PREFIX = struct.Struct("<IIBdd")
_CHECKSUM = struct.Struct("<I")


class FrameKind(enum.IntEnum):
    """What a frame holds."""

    HEADER = 0
    QUIET = 1
    EVENTS = 2


class FrameSpot(NamedTuple):
    """Where a tick's frame lies in the file, and when it was."""

    kind: FrameKind
    elapsed_s: float
    duration_s: float
    offset: int
    """Of the payload."""
    length: int


class LogWriter:
    """Writes one file; an earlier one of that name is replaced, and whoever still reads it keeps it."""

    def __init__(self, path: Path, header: dict[str, Any]) -> None:
        """Raises ``OSError`` where the file cannot be made."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._write(MAGIC + _VERSION.pack(VERSION))
        self.append(FrameKind.HEADER, header, elapsed_s=0.0, duration_s=0.0)

    def append(self, kind: FrameKind, content: Any, *, elapsed_s: float, duration_s: float) -> None:
        """Appends a frame in one piece. Raises ``OSError``, after which the file ends with the frame before."""
        payload = zlib.compress(msgpack.packb(content, unicode_errors="surrogateescape"), _LEVEL)
        prefix = _PREFIX.pack(len(payload), zlib.crc32(payload), kind, elapsed_s, duration_s)
        self._write(prefix + _CHECKSUM.pack(zlib.crc32(prefix)) + payload)

    def close(self) -> None:
        """Ends the file; safe to call twice."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view) :]


class LogReader:
    """A file's header and the places of its ticks; payloads are read when they are asked for."""

    def __init__(self, path: Path) -> None:
        """Reads the whole file once.

        Raises:
            FileNotFoundError: There is no such file.
            WorldError: It is something else, of another version, damaged, or without a whole header.
        """
        self._path = path
        try:
            self._file: BinaryIO = path.open("rb")
        except FileNotFoundError:
            raise
        except OSError as error:
            raise WorldError(f"cannot read {path}: {error}") from error
        self.bytes_left_out = 0
        """Behind the last whole frame: the recording's process was killed, or the disk was full."""
        try:
            self._read_version()
            self.ticks: tuple[FrameSpot, ...] = tuple(self._scan())
            self.header = self._header()
        except BaseException:
            self.close()
            raise

    @property
    def total_s(self) -> float:
        """Simulated time from the first tick to the last [s]."""
        return self.ticks[-1].elapsed_s if self.ticks else 0.0

    def content(self, index: int) -> Any:
        """What ``LogWriter.append`` was given for a tick.

        Raises:
            WorldError: The file changed since it was opened.
        """
        return self._content(self.ticks[index])

    def damaged(self, where: str) -> WorldError:
        """The error for a file whose ``where`` is not as it was written."""
        return WorldError(f"recording {self._path} is damaged: {where}; record it again or restore the file")

    def close(self) -> None:
        """Lets the file go; safe to call twice."""
        self._file.close()

    def _read_version(self) -> None:
        if self._file.read(len(MAGIC)) != MAGIC:
            raise WorldError(
                f"{self._path} is no recording of the embedded simulator (CARLA's own recordings cannot be read): "
                "make one with start_recorder"
            )
        packed = self._file.read(_VERSION.size)
        if len(packed) < _VERSION.size:
            raise self.damaged("it ends before its version")
        (version,) = _VERSION.unpack(packed)
        if version != VERSION:
            raise WorldError(
                f"{self._path} has version {version}, expected {VERSION}: record it again with this server"
            )

    def _scan(self) -> list[FrameSpot]:
        self._header_spot: FrameSpot | None = None
        spots: list[FrameSpot] = []
        while (spot := self._next_spot(len(spots))) is not None:
            if self._header_spot is None:
                self._header_spot = spot
            else:
                spots.append(spot)
        return spots

    def _next_spot(self, number: int) -> FrameSpot | None:
        """The next frame with its checksums looked at; None at the end, also in the middle of a frame."""
        start = self._file.tell()
        head = self._file.read(_PREFIX.size + _CHECKSUM.size)
        prefix, checksum = head[: _PREFIX.size], head[_PREFIX.size :]
        if len(checksum) == _CHECKSUM.size:
            if _CHECKSUM.unpack(checksum) != (zlib.crc32(prefix),):
                raise self.damaged(f"the head of frame {number} at byte {start} has a wrong checksum")
            length, expected, kind, elapsed_s, duration_s = _PREFIX.unpack(prefix)
            payload = self._file.read(length)
            if len(payload) == length:
                if zlib.crc32(payload) != expected:
                    raise self.damaged(f"frame {number} at byte {start} has a wrong checksum")
                if kind not in tuple(FrameKind) or not (math.isfinite(elapsed_s) and math.isfinite(duration_s)):
                    raise self.damaged(f"frame {number} at byte {start} has kind {kind} and time {elapsed_s}")
                return FrameSpot(FrameKind(kind), elapsed_s, duration_s, start + len(head), length)
            head += payload
        self.bytes_left_out = len(head)
        return None

    def _header(self) -> dict[str, Any]:
        if self._header_spot is None or self._header_spot.kind is not FrameKind.HEADER:
            raise self.damaged("it ends before its header is whole")
        header = self._content(self._header_spot)
        if not isinstance(header, dict) or not isinstance(header.get("map"), str):
            raise self.damaged("its header names no map")
        return header

    def _content(self, spot: FrameSpot) -> Any:
        self._file.seek(spot.offset)
        unzip = zlib.decompressobj()
        with contextlib.suppress(zlib.error, ValueError, msgpack.exceptions.UnpackException):
            data = unzip.decompress(self._file.read(spot.length), MAX_PAYLOAD_BYTES)
            if unzip.eof:
                return msgpack.unpackb(data, use_list=False, unicode_errors="surrogateescape")
        raise self.damaged(f"the frame at byte {spot.offset} cannot be unpacked")
