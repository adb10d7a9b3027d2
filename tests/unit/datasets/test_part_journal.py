"""What a recorder leaves that did not come to its end."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from datasets.errors import ShardError
from datasets.part_journal import ROW_DTYPE, journal_path
from datasets.sample import Sample
from datasets.shard import ShardHeader, ShardReader, ShardWriter

_ROOT = Path(__file__).parents[3]


@pytest.fixture
def part(tmp_path: Path, make_header: Callable[..., ShardHeader], make_sample: Callable[..., Sample]) -> Iterator[Path]:
    """An unfinished shard of six frames, as an exception leaves it."""
    writer = ShardWriter(tmp_path / "noon_01.h5", make_header())
    for number in range(6):
        writer.append(make_sample(number))
    writer.leave_part()
    return writer.part_path


@pytest.mark.parametrize("num_kills", [12, pytest.param(200, marks=pytest.mark.slow)])
def test_acknowledged_frames_survive_sigkill(tmp_path: Path, num_kills: int) -> None:
    program = [sys.executable, str(Path(__file__).with_name("recorder_to_kill.py")), str(tmp_path), str(num_kills), "5"]
    result = subprocess.run(program, env={"PYTHONPATH": str(_ROOT)}, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    acknowledged = [int(line) for line in result.stdout.split()]
    assert len(acknowledged) == num_kills
    assert max(acknowledged) > 1
    for number, count in enumerate(acknowledged):
        with ShardReader(tmp_path / f"{number}.h5.part", allow_part=True) as reader:
            assert count <= len(reader) <= count + 1
            assert reader.frames.tolist() == list(range(len(reader)))
            for frame, sample in enumerate(reader):
                ramp = np.arange(12 * 20 * 3, dtype=np.int64) * (frame + 1)
                assert np.array_equal(sample.rgb.ravel(), ramp.astype(np.uint8))
                assert np.array_equal(sample.tags, sample.rgb[:, :, 0] % 29)


def test_every_frame_can_be_read_as_soon_as_it_is_acknowledged(
    tmp_path: Path, make_header: Callable[..., ShardHeader], make_sample: Callable[..., Sample]
) -> None:
    with ShardWriter(tmp_path / "noon_01.h5", make_header()) as writer:
        for number in range(8):
            writer.append(make_sample(number))
            with ShardReader(writer.part_path, allow_part=True) as reader:
                assert len(reader) == number + 1
                assert np.array_equal(reader[number].rgb, make_sample(number).rgb)


def test_a_part_is_read_only_when_asked_for(part: Path) -> None:
    with pytest.raises(ShardError, match="unfinished recording"):
        ShardReader(part)
    with ShardReader(part, allow_part=True) as reader:
        assert len(reader) == 6


def test_header_is_that_of_the_shard(part: Path, make_header: Callable[..., ShardHeader]) -> None:
    with ShardReader(part, allow_part=True) as reader:
        assert reader.header == make_header()
        assert (reader.compression, reader.height, reader.width) == ("residual", 11, 18)


@pytest.mark.parametrize("cut_bytes", range(1, 2 * ROW_DTYPE.itemsize + 1, 15))
def test_a_cut_journal_gives_the_rows_before_the_cut(part: Path, cut_bytes: int) -> None:
    journal = journal_path(part)
    journal.write_bytes(journal.read_bytes()[:-cut_bytes])
    with ShardReader(part, allow_part=True) as reader:
        assert len(reader) == 6 - -(-cut_bytes // ROW_DTYPE.itemsize)


def test_a_flipped_bit_in_the_journal_ends_it_there(part: Path) -> None:
    journal = journal_path(part)
    content = bytearray(journal.read_bytes())
    for position in range(ROW_DTYPE.itemsize):
        flipped = bytearray(content)
        flipped[len(content) - 3 * ROW_DTYPE.itemsize + position] ^= 1 << position % 8
        journal.write_bytes(flipped)
        with ShardReader(part, allow_part=True) as reader:
            assert len(reader) == 3


def test_a_flipped_bit_in_the_journals_head_is_refused(part: Path) -> None:
    journal = journal_path(part)
    content = bytearray(journal.read_bytes())
    for position in (0, 9, 17, 40, 900):
        flipped = bytearray(content)
        flipped[position] ^= 4
        journal.write_bytes(flipped)
        with pytest.raises(ShardError, match="journal"):
            ShardReader(part, allow_part=True)


def test_rows_that_name_bytes_beyond_the_file_do_not_count(part: Path) -> None:
    with ShardReader(part, allow_part=True) as reader:
        offset, size = (int(word) for word in np.frombuffer(_rows(part)[2 * 128 :][:16], "<u8"))
        assert len(reader) == 6
    part.write_bytes(part.read_bytes()[: offset + size - 1])
    with ShardReader(part, allow_part=True) as reader:
        assert len(reader) == 2


def _rows(part: Path) -> bytes:
    return journal_path(part).read_bytes()[-6 * ROW_DTYPE.itemsize :]


def test_damaged_pixels_are_found(part: Path) -> None:
    offset = int(np.frombuffer(_rows(part)[:8], "<u8")[0])
    content = bytearray(part.read_bytes())
    content[offset + 30] ^= 1
    part.write_bytes(content)
    with ShardReader(part, allow_part=True) as reader:
        reader[1]
        with pytest.raises(ShardError, match=r"rgb of frame 1000.*Fletcher32"):
            reader[0]


def test_without_a_journal_nothing_was_acknowledged(part: Path) -> None:
    journal_path(part).unlink()
    with pytest.raises(ShardError, match="no journal"):
        ShardReader(part, allow_part=True)


def test_the_journal_of_a_deleted_part_is_not_believed(
    part: Path, make_header: Callable[..., ShardHeader], make_sample: Callable[..., Sample]
) -> None:
    part.unlink()
    with ShardWriter(part.with_suffix(""), make_header()) as writer:
        with pytest.raises(ShardError, match="no journal"):
            ShardReader(part, allow_part=True)
        writer.append(make_sample(9))
        with ShardReader(part, allow_part=True) as reader:
            assert reader.frames.tolist() == [1009]


def test_rows_are_never_across_a_memory_page(part: Path) -> None:
    assert ROW_DTYPE.itemsize == 128
    assert journal_path(part).stat().st_size % ROW_DTYPE.itemsize == 0
