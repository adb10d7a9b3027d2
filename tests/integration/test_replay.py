"""Drives and replays on the embedded simulator: the same scene to the last bit, whatever the weather and the size."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import carla
import numpy as np
import pytest

from harness.carla_client.actors import to_transform
from harness.carla_client.drive import drive
from harness.carla_client.drive_log import DriveLog, LoggedActor
from harness.carla_client.endpoint import Endpoint
from harness.carla_client.log_checks import load_drive_log
from harness.carla_client.observation import CameraPair, Observation
from harness.carla_client.replay import logged_timeline, replay
from harness.carla_client.sensors import to_instance, to_tags
from harness.carla_client.session import Session, open_session
from harness.carla_client.weather import WEATHER_LIGHTS, lights_for, to_carla
from harness.errors import DataError
from sim_scenarios.camera import CameraSpec
from sim_scenarios.scenario import Scenario
from sim_scenarios.weather import PRESETS, Weather
from sim_scenarios.weather_grid import parse_weather_grid
from sim_scenarios.weather_timeline import WeatherTimeline

pytestmark = pytest.mark.integration

ROAD, SKY, CAR = 1, 11, 14

CAMERA = CameraSpec(width=160, height=90, planes=("depth", "instance"))
SEEN = ("rgb", "tags", "depth", "instance")
CITYWARD = CameraSpec(name="back", width=320, height=180, x=-8.0, z=4.0, pitch=-15.0, planes=("depth", "instance"))
"""Sees its own car and much of the road."""
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


def driven(endpoint: Endpoint, scenario: Scenario = SCENARIO, *, first_tick: int = 0) -> Driven:
    with open_session(endpoint, fixed_delta_seconds=scenario.fixed_delta_seconds) as session:
        run = drive(session, scenario, cameras=[CAMERA], first_tick=first_tick)
        return Driven(observations=list(run), log=run.log)


@pytest.fixture(scope="module")
def original(simulator: Endpoint) -> Driven:
    return driven(simulator)


def a_session(endpoint: Endpoint) -> AbstractContextManager[Session]:
    return open_session(endpoint, fixed_delta_seconds=0.05)


@pytest.fixture
def session(simulator: Endpoint) -> Iterator[Session]:
    with a_session(simulator) as opened:
        yield opened


def pairs(observations: list[Observation], camera: str = "front") -> list[CameraPair]:
    assert [gap for each in observations for gap in each.gaps] == []
    return [each.cameras[camera] for each in observations]


def assert_same_pictures(one: list[CameraPair], other: list[CameraPair], planes: tuple[str, ...] = SEEN) -> None:
    for a, b in zip(one, other, strict=True):
        assert a.transform == b.transform
        for plane in planes:
            np.testing.assert_array_equal(getattr(a, plane), getattr(b, plane), err_msg=plane)


def replayed(
    session: Session, log: DriveLog, weather: WeatherTimeline | Weather | None
) -> tuple[list[CameraPair], float]:
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
    np.testing.assert_array_equal(again.log.vehicle_lights, original.log.vehicle_lights)
    assert_same_pictures(pairs(original.observations), pairs(again.observations))


def test_another_seed_drives_another_drive(simulator: Endpoint, original: Driven) -> None:
    other = driven(simulator, SCENARIO.model_copy(update={"seed": 6, "duration_s": 0.2}))
    assert other.log.actors != original.log.actors


def test_a_replay_shows_what_the_drive_showed(session: Session, original: Driven) -> None:
    shown, pose_error_m = replayed(session, original.log, None)
    assert pose_error_m == 0.0
    assert_same_pictures(pairs(original.observations), shown)


def test_lamps_are_logged_for_the_tick_that_shows_them(simulator: Endpoint) -> None:
    night = SCENARIO.model_copy(update={"weather": PRESETS["ClearNight"], "duration_s": 0.5})
    at_night = driven(simulator, night)
    lamps = at_night.log.vehicle_lights[:, : 1 + SCENARIO.traffic.vehicles] & WEATHER_LIGHTS
    # The TrafficManager gets the cars after row 0, and switches lamps after its first tick, row 1.
    assert set(lamps[:2].ravel()) == {0}
    assert set(lamps[2:].ravel()) == {lights_for(PRESETS["ClearNight"])}
    with a_session(simulator) as session:
        shown, _ = replayed(session, at_night.log, None)
    assert_same_pictures(pairs(at_night.observations), shown)


@pytest.mark.parametrize("first_tick", [4, 40])
def test_what_is_seen_from_a_tick_on_is_what_would_have_been_seen_anyway(
    simulator: Endpoint, original: Driven, first_tick: int
) -> None:
    late = driven(simulator, first_tick=first_tick)
    expected = [each for each in original.observations if each.tick >= first_tick]
    assert [each.tick for each in late.observations] == [each.tick for each in expected]
    assert_same_pictures(pairs(late.observations), pairs(expected))
    np.testing.assert_array_equal(late.log.transforms, original.log.transforms)
    with a_session(simulator) as session:
        again = list(replay(session, original.log, weather=None, cameras=[CAMERA], first_tick=first_tick))
    assert [each.timestamp_s for each in again] == [each.timestamp_s for each in expected]
    assert_same_pictures(pairs(again), pairs(expected))


def test_weather_changes_the_picture_and_nothing_else(session: Session, original: Driven) -> None:
    noon, _ = replayed(session, original.log, None)
    for name in ("HardRainNight", "ClearSunset", "DenseFog"):
        other, pose_error_m = replayed(session, original.log, PRESETS[name])
        assert pose_error_m == 0.0
        assert_same_pictures(noon, other, ("tags", "depth", "instance"))
        for one, two in zip(noon, other, strict=True):
            assert np.abs(one.rgb.astype(int) - two.rgb.astype(int)).mean() > 5.0, name


def test_a_weather_that_changes_is_shown_tick_by_tick(session: Session, original: Driven) -> None:
    # Frames are recorded at 0, 0.15, ... 1.35 s: one before the change, two in it, the others after it.
    (timeline,) = parse_weather_grid("HardRainNight@0.1->DenseFog@0.35").timelines.values()
    shown, _ = replayed(session, original.log, timeline)
    night, _ = replayed(session, original.log, PRESETS["HardRainNight"])
    fog, _ = replayed(session, original.log, PRESETS["DenseFog"])
    assert_same_pictures(shown[:1], night[:1])
    assert_same_pictures(shown[3:], fog[3:])
    assert_same_pictures(shown, fog, ("tags", "depth", "instance"))
    halfway, _ = replayed(session, original.log, timeline.at(6 * 0.05))
    np.testing.assert_array_equal(shown[2].rgb, halfway[2].rgb)
    for other in (night, fog):
        assert np.abs(shown[2].rgb.astype(int) - other[2].rgb.astype(int)).mean() > 2.0


def test_a_drive_in_changing_weather_is_replayed_as_it_was(simulator: Endpoint) -> None:
    changing = Scenario.model_validate(
        SCENARIO.model_dump(exclude={"weather"}) | {"weather_timeline": "ClearNoon->ClearNight", "duration_s": 0.6}
    )
    drove = driven(simulator, changing)
    assert logged_timeline(drove.log) == changing.timeline
    with a_session(simulator) as session:
        shown, _ = replayed(session, drove.log, None)
        dark, _ = replayed(session, drove.log, PRESETS["ClearNight"])
    assert_same_pictures(pairs(drove.observations), shown)
    assert shown[0].rgb.mean() > 1.5 * dark[0].rgb.mean()


def test_traffic_uses_the_lamps_that_we_give_it_in_replays(simulator: Endpoint) -> None:
    with a_session(simulator) as session, session.actors() as scope:
        session.start_traffic(0)
        place = session.map.get_spawn_points()[3]
        car = scope.spawn(LoggedActor(blueprint="vehicle.tesla.model3", attributes={}), place)
        session.tick()
        car.set_autopilot(True, session.traffic_manager_port)
        session.traffic_manager.update_vehicle_lights(car, True)
        noon = PRESETS["ClearNoon"]
        heights = [noon.model_copy(update={"sun_altitude_angle": height}) for height in (14.0, 15.0, 34.0, 35.0)]
        wets = [noon.model_copy(update={"precipitation": rain}) for rain in (80.0, 81.0)]
        fogs = [noon.model_copy(update={"fog_density": fog}) for fog in (20.0, 21.0)]
        for weather in (*PRESETS.values(), *heights, *wets, *fogs):
            session.world.set_weather(to_carla(weather))
            for _ in range(2):
                session.tick()
            lit = session.world.get_vehicles_light_states()[car.id] & WEATHER_LIGHTS
            assert lit == lights_for(weather), weather
        session.end_traffic()


def test_depth_and_instances_agree_with_where_everybody_is(session: Session, original: Driven) -> None:
    log = original.log
    seen: set[int] = set()
    for observation in replay(session, log, weather=None, cameras=[CITYWARD]):
        pair = observation.cameras["back"]
        assert pair.depth is not None
        assert pair.instance is not None
        points = world_points(pair, CITYWARD)
        row = log.warmup_ticks + observation.tick
        for column in range(len(log.actors)):
            mine = pair.instance == column + 1
            if np.count_nonzero(mine) >= 4:
                seen.add(column)
                away = np.linalg.norm(points[mine] - log.transforms[row, column, :3], axis=1)
                assert away.max() < (1.5 if log.actors[column].is_walker else 6.5), log.actors[column].blueprint
        sky = pair.tags == SKY
        assert (pair.depth[sky] == 2**24 - 1).all()
        assert (pair.instance[sky] == 0).all()
        on_road = points[(pair.tags == ROAD) & (pair.depth < 2**24 * 0.03)]
        ego_z = log.transforms[row, log.ego, 2]
        assert np.abs(on_road[:, 2] - ego_z).max() < 1.0
    assert log.ego in seen
    assert len(seen) >= 3


def test_red_of_the_instance_image_is_the_tag_and_the_rest_the_actor(session: Session) -> None:
    with session.actors() as scope:
        car = scope.spawn(
            LoggedActor(blueprint="vehicle.tesla.model3", attributes={}), session.map.get_spawn_points()[3]
        )
        images: dict[str, queue.Queue[carla.Image]] = {}
        for kind in ("semantic_segmentation", "instance_segmentation"):
            made_as = LoggedActor(blueprint=f"sensor.camera.{kind}", attributes={"image_size_x": "160"})
            camera = scope.spawn(made_as, carla.Transform(carla.Location(-8.0, 0.0, 4.0)), attach_to=car)
            images[kind] = queue.Queue()
            camera.listen(images[kind].put)
            scope.before_destroying(camera.stop)
        session.tick()
        tags, instances = (each.get(timeout=30.0) for each in images.values())
        np.testing.assert_array_equal(to_tags(instances), to_tags(tags))
        mine = to_instance(instances) == car.id & 0xFFFF
        assert np.count_nonzero(mine) > 100
        assert set(to_tags(tags)[mine]) <= {CAR, 0}


def world_points(pair: CameraPair, spec: CameraSpec) -> np.ndarray:
    """(H, W, 3) what each pixel shows [m], in CARLA's world coordinates."""
    assert pair.depth is not None
    depth_m = pair.depth / (2**24 - 1) * 1000.0
    focal_px = spec.width / 2.0 / np.tan(np.radians(spec.fov) / 2.0)
    right, down = np.meshgrid(np.arange(spec.width) + 0.5, np.arange(spec.height) + 0.5)
    in_camera = np.stack(
        [np.ones_like(right), (right - spec.width / 2.0) / focal_px, (spec.height / 2.0 - down) / focal_px], axis=-1
    )
    matrix = np.array(to_transform(pair.transform).get_matrix())
    return in_camera * depth_m[..., None] @ matrix[:3, :3].T + matrix[:3, 3]


def test_all_sizes_are_cameras_of_one_pass(session: Session, original: Driven) -> None:
    sizes = [CAMERA.with_size(160, 90), CAMERA.with_size(320, 180), CAMERA.with_size(64, 64)]
    rain = PRESETS["HardRainNight"]  # with drops, which must not depend on how many cameras there are
    shown = list(replay(session, original.log, weather=rain, cameras=sizes))
    large = pairs(shown, sizes[1].name)
    assert_same_pictures(pairs(shown, sizes[0].name), replayed(session, original.log, rain)[0])
    alone = list(replay(session, original.log, weather=rain, cameras=sizes[1:2]))
    assert_same_pictures(large, pairs(alone, sizes[1].name))
    for pair, square in zip(large, pairs(shown, sizes[2].name), strict=True):
        assert (pair.tags.shape, square.tags.shape) == ((180, 320), (64, 64))
        assert square.transform == pair.transform


def test_a_drive_seen_in_several_sizes_is_replayed_as_it_was(simulator: Endpoint, original: Driven) -> None:
    sizes = [CAMERA.with_size(160, 90), CAMERA.with_size(96, 54)]
    with a_session(simulator) as session:
        run = drive(session, SCENARIO.model_copy(update={"duration_s": 0.3}), cameras=sizes)
        drove = list(run)
        shown = list(replay(session, run.log, weather=None, cameras=sizes))
    for camera in sizes:
        assert_same_pictures(pairs(drove, camera.name), pairs(shown, camera.name))
    assert_same_pictures(pairs(drove, sizes[0].name), pairs(original.observations)[: len(drove)])


def test_a_replay_without_cameras_gives_poses(session: Session, original: Driven) -> None:
    observations = list(replay(session, original.log, weather=None, cameras=[]))
    assert [each.ego_transform for each in observations] == [each.ego_transform for each in original.observations]
    assert [each.tick for each in observations] == [each.tick for each in original.observations]
    assert all(each.cameras == {} for each in observations)


def test_a_log_of_another_town_of_the_same_name_is_refused(session: Session, original: Driven) -> None:
    lights = original.log.traffic_light_ids
    other = replace(original.log, traffic_light_ids=(*lights[:-1], "9999"))
    with pytest.raises(DataError, match=f"of which {len(lights) - 1} are the same: it is another town of that name"):
        list(replay(session, other, weather=None, cameras=[]))


def test_poses_are_told_after_every_tick(session: Session, original: Driven) -> None:
    told: dict[int, np.ndarray] = {}
    list(replay(session, original.log, weather=None, cameras=[], on_poses=told.__setitem__))
    assert list(told) == list(range(-SCENARIO.warmup_ticks, SCENARIO.num_ticks))
    np.testing.assert_array_equal(np.stack(list(told.values())), original.log.transforms)


def test_a_log_is_loaded_for_the_server_that_can_replay_it(
    simulator: Endpoint, original: Driven, tmp_path: Path
) -> None:
    path = tmp_path / "a.npz"
    original.log.save(path)
    assert load_drive_log(path, simulator, scenario=SCENARIO).scenario == original.log.scenario
    elsewhere = replace(original.log, scenario=original.log.scenario | {"town": "Town99"})
    elsewhere.save(path)
    with pytest.raises(DataError, match=r"was driven in Town99, and the server at .* has only Town01, "):
        load_drive_log(path, simulator)


def test_a_log_of_another_time_step_is_refused(simulator: Endpoint, original: Driven) -> None:
    with (
        open_session(simulator, fixed_delta_seconds=0.1) as session,
        pytest.raises(DataError, match=r"0\.05 s a tick"),
    ):
        list(replay(session, original.log, weather=None, cameras=[]))
