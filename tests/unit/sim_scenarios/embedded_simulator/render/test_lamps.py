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
    LAMPS_PER_CELL,
    MAX_HEADLIGHTS,
    headlights,
    lamp_grid,
)
from sim_scenarios.embedded_simulator.world.snapshot import VehicleLight


@settings(max_examples=30, deadline=None)
@given(places=hnp.arrays(np.float32, st.tuples(st.integers(1, 12), st.just(2)), elements=st.floats(-60, 60, width=32)))
def test_grid_names_the_nearest_lamps_of_each_cell(places: np.ndarray) -> None:
    lamps = np.concatenate([places, np.full((len(places), 1), 6.0, np.float32)], axis=1)
    record, cells = lamp_grid(lamps)
    for row, column in ((0, 0), (cells.shape[0] // 2, cells.shape[1] // 2)):
        center = np.array([record["x0"][0] + (column + 0.5) * CELL_M, record["y0"][0] + (row + 0.5) * CELL_M])
        distance = np.sort(np.hypot(*(lamps[:, :2] - center).T))
        named = cells[row, column]
        found = np.hypot(*(lamps[named[named >= 0], :2] - center).T)
        within = distance[distance < LAMP_RANGE_M][:LAMPS_PER_CELL]
        np.testing.assert_allclose(found[: len(within)], within, rtol=1e-4)


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
