from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from datasets.errors import ShardError
from datasets.labels import CARLA_29
from datasets.sample import Sample
from datasets.shard_header import ShardHeader
from datasets.shard_reader import ShardReader
from datasets.shard_writer import ShardWriter
from harness import shard_pipeline
from harness.shard_pipeline import QUEUE_SAMPLES, ShardPipeline

UNKNOWN_TAG = 200


def header(camera: str) -> ShardHeader:
    return ShardHeader(
        scenario="a",
        split="train",
        town="Town10HD",
        seed=0,
        weather={"name": "ClearNoon"},
        camera={"name": camera},
        server_version="0.9.16",
        tag_table=CARLA_29,
        harness_version="0",
    )


def sample(frame: int, *, tag: int | None = None) -> Sample:
    rng = np.random.default_rng(frame)
    tags = rng.integers(0, 29, (18, 32), np.uint8) if tag is None else np.full((18, 32), tag, np.uint8)
    return Sample(
        frame=frame,
        timestamp_s=frame / 20,
        rgb=rng.integers(0, 256, (18, 32, 3), np.uint8),
        tags=tags,
        camera_transform=(1.0, 2.0, 3.0, 4.0, 5.0, float(frame)),
    )


def pipeline(folder: Path, *cameras: str) -> ShardPipeline:
    return ShardPipeline({camera: (folder / f"{camera}.h5", header(camera)) for camera in cameras})


def test_samples_of_all_cameras_arrive_in_order(tmp_path: Path) -> None:
    writing = pipeline(tmp_path, "left", "right")
    frames = range(1, 3 * QUEUE_SAMPLES)
    for frame in frames:
        writing.put("left", sample(frame))
        writing.put("right", sample(2 * frame))
    writing.finish()
    assert writing.written == {"left": len(frames), "right": len(frames)}
    for camera, factor in (("left", 1), ("right", 2)):
        with ShardReader(tmp_path / f"{camera}.h5") as reader:
            assert list(reader.frames) == [factor * frame for frame in frames]
            read, made = reader[5], sample(factor * frames[5])
            np.testing.assert_array_equal(read.rgb, made.rgb)
            np.testing.assert_array_equal(read.tags, made.tags)


def test_a_sample_with_an_unknown_tag_is_rejected_and_the_others_are_kept(tmp_path: Path) -> None:
    writing = pipeline(tmp_path, "front")
    for frame in (1, 2, 3):
        writing.put("front", sample(frame, tag=UNKNOWN_TAG if frame == 2 else None))
    writing.flush()
    assert [(each.frame, each.camera) for each in writing.rejected] == [(2, "front")]
    assert str(UNKNOWN_TAG) in writing.rejected[0].reason
    writing.finish()
    with ShardReader(tmp_path / "front.h5") as reader:
        assert list(reader.frames) == [1, 3]


def test_flush_waits_for_everything_that_was_put(tmp_path: Path) -> None:
    writing = pipeline(tmp_path, "front")
    for frame in range(1, 10):
        writing.put("front", sample(frame))
    writing.flush()
    assert writing.num_written == 9
    writing.leave_unfinished()


def test_what_is_left_unfinished_keeps_its_frames_and_has_no_final_name(tmp_path: Path) -> None:
    writing = pipeline(tmp_path, "front")
    for frame in range(1, 8):
        writing.put("front", sample(frame))
    writing.leave_unfinished()
    assert not (tmp_path / "front.h5").exists()
    with ShardReader(tmp_path / "front.h5.part", allow_part=True) as reader:
        assert list(reader.frames) == list(range(1, 8))


def test_a_failing_disk_reaches_the_recording_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []

    def append(self: ShardWriter, encoded: object) -> None:
        if len(written) == 3:
            raise ShardError("no space left on device")
        written.append(1)

    monkeypatch.setattr(shard_pipeline.ShardWriter, "append_encoded", append)
    writing = pipeline(tmp_path, "front")

    def record() -> None:
        for frame in range(1, 10 * QUEUE_SAMPLES):
            writing.put("front", sample(frame))

    with pytest.raises(ShardError, match="no space left"):
        record()
    with pytest.raises(ShardError, match="no space left"):
        writing.flush()
    writing.leave_unfinished()
    with pytest.raises(ShardError, match="no space left"):
        writing.finish()


def test_a_name_that_is_taken_is_an_error_and_ends_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "front.h5").write_bytes(b"precious")
    writing = pipeline(tmp_path, "front")
    with pytest.raises(ShardError, match="exists"):
        writing.finish()
    assert (tmp_path / "front.h5").read_bytes() == b"precious"


def test_the_queue_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = threading.Event()
    append = ShardWriter.append_encoded
    monkeypatch.setattr(
        shard_pipeline.ShardWriter, "append_encoded", lambda self, encoded: (disk.wait(), append(self, encoded))
    )
    writing = pipeline(tmp_path, "front")
    handed_over: list[int] = []

    def record() -> None:
        for frame in range(1, 4 * QUEUE_SAMPLES):
            writing.put("front", sample(frame))
            handed_over.append(frame)

    recorder = threading.Thread(target=record)
    recorder.start()
    recorder.join(timeout=0.5)
    assert recorder.is_alive()
    assert len(handed_over) <= QUEUE_SAMPLES + 2
    disk.set()
    recorder.join()
    writing.finish()
    assert writing.num_written == 4 * QUEUE_SAMPLES - 1
