"""Vehicles as a CARLA user handles them: the real client against the embedded simulator."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from harness.carla_client.session import Session, open_session

if TYPE_CHECKING:
    from harness.carla_client.endpoint import Endpoint

pytestmark = pytest.mark.integration

SCALARS = ("max_rpm", "moi", "damping_rate_full_throttle", "damping_rate_zero_throttle_clutch_engaged",
           "damping_rate_zero_throttle_clutch_disengaged", "use_gear_autobox", "gear_switch_time", "clutch_strength",
           "final_ratio", "mass", "drag_coefficient", "use_sweep_wheel_collision")  # fmt: skip
WHEEL = ("tire_friction", "damping_rate", "max_steer_angle", "radius", "max_brake_torque", "max_handbrake_torque",
         "lat_stiff_max_load", "lat_stiff_value", "long_stiff_value")  # fmt: skip
GEAR = ("ratio", "down_ratio", "up_ratio")


@pytest.fixture(scope="module")
def session(simulator: Endpoint) -> Iterator[Session]:
    with open_session(simulator, fixed_delta_seconds=0.05) as opened:
        yield opened


@pytest.fixture
def world(session: Session) -> Iterator[Any]:
    world = session.world
    yield world
    for actor in world.get_actors().filter("*"):
        if actor.type_id.startswith(("vehicle.", "static.")):
            actor.destroy()
    world.tick()


def spawn(world: Any, name: str = "tesla.model3", index: int = 0, **attributes: str) -> Any:
    blueprint = world.get_blueprint_library().find(f"vehicle.{name}")
    for key, value in attributes.items():
        blueprint.set_attribute(key, value)
    vehicle = world.spawn_actor(blueprint, world.get_map().get_spawn_points()[index])
    run(world, 30)
    return vehicle


def run(world: Any, ticks: int) -> None:
    for _ in range(ticks):
        world.tick()


def speed(vehicle: Any) -> float:
    return float(vehicle.get_velocity().length())


def everything(control: Any) -> list[Any]:
    return [
        *(getattr(control, name) for name in SCALARS),
        [(point.x, point.y) for point in control.torque_curve],
        [(point.x, point.y) for point in control.steering_curve],
        [[getattr(gear, name) for name in GEAR] for gear in control.forward_gears],
        [[getattr(wheel, name) for name in WHEEL] for wheel in control.wheels],
        (control.center_of_mass.x, control.center_of_mass.y, control.center_of_mass.z),
    ]


@pytest.mark.parametrize("name", ["tesla.model3", "carlamotors.firetruck", "yamaha.yzf"])
def test_a_physics_control_comes_back_as_it_was_written(world: Any, name: str) -> None:
    import carla

    vehicle = spawn(world, name)
    control = vehicle.get_physics_control()
    for number, key in enumerate(SCALARS):
        now = getattr(control, key)
        setattr(control, key, not now if isinstance(now, bool) else 1.25 * now + 0.125 * number)
    control.torque_curve = [carla.Vector2D(x, y) for x, y in ((0.0, 100.0), (1000.5, 300.25), (4000.0, 50.0))]
    control.steering_curve = [carla.Vector2D(0.0, 0.9), carla.Vector2D(50.0, 0.25)]
    control.forward_gears = [carla.GearPhysicsControl(3.5, 0.25, 0.75), carla.GearPhysicsControl(1.5, 0.5, 0.875)]
    control.center_of_mass = carla.Vector3D(0.125, -0.0625, -0.25)
    wheels = control.wheels
    for number, wheel in enumerate(wheels):
        for key in WHEEL:
            setattr(wheel, key, 1.5 * getattr(wheel, key) + 0.25 * number)
    control.wheels = wheels
    vehicle.apply_physics_control(control)
    assert everything(vehicle.get_physics_control()) == everything(control)
    run(world, 5)
    assert everything(vehicle.get_physics_control()) == everything(control)


def test_telemetry_says_what_the_model_does(world: Any) -> None:
    import carla

    vehicle = spawn(world)
    vehicle.apply_control(carla.VehicleControl(throttle=0.8))
    run(world, 60)
    told, physics = vehicle.get_telemetry_data(), vehicle.get_physics_control()
    assert told.speed == pytest.approx(speed(vehicle), rel=0.01)
    assert told.throttle == pytest.approx(0.8)
    assert told.gear == vehicle.get_control().gear == 1
    turning = told.wheels[0].omega * physics.forward_gears[0].ratio * physics.final_ratio * 30.0 / math.pi
    assert told.engine_rpm == pytest.approx(turning, rel=0.1)
    assert sum(wheel.tire_load for wheel in told.wheels) == pytest.approx(physics.mass * 9.81, rel=0.05)
    assert all(wheel.long_slip > 0.0 and wheel.long_force > 0.0 for wheel in told.wheels)


def test_constant_velocity_target_velocity_and_pushes(world: Any) -> None:
    import carla

    vehicle = spawn(world)
    vehicle.enable_constant_velocity(carla.Vector3D(5.0, 0.0, 0.0))
    run(world, 10)
    assert speed(vehicle) == pytest.approx(5.0, abs=0.05)
    vehicle.disable_constant_velocity()
    vehicle.apply_control(carla.VehicleControl(brake=1.0))
    run(world, 40)
    assert speed(vehicle) < 1e-3
    forward = vehicle.get_transform().get_forward_vector()
    vehicle.apply_control(carla.VehicleControl())
    vehicle.set_target_velocity(forward * 4.0)
    run(world, 2)
    assert speed(vehicle) == pytest.approx(4.0, abs=0.2)
    vehicle.add_impulse(forward * (2.0 * vehicle.get_physics_control().mass))
    run(world, 2)
    assert speed(vehicle) == pytest.approx(6.0, abs=0.3)
    vehicle.set_target_angular_velocity(carla.Vector3D(0.0, 0.0, 40.0))
    before = vehicle.get_transform().rotation.yaw
    run(world, 2)
    assert 0.2 < (vehicle.get_transform().rotation.yaw - before + 180.0) % 360.0 - 180.0 < 5.0


def test_ackermann_settings_are_kept_and_act(world: Any) -> None:
    import carla

    vehicle = spawn(world, sticky_control="True")
    settings = carla.AckermannControllerSettings(speed_kp=0.5, speed_ki=0.0, speed_kd=0.25, accel_kp=0.0625,
                                                 accel_ki=0.0, accel_kd=0.0)  # fmt: skip
    vehicle.apply_ackermann_controller_settings(settings)
    assert vehicle.get_ackermann_controller_settings() == settings
    vehicle.apply_ackermann_control(carla.VehicleAckermannControl(speed=4.0))
    run(world, 100)
    assert speed(vehicle) == pytest.approx(4.0, abs=0.5)


def test_a_car_on_its_roof_has_rolled_over(world: Any) -> None:
    import carla

    vehicle = spawn(world)
    assert vehicle.get_failure_state() == carla.VehicleFailureState.NONE
    turned = vehicle.get_transform()
    turned.location.z += 1.6
    turned.rotation.roll = 175.0
    vehicle.set_transform(turned)
    run(world, 60)
    assert vehicle.get_failure_state() == carla.VehicleFailureState.Rollover
    assert abs(vehicle.get_transform().rotation.roll) == pytest.approx(180.0, abs=1.0)


def test_wheels_doors_gravity_and_bones(world: Any) -> None:
    import carla

    vehicle = spawn(world, "lincoln.mkz_2020")
    vehicle.apply_control(carla.VehicleControl(steer=0.5, hand_brake=True))
    run(world, 10)
    left, right = (vehicle.get_wheel_steer_angle(wheel) for wheel in
                   (carla.VehicleWheelLocation.FL_Wheel, carla.VehicleWheelLocation.FR_Wheel))  # fmt: skip
    assert 25.0 < left < right < 50.0
    assert vehicle.get_wheel_steer_angle(carla.VehicleWheelLocation.BL_Wheel) == 0.0
    names = list(vehicle.get_bone_names())
    assert [name for name in names if "Wheel" in name] == [
        "Wheel_Front_Left", "Wheel_Front_Right", "Wheel_Rear_Left", "Wheel_Rear_Right"]  # fmt: skip
    bones = dict(zip(names, vehicle.get_vehicle_bone_world_transforms(), strict=True))
    for name, wheel in zip(names[1:], vehicle.get_physics_control().wheels, strict=True):
        place = bones[name].location
        assert [place.x, place.y, place.z] == pytest.approx(
            [wheel.position.x / 100.0, wheel.position.y / 100.0, wheel.position.z / 100.0], abs=1e-3
        )
    assert vehicle.get_component_names()
    vehicle.open_door(carla.VehicleDoor.All)
    vehicle.close_door(carla.VehicleDoor.FL)
    vehicle.show_debug_telemetry(True)
    vehicle.set_simulate_physics(False)
    vehicle.set_wheel_steer_direction(carla.VehicleWheelLocation.FL_Wheel, 12.5)
    vehicle.set_wheel_pitch_angle(carla.VehicleWheelLocation.BR_Wheel, 30.0)
    world.tick()
    assert vehicle.get_wheel_steer_angle(carla.VehicleWheelLocation.FL_Wheel) == 12.5
    assert vehicle.get_wheel_pitch_angle(carla.VehicleWheelLocation.BR_Wheel) == 30.0
    vehicle.set_simulate_physics(True)
    above = vehicle.get_transform()
    above.location.z += 3.0
    vehicle.set_enable_gravity(False)
    vehicle.set_transform(above)
    run(world, 10)
    assert vehicle.get_transform().location.z == pytest.approx(above.location.z, abs=0.05)


def test_a_friction_trigger_of_the_library(world: Any) -> None:
    import carla

    blueprint = world.get_blueprint_library().find("static.trigger.friction")
    for key, value in (("friction", 0.3), ("extent_x", 1e6), ("extent_y", 1e6), ("extent_z", 1e6)):
        blueprint.set_attribute(key, str(value))
    vehicle = spawn(world)
    world.spawn_actor(blueprint, carla.Transform())
    vehicle.set_target_velocity(vehicle.get_transform().get_forward_vector() * 10.0)
    vehicle.apply_control(carla.VehicleControl(brake=1.0))
    run(world, 10)
    assert speed(vehicle) == pytest.approx(10.0 - 0.3 * 0.3 * 9.81 * 0.5, abs=0.3)
    assert vehicle.get_telemetry_data().wheels[0].tire_friction == pytest.approx(0.3)


@pytest.mark.parametrize("hz", [20, 10])
def test_the_agents_pid_controller_keeps_its_lane(world: Any, hz: int) -> None:
    """Gains of CARLA's agents: lateral 1.95, 0.05, 0.2 on the angle to a waypoint ahead, longitudinal 1.0, 0.05, 0."""
    import carla

    settings = world.get_settings()
    settings.fixed_delta_seconds = 1.0 / hz
    world.apply_settings(settings)
    try:
        vehicle, town = spawn(world), world.get_map()
        last_error, errors, offsets = 0.0, 0.0, []
        for tick in range(20 * hz):
            place = vehicle.get_transform()
            ahead = town.get_waypoint(place.location).next(max(4.0, 0.5 * speed(vehicle)))[0].transform.location
            wanted = math.atan2(ahead.y - place.location.y, ahead.x - place.location.x)
            error = math.remainder(wanted - math.radians(place.rotation.yaw), math.tau)
            errors += error / hz
            steer = 1.95 * error + 0.05 * errors + 0.2 * (error - last_error) * hz * 0.05
            last_error = error
            pedal = 1.0 * (30.0 / 3.6 - speed(vehicle)) / 3.6
            vehicle.apply_control(
                carla.VehicleControl(throttle=min(0.75, max(0.0, pedal)), brake=min(0.5, max(0.0, -pedal)),
                                     steer=min(0.8, max(-0.8, steer)))
            )  # fmt: skip
            world.tick()
            if tick > 3 * hz:
                here = vehicle.get_transform().location
                lane = town.get_waypoint(here)
                if not lane.is_junction:
                    offsets.append(here.distance_2d(lane.transform.location))
        assert speed(vehicle) == pytest.approx(30.0 / 3.6, abs=1.0)
        assert sorted(offsets)[int(0.95 * len(offsets))] < 0.5
    finally:
        settings.fixed_delta_seconds = 0.05
        world.apply_settings(settings)
