from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from datasets.errors import DiskError, ShardError
from datasets.omissions import GAPS_NAME, QUARANTINE_NAME, load_omissions
from datasets.recording_dir import RecordingDir
from datasets.sample import Sample
from datasets.shard_reader import ShardReader
from datasets.shard_writer import ShardWriter
from harness.recording.plan import RecordingOptions
from harness.recording.shard_pipeline import ShardPipeline, pixel_bytes
from harness.recording.stream_writer import StreamWriter

Pipelines = Callable[..., ShardPipeline]


@pytest.fixture
def make_pipeline(
    make_streams: Callable[..., dict[str, object]], make_writer: Callable[..., StreamWriter]
) -> Pipelines:
    def make(*cameras: str, queue_bytes: int = 1 << 20, **options: object) -> ShardPipeline:
        streams = make_streams(*cameras)
        writers = {
            camera: make_writer(stream, options=RecordingOptions(**options)) for camera, stream in streams.items()
        }
        return ShardPipeline(writers, queue_bytes=queue_bytes)

    return make


def shard(recording: RecordingDir, name: str) -> Path:
    return recording.root / "shards" / name


def test_samples_of_all_cameras_arrive_in_order(
    make_pipeline: Pipelines, recording: RecordingDir, make_sample: Callable[..., Sample]
) -> None:
    writing = make_pipeline("left", "right")
    frames = range(1, 60)
    for frame in frames:
        writing.put("left", make_sample(frame))
        writing.put("right", make_sample(2 * frame))
    writing.finish()
    assert {entry.path.name: entry.is_last for entry in recording.shards()} == {
        "one.left.h5": True,
        "one.right.h5": True,
    }
    for camera, factor in (("left", 1), ("right", 2)):
        with ShardReader(shard(recording, f"one.{camera}.h5")) as reader:
            assert list(reader.frames) == [factor * frame for frame in frames]
            read, made = reader[5], make_sample(factor * frames[5])
            np.testing.assert_array_equal(read.rgb, made.rgb)
            np.testing.assert_array_equal(read.tags, made.tags)


def test_what_is_not_to_be_believed_is_listed_and_kept_as_images(
    make_pipeline: Pipelines, recording: RecordingDir, make_sample: Callable[..., Sample]
) -> None:
    writing = make_pipeline("front")
    for frame in range(5):
        sample = make_sample(frame, tag=200 if frame == 1 else None)
        if frame == 3:
            sample = make_sample(frame, rgb=np.zeros_like(sample.rgb))
        writing.put("front", sample)
    writing.list_gap("front", 5, "missing: rgb")
    writing.finish()
    with ShardReader(shard(recording, "one.h5")) as reader:
        assert list(reader.frames) == [0, 2, 4]
    quarantined = load_omissions(recording.root / QUARANTINE_NAME)
    assert [(each.frame, each.kind) for each in quarantined] == [(1, "unknown-tags"), (3, "black")]
    assert "200" in quarantined[0].detail
    assert sorted(path.name for path in (recording.root / "quarantine").iterdir()) == [
        f"one.{frame:06d}.{plane}.png" for frame in (1, 3) for plane in ("rgb", "tags")
    ]
    (gap,) = load_omissions(recording.root / GAPS_NAME)
    assert (gap.scenario, gap.weather, gap.camera, gap.frame, gap.kind, gap.detail) == (
        *("one", "ClearNoon", "front", 5, "gap"),
        "missing: rgb",
    )


def test_a_frame_is_judged_against_the_one_before_it_or_the_one_that_was_shown(
    make_pipeline: Pipelines, recording: RecordingDir, make_sample: Callable[..., Sample]
) -> None:
    writing = make_pipeline("front")
    writing.see("front", make_sample(0))
    writing.put("front", make_sample(1, rgb=make_sample(0).rgb))
    writing.put("front", make_sample(2))
    writing.put("front", make_sample(3, rgb=make_sample(2).rgb))
    writing.finish()
    kinds = [(each.frame, each.kind) for each in load_omissions(recording.root / QUARANTINE_NAME)]
    assert kinds == [(1, "frozen"), (3, "frozen")]


def test_shards_of_a_size_follow_each_other(
    make_pipeline: Pipelines, recording: RecordingDir, make_sample: Callable[..., Sample]
) -> None:
    writing = make_pipeline("front", shard_frames=3)
    for frame in range(6):
        writing.put("front", make_sample(frame))
    writing.finish()
    assert [(each.path.name, each.sequence, each.num_frames, each.is_last) for each in recording.shards()] == [
        ("one.000.h5", 0, 3, False),
        ("one.001.h5", 1, 3, True),
    ]


def test_flush_waits_for_everything_that_was_put(
    make_pipeline: Pipelines, recording: RecordingDir, make_sample: Callable[..., Sample]
) -> None:
    writing = make_pipeline("front")
    for frame in range(9):
        writing.put("front", make_sample(frame))
    writing.flush()
    with ShardReader(recording.parts()[0], allow_part=True) as reader:
        assert len(reader) == 9
    writing.leave_unfinished()


def test_what_is_left_unfinished_keeps_its_frames_and_has_no_final_name(
    make_pipeline: Pipelines, recording: RecordingDir, make_sample: Callable[..., Sample]
) -> None:
    writing = make_pipeline("front")
    for frame in range(7):
        writing.put("front", make_sample(frame))
    writing.leave_unfinished()
    assert recording.shards() == recording.unlisted() == ()
    with ShardReader(shard(recording, "one.h5.part"), allow_part=True) as reader:
        assert list(reader.frames) == list(range(7))


def test_a_failing_disk_reaches_the_recording_thread(
    make_pipeline: Pipelines,
    recording: RecordingDir,
    make_sample: Callable[..., Sample],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    append, written = ShardWriter.append_encoded, []

    def fail_at_the_fourth(self: ShardWriter, encoded: object) -> None:
        if len(written) == 3:
            raise DiskError("no space left on device")
        written.append(append(self, encoded))  # type: ignore[arg-type,func-returns-value]

    monkeypatch.setattr(ShardWriter, "append_encoded", fail_at_the_fourth)
    writing = make_pipeline("front", queue_bytes=4 * pixel_bytes(make_sample(0)))

    def record() -> None:
        for frame in range(100):
            writing.put("front", make_sample(frame))

    with pytest.raises(DiskError, match="no space left"):
        record()
    with pytest.raises(DiskError, match="no space left"):
        writing.flush()
    with pytest.raises(DiskError, match="no space left"):
        writing.list_gap("front", 200, "missing: rgb")
    writing.leave_unfinished()
    with ShardReader(recording.parts()[0], allow_part=True) as reader:
        assert list(reader.frames) == [0, 1, 2]


def test_a_name_that_is_taken_is_an_error_and_ends_no_other_file(
    make_pipeline: Pipelines, recording: RecordingDir, make_sample: Callable[..., Sample]
) -> None:
    shard(recording, "one.h5").write_bytes(b"precious")
    writing = make_pipeline("front")
    writing.put("front", make_sample(0))
    with pytest.raises(ShardError, match="exists"):
        writing.finish()
    assert shard(recording, "one.h5").read_bytes() == b"precious"


def test_a_disk_that_fails_while_shards_are_closed_ends_the_waiting(
    make_pipeline: Pipelines,
    recording: RecordingDir,
    make_sample: Callable[..., Sample],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(self: ShardWriter) -> None:
        raise DiskError("no space left on device")

    monkeypatch.setattr(ShardWriter, "close", fail)
    writing = make_pipeline("front")
    writing.put("front", make_sample(0))
    seen: list[Exception] = []

    def finish() -> None:
        try:
            writing.finish()
        except DiskError as error:
            seen.append(error)

    finishing = threading.Thread(target=finish, daemon=True)
    finishing.start()
    finishing.join(timeout=20.0)
    assert not finishing.is_alive()
    assert [str(error) for error in seen] == ["no space left on device"]
    writing.leave_unfinished()
    with ShardReader(recording.parts()[0], allow_part=True) as reader:
        assert list(reader.frames) == [0]


@pytest.mark.parametrize(("room", "let_in"), [(4, 4), (0.5, 1)])
def test_the_queue_is_bounded_by_bytes(
    make_pipeline: Pipelines,
    recording: RecordingDir,
    make_sample: Callable[..., Sample],
    monkeypatch: pytest.MonkeyPatch,
    room: float,
    let_in: int,
) -> None:
    disk, append = threading.Event(), ShardWriter.append_encoded
    monkeypatch.setattr(ShardWriter, "append_encoded", lambda self, encoded: (disk.wait(), append(self, encoded)))
    writing = make_pipeline("front", queue_bytes=int(room * pixel_bytes(make_sample(0))))
    handed_over: list[int] = []

    def record() -> None:
        for frame in range(20):
            writing.put("front", make_sample(frame))
            handed_over.append(frame)

    recorder = threading.Thread(target=record)
    recorder.start()
    recorder.join(timeout=0.5)
    assert recorder.is_alive()
    assert len(handed_over) == let_in
    disk.set()
    recorder.join()
    writing.finish()
    assert [entry.num_frames for entry in recording.shards()] == [20]
