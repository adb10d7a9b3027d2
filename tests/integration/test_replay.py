"""Replays of a drive on the embedded simulator: the same scene to the last tag, whatever the weather and the size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from harness.carla_client.drive import drive
from harness.carla_client.drive_log import DriveLog
from harness.carla_client.endpoint import Endpoint
from harness.carla_client.observation import CameraPair, Observation
from harness.carla_client.replay import replay
from harness.carla_client.session import Session, open_session
from harness.errors import DataError
from sim_scenarios.camera import CameraSpec
from sim_scenarios.scenario import Scenario
from sim_scenarios.weather import PRESETS, Weather

pytestmark = pytest.mark.integration

CAMERA = CameraSpec(width=160, height=90)
SCENARIO = Scenario.model_validate(
    {
        "name": "tiny",
        "split": "test",
        "seed": 5,
        "duration_s": 1.5,
        "record_every_n": 3,
        "warmup_ticks": 30,
        "traffic": {"vehicles": 12, "walkers": 12},
        "ego": {"spawn_point": 3},
    }
)


@dataclass(frozen=True)
class Driven:
    observations: list[Observation]
    log: DriveLog


def driven(endpoint: Endpoint, scenario: Scenario = SCENARIO) -> Driven:
    with open_session(endpoint, seed=scenario.seed, fixed_delta_seconds=scenario.fixed_delta_seconds) as session:
        run = drive(session, scenario, cameras=[CAMERA])
        return Driven(observations=list(run), log=run.log)


@pytest.fixture(scope="module")
def original(simulator: Endpoint) -> Driven:
    return driven(simulator)


@pytest.fixture
def session(simulator: Endpoint) -> Iterator[Session]:
    with open_session(simulator, seed=0, fixed_delta_seconds=0.05) as opened:
        yield opened


def pairs(observations: list[Observation], camera: str = "front") -> list[CameraPair]:
    assert [gap for each in observations for gap in each.gaps] == []
    return [each.cameras[camera] for each in observations]


def replayed(session: Session, log: DriveLog, weather: Weather | None) -> tuple[list[CameraPair], float]:
    run = replay(session, log, weather=weather, cameras=[CAMERA])
    observations = list(run)
    return pairs(observations), run.max_pose_error_m


def test_the_log_holds_a_drive(original: Driven) -> None:
    log = original.log
    assert log.num_ticks == SCENARIO.warmup_ticks + SCENARIO.num_ticks
    assert log.num_frames == len(original.observations) == SCENARIO.num_frames
    assert len(log.actors) == 25
    assert not np.isnan(log.transforms).any()
    moved = np.linalg.norm(log.transforms[-1, :, :2] - log.transforms[0, :, :2], axis=1)
    walkers = np.array([each.is_walker for each in log.actors])
    assert moved[log.ego] > 3.0
    assert (moved[~walkers] > 1.0).sum() >= 6
    assert (moved[walkers] > 1.0).sum() >= 6
    last = original.observations[-1]
    assert last.tick == 27
    assert last.timestamp_s == pytest.approx(27 * 0.05)
    row = SCENARIO.warmup_ticks + last.tick
    assert last.frame == log.frames[row]
    np.testing.assert_array_equal(np.float32(last.ego_transform), log.transforms[row, log.ego])
    assert last.ego_speed == pytest.approx(log.speeds[row, log.ego], rel=1e-5)


def test_the_same_seed_drives_the_same_drive(simulator: Endpoint, original: Driven) -> None:
    again = driven(simulator)
    assert again.log.actors == original.log.actors
    np.testing.assert_array_equal(again.log.transforms, original.log.transforms)
    np.testing.assert_array_equal(again.log.traffic_lights, original.log.traffic_lights)
    for one, other in zip(pairs(original.observations), pairs(again.observations), strict=True):
        np.testing.assert_array_equal(one.tags, other.tags)


def test_another_seed_drives_another_drive(simulator: Endpoint, original: Driven) -> None:
    other = driven(simulator, SCENARIO.model_copy(update={"seed": 6, "duration_s": 0.2}))
    assert other.log.actors != original.log.actors


def test_a_replay_shows_what_the_drive_showed(session: Session, original: Driven) -> None:
    shown, pose_error_m = replayed(session, original.log, None)
    assert pose_error_m == 0.0
    for drove, replays in zip(pairs(original.observations), shown, strict=True):
        assert replays.transform == drove.transform
        np.testing.assert_array_equal(replays.tags, drove.tags)
        # Not all of it is equal: blinkers follow the server's clock.
        assert np.mean(replays.rgb != drove.rgb) < 0.01


def test_weather_changes_the_picture_and_never_the_labels(session: Session, original: Driven) -> None:
    noon, _ = replayed(session, original.log, None)
    for name in ("HardRainNight", "ClearSunset", "DenseFog"):
        other, pose_error_m = replayed(session, original.log, PRESETS[name])
        assert pose_error_m == 0.0
        for one, two in zip(noon, other, strict=True):
            np.testing.assert_array_equal(one.tags, two.tags)
            assert one.transform == two.transform
            assert np.abs(one.rgb.astype(int) - two.rgb.astype(int)).mean() > 5.0, name


def test_all_sizes_are_cameras_of_one_pass(session: Session, original: Driven) -> None:
    sizes = [CAMERA.with_size(160, 90), CAMERA.with_size(96, 54)]
    observations = list(replay(session, original.log, weather=None, cameras=sizes))
    large, small = (pairs(observations, camera.name) for camera in sizes)
    alone, _ = replayed(session, original.log, None)
    for pair, little, reference in zip(large, small, alone, strict=True):
        np.testing.assert_array_equal(pair.tags, reference.tags)
        assert little.tags.shape == (54, 96)
        assert little.transform == pair.transform


def test_a_replay_without_cameras_gives_poses(session: Session, original: Driven) -> None:
    observations = list(replay(session, original.log, weather=None, cameras=[]))
    assert [each.ego_transform for each in observations] == [each.ego_transform for each in original.observations]
    assert [each.tick for each in observations] == [each.tick for each in original.observations]
    assert all(each.cameras == {} for each in observations)


def test_a_log_of_another_time_step_is_refused(simulator: Endpoint, original: Driven) -> None:
    with (
        open_session(simulator, seed=0, fixed_delta_seconds=0.1) as session,
        pytest.raises(DataError, match=r"0\.05 s a tick"),
    ):
        list(replay(session, original.log, weather=None, cameras=[]))
