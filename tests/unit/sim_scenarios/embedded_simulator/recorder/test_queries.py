"""The texts about a recording, word for word as CARLA's, because programs take them apart."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim_scenarios.embedded_simulator.recorder import queries
from sim_scenarios.embedded_simulator.recorder.log import LogReader
from sim_scenarios.embedded_simulator.world.actors import Vehicle
from sim_scenarios.embedded_simulator.world.controls import VehicleControl
from sim_scenarios.embedded_simulator.world.errors import WorldError
from sim_scenarios.embedded_simulator.world.snapshot import Pose
from tests.unit.sim_scenarios.embedded_simulator.recorder.conftest import (
    DELTA_S,
    NUM_TICKS,
    Drive,
    Stage,
    at,
    described,
)

DATE_S = 1_550_745_980
DATE = time.strftime("%m/%d/%y %H:%M:%S", time.localtime(DATE_S))


@pytest.fixture
def log(drive: Drive) -> Iterator[LogReader]:
    log = LogReader(drive.path)
    yield log
    log.close()


def test_a_short_recording_word_for_word(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "short.log"
    car = stage.world.spawn(described("vehicle.audi.tt", role_name="hero", color="1,2,3"), at(20.5, 1.75))
    stage.world.spawn(described("sensor.other.gnss"), Pose(), parent_id=car.id)
    stage.recorder.start(path, stage.world, date_s=DATE_S, additional_data=True)
    stage.world.destroy(car.id)
    stage.tick()
    stage.tick()
    log = LogReader(path)
    few, everything = queries.file_info(log, show_all=False), queries.file_info(log, show_all=True)
    log.close()
    opening = f"""Version: 1
Map: Street
Date: {DATE}

"""
    first = """Frame 1 at 0 seconds
 Create 1: spectator (0) at (10000, 0, 6000)
 Create 2: traffic.traffic_light (3) at (10000, 500, 0)
 Create 3: vehicle.audi.tt (1) at (2050, 175, 0)
  role_name = hero
  color = 1,2,3
 Create 4: sensor.other.gnss (5) at (2050, 175, 0)
 Parenting 4 with 3 (parent)
"""
    second = """Frame 2 at 0.05 seconds
 Destroy 3
"""
    closing = """
Frames: 3
Duration: 0.1 seconds
"""
    assert few == opening + first + second + closing
    states = r""" Positions: 1
  Id: 1 Location: (10000, 0, 6000) Rotation: (0, -60, 0)
 State traffic lights: 1
  Id: 2 state: 2 frozen: 0 elapsedTime: %s
 Vehicle animations: 0
 Walker animations: 0
 Vehicle light animations: 0
"""
    frames = everything.removeprefix(opening).removesuffix(closing).split("Frame ")
    assert frames[3] == "3 at 0.1 seconds\n" + states % "0.1"
    assert "Frame " + frames[2] == second + states % "0.05"
    box, trigger = car.box, stage.world.actors[2].box
    assert "  Id: 3 Location: (2050, 175, 0) Rotation: (0, 0, 0)\n State traffic lights: 1" in frames[1]
    assert " Vehicle animations: 1\n  Id: 3 Steering: 0 Throttle: 0 Brake: 0 Handbrake: 0 Gear: 1\n" in frames[1]
    assert " Vehicle light animations: 1\n  Id: 3 None\n" in frames[1]
    assert " Dynamic actors: 1\n  Id: 3 linear_velocity: (0, 0, 0) angular_velocity: (0, 0, 0)\n" in frames[1]
    assert f"  Id: 3 origin: (0, 0, {100 * box.location.z:g}) extension: ({100 * box.extent.x:g}, " in frames[1]
    assert f"  Id: 2 origin: ({100 * trigger.location.x:g}, " in frames[1]
    assert " Traffic Light time events: 1\n  Id: 2 green_time: 10 yellow_time: 3 red_time: 2\n" in frames[1]


def test_every_frame_of_a_drive_has_its_rows(log: LogReader, drive: Drive) -> None:
    text = queries.file_info(log, show_all=True)
    frames = text.split("\nFrame ")[1:]
    assert len(frames) == NUM_TICKS + 1
    for number, frame in enumerate(frames):
        head = re.match(r"(\d+) at (\S+) seconds\n", frame)
        assert head is not None
        assert int(head[1]) == number + 1
        assert float(head[2]) == pytest.approx(DELTA_S * number)
        rows = re.search(
            rf"  Id: {drive.hero_id} Location: \((\S+), (\S+), (\S+)\) Rotation: \((\S+), (\S+), (\S+)\)", frame
        )
        assert rows is not None
        location, rotation = dict(drive.scenes[number])["vehicle.tesla.model3"]
        told = [float(value) for value in rows.groups()]
        assert told[:3] == pytest.approx([100 * part for part in location], rel=1e-5, abs=1e-3)
        assert told[3:] == pytest.approx([rotation.roll, rotation.pitch, rotation.yaw], rel=1e-5, abs=1e-3)
        speed = re.search(r" Walker animations: 1\n  Id: \d+ speed: (\S+)\n", frame)
        assert speed is not None
    assert "LowBeam Brake\n" in frames[30]
    assert "Throttle: 0.9 " in frames[30]
    assert text.endswith(f"\n\nFrames: {NUM_TICKS + 1}\nDuration: {NUM_TICKS * DELTA_S:g} seconds\n")


def test_only_what_happened_unless_all_is_asked_for(log: LogReader) -> None:
    numbers = re.findall(r"Frame (\d+) at", queries.file_info(log, show_all=False))
    assert {"1", "22", "52"} <= set(numbers)
    assert len(numbers) < NUM_TICKS


def test_a_collision_is_told_once_with_the_one_who_felt_it_first(log: LogReader, drive: Drive) -> None:
    text = queries.collisions(log, "a", "a")
    lines = text.splitlines()
    assert (
        lines[4]
        == "    Time  Types     Id Actor 1                                 Id Actor 2                            "
    )
    hit = [line for line in lines if "vehicle.audi.tt" in line]
    assert hit
    assert re.fullmatch(
        rf" {{7}}\d   v v {drive.hero_id:>7} vehicle\.tesla\.model3 +{drive.parked_id} vehicle\.audi\.tt +", hit[0]
    )
    assert len(hit) < 10
    assert lines[-2:] == [f"Frames: {NUM_TICKS + 1}", "Duration: 4 seconds"]


@pytest.mark.parametrize(
    ("category1", "category2", "is_found"),
    [("h", "v", True), ("v", "a", True), ("a", "h", False), ("w", "a", False), ("v", "t", False), ("o", "o", False)],
)
def test_collisions_by_type(log: LogReader, category1: str, category2: str, is_found: bool) -> None:
    assert ("vehicle.audi.tt" in queries.collisions(log, category1, category2)) is is_found


@pytest.mark.parametrize("category", ["x", "", "vv", "?"])
def test_a_type_that_is_none_is_said(log: LogReader, category: str) -> None:
    with pytest.raises(WorldError, match=r"one of the letters h, v, w, t, o, a; got"):
        queries.collisions(log, category, "a")


def test_what_collided_without_a_sensor_is_not_recorded(log: LogReader, drive: Drive) -> None:
    assert not re.search(rf" {drive.parked_id} vehicle.audi.tt +{drive.hero_id} ", queries.collisions(log, "a", "a"))


def test_blocked_actors_the_longest_first(stage: Stage, tmp_path: Path) -> None:
    moving = stage.world.spawn(described("vehicle.audi.a2"), at(20, -1.75))
    waiting = stage.world.spawn(described("vehicle.audi.tt"), at(60, 1.75))
    assert isinstance(moving, Vehicle)
    assert isinstance(waiting, Vehicle)
    stage.recorder.start(tmp_path / "blocked.log", stage.world, date_s=DATE_S, additional_data=False)
    for number in range(200):
        moving.control = VehicleControl(throttle=0.6)
        waiting.control = VehicleControl(throttle=0.6 if number >= 100 else 0.0)
        stage.tick()
    stage.recorder.stop()
    log = LogReader(tmp_path / "blocked.log")
    text = queries.actors_blocked(log, min_time_s=3.0, min_distance_cm=100.0)
    log.close()
    lines = text.splitlines()
    assert lines[4] == "    Time     Id Actor                                 Duration"
    assert lines[5] == f"       0 {1:>6} spectator                                   10"
    assert re.fullmatch(rf" {{7}}0 {waiting.id:>6} {'vehicle.audi.tt':<35} {{10}}[5-7]", lines[6])
    assert lines[7:] == ["", "Frames: 201", "Duration: 10 seconds"]


def test_a_cut_file_says_so(drive: Drive, tmp_path: Path) -> None:
    path = tmp_path / "cut.log"
    path.write_bytes(drive.path.read_bytes()[:-10])
    log = LogReader(path)
    text = queries.file_info(log, show_all=False)
    log.close()
    assert f"\nFrames: {NUM_TICKS}\n" in text
    assert re.search(r"\d+ bytes behind the last whole one are left out\n$", text)


def test_a_text_without_end_is_refused(log: LogReader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "MAX_TEXT_BYTES", 10_000)
    with pytest.raises(WorldError, match="ask without show_all"):
        queries.file_info(log, show_all=True)
    queries.collisions(log, "a", "a")
