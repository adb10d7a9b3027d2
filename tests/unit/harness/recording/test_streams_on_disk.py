from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from datasets.recording_dir import RecordingDir
from datasets.sample import Sample
from datasets.shard_writer import ShardWriter
from harness.recording.plan import PlannedStream, RecordingOptions, header_of
from harness.recording.shard_pipeline import ShardPipeline
from harness.recording.stream_writer import StreamWriter
from harness.recording.streams_on_disk import StreamsOnDisk

OPTIONS = RecordingOptions(shard_frames=3)

Write = Callable[..., None]


@pytest.fixture
def stream(make_streams: Callable[..., dict[str, PlannedStream]]) -> PlannedStream:
    return make_streams()["front"]


@pytest.fixture
def write(
    stream: PlannedStream,
    recording: RecordingDir,
    make_writer: Callable[..., StreamWriter],
    make_sample: Callable[..., Sample],
) -> Write:
    """Go on with the stream from what is there, up to a frame."""

    def write(last: int, *, is_finished: bool = False) -> None:
        before = StreamsOnDisk(recording).find(stream.key)
        pipeline = ShardPipeline({"front": make_writer(stream, before=before, options=OPTIONS)})
        for frame in range(before.last_frame + 1, last + 1):
            pipeline.put("front", make_sample(frame))
        if is_finished:
            pipeline.finish()
        else:
            pipeline.leave_unfinished()

    return write


def found(recording: RecordingDir, stream: PlannedStream) -> tuple[int, int, bool]:
    """(Frames, last frame, whether complete) as who comes next would find them."""
    there = StreamsOnDisk(recording).find(stream.key)
    return there.num_frames, there.last_frame, there.is_complete


def names(recording: RecordingDir) -> list[str]:
    return sorted(path.name for path in (recording.root / "shards").iterdir())


def test_nothing_is_there_at_first(recording: RecordingDir, stream: PlannedStream) -> None:
    assert found(recording, stream) == (0, -1, False)


def test_every_end_is_gone_on_with(recording: RecordingDir, stream: PlannedStream, write: Write) -> None:
    for last in (0, 1, 2, 3, 4, 7):
        write(last)
        assert found(recording, stream) == (last + 1, last, False)
    write(7, is_finished=True)
    assert found(recording, stream) == (8, 7, True)
    assert names(recording) == ["one.000.h5", "one.001.h5", "one.002.h5"]
    there = StreamsOnDisk(recording).find(stream.key)
    assert there.index["frame"].tolist() == list(range(8))
    assert there.last_sample().camera_transform == (7.0, 2.0, 3.0, 4.0, 5.0, 6.0)
    assert found(recording, stream.__class__(**{**vars_of(stream), "weather": "DenseFog"})) == (0, -1, False)


def vars_of(stream: PlannedStream) -> dict[str, object]:
    return {name: getattr(stream, name) for name in stream.__slots__}


def test_a_shard_that_nobody_had_time_to_list_counts(
    recording: RecordingDir, stream: PlannedStream, write: Write
) -> None:
    write(4)
    (part,) = recording.parts()
    header = StreamsOnDisk(recording).find(stream.key).pieces[-1].header
    ShardWriter.resume(part.with_suffix(""), header).close()
    assert [entry.path.name for entry in recording.shards()] == ["one.000.h5"]
    assert found(recording, stream) == (5, 4, False)
    assert [entry.path.name for entry in recording.shards()] == ["one.000.h5", "one.001.h5"]
    write(4, is_finished=True)
    assert found(recording, stream) == (5, 4, True)


def test_a_log_beside_its_finished_shard_goes(recording: RecordingDir, stream: PlannedStream, write: Write) -> None:
    write(1)
    (part,) = recording.parts()
    log = part.read_bytes()
    write(1, is_finished=True)
    part.write_bytes(log)
    assert found(recording, stream) == (2, 1, True)
    assert recording.parts() == ()


def test_a_log_without_a_frame_goes(
    recording: RecordingDir, stream: PlannedStream, write: Write, make_writer: Callable[..., StreamWriter]
) -> None:
    header = make_writer(stream, options=OPTIONS).header
    ShardWriter(recording.shard_path("one.000"), header).leave_part()
    assert found(recording, stream) == (0, -1, False)
    assert names(recording) == []


@pytest.mark.parametrize("at", [10, -30])
def test_a_damaged_log_is_set_aside(recording: RecordingDir, stream: PlannedStream, write: Write, at: int) -> None:
    write(4)
    (part,) = recording.parts()
    flip(part, at)
    streams = StreamsOnDisk(recording)
    assert streams.find(stream.key).last_frame == 2
    (note,) = streams.take_notes()
    assert "one.001.h5.part is kept as one.001.h5.part.set-aside" in note
    assert streams.take_notes() == []
    write(7, is_finished=True)
    assert found(recording, stream) == (8, 7, True)


def test_what_lies_behind_a_lost_shard_is_set_aside(
    recording: RecordingDir, stream: PlannedStream, write: Write
) -> None:
    write(10)
    recording.shard_path("one.001").unlink()
    again = RecordingDir.open(recording.root, allow_missing=True)
    recording._entries = again._entries
    assert found(recording, stream) == (3, 2, False)
    assert names(recording) == ["one.000.h5", "one.002.h5.set-aside", "one.003.h5.part.set-aside"]


def test_a_whole_stream_is_set_aside_and_twice(recording: RecordingDir, stream: PlannedStream, write: Write) -> None:
    for _ in range(2):
        write(4)
        StreamsOnDisk(recording).set_aside(stream.key, "for the test")
        assert found(recording, stream) == (0, -1, False)
    assert names(recording) == [
        "one.000.h5.set-aside",
        "one.000.h5.set-aside-2",
        "one.001.h5.part.set-aside",
        "one.001.h5.part.set-aside-2",
    ]


def test_an_unlisted_shard_that_cannot_be_read_is_set_aside(recording: RecordingDir, stream: PlannedStream) -> None:
    recording.shard_path("one.000").write_bytes(b"no shard at all")
    streams = StreamsOnDisk(recording)
    assert streams.find(stream.key).pieces == ()
    assert "one.000.h5 is kept as one.000.h5.set-aside: unreadable" in streams.take_notes()[0]


def test_the_number_of_a_shard_is_in_its_header(recording: RecordingDir, stream: PlannedStream, write: Write) -> None:
    write(7, is_finished=True)
    pieces = StreamsOnDisk(recording).find(stream.key).pieces
    assert [piece.header for piece in pieces] == [header_of(pieces[0].header, number) for number in range(3)]


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)
