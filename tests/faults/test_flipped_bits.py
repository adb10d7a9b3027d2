"""A single bit that turned over, anywhere: found, or without any effect. Never other pixels, times or headers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from datasets.codec import COMPRESSIONS
from datasets.errors import ShardError
from datasets.frame_log import examined_log
from datasets.manifest import MANIFEST_NAME
from datasets.recording_dir import RecordingDir
from datasets.sample import Sample
from datasets.shard import ShardReader
from datasets.verification import verify
from tests.faults.drive import record
from tests.faults.frames import write_part, write_shard

COUNTS = [60, pytest.param(1000, marks=pytest.mark.slow)]


def _flipped(content: bytes, count: int) -> Iterator[tuple[int, bytes]]:
    """`content` with one bit turned over, `count` times: (number of the bit, content)."""
    for bit in np.random.default_rng(11).integers(0, 8 * len(content), count).tolist():
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << bit % 8
        yield bit, bytes(changed)


def _is_same(found: Sample, expected: Sample) -> bool:
    facts = ("frame", "timestamp_s", "camera_transform")
    return all(getattr(found, name) == getattr(expected, name) for name in facts) and all(
        np.array_equal(getattr(found, name), getattr(expected, name)) for name in ("rgb", "tags", "depth", "instance")
    )


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("compression", sorted(COMPRESSIONS))
def test_of_a_shard(tmp_path: Path, compression: str, count: int) -> None:
    path = write_shard(tmp_path / "a.h5", compression=compression)
    with ShardReader(path) as reader:
        header, expected = reader.header, list(reader)
    num_found = 0
    for bit, content in _flipped(path.read_bytes(), count):
        path.write_bytes(content)
        try:
            with ShardReader(path) as reader:
                assert reader.header == header, bit
                frames = [reader[number] for number in range(len(reader))]
        except ShardError:
            num_found += 1
            assert not verify(path).is_whole, bit
            continue
        assert len(frames) == len(expected), bit
        assert all(map(_is_same, frames, expected)), bit
    assert num_found > count // 2


@pytest.mark.parametrize("count", COUNTS)
def test_of_a_frame_log(tmp_path: Path, count: int) -> None:
    """Frames behind the damage are found again: one is lost, and that is said."""
    part = write_part(tmp_path / "a.h5")
    with ShardReader(part, allow_part=True) as reader:
        header, expected = reader.header, {sample.frame: sample for sample in reader}
    num_found = 0
    for bit, content in _flipped(part.read_bytes(), count):
        part.write_bytes(content)
        try:
            log = examined_log(part)
            with ShardReader(part, allow_part=True) as reader:
                assert reader.header == header, bit
                frames = list(reader)
        except ShardError:
            num_found += 1
            continue
        assert all(_is_same(frame, expected[frame.frame]) for frame in frames), bit
        assert len(frames) == len(expected) - 1, bit
        assert log.damaged_bytes + log.torn_bytes > 0, bit
        num_found += 1
    assert num_found == count, "a log has no byte without a meaning"


@pytest.mark.parametrize("count", COUNTS)
def test_of_a_manifest(tmp_path: Path, count: int) -> None:
    """Every field of it is held against the shards, or says whether the recording is finished."""
    record(tmp_path / "a")
    path = tmp_path / "a" / MANIFEST_NAME
    expected = RecordingDir.open(tmp_path / "a").shards()
    num_found = 0
    for bit, content in _flipped(path.read_bytes(), count):
        path.write_bytes(content)
        try:
            entries = RecordingDir.open(tmp_path / "a").shards()
        except ShardError:
            entries = None
        if verify(tmp_path / "a").findings:
            num_found += 1
        else:
            assert entries == expected, (bit, content)  # such as one kind of white space for another
    assert num_found > count // 2
