"""The grid: a mask lands where it should, and moves as the car does."""

from __future__ import annotations

import math

import numpy as np

from harness.closed_loop.mask_driver.ego_motion import EgoMotion
from harness.closed_loop.mask_driver.evidence import ASIDE_M, BEHIND_M, CELL_M, MEMORY_S, EvidenceMap
from harness.closed_loop.mask_driver.ground_plane import GroundPlane
from harness.closed_loop.mask_driver.lane_boundaries import road_shares
from harness.closed_loop.mask_driver.roles import Role, roles_of
from tests.unit.harness.closed_loop.mask_driver.drawn_world import CAMERA, CARLA_29, Car, Street, draw, straight

ROLES = roles_of(CARLA_29).lookup
PLANE = GroundPlane.of(CAMERA)


def cell(evidence: EvidenceMap, x: float, y: float) -> np.ndarray:
    return evidence.layers[int((x + BEHIND_M) / CELL_M), int((y + ASIDE_M) / CELL_M)]


def test_road_lines_and_pavement_lie_where_they_were_drawn() -> None:
    evidence = EvidenceMap()
    evidence.add(ROLES[draw(Street(lane=straight()), Car())], PLANE)
    for x in (7.0, 10.0):
        weight, road, line = cell(evidence, x, 0.0)
        assert weight > 0
        assert road == weight
        assert line == 0
        assert cell(evidence, x, 3.0)[1] == 0, "the pavement is no road"
        near_line = evidence.layers[int((x + BEHIND_M) / CELL_M), int((ASIDE_M - 2.0) / CELL_M) :][:4]
        assert near_line[:, 2].max() > 0, "the centre line 1.75 m to the left"
    assert cell(evidence, 2.0, 0.0)[0] == 0, "the camera cannot see in front of the bumper"


def test_what_was_seen_is_still_known_when_the_car_stands_on_it() -> None:
    evidence = EvidenceMap()
    evidence.add(ROLES[draw(Street(lane=straight()), Car())], PLANE)
    before = cell(evidence, 8.0, 0.0)[0]
    evidence.move(EgoMotion(x=6.0, y=0.0, yaw=0.0), step_s=0.5)
    np.testing.assert_allclose(cell(evidence, 2.0, 0.0)[0], before * math.exp(-0.5 / MEMORY_S), rtol=0.05)


def test_a_turn_turns_the_ground() -> None:
    evidence = EvidenceMap()
    evidence.layers[...] = 0
    row, column = int((10.0 + BEHIND_M) / CELL_M), int(ASIDE_M / CELL_M)
    evidence.layers[row - 3 : row + 4, column - 3 : column + 4] = 1
    evidence.move(EgoMotion(x=0.0, y=0.0, yaw=math.radians(30)), step_s=0.0)
    # To the right the car turns, to the left the thing moves.
    assert cell(evidence, 10 * math.cos(math.radians(30)), -10 * math.sin(math.radians(30)))[0] > 0.9
    assert cell(evidence, 10.0, 0.0)[0] == 0


def test_things_hide_the_ground_and_do_not_change_it() -> None:
    evidence = EvidenceMap()
    roles = np.full((CAMERA.height, CAMERA.width), int(Role.VEHICLE), np.uint8)
    evidence.add(roles, PLANE)
    assert not evidence.layers.any()
    assert np.isnan(road_shares(evidence, np.array([[10.0, 0.0]]))).all()
