"""Which sensors are due, and what the ones without a picture measure."""

from __future__ import annotations

import math
from typing import Any

import msgpack
import pytest

from sim_scenarios.embedded_simulator.sensors.camera import CameraJob
from sim_scenarios.embedded_simulator.sensors.suite import Measurements, SensorSuite
from sim_scenarios.embedded_simulator.wire.sensor_data import HEADER_BYTES, unpack_header
from sim_scenarios.embedded_simulator.world.actors import Sensor, Vehicle
from sim_scenarios.embedded_simulator.world.description import ActorDescription, AttributeValue
from sim_scenarios.embedded_simulator.world.settings import EpisodeSettings
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector
from sim_scenarios.embedded_simulator.world.world import World


@pytest.fixture
def car(world: World) -> Vehicle:
    return spawn_car(world, 20.0)


def spawn_car(world: World, x: float, *, yaw: float = 0.0) -> Vehicle:
    pose = Pose(Vector(x, 1.75, 0.0), Rotation(0.0, yaw, 0.0))
    actor = world.spawn(ActorDescription(uid=1, id="vehicle.tesla.model3"), pose)
    assert isinstance(actor, Vehicle)
    return actor


def mount(world: World, car: Vehicle, blueprint_id: str, *, z: float = 0.0, **attributes: str) -> Sensor:
    values = tuple(AttributeValue(name, 4, value) for name, value in attributes.items())
    pose = Pose(Vector(0.0, 0.0, z), Rotation())
    sensor = world.spawn(ActorDescription(uid=1, id=blueprint_id, attributes=values), pose, parent_id=car.id)
    assert isinstance(sensor, Sensor)
    return sensor


def measure(suite: SensorSuite, world: World, *, heard: bool = True) -> Measurements:
    return suite.measure(world, world.tick(), is_listened_to=lambda stream_id: heard)


def payloads(suite: SensorSuite, world: World) -> list[Any]:
    return [msgpack.unpackb(bytes(m.parts[0])[HEADER_BYTES:]) for m in measure(suite, world).messages]


def test_nobody_listens_nothing_is_measured(world: World, car: Vehicle) -> None:
    mount(world, car, "sensor.other.gnss")
    mount(world, car, "sensor.camera.rgb")
    measured = measure(SensorSuite(seed=0), world, heard=False)
    assert (measured.messages, measured.jobs) == ((), ())


def test_sensor_tick_spaces_measurements(world: World, car: Vehicle) -> None:
    """Every 0.15 s of steps of 0.05 s: the first tick, then every third."""
    mount(world, car, "sensor.other.gnss", sensor_tick="0.15")
    suite = SensorSuite(seed=0)
    frames = [bool(measure(suite, world).messages) for _ in range(9)]
    assert frames == [True, False, False] * 3


def test_cameras_become_jobs_unless_rendering_is_off(world: World, car: Vehicle) -> None:
    mount(world, car, "sensor.camera.rgb")
    suite = SensorSuite(seed=0)
    assert len(measure(suite, world).jobs) == 1
    world.settings = EpisodeSettings(no_rendering_mode=True)
    assert measure(suite, world).jobs == ()


def test_flow_is_since_the_cameras_last_image(world: World, car: Vehicle) -> None:
    """Of every second tick; a camera that nobody watched, or that did not render, begins anew."""
    camera = mount(world, car, "sensor.camera.optical_flow", sensor_tick="0.1")
    suite = SensorSuite(seed=0)

    def since(*, heard: bool = True) -> int | None:
        """How many ticks ago the earlier image of the exposure was, None for a first image."""
        world.set_pose(camera.id, Pose(Vector(float(world.frame), 0.0, 2.0), Rotation()))
        jobs = measure(suite, world, heard=heard).jobs
        if not jobs:
            return -1
        (job,) = jobs
        assert isinstance(job, CameraJob)
        earlier = job.exposures[0].earlier
        if earlier is None:
            return None
        assert earlier.view.pose != job.pose
        return world.frame - earlier.snapshot.frame

    assert [since() for _ in range(5)] == [None, -1, 2, -1, 2]
    assert [since(heard=False), since()] == [-1, None]
    world.settings = EpisodeSettings(no_rendering_mode=True)
    since()
    world.settings = EpisodeSettings()
    assert [since() for _ in range(3)] == [None, -1, 2]


def test_event_cameras_keep_their_pixels_while_somebody_listens(world: World, car: Vehicle) -> None:
    mount(world, car, "sensor.camera.dvs")
    mount(world, car, "sensor.camera.dvs")
    suite = SensorSuite(seed=0)

    def pixels(*, heard: bool = True) -> list[object]:
        return [e.events for job in measure(suite, world, heard=heard).jobs if isinstance(job, CameraJob)
                for e in job.exposures]  # fmt: skip

    first, second, _, later = pixels(), pixels(), pixels(heard=False), pixels()
    assert first[0] is second[0] is not None
    assert len({id(each) for each in first + later}) == 4


def test_the_header_has_the_sensor_s_pose(world: World, car: Vehicle) -> None:
    sensor = mount(world, car, "sensor.other.gnss", z=1.5)
    (message,) = measure(SensorSuite(seed=0), world).messages
    header = unpack_header(bytes(message.parts[0]))
    assert header.pose == Pose(Vector(20.0, 1.75, 1.5), Rotation())
    assert (header.frame, message.stream_id) == (world.frame, sensor.stream_id)


def test_an_imu_at_rest_feels_gravity_and_knows_east(world: World, car: Vehicle) -> None:
    mount(world, car, "sensor.other.imu")
    ((accelerometer, gyroscope, compass),) = payloads(SensorSuite(seed=0), world)
    assert accelerometer == pytest.approx([0.0, 0.0, 9.81])
    assert gyroscope == pytest.approx([0.0, 0.0, 0.0])
    assert compass == pytest.approx(math.pi / 2)


def test_an_imu_feels_acceleration_along_its_own_axes(world: World) -> None:
    car = spawn_car(world, 60.0, yaw=180.0)
    mount(world, car, "sensor.other.imu")
    car.pending_force = Vector(-2.0 * car.mass_kg, 0.0, 0.0)  # forwards for a car that faces -x
    ((accelerometer, _, _),) = payloads(SensorSuite(seed=0), world)
    assert accelerometer[0] == pytest.approx(2.0, abs=0.2)
    assert accelerometer[1] == pytest.approx(0.0, abs=1e-6)


def test_noise_is_as_asked_and_repeats_with_its_seed(world: World, car: Vehicle) -> None:
    mount(world, car, "sensor.other.gnss", noise_alt_bias="5", noise_alt_stddev="0.5", noise_seed="3")

    def altitudes(seed: int) -> list[float]:
        suite = SensorSuite(seed=seed)
        return [payloads(suite, world)[0][2] for _ in range(50)]

    first, again, other = altitudes(0), altitudes(0), altitudes(1)
    assert first == again != other
    assert sum(first) / 50 == pytest.approx(5.0, abs=0.4)
    assert len(set(first)) == 50


def test_a_collision_names_both(world: World, car: Vehicle) -> None:
    mount(world, car, "sensor.other.collision")
    other = spawn_car(world, 26.0)
    car.set_velocity(Vector(12.0, 0.0, 0.0))
    suite = SensorSuite(seed=0)
    events = [event for _ in range(10) for event in payloads(suite, world)]
    ((me, them, impulse),) = events
    assert (me[0], them[0]) == (car.id, other.id)
    assert impulse[0] < 0.0


def test_a_collision_with_scenery_names_its_label(world: World) -> None:
    car = spawn_car(world, 140.0)
    mount(world, car, "sensor.other.collision")
    car.set_velocity(Vector(20.0, 0.0, 0.0))
    suite = SensorSuite(seed=0)
    _, other, _ = next(event for _ in range(20) for event in payloads(suite, world))
    assert other[0] == 0
    assert other[2][1] == "static.pole"


def test_motion_blur_is_since_the_tick_before(world: World, car: Vehicle) -> None:
    """Also of a camera that takes every second tick; one that nobody watched in between begins anew."""
    mount(world, car, "sensor.camera.rgb", motion_blur_max_distortion="5.0", sensor_tick="0.1")
    suite = SensorSuite(seed=0)

    def since(*, heard: bool = True) -> int | None:
        """How many ticks ago the shutter's motion began, None for a first picture, -1 for none at all."""
        jobs = measure(suite, world, heard=heard).jobs
        if not jobs:
            return -1
        (job,) = jobs
        assert isinstance(job, CameraJob)
        before = job.shot.before
        return None if before is None else world.frame - before.snapshot.frame

    assert [since() for _ in range(5)] == [None, -1, 1, -1, 1]
    assert [since(heard=False), since()] == [-1, None]


def test_an_eye_belongs_to_its_camera(world: World, car: Vehicle) -> None:
    camera = mount(world, car, "sensor.camera.rgb", exposure_min_bright="3.0")
    suite = SensorSuite(seed=0)

    def eye() -> object:
        (job,) = measure(suite, world).jobs
        assert isinstance(job, CameraJob)
        return job.shot.eye

    first = eye()
    assert first is not None
    assert eye() is first
    world.destroy(camera.id)
    mount(world, car, "sensor.camera.rgb", exposure_min_bright="3.0")
    assert eye() is not first
