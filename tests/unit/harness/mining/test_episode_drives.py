"""Episodes as drives to replay: names, ticks, cameras; and what a folder without them says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.carla_client.drive_log import DriveLog
from harness.carla_client.endpoint import Endpoint
from harness.closed_loop.episode_files import drive_log_file
from harness.closed_loop.episode_log import EpisodeKey
from harness.closed_loop.rules import RolloutRules
from harness.errors import DataError, OutputInUseError
from harness.mining.episode_drives import driven_suite, load_episode, recorded_name
from harness.mining.mine import MinedFrame
from harness.mining.record import FRAMES_NAME, check_recordable, keep_choice, record_episodes, seed_of
from sim_scenarios.scenario import Scenario
from tests.unit.harness.closed_loop.drive_folder import DriveFolder, make_plan


def frame(key: EpisodeKey, tick: int) -> MinedFrame:
    return MinedFrame(key=key, split="test", tick=tick, time_s=tick * 0.05, iou=0.5, reason="low IoU")


@pytest.fixture
def folder(tmp_path: Path, make_log: Callable[..., DriveLog]) -> DriveFolder:
    """A drive with decisions in every second tick, of which three of four episodes have a drive log."""
    (tmp_path / "drive").mkdir()
    folder = DriveFolder(tmp_path / "drive", make_plan(rules=RolloutRules(decide_every=2)))
    for job in folder.jobs[:3]:
        path = folder.path / drive_log_file(job.key)
        path.parent.mkdir(exist_ok=True)
        make_log("lane", simulator_seed=11, weather="WetNoon", duration_s=5.0).save(path)
    return folder


def test_an_episode_is_a_scenario_of_its_own_with_a_frame_for_each_decision(folder: DriveFolder) -> None:
    suite = driven_suite(folder.path)
    assert suite.decide_every == 2
    keys = [job.key for job in folder.jobs]
    assert [each.key for each in suite.episodes] == keys[:3]
    assert seed_of(suite) == 11
    drive = load_episode(suite, suite.episodes[0])
    assert drive.scenario.name == recorded_name(keys[0]) == "lane_ClearNoon_320x180_90.0deg_truth_r01"
    assert (drive.scenario.record_every_n, drive.log.record_every_n, drive.log.num_frames) == (2, 2, 5)
    assert drive.scenario.num_frames == 5, "the ten ticks that were driven, not those that were allowed"
    assert drive.log.scenario == drive.scenario.definition
    assert [weather.name for weather in drive.weathers] == ["WetNoon"]
    assert drive.ticks == ()
    names = {load_episode(suite, each).scenario.name for each in suite.episodes}
    assert len(names) == 3


def test_of_chosen_frames_only_their_episodes_and_ticks(folder: DriveFolder) -> None:
    first, second, *_ = (job.key for job in folder.jobs)
    suite = driven_suite(folder.path, [frame(second, 8), frame(second, 2), frame(first, 4), frame(second, 2)])
    assert [(each.key, each.ticks) for each in suite.episodes] == [(first, (4,)), (second, (2, 8))]
    assert load_episode(suite, suite.episodes[1]).ticks == (2, 8)


@given(
    weather=st.text("abcXYZ:=_.-0123456789", min_size=1, max_size=90).map(lambda text: f"W{text}"),
    scenario=st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,79}\Z"),
    repeat=st.integers(1, 1000),
)
def test_every_episode_has_a_name_that_a_scenario_may_have(weather: str, scenario: str, repeat: int) -> None:
    values: dict[str, Any] = {"weather": weather, "width": 640, "height": 360, "fov": 90.0, "policy": "a.py:B"}
    one, other = (
        recorded_name(EpisodeKey(scenario=scenario, repeat=number, **values)) for number in (repeat, repeat + 1)
    )
    assert one != other
    assert Scenario(name=one, split="train", duration_s=1.0).name == one


def test_a_drive_without_an_episode_cannot_be_recorded(tmp_path: Path) -> None:
    suite = driven_suite(DriveFolder(tmp_path).path)
    endpoint = Endpoint(host="127.0.0.1", port=1, version="0.9.16", embedded=False)
    with pytest.raises(DataError, match="no driven episode"):
        check_recordable(endpoint, suite)
    assert record_episodes(endpoint, suite, tmp_path / "out").rows == ()


def test_an_episode_of_another_server_is_a_row_with_its_reason(folder: DriveFolder, tmp_path: Path) -> None:
    suite = driven_suite(folder.path)
    (folder.path / drive_log_file(suite.episodes[1].key)).write_bytes(b"damaged")
    endpoint = Endpoint(host="127.0.0.1", port=1, version="0.9.15", embedded=False)
    summary = record_episodes(endpoint, suite, tmp_path / "out")
    assert [row.status for row in summary.rows] == ["failed"] * 3
    assert "this server is 0.9.15" in summary.rows[0].note
    assert "not a drive log" in summary.rows[1].note


def test_a_folder_of_chosen_frames_is_gone_on_with_for_the_same_ones(folder: DriveFolder, tmp_path: Path) -> None:
    key = folder.jobs[0].key
    keep_choice((frame(key, 2),), tmp_path)
    written = (tmp_path / FRAMES_NAME).read_bytes()
    keep_choice((frame(key, 2),), tmp_path)
    with pytest.raises(OutputInUseError, match="begun with other frames"):
        keep_choice((frame(key, 4),), tmp_path)
    assert (tmp_path / FRAMES_NAME).read_bytes() == written
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [FRAMES_NAME]
