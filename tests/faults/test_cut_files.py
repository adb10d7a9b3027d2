"""A file cut at every place where something begins or ends, and one byte before and behind it."""

from __future__ import annotations

from pathlib import Path

import h5py
import pytest

from datasets.codec import COMPRESSIONS
from datasets.errors import NoFrameError, ShardError
from datasets.frame_log import ROW_DTYPE, examined_log
from datasets.shard import ShardReader, ShardWriter
from datasets.shard_recovery import recover
from datasets.verification import verify
from tests.faults.frames import NUM_FRAMES, header, is_frame, sample, write_part, write_shard


def _chunk_borders(path: Path) -> set[int]:
    """Where each chunk of the finished shard begins and ends."""
    borders = set()
    with h5py.File(path, "r") as file:
        for name in ("rgb", "tags", "depth", "instance"):
            for number in range(file[name].id.get_num_chunks()):
                chunk = file[name].id.get_chunk_info(number)
                borders |= {chunk.byte_offset, chunk.byte_offset + chunk.size}
        start = file["index"].id.get_offset()
        borders |= {start + row * file["index"].dtype.itemsize for row in range(len(file["index"]) + 1)}
    return borders


def _places(borders: set[int], size: int) -> list[int]:
    return sorted({place for border in borders for place in (border - 1, border, border + 1) if 0 <= place < size})


@pytest.mark.parametrize("compression", sorted(COMPRESSIONS))
def test_a_finished_shard(tmp_path: Path, compression: str) -> None:
    path = write_shard(tmp_path / "a.h5", compression=compression)
    content = path.read_bytes()
    places = _places(_chunk_borders(path) | {0, len(content) // 2, len(content)}, len(content))
    assert len(places) > 2 * 4 * NUM_FRAMES
    for place in places:
        path.write_bytes(content[:place])
        with pytest.raises(ShardError, match=r"a\.h5"):
            ShardReader(path)
        assert not verify(path).is_whole


def test_a_frame_log(tmp_path: Path) -> None:
    """Every frame that is whole is there, and recording goes on behind it."""
    part = write_part(tmp_path / "a.h5")
    content, log = part.read_bytes(), examined_log(part)
    chunks = log.frames.chunks
    starts = (chunks["rgb"][:, 0] - ROW_DTYPE.itemsize).tolist()
    ends = (chunks["instance"].sum(axis=1)).tolist()
    borders = {0, 8, 24, *starts, *(int(border) for places in chunks.values() for border in places.cumsum(1).flat)}
    for number, place in enumerate(_places(borders, len(content))):
        part.write_bytes(content[:place])
        whole = sum(end <= place for end in ends)
        if not whole:
            with pytest.raises(NoFrameError):
                recover(part)
        elif number % 2:
            recovered = recover(part)
            assert (recovered.num_frames, recovered.dropped_bytes) == (whole, place - ends[whole - 1])
            _check_frames(recovered.path, whole)
            recovered.path.unlink()
            continue
        with ShardWriter.resume(tmp_path / "a.h5", header()) as writer:
            assert writer.last_frame == whole - 1
            for frame in range(whole, NUM_FRAMES):
                writer.append(sample(frame))
        _check_frames(writer.path, NUM_FRAMES)
        writer.path.unlink()


def _check_frames(path: Path, count: int) -> None:
    with ShardReader(path) as reader:
        assert len(reader) == count
        assert all(is_frame(reader[number], number) for number in range(count))
