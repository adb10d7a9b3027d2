from __future__ import annotations

import errno
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datasets.errors import DiskError, RecordingInUseError, ShardError
from datasets.frame_index import index_digest
from datasets.recording_dir import MANIFEST_NAME, RecordingDir
from datasets.shard import ShardReader

WriteShard = Callable[..., Path]
_ROOT = Path(__file__).parents[3]


@pytest.fixture
def recorded(tmp_path: Path, write_shard: WriteShard) -> RecordingDir:
    """Three scenarios, one of each split."""
    recording = RecordingDir.create(tmp_path / "city")
    with recording.lock():
        for scenario, split in (("noon_01", "train"), ("noon_02", "val"), ("rain_01", "test")):
            path = recording.shard_path(scenario)
            write_shard(path.name, folder=path.parent, count=2, scenario=scenario, split=split)
            recording.add_shard(path)
    return recording


def _manifest(recording: RecordingDir) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((recording.root / MANIFEST_NAME).read_text())
    return content


def _write_manifest(recording: RecordingDir, content: object) -> None:
    (recording.root / MANIFEST_NAME).write_text(json.dumps(content))


def test_shards_by_split(recorded: RecordingDir) -> None:
    reopened = RecordingDir.open(recorded.root)
    assert reopened.shards() == recorded.shards()
    assert [entry.scenario for entry in reopened.shards()] == ["noon_01", "noon_02", "rain_01"]
    (entry,) = reopened.shards("val")
    with ShardReader(entry.path) as reader:
        assert (entry.scenario, entry.split, entry.num_frames) == ("noon_02", "val", len(reader))
        assert entry.header_digest == reader.header.digest == reader.header_digest
        assert entry.index_digest == index_digest(reader.index)
    assert (entry.weather, entry.camera, entry.sequence, entry.is_last) == ("", "front", 0, True)
    assert entry.statistics is None
    with pytest.raises(ShardError, match="split is 'training', expected one of train, val, test"):
        reopened.shards("training")


def test_layout(recorded: RecordingDir) -> None:
    assert recorded.shard_path("rain_01") == recorded.root / "shards" / "rain_01.h5"
    assert recorded.drive_log_path("rain_01") == recorded.root / "drives" / "rain_01.npz"
    assert recorded.drive_log_path("rain_01").parent.is_dir()
    assert _manifest(recorded)["shards"][0]["file"] == "shards/noon_01.h5"


def test_a_folder_is_created_once(recorded: RecordingDir) -> None:
    with pytest.raises(ShardError, match="already holds a recording"):
        RecordingDir.create(recorded.root)
    assert len(RecordingDir.open(recorded.root).shards()) == 3


def test_a_folder_without_manifest(tmp_path: Path) -> None:
    with pytest.raises(ShardError, match=r"is not a recording: it has no manifest\.json"):
        RecordingDir.open(tmp_path)


def test_a_part_is_never_listed(recorded: RecordingDir, write_shard: WriteShard) -> None:
    part = recorded.root / "shards" / "noon_09.h5.part"
    write_shard("noon_09.h5", folder=part.parent).rename(part)
    with recorded.lock(), pytest.raises(ShardError, match="unfinished recording"):
        recorded.add_shard(part)
    content = _manifest(recorded)
    content["shards"][0]["file"] = "shards/noon_09.h5.part"
    _write_manifest(recorded, content)
    with pytest.raises(ShardError, match=r"noon_09\.h5\.part', expected shards/<name>\.h5"):
        RecordingDir.open(recorded.root)
    assert recorded.parts() == (part,)


def test_a_shard_that_a_crash_kept_out_is_taken_in(recorded: RecordingDir, write_shard: WriteShard) -> None:
    path = write_shard("noon_03.h5", folder=recorded.root / "shards", scenario="noon_03")
    assert recorded.unlisted() == (path,)
    with recorded.lock():
        recorded.add_shard(path)
    assert recorded.unlisted() == ()
    assert len(RecordingDir.open(recorded.root).shards()) == 4


def test_what_cannot_be_added(recorded: RecordingDir, write_shard: WriteShard) -> None:
    damaged = recorded.shard_path("bad")
    damaged.write_bytes(recorded.shards()[0].path.read_bytes()[:-100])
    with recorded.lock():
        for path, message in (
            (recorded.shards()[0].path, "already listed"),
            (write_shard(), "lies outside"),
            (recorded.shard_path("none"), "is not a file"),
            (damaged, "cannot be read as a shard"),
        ):
            with pytest.raises(ShardError, match=message):
                recorded.add_shard(path)
    assert len(_manifest(recorded)["shards"]) == 3


def test_changing_needs_the_lock(recorded: RecordingDir) -> None:
    path = recorded.shards()[0].path
    for change in (
        lambda: recorded.add_shard(path),
        lambda: recorded.mark_last(path),
        lambda: recorded.set_statistics({path: {}}),
        lambda: recorded.set_aside(path),
    ):
        with pytest.raises(AssertionError, match="lock"):
            change()


def test_a_stream_of_several_shards(recorded: RecordingDir, write_shard: WriteShard) -> None:
    paths = [
        write_shard(f"long.00{n}.h5", folder=recorded.root / "shards", scenario="long", sequence=n) for n in (0, 1)
    ]
    with recorded.lock():
        for path in paths:
            recorded.add_shard(path, is_last=False)
        assert recorded.mark_last(paths[1]).is_last
    found = {entry.path: entry for entry in RecordingDir.open(recorded.root).shards()}
    assert [(found[path].sequence, found[path].is_last) for path in paths] == [(0, False), (1, True)]


def test_statistics_are_kept_as_they_are(recorded: RecordingDir) -> None:
    path = recorded.shards()[1].path
    with recorded.lock():
        recorded.set_statistics({path: {"histogram": {"1": 2**40}, "mean": [0.5]}})
    entries = RecordingDir.open(recorded.root).shards()
    assert [entry.statistics for entry in entries] == [None, {"histogram": {"1": 2**40}, "mean": [0.5]}, None]
    with recorded.lock():
        recorded.set_statistics({path: None})
        with pytest.raises(ShardError, match="is not listed"):
            recorded.set_statistics({path: {}, recorded.shard_path("none"): {}})
    assert RecordingDir.open(recorded.root).shards()[1].statistics is None


def test_a_manifest_of_version_1_is_upgraded_by_the_next_change(recorded: RecordingDir) -> None:
    content = _manifest(recorded)
    old = ("file", "scenario", "split", "num_frames", "header_sha256")
    content["shards"] = [{key: entry[key] for key in old} for entry in content["shards"]]
    _write_manifest(recorded, content | {"format_version": 1})
    recording = RecordingDir.open(recorded.root)
    assert [entry.index_digest for entry in recording.shards()] == ["", "", ""]
    with recording.lock():
        recording.set_statistics({recording.shards()[0].path: {"frames": 2}})
    assert _manifest(recorded)["format_version"] == 2
    assert RecordingDir.open(recorded.root).shards() == recording.shards()


def test_two_recorders_are_refused(recorded: RecordingDir) -> None:
    other = RecordingDir.open(recorded.root)
    with recorded.lock(), pytest.raises(RecordingInUseError, match="recorded into by process"), other.lock():
        pytest.fail("the lock was given twice")
    with other.lock():
        pass


def test_the_lock_goes_with_the_process(recorded: RecordingDir) -> None:
    program = (
        "import pathlib, sys, time\n"
        "from datasets.recording_dir import RecordingDir\n"
        "with RecordingDir.open(pathlib.Path(sys.argv[1])).lock():\n"
        "    print('locked', flush=True)\n"
        "    time.sleep(60)\n"
    )
    command = [sys.executable, "-c", program, str(recorded.root)]
    with subprocess.Popen(command, env={"PYTHONPATH": str(_ROOT)}, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        with pytest.raises(RecordingInUseError, match=f"process {holder.pid}"), recorded.lock():
            pytest.fail("the lock was given twice")
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with recorded.lock():
            pass


def test_the_lock_reads_what_others_added(recorded: RecordingDir, write_shard: WriteShard) -> None:
    other = RecordingDir.open(recorded.root)
    path = write_shard("noon_03.h5", folder=recorded.root / "shards", scenario="noon_03")
    with recorded.lock():
        recorded.add_shard(path)
    with other.lock():
        assert len(other.shards()) == 4


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "/etc/passwd", "-x", ".hidden", "a\nb", "x" * 300, "ä"])
def test_names_that_cannot_be_files(recorded: RecordingDir, name: str) -> None:
    for place in (recorded.shard_path, recorded.drive_log_path):
        with pytest.raises(ShardError, match="cannot be a file name"):
            place(name)


@pytest.mark.parametrize(
    "file",
    ["/etc/passwd", "../x.h5", "shards/../../x.h5", "shards/a/b.h5", "drives/noon_01.h5", "shards/", "noon_01.h5", ""],
)
def test_a_manifest_cannot_lead_out_of_the_folder(recorded: RecordingDir, file: str) -> None:
    content = _manifest(recorded)
    content["shards"][1]["file"] = file
    _write_manifest(recorded, content)
    with pytest.raises(ShardError, match=r"expected shards/<name>\.h5"):
        RecordingDir.open(recorded.root)


def test_a_link_cannot_lead_out_of_the_folder(recorded: RecordingDir, write_shard: WriteShard) -> None:
    path = recorded.shards()[0].path
    path.unlink()
    path.symlink_to(write_shard())
    with pytest.raises(ShardError, match=r"expected shards/<name>\.h5"):
        RecordingDir.open(recorded.root)


def test_a_listed_shard_that_is_gone(recorded: RecordingDir) -> None:
    recorded.shards()[2].path.unlink()
    with pytest.raises(ShardError, match=r"rain_01\.h5 is missing"):
        RecordingDir.open(recorded.root)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content.update(format="x"), "is 'x' version 2, expected"),
        (lambda content: content.update(format_version=3), "version 3, expected .* version 1 or 2"),
        (lambda content: content.update(format_version=True), "version True, expected"),
        (lambda content: content.update(more=1), "expected the keys"),
        (lambda content: content.update(shards={}), "shards is a dict"),
        (lambda content: content["shards"].append(content["shards"][0]), "lists a shard twice"),
        (lambda content: content["shards"].append("x"), "entry x is not of the form"),
        (lambda content: content["shards"][0].update(num_frames="2"), "is not of the form"),
        (lambda content: content["shards"][0].pop("split"), "is not of the form"),
        (lambda content: content["shards"][0].update(split="all"), "split is 'all'"),
    ],
)
def test_other_manifests_are_refused(
    recorded: RecordingDir, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    content = _manifest(recorded)
    change(content)
    _write_manifest(recorded, content)
    with pytest.raises(ShardError, match=message):
        RecordingDir.open(recorded.root)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"format": NaN}', "\udcff"])
def test_a_damaged_manifest(recorded: RecordingDir, text: str) -> None:
    (recorded.root / MANIFEST_NAME).write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ShardError, match="is not a manifest"):
        RecordingDir.open(recorded.root)


def test_a_shard_that_is_gone_or_damaged_can_be_recorded_again(recorded: RecordingDir, write_shard: WriteShard) -> None:
    gone, damaged = recorded.shard_path("noon_02"), recorded.shard_path("rain_01")
    gone.unlink()
    recording = RecordingDir.open(recorded.root, allow_missing=True)
    with recording.lock():
        assert recording.set_aside(gone) is None
        kept = recording.set_aside(damaged)
        assert kept is not None
        assert kept.is_file()
        assert [entry.scenario for entry in recording.shards()] == ["noon_01"]
        write_shard(damaged.name, folder=damaged.parent, count=1, scenario="rain_01", split="test")
        recording.add_shard(damaged)
    assert [entry.scenario for entry in RecordingDir.open(recorded.root).shards()] == ["noon_01", "rain_01"]


def test_what_is_gone_stays_listed_until_it_is_replaced(recorded: RecordingDir, write_shard: WriteShard) -> None:
    """A disk that is not plugged in must not cost the entry."""
    gone = recorded.shard_path("noon_02")
    elsewhere = gone.rename(recorded.root / "unplugged")
    recording = RecordingDir.open(recorded.root, allow_missing=True)
    with recording.lock():
        recording.set_statistics({recorded.shard_path("noon_01"): {}})
        assert [entry.scenario for entry in recording.shards()] == ["noon_01", "rain_01"]
    with pytest.raises(ShardError, match=r"noon_02\.h5 is missing"):
        RecordingDir.open(recorded.root)
    elsewhere.rename(gone)
    assert len(RecordingDir.open(recorded.root).shards()) == 3
    gone.unlink()
    with recording.lock():
        write_shard(gone.name, folder=gone.parent, count=1, scenario="noon_02", split="val")
        recording.add_shard(gone)
    assert [entry.num_frames for entry in RecordingDir.open(recorded.root).shards()] == [2, 2, 1]


def test_setting_aside_never_overwrites(recorded: RecordingDir, write_shard: WriteShard) -> None:
    path = recorded.shard_path("noon_01")
    part = path.with_name(path.name + ".part")
    part.write_bytes(b"1")
    with recorded.lock():
        assert recorded.set_aside(path) == path.with_name("noon_01.h5.set-aside")
        path.write_bytes(b"2")
        assert recorded.set_aside(path) == path.with_name("noon_01.h5.set-aside-2")
        assert recorded.set_aside(part) == path.with_name("noon_01.h5.part.set-aside")
    assert len(list(path.parent.glob("*.set-aside*"))) == 3
    assert recorded.parts() == ()
    assert path not in recorded.unlisted()


def _refuse(*_: object, **__: object) -> int:
    raise OSError(errno.EROFS, "Read-only file system")


def test_a_read_only_mount(recorded: RecordingDir, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("os.open", _refuse)
    with pytest.raises(DiskError, match="Is it mounted read-only"), recorded.lock():
        pytest.fail("the lock was given")
    assert len(RecordingDir.open(recorded.root).shards()) == 3
    monkeypatch.setattr("pathlib.Path.mkdir", _refuse)
    with pytest.raises(DiskError, match="cannot be made a recording"):
        RecordingDir.create(tmp_path / "new")


def test_a_file_system_without_locks(recorded: RecordingDir, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", no_locks)
    with pytest.raises(DiskError, match="cannot be locked"), recorded.lock():
        pytest.fail("the lock was given")
