from __future__ import annotations

import numpy as np

from sim_scenarios.embedded_simulator.render.occlusion import CONTACT_CELL_M, CONTACT_PX, darken_footprints


def cell(metres: float) -> int:
    return int(metres / CONTACT_CELL_M)


def test_ground_is_dark_under_a_car_and_open_beside_it() -> None:
    ground = np.zeros((CONTACT_PX, CONTACT_PX), np.float32)
    turned = np.sqrt(0.5)
    footprints = np.array([[30.0, 30.0, turned, turned, 2.4, 0.9]], np.float32)
    darken_footprints(footprints, 0.0, 0.0, ground)
    assert ground[cell(30), cell(30)] < 0.4
    along, across = 1.2, 1.2 * np.array([1, -1])
    assert ground[cell(30 + along), cell(30 + along)] < 0.5  # towards its nose, at 45 degrees
    assert ground[cell(30 + across[0]), cell(30 + across[1])] == 1.0  # as far to its side
    assert ground[0, 0] == 1.0


def test_footprints_outside_the_map_are_ignored() -> None:
    ground = np.zeros((CONTACT_PX, CONTACT_PX), np.float32)
    darken_footprints(np.array([[-500, 900, 1, 0, 3, 1]], np.float32), 0.0, 0.0, ground)
    assert (ground == 1.0).all()
