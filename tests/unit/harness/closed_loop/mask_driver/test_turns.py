"""The whole driver at a crossing: told which way and how far ahead, it ends in the right lane of the right street."""

from __future__ import annotations

import math

import pytest

from harness.carla_client.route_plan import Command
from harness.closed_loop.mask_driver.driver import MaskDriver
from harness.closed_loop.mask_driver.roles import roles_of
from harness.closed_loop.policy import DriverState
from tests.unit.harness.closed_loop.mask_driver.drawn_crossing import Crossing
from tests.unit.harness.closed_loop.mask_driver.drawn_world import CARLA_29, Car, draw, episode, observe

FAR_ENOUGH_M = 10.0
"""Beyond the junction."""


def drive(crossing: Crossing, command: Command, *, speed: float = 6.0, decisions: int = 160) -> tuple[Car, set[DriverState]]:
    """The car when it is through, and everything that the driver was doing on its way."""
    car, driver, states = Car(speed=speed), MaskDriver(episode(), roles_of(CARLA_29)), set()
    for k in range(decisions):
        is_through = crossing.past_exit_m(car, command) > 0.0
        told = Command.FOLLOW if is_through else command
        distance_m = math.inf if is_through else max(0.0, crossing.entrance_m - car.x)
        seen = observe(car, k, command=told, command_distance_m=distance_m)
        control = driver.act(draw(crossing, car), seen)
        for _ in range(2):
            car.step(control, step_s=0.05)
        states.add(driver.explanation.state)
        if crossing.past_exit_m(car, command) > FAR_ENOUGH_M:
            return car, states
    raise AssertionError(f"not through after {decisions} decisions: {car}, {states}")


@pytest.mark.parametrize(
    ("command", "angle_deg", "zebra"),
    [
        (Command.RIGHT, 90.0, False),
        (Command.RIGHT, 90.0, True),
        (Command.RIGHT, 70.0, False),
        (Command.RIGHT, 110.0, True),
        (Command.LEFT, 90.0, False),
        (Command.LEFT, 90.0, True),
        (Command.LEFT, 70.0, True),
        (Command.LEFT, 110.0, False),
        (Command.STRAIGHT, 90.0, False),
        (Command.STRAIGHT, 70.0, True),
    ],
)
def test_it_ends_in_the_right_lane(command: Command, angle_deg: float, zebra: bool) -> None:
    crossing = Crossing(entrance_m=25.0, angle_deg=angle_deg, zebra=zebra)
    car, states = drive(crossing, command)
    print(command.name, angle_deg, zebra, round(crossing.exit_offset_m(car, command),2), round(math.degrees(car.yaw - crossing.exit_heading(command)),1), states)
    assert abs(crossing.exit_offset_m(car, command)) < 0.5
    assert math.degrees(abs(car.yaw - crossing.exit_heading(command))) < 8.0
    assert states == {DriverState.DRIVING}
