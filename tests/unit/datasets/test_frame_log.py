"""What a recorder leaves that did not come to its end: every whole record counts, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datasets.errors import NoFrameError, ShardError
from datasets.frame_log import MARKER, ROW_DTYPE, LogContents, examined_log
from datasets.sample import Sample
from datasets.shard import ShardHeader, ShardReader, ShardWriter

NUM_FRAMES = 6


@pytest.fixture
def part(tmp_path: Path, make_header: Callable[..., ShardHeader], make_sample: Callable[..., Sample]) -> Path:
    """An unfinished shard of six frames, as an exception leaves it."""
    writer = ShardWriter(tmp_path / "noon_01.h5", make_header())
    for number in range(NUM_FRAMES):
        writer.append(make_sample(number, has_geometry=True))
    writer.leave_part()
    return writer.part_path


def _records(contents: LogContents) -> list[tuple[int, int]]:
    """(Start, end) of each record."""
    chunks = list(contents.frames.chunks.values())
    starts = chunks[0][:, 0] - ROW_DTYPE.itemsize
    return list(zip(starts.tolist(), chunks[-1].sum(axis=1).tolist(), strict=True))


def _changed(part: Path, content: bytes) -> Path:
    changed = part.with_name("changed.h5.part")
    changed.write_bytes(content)
    return changed


def _flipped(content: bytes, bit: int) -> bytes:
    flipped = bytearray(content)
    flipped[bit // 8] ^= 1 << bit % 8
    return bytes(flipped)


def test_records_follow_each_other_to_the_end(part: Path) -> None:
    contents = examined_log(part)
    records = _records(contents)
    assert ROW_DTYPE.itemsize == 152
    assert [start for start, _ in records[1:]] == [end for _, end in records[:-1]]
    assert contents.end == records[-1][1] == part.stat().st_size
    assert contents.damaged_bytes == contents.torn_bytes == 0
    assert contents.frames.index["frame"].tolist() == [1000 + number for number in range(NUM_FRAMES)]


def test_every_frame_can_be_read_as_soon_as_it_is_acknowledged(
    tmp_path: Path, make_header: Callable[..., ShardHeader], make_sample: Callable[..., Sample]
) -> None:
    with ShardWriter(tmp_path / "noon_01.h5", make_header()) as writer:
        for number in range(8):
            writer.append(make_sample(number))
            with ShardReader(writer.part_path, allow_part=True) as reader:
                assert len(reader) == number + 1
                assert np.array_equal(reader[number].rgb, make_sample(number).rgb)


def test_a_part_is_read_only_when_asked_for(part: Path, make_header: Callable[..., ShardHeader]) -> None:
    with pytest.raises(ShardError, match="unfinished recording"):
        ShardReader(part)
    with ShardReader(part, allow_part=True) as reader:
        assert len(reader) == NUM_FRAMES
        assert reader.header == make_header()
        assert reader.header_digest == make_header().digest
        assert (reader.version, reader.compression, reader.height, reader.width) == (2, "residual", 11, 18)
        assert reader.planes == ("rgb", "tags", "depth", "instance")


def test_cut_at_any_byte_of_the_last_record(part: Path) -> None:
    content, records = part.read_bytes(), _records(examined_log(part))
    for size in range(records[-2][1] - 40, len(content)):
        whole = sum(end <= size for _, end in records)
        contents = examined_log(_changed(part, content[:size]))
        assert len(contents.frames.index) == whole
        assert (contents.end, contents.torn_bytes) == (records[whole - 1][1], size - records[whole - 1][1])


def test_cut_before_the_first_frame(part: Path) -> None:
    content, first_end = part.read_bytes(), _records(examined_log(part))[0][1]
    for size in [*range(30), *range(30, first_end, 97), first_end - 1]:
        with pytest.raises(NoFrameError, match="no frame was acknowledged"):
            examined_log(_changed(part, content[:size]))


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tail=st.binary(max_size=400) | st.sampled_from([MARKER, MARKER * 50, bytes(5000)]))
def test_any_tail_is_torn(part: Path, tail: bytes) -> None:
    contents = examined_log(_changed(part, part.read_bytes() + tail))
    assert len(contents.frames.index) == NUM_FRAMES
    assert contents.torn_bytes == len(tail)


def test_a_flipped_bit_in_a_row_costs_that_frame_only(part: Path) -> None:
    content, (start, end) = part.read_bytes(), _records(examined_log(part))[2]
    for position in range(ROW_DTYPE.itemsize):
        contents = examined_log(_changed(part, _flipped(content, 8 * (start + position) + position % 8)))
        assert contents.frames.index["frame"].tolist() == [1000, 1001, 1003, 1004, 1005]
        assert contents.damaged_bytes == end - start
        assert contents.torn_bytes == 0


def test_rows_behind_a_great_gap_are_found(part: Path) -> None:
    content, (start, _) = part.read_bytes(), _records(examined_log(part))[3]
    gap = np.random.default_rng(0).bytes(3_000_000) + MARKER * 100_000
    contents = examined_log(_changed(part, content[:start] + gap + content[start:]))
    assert len(contents.frames.index) == NUM_FRAMES
    assert contents.damaged_bytes == len(gap)
    with ShardReader(part.with_name("changed.h5.part"), allow_part=True) as reader:
        assert [sample.frame for sample in reader] == [1000 + number for number in range(NUM_FRAMES)]


def test_a_frame_that_is_there_twice(part: Path) -> None:
    content, (start, end) = part.read_bytes(), _records(examined_log(part))[1]
    with pytest.raises(ShardError, match="expected rising frame numbers"):
        examined_log(_changed(part, content + content[start:end]))


def test_damaged_images_are_found(part: Path) -> None:
    content, contents = part.read_bytes(), examined_log(part)
    for plane, places in contents.frames.chunks.items():
        changed = _changed(part, _flipped(content, 8 * (int(places[4, 0]) + 20)))
        with ShardReader(changed, allow_part=True) as reader:
            reader[3]
            with pytest.raises(ShardError, match=rf"{plane} of frame 1004.*Fletcher32"):
                reader[4]


def test_a_flipped_bit_in_the_head_is_refused(part: Path) -> None:
    content, start = part.read_bytes(), _records(examined_log(part))[0][0]
    for bit in np.random.default_rng(1).permutation(8 * start)[:300].tolist():
        with pytest.raises(ShardError, match=r"changed\.h5\.part"):
            examined_log(_changed(part, _flipped(content, bit)))


@pytest.mark.parametrize("content", [b"\x89PNG" + bytes(900), bytes(900), b"CLHJRNL1" + bytes(900)])
def test_what_is_no_frame_log(part: Path, content: bytes) -> None:
    with pytest.raises(ShardError, match="not those of a frame log"):
        examined_log(_changed(part, content))


def test_a_part_of_version_1(part: Path) -> None:
    with pytest.raises(ShardError, match="finish it with the program that began it"):
        examined_log(_changed(part, (Path(__file__).parents[2] / "golden" / "shard_v1_plain.h5").read_bytes()))
