"""Which drives a path stands for, how they are seen otherwise, and what is refused before anything is rendered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.carla_client.drive_log import DriveLog
from harness.carla_client.endpoint import Endpoint
from harness.errors import DataError, UsageError
from harness.replaying.drives import (
    all_streams,
    as_suite,
    check_replayable,
    load_drives,
    seen_otherwise,
    simulator_seed,
)
from sim_scenarios.rig import vary_cameras
from sim_scenarios.weather_grid import parse_weather_grid

SaveLog = Callable[..., Path]
WEATHERS = tuple(parse_weather_grid("ClearNoon,ClearNoon->DenseFog").timelines.values())


def names(path: Path) -> list[str]:
    return [drive.scenario.name for drive in load_drives(path)]


def test_a_file_a_folder_and_a_recording_stand_for_their_drives(save_log: SaveLog, tmp_path: Path) -> None:
    save_log("rec/drives/two.npz", name="two")
    one = save_log("rec/drives/one.npz", name="one")
    save_log("rec/confusion.npz", name="no-drive-of-a-recording")
    assert names(one) == ["one"]
    assert names(tmp_path / "rec/drives") == names(tmp_path / "rec") == ["one", "two"]


def test_a_drive_is_seen_as_it_was_driven_unless_told_otherwise(save_log: SaveLog) -> None:
    drives = load_drives(save_log("one.npz", weather="WetNoon"))
    assert [weather.name for weather in drives[0].weathers] == ["WetNoon"]
    same = seen_otherwise(drives, as_suite(drives), ())
    assert [stream.name for stream in all_streams(same)] == ["one.WetNoon"]

    suite = as_suite(drives)
    cameras = vary_cameras(suite.scenarios[0].cameras, sizes=[(64, 36), (32, 18)])
    suite = suite.model_copy(
        update={"scenarios": tuple(each.model_copy(update={"cameras": cameras}) for each in suite.scenarios)}
    )
    other = seen_otherwise(drives, suite, WEATHERS)
    assert [stream.name for stream in all_streams(other)] == [
        "one.ClearNoon.front_64x36",
        "one.ClearNoon.front_32x18",
        "one.ClearNoon-to-DenseFog.front_64x36",
        "one.ClearNoon-to-DenseFog.front_32x18",
    ]


def test_a_weather_named_twice_is_refused(save_log: SaveLog) -> None:
    drives = load_drives(save_log("one.npz"))
    with pytest.raises(UsageError, match="both ClearNoon"):
        seen_otherwise(drives, as_suite(drives), [WEATHERS[0], WEATHERS[0]])


def test_two_drives_of_one_scenario_are_refused(save_log: SaveLog, tmp_path: Path) -> None:
    save_log("logs/first.npz", name="one")
    save_log("logs/second.npz", name="One")
    with pytest.raises(UsageError, match=r"first\.npz and .*second\.npz are both of scenario"):
        load_drives(tmp_path / "logs")


def test_what_is_no_drive_log_is_refused(save_log: SaveLog, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        load_drives(tmp_path / "gone.npz")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no drive log"):
        load_drives(tmp_path / "empty")
    whole = save_log("whole.npz").read_bytes()
    for share in (0.0, 0.3, 0.9, 0.999):
        cut = tmp_path / "cut.npz"
        cut.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(DataError, match=r"cut\.npz"):
            load_drives(cut)


def test_a_log_of_another_scenario_format_is_refused(make_log: Callable[..., DriveLog], tmp_path: Path) -> None:
    log = make_log()
    replace(log, scenario=log.scenario | {"wheels": 5}).save(tmp_path / "odd.npz")
    with pytest.raises(DataError, match="wheels"):
        load_drives(tmp_path / "odd.npz")


def test_a_log_without_a_recorded_tick_is_refused(save_log: SaveLog) -> None:
    with pytest.raises(DataError, match="no recorded tick"):
        load_drives(save_log("short.npz", ticks=0))


def test_the_simulator_gets_the_seed_of_the_drives(save_log: SaveLog, tmp_path: Path) -> None:
    save_log("same/one.npz", name="one", simulator_seed=7)
    save_log("same/two.npz", name="two", simulator_seed=7)
    save_log("same/old.npz", name="old")
    assert simulator_seed(load_drives(tmp_path / "same")) == 7
    assert simulator_seed(load_drives(tmp_path / "same/old.npz")) == 0
    save_log("same/zero.npz", name="zero", simulator_seed=0)
    with pytest.raises(UsageError, match=r"seed 7.* with seed 0"):
        simulator_seed(load_drives(tmp_path / "same"))


def test_a_log_of_another_server_version_is_refused_before_the_server_is_asked(save_log: SaveLog) -> None:
    nobody = Endpoint(host="127.0.0.1", port=1, version="0.9.16", embedded=False)
    drives = load_drives(save_log("old.npz", server_version="0.9.15"))
    with pytest.raises(DataError, match=r"old\.npz was made on CARLA 0\.9\.15, this server is 0\.9\.16"):
        check_replayable(nobody, drives)
