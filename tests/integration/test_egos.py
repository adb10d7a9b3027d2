"""Who drives the ego, and who stands at the side of the road: it happens, and a replay shows it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import carla
import numpy as np
import pytest

from harness.carla_client.cast import spawn_parked_vehicles
from harness.carla_client.drive import drive
from harness.carla_client.drive_log import DriveLog
from harness.carla_client.ego_drivers import poses_along
from harness.carla_client.endpoint import Endpoint
from harness.carla_client.observation import CameraPair
from harness.carla_client.replay import replay
from harness.carla_client.session import Session, open_session
from harness.carla_client.weather import WEATHER_LIGHTS, lights_for
from harness.errors import DataError, ScenarioFileError
from sim_scenarios.camera import CameraSpec
from sim_scenarios.scenario import Scenario
from sim_scenarios.weather import PRESETS

pytestmark = pytest.mark.integration

CAMERAS = [CameraSpec(name="rear", width=96, height=54, x=-7.0, z=3.0, pitch=-12.0, planes=("depth", "instance"))]
"""Sees its own car, with wheels and lamps."""
TRAFFIC = {"vehicles": 6, "walkers": 6}


def a_scenario(**content: object) -> Scenario:
    shared = {"name": "tiny", "split": "test", "seed": 4, "duration_s": 1.5, "record_every_n": 3, "warmup_ticks": 4}
    return Scenario.model_validate(shared | {"traffic": TRAFFIC} | content)


@pytest.fixture
def session(simulator: Endpoint) -> Iterator[Session]:
    with open_session(simulator, fixed_delta_seconds=0.05) as opened:
        yield opened


def driven(session: Session, scenario: Scenario) -> tuple[DriveLog, list[CameraPair]]:
    run = drive(session, scenario, cameras=CAMERAS)
    pairs = [each.cameras["rear"] for each in run]
    assert run.shortfalls == ()
    return run.log, pairs


def assert_replay_shows(session: Session, log: DriveLog, drove: list[CameraPair]) -> None:
    run = replay(session, log, weather=None, cameras=CAMERAS)
    shown = [each.cameras["rear"] for each in run]
    assert run.max_pose_error_m == 0.0
    for a, b in zip(drove, shown, strict=True):
        assert a.transform == b.transform
        for plane in ("rgb", "tags", "depth", "instance"):
            np.testing.assert_array_equal(getattr(a, plane), getattr(b, plane), err_msg=plane)


def test_a_route_is_driven_from_place_to_place(simulator: Endpoint) -> None:
    scenario = a_scenario(
        duration_s=120.0,  # a red light of CARLA's cycle lasts up to 45 s
        fixed_delta_seconds=0.1,
        traffic={},
        ego={"spawn_point": 133, "route": [3, {"x": 103.0, "y": 120.0}]},
    )
    with open_session(simulator, fixed_delta_seconds=0.1) as session:
        points = session.map.get_spawn_points()
        run = drive(session, scenario, cameras=())
        track = np.array([each.ego_transform[:2] for each in run])
    places = [(points[3].location.x, points[3].location.y), (103.0, 120.0)]
    passed = [np.linalg.norm(track - place, axis=1) for place in places]
    assert [distance.min() < 6.0 for distance in passed] == [True, True]
    assert passed[0].argmin() < passed[1].argmin()


def test_a_driven_route_is_replayed_as_it_was(session: Session) -> None:
    log, drove = driven(session, a_scenario(ego={"spawn_point": 133, "route": [3]}))
    assert_replay_shows(session, log, drove)


def test_an_ego_begins_on_the_lane_nearest_to_a_location(session: Session) -> None:
    place = session.map.get_spawn_points()[12].location
    log, _ = driven(session, a_scenario(duration_s=0.1, ego={"spawn_point": {"x": place.x, "y": place.y + 0.5}}))
    assert np.linalg.norm(log.transforms[0, 0, :2] - (place.x, place.y)) < 1.0


@pytest.mark.parametrize(
    ("ego", "said"),
    [
        ({"spawn_point": 9999}, "spawn point 9999 does not exist"),
        ({"spawn_point": {"x": 5000.0, "y": 0.0}}, "the ego: .* has no driving lane within 30 m"),
        ({"route": [3, 9999]}, "route, place 1: spawn point 9999"),
    ],
)
def test_places_that_do_not_exist_are_refused(session: Session, ego: dict[str, object], said: str) -> None:
    with pytest.raises(ScenarioFileError, match=said):
        next(iter(drive(session, a_scenario(ego=ego), cameras=())))


def test_an_ego_repeats_a_logged_one_amid_other_traffic(session: Session, tmp_path: Path) -> None:
    first, _ = driven(session, a_scenario(ego={"spawn_point": 3}, warmup_ticks=10))
    first.save(tmp_path / "first.npz")
    at_night = {"weather": "ClearNight", "seed": 9, "warmup_ticks": 14}
    log, drove = driven(session, a_scenario(ego={"drive_log": str(tmp_path / "first.npz")}, **at_night))
    np.testing.assert_array_equal(log.transforms[4:, 0], first.transforms[:, 0])
    np.testing.assert_array_equal(log.transforms[:4, 0], np.repeat(first.transforms[:1, 0], 4, axis=0))
    np.testing.assert_array_equal(log.controls[4:, 0], first.controls[:, 0])
    np.testing.assert_allclose(log.speeds[10:, 0], first.speeds[6:, 0], atol=0.3)
    assert set(log.vehicle_lights[:, 0] & WEATHER_LIGHTS) == {lights_for(PRESETS["ClearNight"])}
    assert not np.array_equal(log.spawn_transforms[1:], first.spawn_transforms[1:])
    assert np.linalg.norm(log.transforms[-1, 1:7, :2] - log.transforms[0, 1:7, :2], axis=1).max() > 1.0
    assert_replay_shows(session, log, drove)


def test_an_ego_follows_a_path_in_time(session: Session) -> None:
    start = session.map.get_spawn_points()[3]
    place = {"z": start.location.z, "yaw": start.rotation.yaw}
    ahead = start.location + start.get_forward_vector() * 9.0
    path = [
        {"at_s": 0.0, "x": start.location.x, "y": start.location.y, **place},
        {"at_s": 1.0, "x": ahead.x, "y": ahead.y, **place, "yaw": start.rotation.yaw + 350.0},
    ]
    scenario = a_scenario(ego={"path": path})
    log, drove = driven(session, scenario)
    times_s = np.arange(-4, scenario.num_ticks) * 0.05
    np.testing.assert_array_equal(log.transforms[:, 0, :3], poses_along(scenario.ego.path, times_s)[:, :3])
    np.testing.assert_allclose(log.speeds[5:24, 0], 9.0, rtol=1e-3)
    np.testing.assert_allclose(log.speeds[[0, 4, 30], 0], 0.0, atol=1e-3)
    turned = np.diff(np.unwrap(log.transforms[:, 0, 4], period=360.0))
    np.testing.assert_allclose(turned[5:24], -0.5, atol=1e-3)
    assert_replay_shows(session, log, drove)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"duration_s": 4.0}, "the log has 0.5 s, the scenario wants 4 s"),
        ({"town": "Town10HD_Opt"}, "its town is Town10HD, the scenario's Town10HD_Opt"),
    ],
)
def test_a_log_that_does_not_fit_the_scenario_is_refused(
    session: Session, tmp_path: Path, change: dict[str, object], said: str
) -> None:
    run = drive(session, a_scenario(duration_s=0.5, traffic={}), cameras=())
    assert len(list(run)) == 4
    run.log.save(tmp_path / "short.npz")
    with pytest.raises(DataError, match=said):
        next(iter(drive(session, a_scenario(ego={"drive_log": str(tmp_path / "short.npz")}, **change), cameras=())))


def test_parked_cars_stand_beside_the_lanes(session: Session) -> None:
    with session.actors() as scope:
        near = session.map.get_spawn_points()[3].location
        parked = spawn_parked_vehicles(scope, session.world, count=40, near=near, rng=np.random.default_rng(0))
        for _ in range(20):
            session.tick()
        assert len(parked) == 40
        for member in parked:
            location, box = member.actor.get_transform(), member.actor.bounding_box.extent
            corners = [carla.Location(x * box.x, y * box.y, 0.0) for x, y in itertools.product((-1, 0, 1), (-1, 1))]
            for corner in corners:
                on_map = location.transform(corner)
                assert session.map.get_waypoint(on_map, project_to_road=False) is None, member.made_as.blueprint
            assert location.location.distance_2d(carla.Location(*member.spawned_at[:3])) < 0.05


def test_parked_cars_leave_the_others_as_they_are(session: Session) -> None:
    alone, _ = driven(session, a_scenario(duration_s=0.2))
    log, drove = driven(session, a_scenario(duration_s=0.2, traffic=TRAFFIC | {"parked_vehicles": 8}))
    assert log.actors[:13] == alone.actors
    np.testing.assert_array_equal(log.spawn_transforms[:13], alone.spawn_transforms)
    assert [each.attributes["role_name"] for each in log.actors[13:]] == ["parked"] * 8
    again, _ = driven(session, a_scenario(duration_s=0.2, traffic=TRAFFIC | {"parked_vehicles": 8}))
    assert again.actors == log.actors
    np.testing.assert_array_equal(again.transforms, log.transforms)
    assert_replay_shows(session, log, drove)


def test_walkers_cross_roads_as_often_as_they_may(session: Session) -> None:
    ways = []
    for factor in (0.0, 1.0):
        traffic = {"walkers": 60, "crossing_factor": factor}
        run = drive(session, a_scenario(duration_s=9.0, traffic=traffic, ego={"spawn_point": 3}), cameras=())
        assert len(list(run)) == 60
        ways.append(run.log.transforms[:, 1:, :2])
    np.testing.assert_array_equal(ways[0][0], ways[1][0])
    assert np.linalg.norm(ways[0][-1] - ways[1][-1], axis=1).max() > 3.0
