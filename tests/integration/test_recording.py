"""Recording through the real client from the embedded simulator: what lies on disk, resuming, interrupting, failing."""

from __future__ import annotations

import resource
import threading
from collections.abc import Callable
from pathlib import Path

import carla
import numpy as np
import pytest

from datasets.errors import DiskError
from datasets.recording_dir import RecordingDir
from datasets.shard_reader import ShardReader
from harness.carla_client.drive_log import DriveLog
from harness.carla_client.endpoint import Endpoint
from harness.carla_client.preflight import check_scenarios
from harness.cli import harness
from harness.errors import DataError, OutputInUseError, ScenarioFileError
from harness.recording import passes
from harness.recording.plan import RecordingOptions
from harness.recording.recorder import record
from harness.recording.rows import RecordSummary
from harness.recording.scenario_recorder import drive_sha256
from harness.run_dir import lock_output, prepare_output
from sim_scenarios.scenario import Suite
from sim_scenarios.weather import PRESETS
from sim_scenarios.weather_grid import parse_weather_grid
from sim_scenarios.weather_timeline import WeatherTimeline

pytestmark = pytest.mark.integration

FRAMES = 5


MakeSuite = Callable[..., Suite]


@pytest.fixture(scope="module")
def tiny(suite_of: MakeSuite) -> Suite:
    return suite_of(
        {"name": "one", "split": "train", "seed": 1, "ego": {"spawn_point": 3}},
        {"name": "two", "split": "test", "seed": 2, "ego": {"spawn_point": 60}},
    )


def leftovers(endpoint: Endpoint) -> list[str]:
    """Actors that a scenario makes, and settings, that are still there."""
    client = carla.Client(endpoint.host, endpoint.port, 2)
    client.set_timeout(20.0)
    world = client.get_world()
    world.wait_for_tick(10.0)  # of the asynchronous server: fails where synchronous mode was left on
    found = [actor.type_id for actor in world.get_actors() if actor.type_id.split(".")[0] in FAMILIES]
    settings = world.get_settings()
    if settings.synchronous_mode or settings.fixed_delta_seconds:
        found.append("synchronous mode")
    return found


FAMILIES = ("vehicle", "walker", "sensor", "controller")


def rows(summary: RecordSummary) -> list[tuple[str, str, int, int]]:
    return [(row.scenario, row.status, row.frames, row.gaps) for row in summary.rows]


def test_a_suite_becomes_shards_and_drive_logs(simulator: Endpoint, tiny: Suite, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    summary = record(simulator, tiny, tmp_path, progress=lambda what, done, total: seen.append((what, done, total)))

    assert rows(summary) == [("one", "done", FRAMES, 0), ("two", "done", FRAMES, 0)]
    assert all(row.frames_per_s > 0 for row in summary.rows)
    assert seen == [(name, i, FRAMES) for name in ("one", "two") for i in range(1, FRAMES + 1)]
    recording = RecordingDir.open(tmp_path)
    assert [(entry.scenario, entry.split) for entry in recording.shards()] == [("one", "train"), ("two", "test")]
    for entry, scenario in zip(recording.shards(), tiny.scenarios, strict=True):
        log = DriveLog.load(recording.drive_log_path(entry.scenario))
        with ShardReader(entry.path) as reader:
            assert reader.header.seed == scenario.seed
            assert reader.header.extra["definition"] == scenario.definition
            assert list(reader.frames) == [0, 2, 4, 6, 8]
            assert len(reader) == log.num_frames
            assert [sample.timestamp_s for sample in map(reader.__getitem__, range(2))] == [0.0, 0.1]
            first = reader[0]
        assert first.rgb.shape == (90, 160, 3)
        assert first.rgb.std() > 5.0
        assert {1, 11} <= set(np.unique(first.tags).tolist())  # road and sky
    assert leftovers(simulator) == []


def test_resuming_skips_what_is_finished_and_drives_the_rest_as_if_nothing_had_happened(
    simulator: Endpoint, content_of: Callable[[Path], object], tiny: Suite, tmp_path: Path
) -> None:
    record(simulator, tiny, tmp_path / "whole")

    def stop_in_the_second(what: str, done: int, total: int) -> None:
        if what == "two" and done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        record(simulator, tiny, tmp_path / "cut", progress=stop_in_the_second)
    assert leftovers(simulator) == []
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith(("encoder", "shard-writer"))]
    cut = RecordingDir.open(tmp_path / "cut")
    assert [entry.scenario for entry in cut.shards()] == ["one"]
    with ShardReader(cut.parts()[0], allow_part=True) as reader:
        assert len(reader) == 3

    summary = record(simulator, tiny, tmp_path / "cut", resume=True)
    assert rows(summary) == [("one", "done", FRAMES, 0), ("two", "done", FRAMES, 0)]
    assert summary.rows[0].note == "recorded before"
    assert RecordingDir.open(tmp_path / "cut").parts() == ()
    assert content_of(tmp_path / "cut") == content_of(tmp_path / "whole")


def test_a_scenario_that_was_changed_since_is_not_taken_for_recorded(
    simulator: Endpoint, suite_of: MakeSuite, tmp_path: Path
) -> None:
    one = suite_of({"name": "one", "split": "train", "seed": 1})
    other = suite_of({"name": "one", "split": "train", "seed": 2})
    record(simulator, one, tmp_path)
    with pytest.raises(OutputInUseError, match="recorded in another way"):
        record(simulator, other, tmp_path, resume=True)
    with pytest.raises(OutputInUseError, match=r"extra\.recording\.compression"):
        record(simulator, one, tmp_path, resume=True, options=RecordingOptions(compression="plain"))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"town": "Town10HDD"}, "scenario one: unknown town 'Town10HDD': did you mean Town10HD"),
        ({"ego": {"blueprint": "vehicle.tesla.model4"}}, "'vehicle.tesla.model4': did you mean vehicle.tesla.model3"),
        ({"ego": {"spawn_point": 9999}}, "spawn point 9999 does not exist"),
    ],
)
def test_what_the_server_lacks_is_told_before_anything_is_driven(
    simulator: Endpoint, suite_of: MakeSuite, wrong: dict[str, object], message: str
) -> None:
    with pytest.raises(ScenarioFileError, match=message):
        check_scenarios(simulator, suite_of({"name": "one", "split": "train", **wrong}).scenarios)


def test_a_scenario_that_fails_is_a_row_and_the_next_is_driven(
    simulator: Endpoint, suite_of: MakeSuite, tmp_path: Path
) -> None:
    suite = suite_of(
        {"name": "nowhere", "split": "train", "ego": {"spawn_point": 9999}},
        {"name": "no-town", "split": "train", "town": "Town10HDD"},
        {"name": "no-car", "split": "train", "ego": {"blueprint": "vehicle.tesla.model4"}},
        {"name": "fine", "split": "train"},
    )
    summary = record(simulator, suite, tmp_path)
    assert [row.status for row in summary.rows] == ["failed", "failed", "failed", "done"]
    nowhere, no_town, no_car, _ = (row.note for row in summary.rows)
    assert "spawn point 9999 does not exist" in nowhere
    assert "did you mean Town10HD?" in no_town
    assert "did you mean vehicle.tesla.model3?" in no_car
    assert [entry.scenario for entry in RecordingDir.open(tmp_path).shards()] == ["fine"]
    assert summary.ended_by is None
    assert leftovers(simulator) == []


def test_every_camera_of_a_scenario_has_its_shard(simulator: Endpoint, suite_of: MakeSuite, tmp_path: Path) -> None:
    cameras = [{"name": "front", "width": 160, "height": 90}, {"name": "left", "width": 96, "height": 64, "yaw": -60}]
    summary = record(simulator, suite_of({"name": "one", "split": "train", "cameras": cameras}), tmp_path)
    assert rows(summary) == [("one", "done", 2 * FRAMES, 0)]
    shards = {entry.path.name: entry for entry in RecordingDir.open(tmp_path).shards()}
    assert sorted(shards) == ["one.front.h5", "one.left.h5"]
    with ShardReader(shards["one.left.h5"].path) as left, ShardReader(shards["one.front.h5"].path) as front:
        assert left[0].rgb.shape == (64, 96, 3)
        assert list(left.frames) == list(front.frames)
        assert left.index["frame"].tolist() == front.index["frame"].tolist()
        turned = (left[0].camera_transform[4] - front[0].camera_transform[4]) % 360
        assert turned == pytest.approx(300.0, abs=1e-3)


def test_weathers_show_the_same_drive_and_differ_in_the_picture_alone(
    simulator: Endpoint, suite_of: MakeSuite, tmp_path: Path
) -> None:
    cameras = [
        {"name": name, "width": 160, "height": 90, "yaw": yaw, "planes": ["depth", "instance"]}
        for name, yaw in (("front", 0), ("rear", 180))
    ]
    suite = suite_of({"name": "one", "split": "train", "seed": 1, "cameras": cameras})
    weathers = tuple(parse_weather_grid("ClearNoon,HardRainNight,ClearNoon->DenseFog").timelines.values())
    summary = record(simulator, suite, tmp_path, weathers=weathers, options=RecordingOptions(shard_frames=3))

    assert [(row.weather, row.status, row.frames, row.other_labels) for row in summary.rows] == [
        ("ClearNoon", "done", 2 * FRAMES, None),
        ("HardRainNight", "done", 2 * FRAMES, 0),
        ("ClearNoon->DenseFog", "done", 2 * FRAMES, 0),
    ]
    recording = RecordingDir.open(tmp_path)
    names = [entry.path.name for entry in recording.shards()]
    assert sorted(names) == sorted(
        f"one.{weather}.{camera}.{number:03d}.h5"
        for weather in ("ClearNoon", "HardRainNight", "ClearNoon-to-DenseFog")
        for camera in ("front", "rear")
        for number in (0, 1)
    )
    log = DriveLog.load(recording.drive_log_path("one"))
    by_weather: dict[tuple[str, str, int], np.ndarray] = {}
    for entry in recording.shards():
        with ShardReader(entry.path) as reader:
            assert reader.planes == ("rgb", "tags", "depth", "instance")
            assert reader.header.extra["drive_sha256"] == drive_sha256(log)
            by_weather[entry.weather, entry.camera, entry.sequence] = reader.index
    for (_, camera, number), index in by_weather.items():
        noon = by_weather["ClearNoon", camera, number]
        for column in ("frame", "camera_transform", "tags_xxh64", "depth_xxh64", "instance_xxh64"):
            np.testing.assert_array_equal(index[column], noon[column])
    night, noon = by_weather["HardRainNight", "front", 0], by_weather["ClearNoon", "front", 0]
    assert not np.any(night["rgb_xxh64"] == noon["rgb_xxh64"])


def test_another_weather_can_be_added_and_a_finished_one_is_not_touched(
    simulator: Endpoint, suite_of: MakeSuite, content_of: Callable[[Path], dict[str, object]], tmp_path: Path
) -> None:
    suite = suite_of({"name": "one", "split": "train", "seed": 1})
    noon, fog = parse_weather_grid("ClearNoon,DenseFog").timelines.values()
    record(simulator, suite, tmp_path, weathers=[noon])
    before = content_of(tmp_path)
    summary = record(simulator, suite, tmp_path, weathers=[noon, fog], resume=True)
    assert [(row.note, row.other_labels) for row in summary.rows] == [("recorded before", None), ("", 0)]
    assert before.items() <= content_of(tmp_path).items()
    with pytest.raises(OutputInUseError, match="is_replayed"):
        record(simulator, suite, tmp_path, resume=True)


def test_who_stands_is_recorded_once_and_the_same_ticks_in_every_weather(
    simulator: Endpoint, suite_of: MakeSuite, tmp_path: Path
) -> None:
    suite = suite_of({"name": "one", "split": "train", "seed": 1, "duration_s": 2.0, "ego": {"spawn_point": 3}})
    options = RecordingOptions(min_motion_m=0.5)
    summary = record(
        simulator,
        suite,
        tmp_path,
        weathers=tuple(parse_weather_grid("ClearNoon,WetNight").timelines.values()),
        options=options,
    )
    for row in summary.rows:
        assert row.idle > 0
        assert row.frames + row.idle == suite.scenarios[0].num_frames
        assert row.other_labels in (None, 0)
    frames, positions = [], []
    for entry in RecordingDir.open(tmp_path).shards():
        with ShardReader(entry.path) as reader:
            frames.append(reader.index["frame"].tolist())
            positions.append(reader.index["camera_transform"][:, :3])
    assert frames[0] == frames[1]
    assert np.all(np.linalg.norm(np.diff(positions[0], axis=0), axis=1) > 0.45)

    live = record(simulator, suite, tmp_path / "live", options=options)
    assert [(row.frames, row.idle) for row in live.rows] == [(summary.rows[0].frames, summary.rows[0].idle)]


def test_no_weather_of_any_time_of_day_is_taken_for_a_fault(
    simulator: Endpoint, suite_of: MakeSuite, tmp_path: Path
) -> None:
    cameras = [
        {"name": name, "width": 96, "height": 54, "yaw": yaw}
        for name, yaw in (("front", 0), ("rear", 180), ("left", -90))
    ]
    suite = suite_of({"name": "one", "split": "train", "seed": 4, "duration_s": 0.3, "cameras": cameras})
    weathers = [WeatherTimeline.constant(weather) for weather in PRESETS.values()]
    summary = record(simulator, suite, tmp_path, weathers=weathers)
    assert len(summary.rows) == len(PRESETS) > 21
    assert {(row.status, row.frames, row.quarantined, row.gaps) for row in summary.rows} == {("done", 9, 0, 0)}
    assert not (tmp_path / "quarantine.jsonl").exists()


def test_a_full_disk_ends_the_recording_with_what_is_written_intact(
    simulator: Endpoint,
    tiny: Suite,
    content_of: Callable[[Path], object],
    tmp_path: Path,
) -> None:
    record(simulator, tiny, tmp_path / "whole")
    one_frame = (tmp_path / "whole/shards/two.h5").stat().st_size // FRAMES
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3 * one_frame, hard))
    try:
        summary = record(simulator, tiny, tmp_path / "cut")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert isinstance(summary.ended_by, DiskError)
    assert "--resume" in str(summary.ended_by)
    assert [(row.scenario, row.status) for row in summary.rows] == [("one", "failed"), ("two", "not run")]
    assert 0 < summary.rows[0].frames < FRAMES
    assert leftovers(simulator) == []
    (part,) = RecordingDir.open(tmp_path / "cut").parts()
    with ShardReader(part, allow_part=True) as reader:
        assert 0 < len(reader) < FRAMES
        assert [reader[number].frame for number in range(len(reader))] == [2 * number for number in range(len(reader))]
    record(simulator, tiny, tmp_path / "cut", resume=True)
    assert content_of(tmp_path / "cut") == content_of(tmp_path / "whole")


def test_the_command_tells_of_a_full_disk_and_goes_on_later(
    simulator: Endpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = tmp_path / "tiny.yaml"
    suite.write_text("{name: tiny, scenarios: [{name: one, split: test, duration_s: 0.5, warmup_ticks: 3}]}")
    command = ["record", str(suite), "-o", str(tmp_path / "out"), "--size", "160x90", "--durable"]
    command += ["--host", simulator.host, "--port", str(simulator.port)]

    def run(*options: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            harness([*command, *options])
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out + printed.err

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        code, printed = run()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert code == DataError.exit_code
    assert "failed" in printed
    assert printed.count("could not be written") == 1
    assert "with --resume" in printed
    assert run("--resume")[0] == 0
    (entry,) = RecordingDir.open(tmp_path / "out").shards()
    assert entry.num_frames == 10


@pytest.mark.parametrize("option", ["--resume", "--overwrite"])
def test_the_second_recorder_of_a_folder_is_refused_and_deletes_nothing(
    simulator: Endpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    recording = RecordingDir.create(prepare_output(tmp_path))
    command = ["record", "smoke", "-o", str(tmp_path), "--host", simulator.host, "--port", str(simulator.port), option]
    before = sorted(tmp_path.rglob("*"))
    with lock_output(tmp_path), recording.lock(), pytest.raises(SystemExit) as ended:
        harness(command)
    assert ended.value.code == OutputInUseError.exit_code
    assert "Another process is writing to" in capsys.readouterr().err
    assert set(before) <= set(tmp_path.rglob("*"))


def test_a_server_that_drives_otherwise_the_second_time_is_noticed(
    simulator: Endpoint, suite_of: MakeSuite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = suite_of({"name": "one", "split": "train", "seed": 1, "duration_s": 1.0})

    def stop(what: str, done: int, total: int) -> None:
        if done == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        record(simulator, suite, tmp_path, progress=stop)
    same_seed = passes.drive
    monkeypatch.setattr(
        passes,
        "drive",
        lambda session, scenario, **rest: same_seed(session, scenario.model_copy(update={"seed": 77}), **rest),
    )
    (row,) = record(simulator, suite, tmp_path, resume=True).rows
    assert (row.status, row.frames) == ("done", 10)
    assert "one.h5.part is kept as one.h5.part.set-aside: the server did not do the same drive again" in row.note
    shards = tmp_path / "shards"
    assert sorted(path.name for path in shards.iterdir()) == ["one.h5", "one.h5.part.set-aside"]
    kept = (shards / "one.h5.part.set-aside").rename(shards / "kept.h5.part")
    with ShardReader(kept, allow_part=True) as reader:
        assert len(reader) == 6
