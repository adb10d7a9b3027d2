from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sim_scenarios.embedded_simulator.render.lamps import (
    CELL_M,
    LAMP_RANGE_M,
    MAX_HEADLIGHTS,
    headlights,
    lamp_grid,
)
from sim_scenarios.embedded_simulator.world.snapshot import VehicleLight


@settings(max_examples=30, deadline=None)
@given(places=hnp.arrays(np.float32, st.tuples(st.integers(1, 8), st.just(2)), elements=st.floats(-60, 60, width=32)))
def test_a_cell_names_all_lamps_that_reach_a_point_of_it_nearest_first(places: np.ndarray) -> None:
    lamps = np.concatenate([places, np.full((len(places), 1), 6.0, np.float32)], axis=1)
    record, cells = lamp_grid(lamps)
    shares = np.linspace(0.01, 0.99, 5)
    for row, column in ((0, 0), (cells.shape[0] // 2, cells.shape[1] // 2)):
        corner = np.array([record["x0"][0] + column * CELL_M, record["y0"][0] + row * CELL_M])
        points = corner + CELL_M * np.stack(np.meshgrid(shares, shares), axis=-1).reshape(-1, 1, 2)
        reached = np.flatnonzero((np.linalg.norm(lamps[:, :2] - points, axis=2) < LAMP_RANGE_M - 0.01).any(axis=0))
        named = cells[row, column][cells[row, column] >= 0]
        assert set(reached) <= set(named)
        distance = np.linalg.norm(lamps[named, :2] - (corner + 0.5 * CELL_M), axis=1)
        assert (np.diff(distance) >= 0.0).all()
        assert (distance < LAMP_RANGE_M + CELL_M).all()


def test_a_town_without_lamps_has_an_empty_grid() -> None:
    record, cells = lamp_grid(np.zeros((0, 3), np.float32))
    assert (record["columns"][0], record["rows"][0]) == (0, 0)
    assert (cells == -1).all()


def test_headlights_are_those_that_are_on_nearest_first(stage: Any) -> None:
    cars = [stage.car(10.0 * i, 0.0, actor_id=i, lights=VehicleLight.LOW_BEAM) for i in range(1, 30)]
    cars[0] = replace(cars[0], lights=VehicleLight.POSITION)
    beams = headlights(stage.snapshot(*cars), np.zeros(3))
    assert beams.shape[1] == 8
    assert 1 <= len(beams) <= MAX_HEADLIGHTS
    np.testing.assert_allclose(beams[:, 0] - 1.9, np.sort(beams[:, 0]) - 1.9)
    assert beams[0, 0] > 20.0  # the first car shows position lights only
    assert headlights(stage.snapshot(), np.zeros(3)).shape == (0, 8)
