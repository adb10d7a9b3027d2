"""The file format: what was appended is read, what was cut is left out, what was damaged is an error."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import pytest

from sim_scenarios.embedded_simulator.recorder.log import MAGIC, FrameKind, LogReader, LogWriter
from sim_scenarios.embedded_simulator.world.errors import WorldError

TICKS: list[tuple[FrameKind, Any]] = [
    (FrameKind.EVENTS, ((1, 2), b"\x00\xff" * 40, None)),
    (FrameKind.QUIET, ("näme", "\udc80")),
    (FrameKind.QUIET, ()),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "folder" / "drive.log"
    writer = LogWriter(path, {"map": "Street", "date": 0})
    for number, (kind, content) in enumerate(TICKS):
        writer.append(kind, content, elapsed_s=0.1 * number, duration_s=0.1)
    writer.close()
    return path


def read(path: Path) -> list[Any]:
    log = LogReader(path)
    try:
        return [log.content(index) for index in range(len(log.ticks))]
    finally:
        log.close()


def test_what_was_written_is_read(path: Path) -> None:
    log = LogReader(path)
    assert log.header == {"map": "Street", "date": 0}
    assert [(spot.kind, log.content(i)) for i, spot in enumerate(log.ticks)] == TICKS
    assert [spot.elapsed_s for spot in log.ticks] == [0.0, 0.1, 0.2]
    assert (log.total_s, log.bytes_left_out) == (0.2, 0)
    log.close()


def test_a_file_that_is_being_written_can_be_read(tmp_path: Path) -> None:
    writer = LogWriter(tmp_path / "drive.log", {"map": "Street"})
    writer.append(FrameKind.QUIET, (1,), elapsed_s=0.0, duration_s=0.1)
    assert read(tmp_path / "drive.log") == [(1,)]
    writer.close()


def test_cut_at_every_byte_whole_frames_remain(path: Path) -> None:
    whole = path.read_bytes()
    log = LogReader(path)
    ends = [spot.offset + spot.length for spot in log.ticks]
    first = log.ticks[0].offset - 29
    log.close()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        if size < first:
            with pytest.raises(WorldError, match=r"no recording|it ends before"):
                LogReader(path)
            continue
        cut = LogReader(path)
        expected = sum(end <= size for end in ends)
        assert [cut.content(i) for i in range(len(cut.ticks))] == [content for _, content in TICKS[:expected]]
        assert cut.bytes_left_out == size - max([first, *(end for end in ends if end <= size)])
        cut.close()


def test_every_flipped_byte_is_seen(path: Path) -> None:
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        with pytest.raises(WorldError, match=r"drive.log (is damaged|is no recording|has version)"):
            LogReader(path)


@pytest.mark.parametrize(
    "content", [b"", b"CARLA_RECORDER" * 9, bytes(5000), MAGIC[:-1], MAGIC + b"\x07\x00" + bytes(99)]
)
def test_a_foreign_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.log"
    path.write_bytes(content)
    with pytest.raises(WorldError, match=r"other.log (is no recording|has version 7, expected 1)"):
        LogReader(path)


def test_whole_frames_with_nonsense_in_them_are_refused(tmp_path: Path) -> None:
    nested = b"\x91" * 5000 + b"\x90"
    bomb = zlib.compress(bytes(80 << 20))
    for payload in (b"", b"not zlib", zlib.compress(b"\xc1"), zlib.compress(nested), bomb):
        prefix = struct.pack("<IIBdd", len(payload), zlib.crc32(payload), FrameKind.HEADER, 0.0, 0.0)
        path = tmp_path / "odd.log"
        path.write_bytes(MAGIC + b"\x01\x00" + prefix + struct.pack("<I", zlib.crc32(prefix)) + payload)
        with pytest.raises(WorldError, match="cannot be unpacked"):
            LogReader(path)


def test_a_folder_is_no_recording(tmp_path: Path) -> None:
    with pytest.raises(WorldError, match="cannot read"):
        LogReader(tmp_path)


def test_a_new_file_of_the_same_name_does_not_disturb_who_reads_the_old_one(path: Path) -> None:
    log = LogReader(path)
    LogWriter(path, {"map": "Other"}).close()
    assert log.content(0) == TICKS[0][1]
    log.close()
    assert read(path) == []
