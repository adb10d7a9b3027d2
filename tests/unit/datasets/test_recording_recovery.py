from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from datasets.errors import RecordingInUseError, ShardError
from datasets.recording_dir import RecordingDir
from datasets.recording_recovery import recording_of, recover_recording
from datasets.sample import Sample
from datasets.shard import ShardHeader, ShardReader, ShardWriter

WriteShard = Callable[..., Path]
LeavePart = Callable[..., Path]


@pytest.fixture
def recording(tmp_path: Path) -> RecordingDir:
    return RecordingDir.create(tmp_path / "city")


@pytest.fixture
def leave_part(make_header: Callable[..., ShardHeader], make_sample: Callable[..., Sample]) -> LeavePart:
    """What a recorder leaves that dies after `count` frames."""

    def leave(path: Path, count: int) -> Path:
        writer = ShardWriter(path, make_header(scenario=path.stem))
        for number in range(count):
            writer.append(make_sample(number))
        writer.leave_part()
        return writer.part_path

    return leave


def test_everything_that_can_be_left(recording: RecordingDir, leave_part: LeavePart, write_shard: WriteShard) -> None:
    folder = recording.root / "shards"
    with (leave_part(folder / "dead.h5", 3)).open("ab") as torn:
        torn.write(b"half a row")
    empty = leave_part(folder / "empty.h5", 0)
    closing = folder / "dead.h5.closing"
    closing.write_bytes(b"half a copy")
    unlisted = write_shard("unlisted.h5", folder=folder, scenario="unlisted")
    found = recover_recording(recording.root)
    assert [(shard.path.name, shard.num_frames, shard.dropped_bytes) for shard in found.shards] == [("dead.h5", 3, 10)]
    assert (found.listed, found.problems) == ((unlisted,), ())
    assert set(found.removed) == {closing, empty}
    assert sorted(path.name for path in folder.iterdir()) == ["dead.h5", "unlisted.h5"]
    entries = RecordingDir.open(recording.root).shards()
    assert {(entry.scenario, entry.num_frames, entry.is_last) for entry in entries} == {
        ("dead", 3, False),
        ("unlisted", 5, False),
    }
    again = recover_recording(recording.root)
    assert (again.shards, again.listed, again.removed, again.problems) == ((), (), (), ())


def test_what_cannot_be_recovered_is_kept(
    recording: RecordingDir, leave_part: LeavePart, write_shard: WriteShard
) -> None:
    folder = recording.root / "shards"
    strange, cut = folder / "strange.h5.part", folder / "cut.h5"
    strange.write_bytes(b"something else")
    cut.write_bytes(write_shard().read_bytes()[:-100])
    leave_part(folder / "good.h5", 2)
    found = recover_recording(recording.root)
    assert [path for path, _ in found.problems] == [strange, cut]
    assert all(str(path) in reason for path, reason in found.problems)
    assert [shard.path.name for shard in found.shards] == ["good.h5"]
    assert strange.read_bytes() == b"something else"
    assert cut.exists()


def test_died_between_the_name_and_the_list(recording: RecordingDir, leave_part: LeavePart) -> None:
    """The shard has its name, its log is still there."""
    folder = recording.root / "shards"
    content = leave_part(folder / "a.h5", 2).read_bytes()
    recover_recording(recording.root)
    (folder / "a.h5.part").write_bytes(content)
    with RecordingDir.open(recording.root).lock():
        pass
    found = recover_recording(recording.root)
    assert [shard.num_frames for shard in found.shards] == [2]
    assert found.problems == ()
    assert [path.name for path in folder.iterdir()] == ["a.h5"]
    with ShardReader(folder / "a.h5") as reader:
        assert len(reader) == 2


def test_only_where_nobody_records(recording: RecordingDir) -> None:
    with recording.lock(), pytest.raises(RecordingInUseError, match="recorded into by process"):
        recover_recording(recording.root)


def test_only_a_recording(tmp_path: Path) -> None:
    with pytest.raises(ShardError, match="is not a recording"):
        recover_recording(tmp_path)


def test_where_a_part_belongs(recording: RecordingDir, leave_part: LeavePart, tmp_path: Path) -> None:
    assert recording_of(leave_part(recording.root / "shards" / "a.h5", 1)) == recording.root.resolve()
    assert recording_of(leave_part(tmp_path / "a.h5", 1)) is None
