"""``harness replay`` on the embedded simulator: one drive in other weathers and sizes, three ways."""

from __future__ import annotations

import csv
import resource
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from datasets.errors import DiskError
from datasets.recording_dir import RecordingDir
from datasets.shard_reader import ShardReader
from harness.carla_client.drive_log import DriveLog
from harness.carla_client.endpoint import Endpoint
from harness.cli import harness
from harness.errors import DataError, IncompleteError, OutputInUseError, ScenarioFileError, UsageError
from harness.prediction.video import read_video, video_facts
from harness.recording.plan import adapted
from harness.recording.recorder import record
from harness.recording.scenario_recorder import RECORDED_BEFORE, drive_sha256
from harness.replaying.drives import LoggedDrive, as_suite, load_drives, seen_otherwise
from harness.replaying.replay import OutputKind, replay_drives
from harness.run_dir import prepare_output
from sim_scenarios.camera import Size
from sim_scenarios.scenario import Suite
from sim_scenarios.weather_grid import parse_weather_grid

pytestmark = pytest.mark.integration

TICKS = (0, 2, 4, 6, 8)
PASSES = tuple(
    f"one.{weather}.front_{size}" for weather in ("WetNoon", "HardRainNight") for size in ("160x90", "80x45")
)
"""Two weathers at two sizes."""
WANTED = ("--weather", "WetNoon,HardRainNight", "--size", "160x90,80x45")

Replay = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def recorded(simulator: Endpoint, suite_of: Callable[..., Suite], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of one drive in WetNoon, live."""
    folder = tmp_path_factory.mktemp("recorded")
    one = {"name": "one", "split": "train", "seed": 1, "weather": "WetNoon", "ego": {"spawn_point": 3}}
    record(simulator, suite_of(one), folder)
    return folder


@pytest.fixture
def replay(simulator: Endpoint, capsys: pytest.CaptureFixture[str]) -> Replay:
    """Run ``harness replay ...`` on the shared simulator: (exit code, what was printed)."""

    def run(*arguments: object) -> tuple[int, str]:
        address = ("--host", simulator.host, "--port", simulator.port)
        with pytest.raises(SystemExit) as ended:
            harness([str(each) for each in ("replay", *arguments, *address)])
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out + printed.err

    return run


def seen_as_wanted(recorded: Path, sizes: Sequence[Size] = ((160, 90), (80, 45))) -> tuple[LoggedDrive, ...]:
    """What WANTED means for the library; ``sizes`` in place of its own."""
    drives = load_drives(recorded)
    suite = adapted(as_suite(drives), sizes=sizes)
    return seen_otherwise(drives, suite, tuple(parse_weather_grid("WetNoon,HardRainNight").timelines.values()))


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "index.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def images(folder: Path, kind: str) -> list[np.ndarray[Any, Any]]:
    return [np.asarray(cv2.imread(str(folder / row[kind]), cv2.IMREAD_UNCHANGED)) for row in rows_of(folder)]


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_frames_show_one_scene_in_every_weather(recorded: Path, replay: Replay, tmp_path: Path) -> None:
    code, printed = replay(recorded, "-o", tmp_path / "out", *WANTED)
    assert code == 0, printed
    assert {path.name for path in (tmp_path / "out").iterdir() if path.is_dir()} == set(PASSES)
    log = DriveLog.load(recorded / "drives/one.npz")
    for name in PASSES:
        rows = rows_of(tmp_path / "out" / name)
        assert [int(row["tick"]) for row in rows] == list(TICKS)
        for row in rows:
            place = log.transforms[log.warmup_ticks + int(row["tick"]), log.ego]
            assert [float(row[f"ego_{axis}"]) for axis in "xyz"] == place[:3].tolist()
    wet, night = tmp_path / "out" / PASSES[0], tmp_path / "out" / PASSES[2]
    assert [each.shape for each in images(wet, "tags")] == [(90, 160)] * len(TICKS)
    np.testing.assert_array_equal(images(wet, "tags"), images(night, "tags"))
    assert np.mean(images(wet, "rgb")) > 1.3 * np.mean(images(night, "rgb"))

    with ShardReader(recorded / "shards/one.h5") as reader:
        for number, (rgb, tags) in enumerate(zip(images(wet, "rgb"), images(wet, "tags"), strict=True)):
            np.testing.assert_array_equal(rgb[:, :, ::-1], reader[number].rgb)
            np.testing.assert_array_equal(tags, reader[number].tags)


def test_a_video_lasts_as_long_as_the_drive(recorded: Path, replay: Replay, tmp_path: Path) -> None:
    log = recorded / "drives/one.npz"
    code, printed = replay(log, "-o", tmp_path / "out", *WANTED, "--write", "video")
    assert code == 0, printed
    assert {path.stem for path in (tmp_path / "out").glob("*.mp4")} == set(PASSES)
    for name in PASSES:
        assert video_facts(tmp_path / "out" / f"{name}.mp4") == (len(TICKS), pytest.approx(10.0))
    with ShardReader(recorded / "shards/one.h5") as reader:
        shown = next(iter(read_video(tmp_path / "out" / f"{PASSES[0]}.mp4")))
        assert np.abs(shown.astype(int) - reader[0].rgb).mean() < 8


def test_shards_of_the_own_weather_are_the_recording(recorded: Path, replay: Replay, tmp_path: Path) -> None:
    code, printed = replay(recorded, "-o", tmp_path / "out", "--write", "shards")
    assert code == 0, printed
    again = RecordingDir.open(tmp_path / "out")
    (entry,) = again.shards()
    assert (entry.path.name, entry.is_last) == ("one.WetNoon.h5", True)
    with ShardReader(entry.path) as replayed, ShardReader(recorded / "shards/one.h5") as original:
        assert replayed.index.tobytes() == original.index.tobytes()
        for number in range(len(original)):
            np.testing.assert_array_equal(replayed[number].rgb, original[number].rgb)
            np.testing.assert_array_equal(replayed[number].tags, original[number].tags)
    logs = [DriveLog.load(folder / "drives/one.npz") for folder in (recorded, tmp_path / "out")]
    assert drive_sha256(logs[0]) == drive_sha256(logs[1])
    code, printed = replay(recorded, "-o", tmp_path / "out", "--write", "shards", "--resume")
    assert (code, "1 of 1 were replayed before" in printed) == (0, True), printed


def test_shards_at_other_sizes_are_a_recording_that_verifies(recorded: Path, replay: Replay, tmp_path: Path) -> None:
    code, printed = replay(recorded, "-o", tmp_path / "out", *WANTED, "--write", "shards")
    assert code == 0, printed
    assert {entry.path.stem for entry in RecordingDir.open(tmp_path / "out").shards()} == set(PASSES)
    with pytest.raises(SystemExit) as ended:
        harness(["verify", str(tmp_path / "out")])
    assert not ended.value.code
    other_size = replay(recorded, "-o", tmp_path / "out", "--size", "64x36", "--write", "shards", "--resume")
    assert other_size[0] == OutputInUseError.exit_code, other_size[1]


@pytest.mark.parametrize("kind", ["frames", "video"])
def test_an_interrupted_replay_goes_on_as_if_nothing_had_happened(
    simulator: Endpoint, recorded: Path, tmp_path: Path, kind: OutputKind
) -> None:
    drives = seen_as_wanted(recorded)
    whole, cut = (prepare_output(tmp_path / name) for name in ("whole", "cut"))
    assert replay_drives(simulator, drives, whole, kind=kind).ended_by is None

    def stop_in_the_second(what: str, done: int, total: int) -> None:
        if what == "one HardRainNight" and done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replay_drives(simulator, drives, cut, kind=kind, progress=stop_in_the_second)
    left = content(cut)
    assert left.items() < content(whole).items()  # what there is of it is whole
    assert not any(Path(name).match("one.HardRainNight*/index.csv") for name in left)

    seen: set[str] = set()
    summary = replay_drives(simulator, drives, cut, kind=kind, progress=lambda what, done, total: seen.add(what))
    assert [(row.status, row.frames, row.note) for row in summary.rows] == [
        ("done", 10, RECORDED_BEFORE),
        ("done", 10, ""),
    ]
    assert seen == {"one HardRainNight"}
    assert content(cut) == content(whole)


def test_only_the_camera_that_is_missing_is_rendered_again(simulator: Endpoint, recorded: Path, tmp_path: Path) -> None:
    out = prepare_output(tmp_path / "out")
    drives = seen_as_wanted(recorded)
    replay_drives(simulator, drives, out, kind="frames")
    before = content(out)
    (out / PASSES[1] / "index.csv").unlink()
    kept = (out / PASSES[0] / "index.csv").stat().st_mtime_ns
    assert replay_drives(simulator, drives, out, kind="frames").rows[0].note == ""
    assert content(out) == before
    assert (out / PASSES[0] / "index.csv").stat().st_mtime_ns == kept


@pytest.mark.parametrize(("kind", "limit"), [("frames", 20_000), ("shards", 100_000)])
def test_a_full_disk_ends_the_replay_and_it_goes_on_when_there_is_room(
    simulator: Endpoint, recorded: Path, tmp_path: Path, kind: OutputKind, limit: int
) -> None:
    """The kernel's limit of a file's size stands for a full disk."""
    out = prepare_output(tmp_path / "out")
    drives = seen_as_wanted(recorded, sizes=[(320, 180)])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        summary = replay_drives(simulator, drives, out, kind=kind)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert isinstance(summary.ended_by, DiskError)
    assert "--resume" in str(summary.ended_by)
    assert [(row.weather, row.status) for row in summary.rows] == [("WetNoon", "failed"), ("HardRainNight", "not run")]
    summary = replay_drives(simulator, drives, out, kind=kind)
    assert [(row.status, row.frames) for row in summary.rows] == [("done", 5), ("done", 5)]


def test_one_drive_that_cannot_be_replayed_does_not_keep_others_from_it(
    recorded: Path, replay: Replay, tmp_path: Path
) -> None:
    log = DriveLog.load(recorded / "drives/one.npz")
    log.save(tmp_path / "one.npz")
    no_such = replace(log.actors[1], blueprint="vehicle.no.such")
    spoilt = replace(
        log, scenario=log.scenario | {"name": "before-one"}, actors=(log.actors[0], no_such, *log.actors[2:])
    )
    spoilt.save(tmp_path / "before-one.npz")
    code, printed = replay(tmp_path, "-o", tmp_path / "out", "--size", "80x45")
    assert code == IncompleteError.exit_code, printed
    assert "vehicle.no.such" in printed
    assert "1 of 2 were not replayed to their end (before-one in WetNoon)" in printed
    assert len(rows_of(tmp_path / "out" / "one.WetNoon")) == len(TICKS)


@pytest.mark.parametrize(
    ("change", "options", "code", "message"),
    [
        ({"server_version": "0.9.15"}, (), DataError.exit_code, "was made on CARLA 0.9.15"),
        ({"town": "Town99"}, (), DataError.exit_code, "was driven in Town99"),
        ({}, ("--size", "8x8"), ScenarioFileError.exit_code, "outside 16..8192"),
        ({}, ("--weather", "ClearNon"), ScenarioFileError.exit_code, "did you mean ClearNoon?"),
        ({}, ("--cameras", "frnt"), ScenarioFileError.exit_code, "did you mean front?"),
        ({}, ("--write", "gif"), UsageError.exit_code, "'frames', 'video', 'shards'"),
        ({}, ("--resume", "--overwrite"), UsageError.exit_code, "give one of them"),
    ],
)
def test_what_cannot_be_replayed_is_refused_and_nothing_is_written(
    recorded: Path,
    replay: Replay,
    tmp_path: Path,
    change: dict[str, str],
    options: tuple[str, ...],
    code: int,
    message: str,
) -> None:
    log = DriveLog.load(recorded / "drives/one.npz")
    of_town = {"scenario": log.scenario | {"town": change["town"]}} if "town" in change else {}
    replace(log, **change, **of_town).save(tmp_path / "one.npz")
    seen, printed = replay(tmp_path / "one.npz", "-o", tmp_path / "out", *options)
    assert (seen, message in printed) == (code, True), printed
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["frames", "video", "shards"])
def test_a_dry_run_writes_nothing(recorded: Path, replay: Replay, tmp_path: Path, kind: str) -> None:
    code, printed = replay(recorded, "-o", tmp_path / "out", *WANTED, "--write", kind, "--dry-run")
    lines = [line.split()[:3] for line in printed.splitlines()]
    assert (code, ["one", "4", "20"] in lines) == (0, True), printed
    assert not (tmp_path / "out").exists()
