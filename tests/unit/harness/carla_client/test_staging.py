"""How a lead vehicle moves, as numbers: it is never put anywhere that a car could not have driven to."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.carla_client.staging import LEAD_ACCELERATION, LeadMotion
from sim_scenarios.staging import LeadVehicle

DELTA_S = 0.05


def ways(staged: LeadVehicle, ego: npt.NDArray[np.float64], *, end_m: float = 1000.0) -> npt.NDArray[np.float64]:
    """(T, 2) way [m] and speed of the lead vehicle while the ego goes ``ego`` (T,) [m]."""
    motion = LeadMotion(staged, end_m=end_m, delta_s=DELTA_S)
    rows = []
    for tick, s_m in enumerate(ego):
        motion.step(tick, float(s_m))
        rows.append((motion.s_m, motion.speed))
    return np.array(rows)


def lead(**content: float) -> LeadVehicle:
    return LeadVehicle.model_validate({"kind": "lead_vehicle", "ahead_m": 20.0, "speed": 6.0} | content)


def test_it_drives_off_brakes_stands_and_drives_on() -> None:
    told = ways(lead(at_s=8.0, deceleration=4.0, stands_s=3.0), np.zeros(600))
    speeds, times = told[:, 1], np.arange(600) * DELTA_S
    assert speeds.max() == 6.0
    assert speeds[times < 7.9].argmax() == pytest.approx(6.0 / LEAD_ACCELERATION / DELTA_S, abs=1)
    stands = np.flatnonzero(speeds == 0.0)
    assert times[stands[0]] == pytest.approx(8.0 + 6.0 / 4.0, abs=2 * DELTA_S)
    assert len(stands) == pytest.approx(3.0 / DELTA_S, abs=1)
    assert (np.diff(stands) == 1).all(), "it stops once"
    assert speeds[-1] == 6.0


def test_it_brakes_when_the_ego_is_near_but_not_before_it_had_its_speed() -> None:
    ego = np.concatenate([np.full(40, 8.0), 8.0 + 9.0 * DELTA_S * np.arange(400)])
    told = ways(lead(trigger_m=15.0), ego)
    first = int((np.diff(told[:, 1]) < 0.0).argmax())
    assert told[first, 1] == 6.0
    assert told[first, 0] - ego[first] <= 15.0 + 9.0 * DELTA_S
    assert (told[:first, 0] - ego[:first]).min() > 12.0


def test_nobody_near_means_no_braking() -> None:
    assert (np.diff(ways(lead(trigger_m=15.0), np.zeros(400))[:, 1]) >= 0.0).all()


def test_it_stops_at_the_end_of_its_way_for_good() -> None:
    told = ways(lead(at_s=1000.0), np.zeros(600), end_m=60.0)
    assert told[-1, 1] == pytest.approx(0.0, abs=0.05)
    assert 59.0 < told[-1, 0] <= 60.0


@given(st.floats(0.5, 30.0), st.floats(0.5, 10.0), st.floats(0.0, 10.0), st.floats(0.0, 5.0), st.floats(25.0, 200.0))
def test_it_never_jumps(speed: float, deceleration: float, at_s: float, stands_s: float, end_m: float) -> None:
    staged = lead(speed=speed, deceleration=deceleration, at_s=at_s, stands_s=stands_s)
    told = ways(staged, np.zeros(400), end_m=end_m)
    assert (np.diff(told[:, 0]) >= 0.0).all()
    assert (np.diff(told[:, 0]) <= speed * DELTA_S + 1e-9).all()
    changes = np.diff(told[:, 1]) / DELTA_S
    assert changes.max() <= LEAD_ACCELERATION + 1e-6
    assert changes.min() >= -deceleration - 1e-6
    assert told[:, 0].max() <= end_m
