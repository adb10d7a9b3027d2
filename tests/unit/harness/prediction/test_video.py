from __future__ import annotations

import resource
from pathlib import Path

import numpy as np
import pytest

from harness.errors import DataError
from harness.prediction.video import VideoWriter, read_video, video_facts


def test_what_is_written_is_read_back_nearly_as_it_was(tmp_path: Path) -> None:
    frames = [np.full((37, 51, 3), (40 * n, 100, 200 - 30 * n), np.uint8) for n in range(5)]
    with VideoWriter(tmp_path / "a.mp4", fps=10) as video:
        for frame in frames:
            video.append(frame)
    assert video_facts(tmp_path / "a.mp4") == (5, 10.0)
    back = list(read_video(tmp_path / "a.mp4"))
    assert [frame.shape for frame in back] == [(36, 50, 3)] * 5, "odd rows and columns lose their last"
    for wrote, read in zip(frames, back, strict=True):
        assert np.abs(read.astype(int) - wrote[:36, :50]).mean() < 6


def test_a_video_has_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    def fail() -> None:
        with VideoWriter(tmp_path / "a.mp4", fps=10) as video:
            video.append(np.zeros((32, 32, 3), np.uint8))
            assert not (tmp_path / "a.mp4").exists()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"no video", b"\x00" * 100])
def test_what_is_no_video_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.mp4").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.mp4 is not a video that can be read"):
        video_facts(tmp_path / "a.mp4")
    with pytest.raises(DataError, match=r"b\.mp4 cannot be read"):
        next(read_video(tmp_path / "b.mp4"))


@pytest.mark.parametrize("limit", [0, 5_000, 30_000])
def test_a_video_that_grows_no_further_is_an_error_and_goes(tmp_path: Path, limit: int) -> None:
    """The kernel's limit of a file's size stands for a full disk, of which the encoder tells nothing."""
    rng = np.random.default_rng(0)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def write() -> None:
        with VideoWriter(tmp_path / "a.mp4", fps=10) as video:
            for _ in range(20):
                video.append(rng.integers(0, 256, (64, 64, 3), np.uint8))

    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        with pytest.raises(DataError, match=r"a\.mp4 cannot be written"):
            write()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []
