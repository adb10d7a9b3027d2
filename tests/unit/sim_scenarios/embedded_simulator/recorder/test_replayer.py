"""What was recorded comes back: to the bit at the recording's own pace, in between at another."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from sim_scenarios.embedded_simulator.recorder import queries
from sim_scenarios.embedded_simulator.recorder.log import LogReader, LogWriter
from sim_scenarios.embedded_simulator.recorder.replayer import ReplayRequest
from sim_scenarios.embedded_simulator.world.actors import Sensor, TrafficLight, Vehicle, Walker
from sim_scenarios.embedded_simulator.world.bones import set_bones
from sim_scenarios.embedded_simulator.world.controls import VehicleControl
from sim_scenarios.embedded_simulator.world.errors import WorldError
from sim_scenarios.embedded_simulator.world.geometry import compose, difference, length
from sim_scenarios.embedded_simulator.world.settings import EpisodeSettings
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector, VehicleLight
from tests.unit.sim_scenarios.embedded_simulator.recorder.conftest import (
    DELTA_S,
    NUM_TICKS,
    Drive,
    Stage,
    at,
    described,
)

BEHIND = Pose(Vector(-10.0, 0.0, 5.0), Rotation(-25.0, 0.0, 0.0))
TOTAL_S = NUM_TICKS * DELTA_S
HERO, PARKED, GUEST = "vehicle.tesla.model3", "vehicle.audi.tt", "vehicle.mini.cooper_s"


def begin(
    stage: Stage,
    path: Path,
    *,
    start_s: float = 0.0,
    stop_s: float = TOTAL_S,
    follow_id: int = 0,
    replay_sensors: bool = False,
) -> None:
    request = ReplayRequest(
        start_s=start_s, stop_s=stop_s, follow_id=follow_id, offset=BEHIND, replay_sensors=replay_sensors
    )
    stage.replayer.start(LogReader(path), stage.world, request)


def test_every_tick_shows_what_was_recorded(stage: Stage, drive: Drive) -> None:
    begin(stage, drive.path)
    assert stage.scene() == drive.scenes[0]
    for expected in drive.scenes[1:]:
        assert stage.replayer.is_replaying
        stage.tick()
        assert stage.scene() == expected
    assert not stage.replayer.is_replaying
    assert len(drive.scenes[30]) == len(drive.scenes[0]) + 1 == len(drive.scenes[60]) + 1


def test_every_tick_looks_as_it_did(stage: Stage, drive: Drive) -> None:
    begin(stage, drive.path)
    for number, expected in enumerate(drive.looks[1:], start=1):
        stage.tick()
        assert stage.looks() == expected, number


def test_a_replay_of_a_replay_is_the_same(new_stage: Callable[[], Stage], drive: Drive, tmp_path: Path) -> None:
    first, second = new_stage(), new_stage()
    begin(first, drive.path)
    first.recorder.start(tmp_path / "again.log", first.world, date_s=0, additional_data=True)
    for _ in range(NUM_TICKS):
        first.tick()
    first.recorder.stop()
    begin(second, tmp_path / "again.log")
    for expected in drive.scenes[1:]:
        second.tick()
        assert second.scene() == expected


def test_what_shows_beside_poses_comes_back(stage: Stage, drive: Drive) -> None:
    begin(stage, drive.path)
    for _ in range(30):
        stage.tick()
    hero, walker = stage.one(HERO), stage.one("walker.pedestrian.0002")
    assert isinstance(hero, Vehicle)
    assert isinstance(walker, Walker)
    assert hero.lights == VehicleLight.LOW_BEAM | VehicleLight.BRAKE
    assert hero.control.throttle == pytest.approx(0.9)
    assert hero.color == (10, 20, 30)
    assert hero.velocity.x > 3.0
    assert hero.age_s == pytest.approx(37 * DELTA_S)
    assert walker.control.speed == 1.5
    assert length(walker.velocity) == pytest.approx(1.5, rel=0.05)
    guest = stage.one(GUEST)
    assert isinstance(guest, Vehicle)
    assert guest.age_s == pytest.approx(10 * DELTA_S)
    assert stage.world.weather.precipitation == 80.0


def test_traffic_lights_follow_the_recording_and_then_go_on(stage: Stage, drive: Drive) -> None:
    for _ in range(230):  # the cycle stands elsewhere
        stage.tick()
    (light,) = stage.world.of_kind(TrafficLight)
    begin(stage, drive.path)
    for expected in drive.lights[1:]:
        stage.tick()
        state, elapsed_s = light.state, light.elapsed_s
        assert expected.startswith(f"[({state!r}, ")
        assert float(expected.rpartition(", ")[2].rstrip(")]")) == pytest.approx(elapsed_s, abs=1e-5)
    before = light.elapsed_s, light.state
    stage.tick()
    assert (light.elapsed_s, light.state) != before


def test_start_counts_from_the_beginning_and_jumps(stage: Stage, drive: Drive) -> None:
    begin(stage, drive.path, start_s=1.5)
    assert stage.scene() == drive.scenes[30]
    assert stage.one(GUEST).velocity == Vector()
    stage.tick()
    assert stage.scene() == drive.scenes[31]


def test_a_part_ends_where_it_should(stage: Stage, drive: Drive) -> None:
    begin(stage, drive.path, start_s=1.0, stop_s=1.5)
    for _ in range(10):
        assert stage.replayer.is_replaying
        stage.tick()
    assert not stage.replayer.is_replaying
    assert stage.scene() == drive.scenes[30]


@pytest.mark.parametrize("start_s", [0.0, 12 * DELTA_S])
def test_set_bones_come_back(new_stage: Callable[[], Stage], tmp_path: Path, start_s: float) -> None:
    first, second = new_stage(), new_stage()
    walker = first.world.spawn(described("walker.pedestrian.0002"), at(20, 5, 1.1))
    assert isinstance(walker, Walker)
    first.recorder.start(tmp_path / "bones.log", first.world, date_s=0, additional_data=False)
    looks = [first.looks()]
    for number in range(20):
        if number in (4, 9):
            raised = Pose(Vector(0.0, 0.1, 0.2), Rotation(pitch=20.0 + 5.0 * number, yaw=30.0))
            set_bones(walker, {"crl_arm__L": raised, "crl_foreArm__R": raised})
        walker.pose_blend = 0.5 if number < 15 else 1.0
        first.tick()
        looks.append(first.looks())
    first.recorder.stop()
    begin(second, tmp_path / "bones.log", start_s=start_s, stop_s=20 * DELTA_S)
    for expected in looks[1 + round(start_s / DELTA_S) :]:
        second.tick()
        for seen, was in zip(second.looks(), expected, strict=True):
            assert (seen.posture is None) == (was.posture is None)
            assert was.posture is None or (seen.posture == was.posture).all()
    assert len({row[0].posture.tobytes() for row in looks if row[0].posture is not None}) >= 3


def test_afterwards_vehicles_rest_under_physics_and_walkers_stand(stage: Stage, drive: Drive) -> None:
    begin(stage, drive.path, stop_s=1.5)
    for _ in range(31):
        stage.tick()
    hero, walker = stage.one(HERO), stage.one("walker.pedestrian.0002")
    assert isinstance(hero, Vehicle)
    assert isinstance(walker, Walker)
    assert hero.simulate_physics
    assert walker.simulate_physics
    assert hero.control == VehicleControl()
    assert walker.control.speed == 0.0
    assert length(hero.velocity) < 0.05
    before = hero.pose.location.x
    hero.control = VehicleControl(throttle=1.0)
    for _ in range(20):
        stage.tick()
    assert hero.pose.location.x > before + 0.5


@pytest.mark.parametrize("factor", [0.5, 0.3, 2.0, 3.7])
def test_at_another_pace_poses_lie_between(stage: Stage, drive: Drive, factor: float) -> None:
    stage.replayer.time_factor = factor
    begin(stage, drive.path)
    ticks = 0
    while stage.replayer.is_replaying:
        stage.tick()
        ticks += 1
        at_frame = min(ticks * factor, NUM_TICKS)
        low, high = int(at_frame + 1e-9), min(NUM_TICKS, int(at_frame + 1e-9) + 1)
        before, after = (dict(drive.scenes[index])[HERO].location.x for index in (low, high))
        expected = before + (at_frame - low) * (after - before)
        assert stage.one(HERO).pose.location.x == pytest.approx(expected, abs=1e-4)
    assert ticks == -(-NUM_TICKS // factor)


def test_a_pace_of_zero_holds_the_replay(stage: Stage, drive: Drive) -> None:
    begin(stage, drive.path)
    stage.replayer.time_factor = 0.0
    for _ in range(5):
        stage.tick()
    assert stage.scene() == drive.scenes[0]
    stage.replayer.time_factor = 1.0
    stage.tick()
    assert stage.scene() == drive.scenes[1]


def test_another_time_step_meets_the_same_moments(stage: Stage, drive: Drive) -> None:
    stage.world.settings = EpisodeSettings(synchronous_mode=True, fixed_delta_seconds=0.1)
    begin(stage, drive.path)
    for index in range(2, NUM_TICKS + 1, 2):
        stage.tick()
        assert stage.scene() == drive.scenes[index]


def test_angles_go_the_shorter_way(stage: Stage, tmp_path: Path) -> None:
    car = stage.world.spawn(described(HERO), at(50, 1.75))
    assert isinstance(car, Vehicle)
    car.simulate_physics = False
    stage.world.set_pose(car.id, Pose(car.pose.location, Rotation(0.0, 179.0, 0.0)))
    stage.recorder.start(tmp_path / "turn.log", stage.world, date_s=0, additional_data=False)
    stage.world.set_pose(car.id, Pose(car.pose.location, Rotation(0.0, -179.0, 0.0)))
    stage.tick()
    stage.recorder.stop()
    stage.replayer.time_factor = 0.5
    begin(stage, tmp_path / "turn.log", stop_s=DELTA_S)
    stage.tick()
    assert abs(car.pose.rotation.yaw) == pytest.approx(180.0)


def test_actors_that_are_there_play_themselves(stage: Stage, drive: Drive) -> None:
    for _ in range(drive.hero_id - 1 - len(stage.world.actors)):
        stage.world.spawn(described("static.prop.bin"), at(150, -5))
    hero = stage.world.spawn(described(HERO), at(120, 1.75))
    other = stage.world.spawn(described("vehicle.audi.a2"), at(170, -1.75))
    assert (hero.id, other.id) == (drive.hero_id, drive.parked_id)
    begin(stage, drive.path)
    stage.tick()
    assert stage.one(HERO) is hero
    assert hero.pose == dict(drive.scenes[1])[HERO]
    assert stage.one(PARKED).id > other.id  # the id was taken by another type
    stage.replayer.stop(stage.world, keep_actors=False)
    assert hero.id in stage.world.actors
    assert other.id in stage.world.actors
    assert not [actor for actor in stage.world.actors.values() if actor.type_id == PARKED]


def test_what_was_not_recorded_goes_on(stage: Stage, drive: Drive) -> None:
    own = stage.world.spawn(described("vehicle.audi.a2"), at(120, -1.75))
    assert isinstance(own, Vehicle)
    begin(stage, drive.path)
    own.control = VehicleControl(throttle=1.0)
    for _ in range(NUM_TICKS):
        stage.tick()
    assert own.pose.location.x > 125.0
    assert stage.scene()[1:] == drive.scenes[-1]


def test_stopping_keeps_or_removes(new_stage: Callable[[], Stage], drive: Drive) -> None:
    for keep, expected in ((True, len(drive.scenes[10])), (False, 0)):
        stage = new_stage()
        begin(stage, drive.path)
        for _ in range(10):
            stage.tick()
        stage.replayer.stop(stage.world, keep_actors=keep)
        assert not stage.replayer.is_replaying
        assert len(stage.scene()) == expected
        stage.tick()


def test_the_spectator_follows(stage: Stage, drive: Drive) -> None:
    begin(stage, drive.path, follow_id=drive.hero_id)
    for _ in range(20):
        stage.tick()
        assert stage.world.spectator.pose == compose(dict(drive.scenes[stage.world.frame])[HERO], BEHIND)


def test_the_spectator_is_left_alone_unless_wanted(stage: Stage, tmp_path: Path) -> None:
    stage.world.set_pose(stage.world.spectator.id, at(1, 2, 3))
    stage.recorder.start(tmp_path / "s.log", stage.world, date_s=0, additional_data=False)
    stage.tick()
    stage.recorder.stop()
    for ignore, expected in ((True, at(7, 7, 7)), (False, at(1, 2, 3))):
        stage.world.set_pose(stage.world.spectator.id, at(7, 7, 7))
        stage.replayer.ignore_spectator = ignore
        begin(stage, tmp_path / "s.log", stop_s=DELTA_S)
        stage.tick()
        assert stage.world.spectator.pose == expected


def test_without_the_hero_somebody_else_can_drive(stage: Stage, drive: Drive) -> None:
    stage.replayer.ignore_hero = True
    begin(stage, drive.path)
    own = stage.world.spawn(described(HERO, role_name="hero"), at(100, 1.75))
    for expected in drive.scenes[1:]:
        stage.tick()
        assert [entry for entry in stage.scene() if entry[0] != HERO] == [e for e in expected if e[0] != HERO]
    assert length(difference(own.pose.location, Vector(100, 1.75, 0))) < 0.1


def test_sensors_come_only_when_asked_for(new_stage: Callable[[], Stage], drive: Drive) -> None:
    for wanted in (False, True):
        stage = new_stage()
        begin(stage, drive.path, replay_sensors=wanted)
        for _ in range(10):
            stage.tick()
        sensors = stage.world.of_kind(Sensor)
        assert len(sensors) == (2 if wanted else 0)
        hero = stage.one(HERO)
        for sensor in sensors:
            assert sensor.parent_id == hero.id
        if wanted:
            camera = stage.one("sensor.camera.rgb")
            assert length(difference(camera.pose.location, hero.pose.location)) == pytest.approx(2.0, abs=1e-4)


def test_a_new_episode_ends_a_replay_and_a_recording(stage: Stage, drive: Drive, tmp_path: Path) -> None:
    begin(stage, drive.path)
    stage.recorder.start(tmp_path / "cut.log", stage.world, date_s=0, additional_data=False)
    stage.tick()
    stage.world.load_episode("Street", stage.world.place, reset_settings=False)
    stage.tick()
    assert not stage.replayer.is_replaying
    assert stage.scene() == []
    log = LogReader(tmp_path / "cut.log")
    assert len(log.ticks) == 2
    log.close()


def test_a_new_replay_replaces_the_one_before(stage: Stage, drive: Drive) -> None:
    begin(stage, drive.path)
    stage.tick()
    begin(stage, drive.path)
    assert stage.scene() == drive.scenes[0]


def test_an_empty_recording_cannot_be_replayed(stage: Stage, tmp_path: Path) -> None:
    LogWriter(tmp_path / "empty.log", {"map": "Street"}).close()
    with pytest.raises(WorldError, match="no frame"):
        begin(stage, tmp_path / "empty.log")


def test_a_recording_that_changes_meanwhile_ends_the_replay(
    stage: Stage, drive: Drive, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "changed.log"
    path.write_bytes(drive.path.read_bytes())
    begin(stage, path)
    with path.open("r+b") as file:
        file.truncate(2000)
    while stage.replayer.is_replaying:
        stage.tick()
    assert "replay ended: recording" in capfd.readouterr().err
    assert stage.world.frame < NUM_TICKS


def test_a_blueprint_that_is_gone_is_said_and_left_out(
    stage: Stage, drive: Drive, capfd: pytest.CaptureFixture[str]
) -> None:
    del stage.world.library[PARKED]
    begin(stage, drive.path)
    stage.tick()
    assert "goes on without vehicle.audi.tt" in capfd.readouterr().err
    assert stage.scene() == [entry for entry in drive.scenes[1] if entry[0] != PARKED]


def test_lamps_that_were_switched_are_switched_again(new_stage: Callable[[], Stage], tmp_path: Path) -> None:
    first, second = new_stage(), new_stage()
    world = first.world
    (lamp,) = world.lights.lights(world.weather)
    first.recorder.start(tmp_path / "lamps.log", world, date_s=0, additional_data=False)
    switched = []
    for number in range(8):
        if number == 2:
            world.lights.update(
                [dataclasses.replace(lamp, active=True, color=(9, 8, 7), intensity=50.0)], world.weather
            )
        if number == 4:
            world.set_weather(dataclasses.replace(world.weather, sun_altitude_angle=-20.0))
        if number == 6:
            world.lights.update([dataclasses.replace(lamp, active=False)], world.weather)
        first.tick()
        switched.append(world.lights.lights(world.weather))
    first.recorder.stop()
    begin(second, tmp_path / "lamps.log", stop_s=8 * DELTA_S)
    for expected in switched:
        second.tick()
        assert second.world.lights.lights(second.world.weather) == expected
    log = LogReader(tmp_path / "lamps.log")
    text = queries.file_info(log, show_all=True)
    few = queries.file_info(log, show_all=False)
    log.close()
    assert f" Scene light changes: 1\n  Id: {lamp.id} enabled: True intensity: 50 RGB_color: (9, 8, 7)\n" in text
    assert few.count("\nFrame ") == 1
    assert text.count("Scene light changes") == 3


def test_the_weather_of_the_start_is_that_of_then(stage: Stage, drive: Drive) -> None:
    stage.world.weather = dataclasses.replace(stage.world.weather, fog_density=50.0)
    begin(stage, drive.path, start_s=2.0)
    assert (stage.world.weather.precipitation, stage.world.weather.fog_density) == (80.0, 2.0)
