"""What clients ask of vehicles, tick by tick: controls, pushes, physics control, friction triggers."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from sim_scenarios.embedded_simulator.world import driving
from sim_scenarios.embedded_simulator.world.actors import Vehicle
from sim_scenarios.embedded_simulator.world.controls import VehicleControl
from sim_scenarios.embedded_simulator.world.description import ActorDescription, AttributeValue
from sim_scenarios.embedded_simulator.world.errors import WorldError
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector
from sim_scenarios.embedded_simulator.world.vehicle_physics import CurvePoint, Gear, VehiclePhysics
from sim_scenarios.embedded_simulator.world.world import World


def spawn(world: World, x: float = 30.0, *, vehicle_id: str = "vehicle.tesla.model3", **attributes: str) -> Vehicle:
    values = tuple(AttributeValue(name, 4, value) for name, value in attributes.items())
    pose = Pose(Vector(x, 1.75, 0.0), Rotation())
    actor = world.spawn(ActorDescription(uid=1, id=vehicle_id, attributes=values), pose)
    assert isinstance(actor, Vehicle)
    return actor


def run(world: World, ticks: int) -> None:
    for _ in range(ticks):
        world.tick()


def go(world: World, physics: VehiclePhysics | None = None, *, seconds: float = 3.0, **control: float) -> Vehicle:
    """A new car after some time under a control, on a road of its own."""
    world.load_episode(world.name, world.place)
    world.settings = replace(world.settings, fixed_delta_seconds=0.05)
    car = spawn(world)
    if physics is not None:
        driving.set_physics(car, physics)
    car.control = VehicleControl(**{"throttle": 1.0} | control)  # type: ignore[arg-type]
    run(world, round(seconds / 0.05))
    return car


@pytest.mark.parametrize("turns", [Rotation(360.0, 0.0, 0.0), Rotation(0.0, 0.0, -360.0), Rotation(-360.0, 0.0, 720.0)])
def test_a_full_turn_is_none(world: World, turns: Rotation) -> None:
    """As the client's waypoints have them: ``pitch=360``."""
    car = spawn(world)
    world.set_pose(car.id, Pose(Vector(30.0, 1.75, 0.3), turns))
    run(world, 20)
    assert car.pose.rotation.pitch == pytest.approx(0.0, abs=1.0)
    assert car.pose.rotation.roll == pytest.approx(0.0, abs=1.0)
    assert car.pose.location.z == pytest.approx(0.0, abs=0.1)


# --- controls -------------------------------------------------------------------------------------------------------


def test_a_control_sticks_unless_the_blueprint_says_otherwise(world: World) -> None:
    sticky, loose = spawn(world, 30.0), spawn(world, 60.0, sticky_control="False")
    for car in (sticky, loose):
        car.control = VehicleControl(throttle=1.0)
    world.tick()
    assert loose.control.throttle == 1.0  # clients read what the tick was driven by
    run(world, 20)
    assert sticky.control.throttle == 1.0
    assert loose.control == VehicleControl()
    assert loose.velocity.x < 0.4 < sticky.velocity.x


def test_constant_velocity_holds_and_lets_it_steer(world: World) -> None:
    car = spawn(world)
    car.constant_velocity = Vector(6.0, 0.0, 0.0)
    car.control = VehicleControl(brake=1.0, steer=0.1)
    run(world, 20)
    assert math.hypot(car.velocity.x, car.velocity.y) == pytest.approx(6.0, abs=1e-6)
    assert car.pose.rotation.yaw > 2.0


def test_velocity_and_pose_agree(world: World) -> None:
    car = spawn(world)
    car.control = VehicleControl(throttle=0.7, steer=0.05)
    run(world, 30)
    before = car.pose.location
    world.tick()
    step = [(b - a) / world.settings.delta_s for a, b in zip(before, car.pose.location, strict=True)]
    assert step == pytest.approx(list(car.velocity), abs=0.15)


# --- pushes ---------------------------------------------------------------------------------------------------------


def test_a_replay_of_poses_and_controls_draws_the_same_wheels(world: World) -> None:
    world.settings = replace(world.settings, fixed_delta_seconds=0.05)
    car = spawn(world)
    seen = []
    for tick in range(40):
        car.control = VehicleControl(throttle=0.6, steer=0.3 * math.sin(0.4 * tick))
        (drawn,) = world.tick().snapshot.actors
        seen.append((car.control, car.pose, drawn.steer_deg, drawn.travelled_m))
    world.load_episode(world.name, world.place)
    world.settings = replace(world.settings, fixed_delta_seconds=0.05)
    car = spawn(world)
    car.simulate_physics = False
    for control, pose, steer_deg, travelled_m in seen:
        car.control = control
        world.set_pose(car.id, pose)
        (drawn,) = world.tick().snapshot.actors
        assert (drawn.pose, drawn.steer_deg, drawn.travelled_m) == (pose, steer_deg, travelled_m)


def test_an_impulse_at_the_tail_turns_it(world: World) -> None:
    car, other = spawn(world, 30.0), spawn(world, 60.0)
    for vehicle, offset in ((car, -2.0), (other, 2.0)):
        vehicle.state["z"] = 0.0
        at = Vector(vehicle.pose.location.x + offset, 1.75, float(vehicle.parameters["com_height"][0]))
        driving.push(vehicle, Vector(0.0, 2.0 * vehicle.mass_kg, 0.0), at)
    world.tick()
    assert car.angular_velocity.z < -20.0
    assert other.angular_velocity.z > 20.0
    assert car.velocity.y == pytest.approx(other.velocity.y, rel=0.05)


def test_torque_is_angular_impulse_over_time(world: World) -> None:
    car, other = spawn(world, 30.0), spawn(world, 60.0)
    for vehicle in (car, other):
        world.set_pose(vehicle.id, Pose(Vector(vehicle.pose.location.x, 1.75, 20.0), Rotation()))
    driving.spin(car, Vector(0.0, 0.0, 500.0))
    other.pending_torque = Vector(0.0, 0.0, 500.0 / world.settings.delta_s)
    world.tick()
    assert car.angular_velocity.z == pytest.approx(math.degrees(500.0 / car.parameters["yaw_inertia"][0]))
    assert other.angular_velocity.z == pytest.approx(car.angular_velocity.z)


@pytest.mark.parametrize("yaw", [0.0, 90.0, -135.0])
def test_angular_velocity_is_about_the_world_s_axes(world: World, yaw: float) -> None:
    car = spawn(world)
    world.set_pose(car.id, Pose(Vector(30.0, 1.75, 30.0), Rotation(0.0, yaw, 0.0)))
    car.angular_velocity = Vector(10.0, -20.0, 30.0)
    world.tick()
    assert car.angular_velocity == pytest.approx((10.0, -20.0, 30.0), abs=1.0)
    heading = math.radians(yaw)
    along = 10.0 * math.cos(heading) - 20.0 * math.sin(heading)
    assert car.pose.rotation.roll == pytest.approx(-along * world.settings.delta_s, abs=0.05)


def test_without_gravity_it_hovers(world: World) -> None:
    car = spawn(world)
    world.set_pose(car.id, Pose(Vector(30.0, 1.75, 5.0), Rotation()))
    car.has_gravity = False
    run(world, 10)
    assert car.pose.location.z == 5.0


def test_who_moves_it_between_two_ticks_finds_it_moved(world: World) -> None:
    car = spawn(world)
    car.control = VehicleControl(throttle=0.5)
    run(world, 10)
    car.pose = Pose(Vector(50.0, 2.0, 0.0), Rotation(0.0, 30.0, 0.0))
    car.velocity = Vector(3.0, 0.0, 0.0)
    world.tick()
    assert car.pose.location == pytest.approx((50.15, 2.0, 0.0), abs=0.06)
    assert car.pose.rotation.yaw == pytest.approx(30.0, abs=2.0)


# --- physics control ------------------------------------------------------------------------------------------------


def test_every_part_of_the_physics_control_acts(world: World) -> None:
    own = spawn(world).physics
    usual = go(world).velocity.x

    def speed(**changes: object) -> float:
        return go(world, replace(own, **changes)).velocity.x  # type: ignore[arg-type]

    assert speed(mass=2.0 * own.mass) < 0.7 * usual
    assert speed(torque_curve=tuple(CurvePoint(x, 0.4 * y) for x, y in own.torque_curve)) < 0.6 * usual
    assert speed(final_ratio=0.5 * own.final_ratio) < 0.7 * usual
    assert speed(forward_gears=(Gear(0.3),)) < 0.7 * usual
    assert speed(drag_coefficient=30.0) < 0.9 * usual
    assert speed(max_rpm=0.1 * own.max_rpm) < 0.7 * usual
    assert speed(wheels=tuple(wheel._replace(radius=3.0 * wheel.radius) for wheel in own.wheels)) < 0.7 * usual
    assert speed(wheels=tuple(wheel._replace(tire_friction=0.3) for wheel in own.wheels)) < 0.5 * usual
    assert speed(wheels=tuple(wheel._replace(damping_rate=100.0) for wheel in own.wheels)) < 0.7 * usual
    assert speed(clutch_strength=1e-3) < 0.3 * usual
    assert speed(moi=50.0) < 0.9 * usual
    many = tuple(Gear(3.0 / (1 + i), 0.0, 0.1) for i in range(6))
    assert speed(forward_gears=many, gear_switch_time=1.0) < speed(forward_gears=many, gear_switch_time=0.0)
    assert speed(use_gear_autobox=False, forward_gears=many) != speed(forward_gears=many)


def test_steering_brakes_and_balance_act(world: World) -> None:
    own = spawn(world).physics
    turn = go(world, seconds=2.0, throttle=0.4, steer=0.3).pose.rotation.yaw

    def yaw(**changes: object) -> float:
        return go(world, replace(own, **changes), seconds=2.0, throttle=0.4, steer=0.3).pose.rotation.yaw  # type: ignore[arg-type]

    assert yaw(steering_curve=(CurvePoint(0.0, 0.5), CurvePoint(100.0, 0.5))) < 0.7 * turn
    halved = tuple(wheel._replace(max_steer_angle=0.5 * wheel.max_steer_angle) for wheel in own.wheels)
    assert yaw(wheels=halved) < 0.7 * turn
    weak = tuple(wheel._replace(max_brake_torque=0.2 * wheel.max_brake_torque) for wheel in own.wheels)
    cars = []
    for wheels in (own.wheels, weak):
        car = go(world, replace(own, wheels=wheels), seconds=3.0)
        car.control = VehicleControl(brake=1.0)
        run(world, 10)
        cars.append(car)
    assert cars[1].velocity.x > cars[0].velocity.x + 2.0
    high = go(world, replace(own, center_of_mass=Vector(0.0, 0.0, 0.4)), seconds=0.5)
    assert high.pose.rotation.pitch > 1.2 * go(world, own, seconds=0.5).pose.rotation.pitch
    front = go(world, replace(own, center_of_mass=Vector(0.6, 0.0, 0.0)), seconds=0.5, throttle=0.0)
    assert front.state["load"][0, 0] > 1.5 * front.state["load"][0, 2]


def test_a_physics_control_that_does_not_fit_is_refused_and_changes_nothing(world: World) -> None:
    car = spawn(world)
    before = car.physics
    with pytest.raises(WorldError, match="expected 4 wheels"):
        driving.set_physics(car, replace(before, wheels=before.wheels[:2]))
    with pytest.raises(WorldError, match="expected 1 to 16 forward gears"):
        driving.set_physics(car, replace(before, forward_gears=()))
    assert car.physics is before


def test_nonsense_in_a_physics_control_moves_nothing_to_infinity(world: World) -> None:
    car = spawn(world)
    zero = tuple(wheel._replace(radius=0.0, tire_friction=-1.0, lat_stiff_value=0.0) for wheel in car.physics.wheels)
    nonsense = replace(
        car.physics, mass=0.0, moi=0.0, max_rpm=0.0, final_ratio=0.0, clutch_strength=-1.0, wheels=zero,
        center_of_mass=Vector(1e9, -1e9, 1e9), torque_curve=(CurvePoint(0.0, -1e9),), steering_curve=(),
    )  # fmt: skip
    driving.set_physics(car, nonsense)
    car.control = VehicleControl(throttle=1.0, steer=1.0)
    run(world, 40)
    assert all(math.isfinite(part) for part in (*car.pose.location, *car.pose.rotation, *car.velocity))


# --- friction triggers ----------------------------------------------------------------------------------------------


def test_a_friction_trigger_is_slippery_inside_only(world: World) -> None:
    values = (AttributeValue("friction", 3, "0.5"), AttributeValue("extent_x", 3, "1000.0"),
              AttributeValue("extent_y", 3, "400.0"), AttributeValue("extent_z", 3, "200.0"))  # fmt: skip
    trigger = ActorDescription(uid=1, id="static.trigger.friction", attributes=values)
    patch = world.spawn(trigger, Pose(Vector(50.0, 1.75, 0.0), Rotation()))
    inside, outside = spawn(world, 42.0), spawn(world, 90.0)
    for car in (inside, outside):
        car.set_velocity(Vector(10.0, 0.0, 0.0))
        car.control = VehicleControl(brake=1.0)
    run(world, 10)
    assert inside.velocity.x == pytest.approx(10.0 - 0.5 * 0.3 * 9.81 * 0.5, abs=0.2)
    assert outside.velocity.x == pytest.approx(10.0 - 1.05 * 9.81 * 0.5, abs=0.3)
    assert inside.surface_friction == 0.5
    assert outside.surface_friction is None
    world.destroy(patch.id)
    run(world, 5)
    assert inside.velocity.x < 10.0 - 0.5 * 0.3 * 9.81 * 0.5 - 1.5
