"""Recording through the real client from the embedded simulator: what lies on disk, resuming, interrupting, failing."""

from __future__ import annotations

import threading
from pathlib import Path

import carla
import numpy as np
import pytest

from datasets.recording_dir import RecordingDir
from datasets.shard_reader import ShardReader
from harness.carla_client.drive_log import DriveLog
from harness.carla_client.endpoint import Endpoint
from harness.carla_client.preflight import check_scenarios
from harness.errors import OutputInUseError, ScenarioFileError
from harness.recording import RecordSummary, record
from sim_scenarios.scenario import Suite

pytestmark = pytest.mark.integration

FRAMES = 5


def suite_of(*scenarios: dict[str, object]) -> Suite:
    shared = {
        "duration_s": 0.5,
        "record_every_n": 2,
        "warmup_ticks": 3,
        "traffic": {"vehicles": 3, "walkers": 3},
        "cameras": [{"name": "front", "width": 160, "height": 90}],
    }
    return Suite.model_validate({"name": "tiny", "scenarios": [shared | each for each in scenarios]})


TINY = suite_of(
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


def pixels(folder: Path) -> dict[str, list[bytes]]:
    content: dict[str, list[bytes]] = {}
    for entry in RecordingDir.open(folder).shards():
        with ShardReader(entry.path) as reader:
            content[entry.scenario] = [reader[i].rgb.tobytes() + reader[i].tags.tobytes() for i in range(len(reader))]
    return content


def test_a_suite_becomes_shards_and_drive_logs(simulator: Endpoint, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    summary = record(simulator, TINY, tmp_path, progress=lambda what, done, total: seen.append((what, done, total)))

    assert rows(summary) == [("one", "done", FRAMES, 0), ("two", "done", FRAMES, 0)]
    assert all(row.frames_per_s > 0 for row in summary.rows)
    assert seen == [(name, i, FRAMES) for name in ("one", "two") for i in range(1, FRAMES + 1)]
    recording = RecordingDir.open(tmp_path)
    assert [(entry.scenario, entry.split) for entry in recording.shards()] == [("one", "train"), ("two", "test")]
    for entry, scenario in zip(recording.shards(), TINY.scenarios, strict=True):
        log = DriveLog.load(recording.drive_log_path(entry.scenario))
        with ShardReader(entry.path) as reader:
            assert reader.header.seed == scenario.seed
            assert reader.header.extra["definition"] == scenario.model_dump(mode="json")
            assert list(reader.frames) == [log.frames[row] for row in range(log.num_ticks) if log.is_recorded(row)]
            first = reader[0]
        assert first.rgb.shape == (90, 160, 3)
        assert first.rgb.std() > 5.0
        assert {1, 11} <= set(np.unique(first.tags).tolist())  # road and sky
    assert leftovers(simulator) == []


def test_resuming_skips_what_is_finished_and_drives_the_rest_as_if_nothing_had_happened(
    simulator: Endpoint, tmp_path: Path
) -> None:
    record(simulator, TINY, tmp_path / "whole")

    def stop_in_the_second(what: str, done: int, total: int) -> None:
        if what == "two" and done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        record(simulator, TINY, tmp_path / "cut", progress=stop_in_the_second)
    assert leftovers(simulator) == []
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith(("encoder", "shard-writer"))]
    cut = RecordingDir.open(tmp_path / "cut")
    assert [entry.scenario for entry in cut.shards()] == ["one"]
    with ShardReader(cut.parts()[0], allow_part=True) as reader:
        assert len(reader) == 3

    summary = record(simulator, TINY, tmp_path / "cut", resume=True)
    assert rows(summary) == [("one", "done", FRAMES, 0), ("two", "done", FRAMES, 0)]
    assert summary.rows[0].note == "recorded before"
    assert RecordingDir.open(tmp_path / "cut").parts() == ()
    assert pixels(tmp_path / "cut") == pixels(tmp_path / "whole")


def test_a_scenario_that_was_changed_since_is_not_taken_for_recorded(simulator: Endpoint, tmp_path: Path) -> None:
    one = suite_of({"name": "one", "split": "train", "seed": 1})
    other = suite_of({"name": "one", "split": "train", "seed": 2})
    record(simulator, one, tmp_path)
    with pytest.raises(OutputInUseError, match="another definition"):
        record(simulator, other, tmp_path, resume=True)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"town": "Town10HDD"}, "scenario one: unknown town 'Town10HDD': did you mean Town10HD"),
        ({"ego": {"blueprint": "vehicle.tesla.model4"}}, "'vehicle.tesla.model4': did you mean vehicle.tesla.model3"),
        ({"ego": {"spawn_point": 9999}}, "spawn point 9999 does not exist"),
    ],
)
def test_what_the_server_lacks_is_told_before_anything_is_driven(
    simulator: Endpoint, wrong: dict[str, object], message: str
) -> None:
    with pytest.raises(ScenarioFileError, match=message):
        check_scenarios(simulator, suite_of({"name": "one", "split": "train", **wrong}).scenarios)


def test_a_scenario_that_fails_is_a_row_and_the_next_is_driven(simulator: Endpoint, tmp_path: Path) -> None:
    suite = suite_of(
        {"name": "nowhere", "split": "train", "ego": {"spawn_point": 100_000}},
        {"name": "no-town", "split": "train", "town": "Town10HDD"},
        {"name": "no-car", "split": "train", "ego": {"blueprint": "vehicle.tesla.model4"}},
        {"name": "fine", "split": "train"},
    )
    summary = record(simulator, suite, tmp_path)
    assert [row.status for row in summary.rows] == ["failed", "failed", "failed", "done"]
    nowhere, no_town, no_car, _ = (row.note for row in summary.rows)
    assert "spawn point 100000 does not exist" in nowhere
    assert "did you mean Town10HD?" in no_town
    assert "did you mean vehicle.tesla.model3?" in no_car
    assert [entry.scenario for entry in RecordingDir.open(tmp_path).shards()] == ["fine"]
    assert summary.server_lost is None
    assert leftovers(simulator) == []


def test_every_camera_of_a_scenario_has_its_shard(simulator: Endpoint, tmp_path: Path) -> None:
    cameras = [{"name": "front", "width": 160, "height": 90}, {"name": "left", "width": 96, "height": 64, "yaw": -60}]
    summary = record(simulator, suite_of({"name": "one", "split": "train", "cameras": cameras}), tmp_path)
    assert rows(summary) == [("one", "done", 2 * FRAMES, 0)]
    shards = {entry.path.name: entry for entry in RecordingDir.open(tmp_path).shards()}
    assert sorted(shards) == ["one.front.h5", "one.left.h5"]
    with ShardReader(shards["one.left.h5"].path) as left, ShardReader(shards["one.front.h5"].path) as front:
        assert left[0].rgb.shape == (64, 96, 3)
        assert list(left.frames) == list(front.frames)
        turned = (left[0].camera_transform[4] - front[0].camera_transform[4]) % 360
        assert turned == pytest.approx(300.0, abs=1e-3)
