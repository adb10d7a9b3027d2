"""Whatever bytes a file holds, there is one kind of error."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.errors import ShardError
from datasets.manifest import MANIFEST_NAME, read_manifest
from datasets.shard import ShardReader
from datasets.shard_recovery import recover
from datasets.verification import verify
from tests.faults.drive import record
from tests.faults.frames import write_part, write_shard

RUNS = [40, pytest.param(2000, marks=pytest.mark.slow)]


@st.composite
def spoiled(draw: st.DrawFn, content: bytes) -> bytes:
    """Nothing but noise, or `content` with a piece of it replaced by another piece, noise or nothing."""
    if draw(st.integers(0, 4)) == 0:
        return draw(st.binary(max_size=400))
    start, end = sorted(draw(st.tuples(*[st.integers(0, len(content))] * 2)))
    piece = draw(
        st.one_of(
            st.binary(max_size=64),
            st.integers(0, len(content) - 1).map(lambda at: content[at : at + end - start]),
            st.sampled_from([b"", bytes(8), b"\xff" * 8]),
        )
    )
    end = draw(st.sampled_from([end, min(start + len(piece), len(content))]))
    return content[:start] + piece + content[end:]


@pytest.mark.parametrize("runs", RUNS)
@pytest.mark.parametrize("compression", ["residual", "gzip", "jpeg"])
def test_as_a_shard(tmp_path: Path, compression: str, runs: int) -> None:
    content = write_shard(tmp_path / "a.h5", compression=compression).read_bytes()
    path = tmp_path / "spoiled.h5"

    @settings(max_examples=runs)
    @given(spoiled(content))
    def read(octets: bytes) -> None:
        path.write_bytes(octets)
        try:
            with ShardReader(path) as reader:
                list(reader)
        except ShardError as error:
            assert str(path) in str(error)  # noqa: PT017  # there may be none
            assert not verify(path).is_whole

    read()


@pytest.mark.parametrize("runs", RUNS)
def test_as_a_frame_log(tmp_path: Path, runs: int) -> None:
    content = write_part(tmp_path / "a.h5").read_bytes()
    part = tmp_path / "spoiled.h5.part"

    @settings(max_examples=runs)
    @given(spoiled(content))
    def read(octets: bytes) -> None:
        part.write_bytes(octets)
        try:
            with ShardReader(part, allow_part=True) as reader:
                list(reader)
        except ShardError as error:
            assert str(part) in str(error)  # noqa: PT017  # there may be none
        try:
            recovered = recover(part)
        except ShardError:
            return
        assert verify(recovered.path).is_whole
        recovered.path.unlink()

    read()


@pytest.mark.parametrize("runs", RUNS)
def test_as_a_manifest(tmp_path: Path, runs: int) -> None:
    root = tmp_path / "a"
    record(root)
    content = (root / MANIFEST_NAME).read_bytes()

    @settings(max_examples=runs)
    @given(spoiled(content))
    def read(octets: bytes) -> None:
        (root / MANIFEST_NAME).write_bytes(octets)
        try:
            read_manifest(root)
        except ShardError:
            assert not verify(root).is_whole

    read()
