"""The whole driver at a crossing: told which way and how far ahead, it ends in the right lane of the right street."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.carla_client.route_plan import Command
from harness.closed_loop.mask_driver.driver import MaskDriver
from harness.closed_loop.mask_driver.roles import roles_of
from harness.closed_loop.policy import DriverState
from tests.unit.harness.closed_loop.mask_driver.drawn_crossing import Crossing
from tests.unit.harness.closed_loop.mask_driver.drawn_world import (
    CARLA_29,
    SIDEWALK,
    Car,
    draw,
    episode,
    observe,
)

FAR_ENOUGH_M = 9.0
"""Beyond the junction."""
WHEELS = np.array([[x, y] for x in (1.45, -1.45) for y in (-0.8, 0.8)])


def drive(crossing: Crossing, command: Command) -> tuple[Car, set[DriverState], int]:
    """The car when it is through, what the driver was doing on its way, and how often a wheel was on the pavement."""
    car, driver, states, on_pavement = Car(speed=6.0), MaskDriver(episode(), roles_of(CARLA_29)), set(), 0
    for k in range(140):
        is_through = crossing.past_exit_m(car, command) > 0.0
        told = Command.FOLLOW if is_through else command
        distance_m = math.inf if is_through else max(0.0, crossing.entrance_m - car.x)
        control = driver.act(draw(crossing, car), observe(car, k, command=told, command_distance_m=distance_m))
        for _ in range(2):
            car.step(control, step_s=0.05)
        states.add(driver.explanation.state)
        on_pavement += int((crossing.tags_at(car.to_world(WHEELS)) == SIDEWALK).any())
        if crossing.past_exit_m(car, command) > FAR_ENOUGH_M:
            return car, states, on_pavement
    raise AssertionError(f"not through: {car}, {states}")


@pytest.mark.parametrize(
    ("command", "angle_deg", "zebra"),
    [
        (Command.RIGHT, 90.0, True),
        (Command.RIGHT, 70.0, False),
        (Command.RIGHT, 110.0, False),
        (Command.LEFT, 90.0, True),
        (Command.LEFT, 70.0, False),
        (Command.LEFT, 110.0, False),
        (Command.STRAIGHT, 90.0, False),
        (Command.STRAIGHT, 70.0, True),
    ],
)
def test_it_ends_in_the_right_lane(command: Command, angle_deg: float, zebra: bool) -> None:
    crossing = Crossing(entrance_m=22.0, angle_deg=angle_deg, zebra=zebra)
    car, states, on_pavement = drive(crossing, command)
    assert abs(crossing.exit_offset_m(car, command)) < 0.5
    assert math.degrees(abs(car.yaw - crossing.exit_heading(command))) < 8.0
    assert states == {DriverState.DRIVING}
    assert on_pavement == 0
