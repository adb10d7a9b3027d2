from __future__ import annotations

import resource
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from datasets.errors import DiskError, NoFrameError, RecordingInUseError, ShardError
from datasets.frame_log import examined_log
from datasets.sample import Sample
from datasets.shard import COMPRESSIONS, ShardHeader, ShardReader, ShardWriter
from datasets.shard_recovery import recover

MakePart = Callable[..., Path]


@pytest.fixture
def make_part(tmp_path: Path, make_header: Callable[..., ShardHeader], make_sample: Callable[..., Sample]) -> MakePart:
    """An unfinished shard of `count` frames."""

    def make(name: str = "a.h5", *, count: int = 5, compression: str = "residual") -> Path:
        writer = ShardWriter(tmp_path / name, make_header(), compression=compression)
        for number in range(count):
            writer.append(make_sample(number, has_geometry=True))
        writer.leave_part()
        return writer.part_path

    return make


def _with_files_of_at_most(num_bytes: int, action: Callable[[], object]) -> None:
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, unlimited[1]))
    try:
        action()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)


def _damage(part: Path, plane: str, number: int) -> None:
    offset, _ = examined_log(part).frames.chunks[plane][number]
    content = bytearray(part.read_bytes())
    content[int(offset) + 12] ^= 0x10
    part.write_bytes(content)


@pytest.mark.parametrize("compression", sorted(COMPRESSIONS))
def test_recovered_is_what_closing_makes(
    tmp_path: Path, make_part: MakePart, write_shard: Callable[..., Path], compression: str
) -> None:
    part = make_part(compression=compression)
    closed = write_shard("closed.h5", compression=compression, sample_options={"has_geometry": True})
    recovered = recover(part)
    assert recovered.path == tmp_path / "a.h5"
    assert (recovered.num_frames, recovered.dropped_bytes, recovered.damaged_frames) == (5, 0, ())
    assert recovered.path.read_bytes() == closed.read_bytes()
    assert sorted(tmp_path.iterdir()) == [recovered.path, closed]


def test_what_is_torn_is_dropped_and_counted(make_part: MakePart) -> None:
    part = make_part()
    with part.open("ab") as file:
        file.write(b"CLHFRAME and no more")
    recovered = recover(part)
    assert (recovered.num_frames, recovered.dropped_bytes) == (5, 20)


def test_damaged_frames_are_left_out_and_named(make_part: MakePart, make_sample: Callable[..., Sample]) -> None:
    part = make_part()
    _damage(part, "depth", 1)
    _damage(part, "tags", 4)
    recovered = recover(part)
    assert (recovered.num_frames, recovered.damaged_frames) == (3, (1001, 1004))
    assert recovered.dropped_bytes > 0
    with ShardReader(recovered.path) as reader:
        assert reader.frames.tolist() == [1000, 1002, 1003]
        assert np.array_equal(reader[1].rgb, make_sample(2, has_geometry=True).rgb)


def test_nothing_to_recover(tmp_path: Path, make_part: MakePart) -> None:
    part = make_part(count=1)
    content = part.read_bytes()
    _damage(part, "rgb", 0)
    with pytest.raises(ShardError, match="the images of all frames are damaged"):
        recover(part)
    part.write_bytes(content[:400])
    with pytest.raises(NoFrameError):
        recover(part)
    with pytest.raises(ShardError, match=r"does not end in \.part"):
        recover(tmp_path / "a.h5")
    with pytest.raises(ShardError, match="cannot be opened for recovery"):
        recover(tmp_path / "none.h5.part")
    assert part.read_bytes() == content[:400]


def test_a_running_writer_is_left_alone(
    tmp_path: Path, make_header: Callable[..., ShardHeader], make_sample: Callable[..., Sample]
) -> None:
    with ShardWriter(tmp_path / "a.h5", make_header()) as writer:
        writer.append(make_sample(0))
        with pytest.raises(RecordingInUseError, match="being written by another process"):
            recover(writer.part_path)
        writer.append(make_sample(1))
    with ShardReader(tmp_path / "a.h5") as reader:
        assert len(reader) == 2


def test_died_between_naming_and_removing(tmp_path: Path, make_part: MakePart) -> None:
    part = make_part()
    kept = shutil.copy(part, tmp_path / "kept")
    path = recover(part).path
    content = path.read_bytes()
    shutil.copy(kept, part)
    assert recover(part).path == path
    assert not part.exists()
    assert path.read_bytes() == content


def test_another_shard_of_that_name_is_never_overwritten(
    tmp_path: Path, make_part: MakePart, write_shard: Callable[..., Path]
) -> None:
    part = make_part()
    path = write_shard("other.h5").rename(tmp_path / "a.h5")
    before = path.read_bytes()
    with pytest.raises(ShardError, match="holds other frames"):
        recover(part)
    assert path.read_bytes() == before
    assert part.exists()


def test_the_rest_of_a_dead_copy_is_no_obstacle(tmp_path: Path, make_part: MakePart) -> None:
    part = make_part()
    (tmp_path / "a.h5.closing").write_bytes(bytes(3_000_000))
    path = recover(part).path
    assert path.stat().st_size < 100_000
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_is_full_at_any_byte_of_the_copy(make_part: MakePart) -> None:
    """HDF5 itself would end the process when it cannot write while it closes a file."""
    part = make_part()
    content = part.read_bytes()
    for limit in range(0, len(content), 41):
        with pytest.raises(DiskError, match="could not be finished; its 5 frames are safe in"):
            _with_files_of_at_most(limit, lambda: recover(part))
        assert part.read_bytes() == content
        assert [path.name for path in part.parent.iterdir()] == ["a.h5.part"]
    recover(part)
