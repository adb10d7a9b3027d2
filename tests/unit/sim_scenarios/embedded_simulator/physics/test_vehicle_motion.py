"""What is read off the vehicles' rows, against numpy column by column."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.physics.vehicle_motion import MOTION_COLUMNS, is_within, read_motion
from sim_scenarios.embedded_simulator.physics.vehicle_rows import STATE

_TOLD = ("x", "y", "z", "yaw", "pitch", "roll", "vx", "vy", "vz", "yaw_rate", "pitch_rate", "roll_rate", "steer_angle")


def _rows(count: int) -> np.ndarray:
    rng, state = np.random.default_rng(5), np.zeros(count, STATE)
    for name in _TOLD:
        state[name] = rng.uniform(-9.0, 9.0, count)
    state["gear"], state["rolled"] = rng.integers(-1, 7, count), rng.integers(0, 2, count)
    return state


def test_every_column() -> None:
    state, before = _rows(50), np.random.default_rng(6).uniform(-9.0, 9.0, (50, 3))
    motion = np.empty((50, MOTION_COLUMNS))
    assert read_motion(state, before, 0.05, 1e9, motion)
    angles = np.degrees(np.stack([state["pitch"], state["yaw"], state["roll"]], axis=1))
    velocity = np.stack([state["vx"], state["vy"], state["vz"]], axis=1)
    cos, sin = np.cos(state["yaw"]), np.sin(state["yaw"])
    rates = [
        sin * state["pitch_rate"] - cos * state["roll_rate"],
        -cos * state["pitch_rate"] - sin * state["roll_rate"],
    ]
    expected = [
        *(state[name].astype(np.float32) for name in "xyz"),
        *(180.0 - (180.0 - angles) % 360.0).astype(np.float32).T,
        *velocity.T,
        *((velocity - before) / 0.05).T,
        *np.degrees([*rates, state["yaw_rate"]]),
        cos * state["vx"] + sin * state["vy"],
        np.degrees(state["steer_angle"]),
        state["gear"],
        state["rolled"],
    ]
    np.testing.assert_allclose(motion, np.stack(expected, axis=1), rtol=1e-6, atol=1e-9)
    assert np.array_equal(motion[:, :6], motion[:, :6].astype(np.float32))


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf, 2e9])
@pytest.mark.parametrize("name", _TOLD)
def test_what_is_no_number_or_too_large_is_found(name: str, broken: float) -> None:
    state = _rows(3)
    state[name][1] = broken
    assert not read_motion(state, np.zeros((3, 3)), 0.05, 1e9, np.empty((3, MOTION_COLUMNS)))
    assert [is_within(row, 1e9) for row in state] == [True, False, True]
