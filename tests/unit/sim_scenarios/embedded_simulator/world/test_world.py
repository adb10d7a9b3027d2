"""Life and death of actors, episodes, and the tick as a whole."""

from __future__ import annotations

import pytest

from sim_scenarios.embedded_simulator.road.town import Town
from sim_scenarios.embedded_simulator.world.actors import Sensor, TrafficLight, Vehicle, Walker
from sim_scenarios.embedded_simulator.world.controls import VehicleControl, WalkerControl
from sim_scenarios.embedded_simulator.world.description import ActorDescription, AttributeValue
from sim_scenarios.embedded_simulator.world.errors import WorldError
from sim_scenarios.embedded_simulator.world.settings import EpisodeSettings
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, TrafficLightState, Vector
from sim_scenarios.embedded_simulator.world.world import StaticTown, World


def describe(blueprint_id: str, **attributes: str) -> ActorDescription:
    values = tuple(AttributeValue(name, 4, value) for name, value in attributes.items())
    return ActorDescription(uid=1, id=blueprint_id, attributes=values)


CAR = describe("vehicle.tesla.model3")
WALKER = describe("walker.pedestrian.0002")  # 1.80 m


def spawn_car(world: World, x: float = 20.0, *, y: float = 1.75, yaw: float = 0.0, z: float = 0.0) -> Vehicle:
    actor = world.spawn(CAR, Pose(Vector(x, y, z), Rotation(0.0, yaw, 0.0)))
    assert isinstance(actor, Vehicle)
    return actor


def spawn_walker(world: World, x: float, y: float) -> Walker:
    actor = world.spawn(WALKER, Pose(Vector(x, y, 1.05), Rotation()))
    assert isinstance(actor, Walker)
    return actor


def run(world: World, ticks: int) -> None:
    for _ in range(ticks):
        world.tick()


# --- spawning -------------------------------------------------------------------------------------------------------


def test_every_spawn_point_takes_a_car_once(world: World, street_town: Town) -> None:
    for pose in street_town.spawn_points:
        world.spawn(CAR, pose)
        with pytest.raises(WorldError, match="Spawn failed because of collision at spawn position"):
            world.spawn(CAR, pose)


def test_a_car_cannot_be_spawned_inside_scenery(world: World) -> None:
    with pytest.raises(WorldError, match="collision"):
        spawn_car(world, 150.0)  # the pole


def test_a_car_above_another_is_no_collision(world: World) -> None:
    spawn_car(world, 20.0)
    spawn_car(world, 20.0, z=2.0)


@pytest.mark.parametrize(
    ("description", "message"),
    [
        (describe("vehicle.does.not_exist"), "no blueprint 'vehicle.does.not_exist'"),
        (describe("sensor.camera.rgb", image_size_x="0"), "0x600 px"),
        (describe("sensor.camera.rgb", fov="180"), "fov"),
        (describe("sensor.camera.rgb", image_size_x="wide"), "image_size_x .* is 'wide'"),
    ],
)
def test_what_cannot_be_spawned_says_why(world: World, description: ActorDescription, message: str) -> None:
    with pytest.raises(WorldError, match=message):
        world.spawn(description, Pose())


def test_ids_are_never_reused(world: World, street: StaticTown) -> None:
    first = spawn_car(world)
    world.destroy(first.id)
    second = spawn_car(world)
    world.load_episode("Street", street)
    third = spawn_car(world)
    assert first.id < second.id < third.id


def test_stream_ids_are_never_reused(world: World, street: StaticTown) -> None:
    streams = []
    for _ in range(2):
        sensor = world.spawn(describe("sensor.other.imu"), Pose())
        assert isinstance(sensor, Sensor)
        streams.append(sensor.stream_id)
        world.load_episode("Street", street)
    assert streams[0] < streams[1]


def test_a_lane_invasion_sensor_has_no_stream(world: World) -> None:
    sensor = world.spawn(describe("sensor.other.lane_invasion"), Pose())
    assert isinstance(sensor, Sensor)
    assert sensor.stream_id == 0


def test_destroy(world: World) -> None:
    car = spawn_car(world)
    world.destroy(car.id)
    with pytest.raises(WorldError, match="unable to destroy actor: not found"):
        world.destroy(car.id)
    with pytest.raises(WorldError, match="belongs to the town"):
        world.destroy(world.of_kind(TrafficLight)[0].id)
    with pytest.raises(WorldError, match="not found"):
        world.actor(car.id)


def test_an_actor_of_another_kind_is_refused(world: World) -> None:
    with pytest.raises(WorldError, match="is a spectator, expected a vehicle"):
        world.actor_of_kind(world.spectator.id, Vehicle)


# --- attachment -----------------------------------------------------------------------------------------------------


def test_an_attached_sensor_follows_rigidly(world: World) -> None:
    car = spawn_car(world)
    mount = Pose(Vector(1.0, 0.5, 2.0), Rotation(-10.0, 0.0, 0.0))
    sensor = world.spawn(describe("sensor.other.imu"), mount, parent_id=car.id)
    world.set_pose(car.id, Pose(Vector(50.0, 0.0, 0.0), Rotation(0.0, 90.0, 0.0)))
    world.tick()
    assert sensor.pose.location == pytest.approx((49.5, 1.0, 2.0))
    assert sensor.pose.rotation == pytest.approx((-10.0, 90.0, 0.0))


def test_moving_an_attached_sensor_moves_its_mount(world: World) -> None:
    car = spawn_car(world)
    sensor = world.spawn(describe("sensor.other.imu"), Pose(), parent_id=car.id)
    world.set_pose(sensor.id, Pose(Vector(0.0, 0.0, 3.0), Rotation()))
    world.tick()
    assert sensor.pose.location == pytest.approx((20.0, 1.75, 3.0))


def test_a_missing_parent_is_refused(world: World) -> None:
    with pytest.raises(WorldError, match="unable to attach actor: parent actor not found"):
        world.spawn(describe("sensor.other.imu"), Pose(), parent_id=9999)


def test_a_sensor_outlives_its_parent_where_it_is(world: World) -> None:
    car = spawn_car(world)
    sensor = world.spawn(describe("sensor.other.imu"), Pose(Vector(0.0, 0.0, 2.0), Rotation()), parent_id=car.id)
    world.destroy(car.id)
    world.tick()
    assert sensor.pose.location == pytest.approx((20.0, 1.75, 2.0))


# --- time -----------------------------------------------------------------------------------------------------------


def test_frames_grow_across_episodes_and_time_starts_anew(world: World, street: StaticTown) -> None:
    run(world, 3)
    frame, episode = world.frame, world.episode_id
    world.load_episode("Street", street)
    tick = world.tick()
    assert tick.snapshot.frame == frame + 1
    assert world.episode_id == episode + 1
    assert tick.snapshot.elapsed_s == pytest.approx(0.05)


@pytest.mark.parametrize(("reset", "expected"), [(True, False), (False, True)])
def test_settings_at_a_new_episode(world: World, street: StaticTown, reset: bool, expected: bool) -> None:
    world.settings = EpisodeSettings(synchronous_mode=True)
    world.load_episode("Street", street, reset_settings=reset)
    assert world.settings.synchronous_mode is expected


def test_a_car_falls_to_the_road_and_a_walker_stands_on_the_sidewalk(world: World) -> None:
    car, walker = spawn_car(world, z=0.3), spawn_walker(world, 20.0, 5.0)
    run(world, 20)
    assert car.pose.location.z == pytest.approx(0.0, abs=1e-3)
    assert walker.pose.location.z == pytest.approx(0.15 + 0.9)


def test_the_speed_limit_comes_from_the_road(world: World) -> None:
    car = spawn_car(world)
    world.tick()
    assert car.speed_limit_kmh == 50.0


def test_the_snapshot_shows_what_a_renderer_needs(world: World) -> None:
    actor = world.spawn(describe("vehicle.tesla.model3", color="10,20,30"), Pose(Vector(20, 1.75, 0), Rotation()))
    walker = spawn_walker(world, 30.0, 5.0)
    assert isinstance(actor, Vehicle)
    actor.control = VehicleControl(throttle=0.5, steer=0.1)
    walker.control = WalkerControl(direction=Vector(1.0, 0.0, 0.0), speed=1.0)
    run(world, 20)
    seen = world.tick().snapshot
    assert [visible.id for visible in seen.actors] == [actor.id, walker.id]
    assert seen.actors[0].color == (10, 20, 30)
    assert seen.actors[0].steer_deg > 0.0
    assert seen.actors[0].travelled_m == pytest.approx(actor.pose.location.x - 20.0, rel=0.05)
    assert seen.actors[1].travelled_m == pytest.approx(20 * 0.05, rel=1e-3)  # comes down in the first tick
    assert seen.traffic_lights == {"501": TrafficLightState.GREEN}


def test_equal_calls_give_equal_worlds(street: StaticTown) -> None:
    def history() -> list[object]:
        world = World("Street", street)
        for x in (20.0, 40.0, 60.0):
            spawn_car(world, x).control = VehicleControl(throttle=0.01 * x, steer=0.002 * x)
        spawn_walker(world, 55.0, 3.0).control = WalkerControl(direction=Vector(0.0, -1.0, 0.0), speed=1.3)
        ticks = (world.tick() for _ in range(100))
        return [(tick.snapshot, tick.collisions) for tick in ticks]

    assert history() == history()
