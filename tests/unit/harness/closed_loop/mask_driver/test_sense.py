"""When a mask makes no sense, and how far the road is seen."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.carla_client.route_plan import Command
from harness.closed_loop.mask_driver.center_line import CenterLine
from harness.closed_loop.mask_driver.evidence import EvidenceMap
from harness.closed_loop.mask_driver.ground_plane import GroundPlane
from harness.closed_loop.mask_driver.hazards import Hazard
from harness.closed_loop.mask_driver.roles import Role, roles_of
from harness.closed_loop.mask_driver.sense import BLIND_S, FRONT_M, MAX_NEAREST_M, MaskSense, require_ground
from harness.closed_loop.policy import DrivingObservation
from harness.errors import ScenarioFileError
from sim_scenarios.camera import CameraSpec
from tests.unit.harness.closed_loop.mask_driver.drawn_world import (
    CAMERA,
    CAR,
    CARLA_29,
    ROAD,
    SIDEWALK,
    Box,
    Car,
    Floats,
    Ground,
    Image,
    Street,
    draw,
    observe,
    straight,
)

ROLES = roles_of(CARLA_29).lookup
STEP_S = 0.1
STREET = Street(lane=straight())
FOLLOWING = observe(Car(), 0)
IN_JUNCTION = observe(Car(), 0, command=Command.LEFT, command_distance_m=10.0)


@dataclass(frozen=True, kw_only=True)
class Everywhere:
    """The same ground as far as one sees, up to ``until_m``; pavement behind that."""

    tag: int
    until_m: float = math.inf
    boxes: tuple[Box, ...] = ()

    def tags_at(self, places: Floats) -> Image:
        return np.where(places[:, 0] < self.until_m, self.tag, SIDEWALK).astype(np.uint8)


def known(ground: Ground) -> tuple[EvidenceMap, CenterLine]:
    evidence, line = EvidenceMap(), CenterLine()
    evidence.add(ROLES[draw(ground, Car())], GroundPlane.of(CAMERA))
    line.fit(evidence)
    return evidence, line


def problems(ground: Ground, seen: DrivingObservation, *, times: int, hazard: Hazard | None = None) -> list[str]:
    evidence, line = known(ground)
    sense = MaskSense(CAMERA, step_s=STEP_S)
    return [sense.problem(evidence, line, seen, hazard) for _ in range(times)]


def standing(distance_m: float) -> Hazard:
    return Hazard(distance_m=distance_m, role=Role.VEHICLE, class_id=CAR)


def test_a_street_makes_sense() -> None:
    assert not any(problems(STREET, FOLLOWING, times=30))


def test_no_ground_at_all() -> None:
    sense = MaskSense(CAMERA, step_s=STEP_S)
    assert sense.problem(EvidenceMap(), CenterLine(), FOLLOWING, None) == "nothing in front is known to be ground"


def test_pavement_in_front() -> None:
    assert problems(Everywhere(tag=SIDEWALK), FOLLOWING, times=1) == ["only 0 % of the way in front is road"]


def test_what_stands_right_in_front_is_a_reason_not_to_see_the_road() -> None:
    for distance_m, is_problem in ((FRONT_M - 0.5, False), (FRONT_M + 0.5, True)):
        (problem,) = problems(Everywhere(tag=SIDEWALK), FOLLOWING, times=1, hazard=standing(distance_m))
        assert bool(problem) == is_problem


def test_road_without_borders_is_a_problem_after_some_time() -> None:
    said = problems(Everywhere(tag=ROAD), FOLLOWING, times=round(BLIND_S / STEP_S) + 3)
    assert not any(said[: round(BLIND_S / STEP_S) - 1])
    assert set(said[-2:]) == {"no border of the lane is seen"}


def test_in_a_junction_there_are_none() -> None:
    assert not any(problems(Everywhere(tag=ROAD), IN_JUNCTION, times=40))
    far = observe(Car(), 0, command=Command.LEFT, command_distance_m=40.0)
    assert problems(Everywhere(tag=ROAD), far, times=40)[-1], "before it there should be"


def test_a_border_that_is_seen_again_ends_the_doubt() -> None:
    plain, marked = known(Everywhere(tag=ROAD)), known(STREET)
    sense = MaskSense(CAMERA, step_s=STEP_S)
    for _ in range(40):
        sense.problem(*plain, FOLLOWING, None)
    assert sense.problem(*marked, FOLLOWING, None) == ""
    assert not any(sense.problem(*plain, FOLLOWING, None) for _ in range(round(BLIND_S / STEP_S) - 1))


@pytest.mark.parametrize("until_m", [10.0, 15.0, 22.0, 30.0])
def test_the_road_is_seen_as_far_as_it_goes(until_m: float) -> None:
    evidence, line = known(Everywhere(tag=ROAD, until_m=until_m))
    row_m = until_m**2 / 160.0 / CAMERA.z
    assert MaskSense(CAMERA, step_s=STEP_S).sight_m(evidence, line) == pytest.approx(until_m, abs=1.0 + row_m)


def test_an_open_road_is_seen_to_the_end_of_the_line_and_no_road_not_at_all() -> None:
    sense = MaskSense(CAMERA, step_s=STEP_S)
    assert sense.sight_m(*known(STREET)) > 35.0
    assert sense.sight_m(*known(Everywhere(tag=SIDEWALK))) <= GroundPlane.of(CAMERA).nearest_m + 1.0


@given(st.floats(0.5, 30.0), st.floats(-60.0, 30.0), st.floats(-180.0, 180.0))
def test_a_camera_is_refused_unless_the_ground_begins_near_in_front(z: float, pitch: float, yaw: float) -> None:
    camera = CameraSpec(z=z, pitch=pitch, yaw=yaw)
    # The lowest ray in the middle: 360 px are 640 px wide at 90 degrees, so 180 below the axis at 320 px before it.
    down = math.radians(-pitch) + math.atan(180.0 / 320.0)
    level = z / math.tan(down) if 0.0 < down < math.pi / 2 else math.nan
    nearest_m = camera.x + level * math.cos(math.radians(yaw))
    if 0.01 < nearest_m < MAX_NEAREST_M - 0.01:
        require_ground(camera)
    elif not -0.01 < nearest_m < MAX_NEAREST_M + 0.01 and not down > 1.55:
        with pytest.raises(ScenarioFileError, match=r"sees .* mount it lower or tilt it down"):
            require_ground(camera)
