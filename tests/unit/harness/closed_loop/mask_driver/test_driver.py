"""The whole driver, in a drawn world: masks in, a car that stays in its lane and stops for what stands there."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest

from datasets.labels import label_set, lookup_table
from harness.closed_loop.mask_driver.driver import MaskDriver
from harness.closed_loop.mask_driver.roles import roles_of
from harness.closed_loop.mask_driver.sense import require_ground
from harness.closed_loop.policy import DriverState
from harness.errors import ScenarioFileError
from sim_scenarios.camera import CameraSpec
from tests.unit.harness.closed_loop.mask_driver.drawn_world import (
    CAR,
    CARLA_29,
    LANE_M,
    LINE,
    ROAD,
    SIDEWALK,
    SKY,
    WALKER,
    Box,
    Car,
    Floats,
    Image,
    Street,
    bend,
    draw,
    episode,
    observe,
    straight,
)


def drive(street: Street, car: Car, decisions: int, *, speed_limit: float = 10.0) -> tuple[Floats, list[DriverState]]:
    """Offsets from the lane's middle, and what the driver was doing, of each decision."""
    driver = MaskDriver(episode(), roles_of(CARLA_29))
    offsets, states = [], []
    for k in range(decisions):
        control = driver.act(draw(street, car), observe(car, k, speed_limit=speed_limit))
        assert control.problem() is None
        for _ in range(2):
            car.step(control, step_s=0.05)
        offsets.append(street.offsets(np.array([[car.x, car.y]]))[1][0])
        states.append(driver.explanation.state)
    return np.array(offsets), states


@pytest.mark.parametrize("radius_m", [20.0, -40.0])
def test_it_keeps_to_its_lane_round_a_bend(radius_m: float) -> None:
    street = Street(lane=bend(abs(radius_m), angle_deg=math.copysign(90.0, radius_m), after_m=80.0), dash_m=3.0)
    car = Car(speed=6.0)
    offsets, states = drive(street, car, 110)
    assert np.percentile(np.abs(offsets), 95) < 0.35
    assert set(states) == {DriverState.DRIVING}
    assert abs(math.degrees(car.yaw)) > 80, "the bend was driven"


@dataclass(frozen=True, kw_only=True)
class Motorway(Street):
    """A lane between two others, with dashes of 3 m every 12 m on both sides of it."""

    def tags_at(self, places: Floats) -> Image:
        along, aside = self.offsets(places)
        tags = np.where(np.abs(aside) < 1.5 * LANE_M, ROAD, SIDEWALK).astype(np.uint8)
        tags[(np.abs(np.abs(aside) - LANE_M / 2) < 0.08) & (along % 12.0 < 3.0)] = LINE
        return tags


@pytest.mark.parametrize("radius_m", [160.0, -160.0])
def test_between_the_dashes_of_a_motorway_it_follows_the_bend(radius_m: float) -> None:
    street = Motorway(lane=bend(abs(radius_m), angle_deg=math.copysign(60.0, radius_m)))
    offsets, states = drive(street, Car(speed=15.0), 80, speed_limit=18.0)
    assert np.abs(offsets).max() < 0.35
    assert set(states) == {DriverState.DRIVING}


def test_it_finds_the_middle_from_the_side() -> None:
    offsets, _ = drive(Street(lane=straight()), Car(y=0.8, speed=6.0), 40)
    assert abs(offsets[-1]) < 0.1


@pytest.mark.parametrize(("tag", "half_m"), [(CAR, 0.9), (WALKER, 0.3)])
def test_it_stops_before_what_stands_in_its_lane(tag: int, half_m: float) -> None:
    car = Car(speed=9.0)
    _, states = drive(
        Street(lane=straight(), boxes=(Box(x=45.0, y=0.0, half_m=half_m, height_m=1.7, tag=tag),)), car, 90
    )
    assert car.speed == 0.0
    assert 0.8 < 45.0 - half_m - (car.x + 2.4) < 5.0
    assert states[-1] is DriverState.FOLLOWING_HAZARD


def test_it_brakes_hard_for_what_comes_late() -> None:
    street, car = Street(lane=straight()), Car(speed=10.0)
    driver = MaskDriver(episode(), roles_of(CARLA_29))
    states = []
    for k in range(60):
        boxes = (Box(x=29.0, y=0.0, half_m=0.4, height_m=1.8, tag=WALKER),) if k >= 15 else ()
        control = driver.act(draw(Street(lane=street.lane, boxes=boxes), car), observe(car, k))
        for _ in range(2):
            car.step(control, step_s=0.05)
        states.append(driver.explanation.state)
    assert DriverState.EMERGENCY_BRAKING in states
    assert car.speed == 0.0
    assert car.x + 2.4 < 28.6


@pytest.mark.parametrize("nonsense", [SKY, SIDEWALK])
def test_a_mask_that_makes_no_sense_stops_the_car_and_one_that_does_starts_it(nonsense: int) -> None:
    street, car = Street(lane=straight()), Car(speed=7.0)
    driver = MaskDriver(episode(), roles_of(CARLA_29))

    def act(k: int, ids: Image) -> None:
        control = driver.act(ids, observe(car, k))
        for _ in range(2):
            car.step(control, step_s=0.05)

    for k in range(10):
        act(k, draw(street, car))
    for k in range(10, 90):
        act(k, np.full((180, 320), nonsense, np.uint8))
    assert car.speed == 0.0
    assert driver.explanation.state is DriverState.SAFE_STOP
    assert driver.explanation.reason
    for k in range(90, 130):
        act(k, draw(street, car))
    assert car.speed > 3.0
    assert driver.explanation.state is DriverState.DRIVING


def test_without_lines_the_edge_of_the_road_is_enough() -> None:
    """A net of Cityscapes counts lines as road."""
    labels = label_set("cityscapes19")
    to_ids = lookup_table(CARLA_29, labels)
    street, car = Street(lane=straight()), Car(y=0.3, speed=6.0)
    driver = MaskDriver(episode(), roles_of(labels))
    for k in range(40):
        control = driver.act(to_ids[draw(street, car)], observe(car, k))
        for _ in range(2):
            car.step(control, step_s=0.05)
    assert abs(car.y) < 0.2


def test_the_same_masks_give_the_same_controls() -> None:
    street = Street(lane=bend(30.0), dash_m=3.0)
    first, again = (drive(street, Car(speed=5.0), 30)[0] for _ in range(2))
    assert first.tobytes() == again.tobytes()


@pytest.mark.parametrize("camera", [CameraSpec(pitch=40.0), CameraSpec(yaw=180.0), CameraSpec(z=45.0)])
def test_a_camera_that_sees_no_ground_is_refused(camera: CameraSpec) -> None:
    with pytest.raises(ScenarioFileError, match="sees"):
        require_ground(camera)


_COMPILED_LATE = """
import importlib, pkgutil
from numba.core.dispatcher import Dispatcher
from harness.closed_loop import mask_driver
from harness.closed_loop.mask_driver.driver import MaskDriver, warm_up
from harness.closed_loop.mask_driver.roles import roles_of
from tests.unit.harness.closed_loop.mask_driver.drawn_world import *

names = [each.name for each in pkgutil.iter_modules(mask_driver.__path__, mask_driver.__name__ + ".")]
modules = [importlib.import_module(name) for name in names]
kernels = [(name, value) for module in modules for name, value in vars(module).items() if isinstance(value, Dispatcher)]
warm_up(episode(), roles_of(CARLA_29))
before = [len(kernel.overloads) for _, kernel in kernels]
driver, car = MaskDriver(episode(), roles_of(CARLA_29)), Car(speed=8.0)
boxes = (
    Box(x=20.0, y=0.5, half_m=0.9, height_m=1.7, tag=CAR), Box(x=12.0, y=-2.0, half_m=0.3, height_m=1.7, tag=WALKER)
)
street = Street(lane=straight(), boxes=boxes)
for tick, command in enumerate((Command.FOLLOW, Command.LEFT, Command.STRAIGHT)):
    driver.act(draw(street, car), observe(car, tick, command=command, command_distance_m=8.0))
assert sum(before) > 8, before
print(*(name for (name, kernel), count in zip(kernels, before) if len(kernel.overloads) > count))
"""


def test_no_decision_waits_for_a_compiler() -> None:
    """In a process of its own, where nothing is compiled yet: an episode finds all kernels that it calls."""
    done = subprocess.run([sys.executable, "-c", _COMPILED_LATE], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
