"""``carla.Vehicle``."""

from __future__ import annotations

import carla
import pytest

from tests.contract.driving import DELTA_S, Spawn, run, speed_of

PLACES = (carla.VehicleWheelLocation.FL_Wheel, carla.VehicleWheelLocation.FR_Wheel)


def test_pedals(world: carla.World, car: carla.Vehicle, street: carla.Transform) -> None:
    car.apply_control(carla.VehicleControl(throttle=1.0))
    run(world, 3.0)
    assert car.get_control().throttle == pytest.approx(1.0)
    assert speed_of(car) > 6.0
    assert (car.get_location() - street.location).dot(street.get_forward_vector()) > 5.0
    car.apply_control(carla.VehicleControl(brake=1.0))
    run(world, 4.0)
    assert speed_of(car) < 0.05


def test_reverse_and_hand_brake(world: carla.World, car: carla.Vehicle, street: carla.Transform) -> None:
    before = car.get_location()
    car.apply_control(carla.VehicleControl(throttle=0.7, reverse=True))
    run(world, 2.0)
    assert (car.get_location() - before).dot(street.get_forward_vector()) < -0.5
    assert car.get_control().reverse
    car.apply_control(carla.VehicleControl(hand_brake=True))
    run(world, 4.0)
    assert speed_of(car) < 0.1


def test_steering_to_the_right_turns_right(world: carla.World, car: carla.Vehicle, street: carla.Transform) -> None:
    car.apply_control(carla.VehicleControl(throttle=0.5, steer=0.4))
    run(world, 2.5)
    assert (car.get_location() - street.location).dot(street.get_right_vector()) > 0.3
    assert all(car.get_wheel_steer_angle(place) > 3.0 for place in PLACES)


def test_gears_by_hand(world: carla.World, car: carla.Vehicle) -> None:
    car.apply_control(carla.VehicleControl(throttle=0.6, manual_gear_shift=True, gear=1))
    run(world, 1.5)
    control = car.get_control()
    assert (control.manual_gear_shift, control.gear) == (True, 1)


def test_ackermann(world: carla.World, car: carla.Vehicle) -> None:
    settings = car.get_ackermann_controller_settings()
    settings.speed_kp = 0.2
    car.apply_ackermann_controller_settings(settings)
    world.tick()
    assert car.get_ackermann_controller_settings().speed_kp == pytest.approx(0.2)
    car.apply_ackermann_control(carla.VehicleAckermannControl(speed=6.0, acceleration=3.0))
    run(world, 8.0)
    assert speed_of(car) == pytest.approx(6.0, abs=1.5)


def test_physics_control_comes_back_as_it_was_set(world: carla.World, car: carla.Vehicle) -> None:
    physics = car.get_physics_control()
    assert 1000.0 < physics.mass < 3500.0
    assert len(physics.wheels) == 4
    physics.mass = 2000.0
    physics.drag_coefficient = 0.4
    physics.torque_curve = [carla.Vector2D(0.0, 300.0), carla.Vector2D(4000.0, 420.0), carla.Vector2D(7000.0, 250.0)]
    wheels = physics.wheels
    for wheel in wheels:
        wheel.tire_friction = 2.5
    physics.wheels = wheels
    car.apply_physics_control(physics)
    run(world, 2 * DELTA_S)
    back = car.get_physics_control()
    assert back.mass == pytest.approx(2000.0)
    assert back.drag_coefficient == pytest.approx(0.4)
    assert [(point.x, point.y) for point in back.torque_curve] == [(0.0, 300.0), (4000.0, 420.0), (7000.0, 250.0)]
    assert [wheel.tire_friction for wheel in back.wheels] == pytest.approx([2.5] * 4)


def test_weak_brakes_take_longer(world: carla.World, spawn: Spawn, street: carla.Transform) -> None:
    def distance(weaken: bool) -> float:
        car = spawn("vehicle.tesla.model3", street)
        run(world, 0.5)
        if weaken:
            physics = car.get_physics_control()
            wheels = physics.wheels
            for wheel in wheels:
                wheel.max_brake_torque *= 0.1
            physics.wheels = wheels
            car.apply_physics_control(physics)
        car.set_target_velocity(street.get_forward_vector() * 12.0)
        world.tick()
        start = car.get_location()
        car.apply_control(carla.VehicleControl(brake=1.0))
        run(world, 3.0)
        gone = car.get_location().distance(start)
        car.destroy()
        world.tick()
        return float(gone)

    assert distance(True) > 1.3 * distance(False)


def test_lights_and_doors(world: carla.World, car: carla.Vehicle) -> None:
    lights = carla.VehicleLightState(carla.VehicleLightState.LowBeam | carla.VehicleLightState.Fog)
    car.set_light_state(lights)
    world.tick()
    assert car.get_light_state() == lights
    car.open_door(carla.VehicleDoor.All)
    world.tick()
    car.close_door(carla.VehicleDoor.FL)
    world.tick()


def test_wheels_can_be_posed(world: carla.World, car: carla.Vehicle) -> None:
    car.set_simulate_physics(False)
    for place in PLACES:
        car.set_wheel_steer_direction(place, 20.0)
        car.set_wheel_pitch_angle(place, 45.0)
    world.tick()
    for place in PLACES:
        assert car.get_wheel_steer_angle(place) == pytest.approx(20.0, abs=0.5)
        assert car.get_wheel_pitch_angle(place) == pytest.approx(45.0, abs=0.5)


def test_telemetry(world: carla.World, car: carla.Vehicle) -> None:
    car.show_debug_telemetry(True)
    car.apply_control(carla.VehicleControl(throttle=0.8))
    run(world, 2.0)
    data = car.get_telemetry_data()
    assert data.speed == pytest.approx(speed_of(car), abs=1.0)
    assert data.throttle == pytest.approx(0.8, abs=0.05)
    assert data.engine_rpm > 500.0
    assert data.gear >= 1
    assert len(data.wheels) == 4
    assert all(wheel.omega > 1.0 for wheel in data.wheels)
    weight = sum(wheel.tire_load for wheel in data.wheels)
    assert weight > 0.0
    car.show_debug_telemetry(False)


def test_what_the_road_says(world: carla.World, car: carla.Vehicle) -> None:
    assert 10.0 <= car.get_speed_limit() <= 130.0
    assert car.get_failure_state() == carla.VehicleFailureState.NONE
    assert car.get_traffic_light_state() in carla.TrafficLightState.values.values()
    if not car.is_at_traffic_light():
        assert car.get_traffic_light() is None


def test_at_a_red_light(world: carla.World, spawn: Spawn) -> None:
    light = next(iter(world.get_actors().filter("traffic.traffic_light")))
    light.set_state(carla.TrafficLightState.Red)
    light.freeze(True)
    pose = light.get_stop_waypoints()[0].previous(1.5)[0].transform
    pose.location.z += 0.5
    car = spawn("vehicle.tesla.model3", pose)
    run(world, 0.5)
    assert car.is_at_traffic_light()
    assert car.get_traffic_light().id == light.id
    assert car.get_traffic_light_state() == carla.TrafficLightState.Red
    light.freeze(False)


def test_bones_of_the_wheels(car: carla.Vehicle) -> None:
    poses = list(car.get_vehicle_bone_world_transforms())
    assert len(poses) >= 4
    assert all(pose.location.distance(car.get_location()) < 5.0 for pose in poses)


def test_the_traffic_manager_takes_over(world: carla.World, car: carla.Vehicle, client: carla.Client) -> None:
    manager = client.get_trafficmanager(8000)
    manager.set_synchronous_mode(True)
    try:
        car.set_autopilot(True, 8000)
        run(world, 6.0)
        assert speed_of(car) > 1.0
        car.set_autopilot(False, 8000)
        run(world, 0.2)
    finally:
        manager.set_synchronous_mode(False)
        manager.shut_down()


def test_other_engines_answer_or_are_refused(world: carla.World, car: carla.Vehicle) -> None:
    """CarSim and Chrono are compiled into few servers: the calls come back at once, and the world goes on."""
    car.enable_carsim("")
    car.use_carsim_road(False)
    car.enable_chrono_physics(5, 0.002, "", "", "", "")
    car.restore_physx_physics()
    world.tick()
    assert car.is_alive
