"""Weighted draws are numpy's own."""

from __future__ import annotations

import numpy as np

from sim_scenarios.embedded_simulator.road.chance import weighted_index

WEIGHTS = (3.0, 0.0, 1.0, 2.5, 0.4)


def test_it_draws_what_numpy_would_and_leaves_the_generator_where_numpy_would() -> None:
    ours, numpys = np.random.default_rng(3), np.random.default_rng(3)
    shares = np.array(WEIGHTS) / np.sum(WEIGHTS)
    drawn = [weighted_index(ours, WEIGHTS) for _ in range(500)]
    assert drawn == [int(numpys.choice(len(WEIGHTS), p=shares)) for _ in range(500)]
    assert set(drawn) == {0, 2, 3, 4}
    assert ours.random() == numpys.random()
