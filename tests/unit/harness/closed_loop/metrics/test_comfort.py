from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from harness.closed_loop.metrics import comfort as limits
from harness.closed_loop.metrics.comfort import Motion, comfort, motion, within_limits
from harness.closed_loop.metrics.ego_track import EgoTrack, ego_track
from tests.unit.harness.closed_loop.made_logs import STEP_S, make_log

TICKS = 400
ALL = np.ones(TICKS, np.bool_)


def track_with(speeds: np.ndarray, yaws: np.ndarray | None = None) -> EgoTrack:
    yaws = np.full(len(speeds), 0.7) if yaws is None else yaws
    velocities = speeds[:, None] * np.stack([np.cos(yaws), np.sin(yaws)], axis=-1)
    track = ego_track(make_log(moves=[{"ticks": len(speeds), "speed": 1.0}]))
    return replace(track, velocities=velocities, speeds=speeds, yaws=yaws)


def still(ticks: int = TICKS) -> Motion:
    zero = np.zeros(ticks)
    return Motion(
        longitudinal_acceleration=zero, lateral_acceleration=zero, jerk=zero, longitudinal_jerk=zero, yaw_rate=zero,
        yaw_acceleration=zero,
    )  # fmt: skip


def test_jerk_of_a_speed_that_swings() -> None:
    # v = 10 + A sin wt on top of a steady gain, so that the magnitude of the acceleration is never bent at 0.
    time, amplitude, omega = np.arange(TICKS) * STEP_S, 0.5, 2.0
    felt = motion(track_with(10 + 3 * time + amplitude * np.sin(omega * time)), np.zeros(TICKS), STEP_S)
    inner = slice(5, -5)
    np.testing.assert_allclose(
        felt.longitudinal_acceleration[inner], (3 + amplitude * omega * np.cos(omega * time))[inner], atol=0.02
    )
    expected = (-amplitude * omega**2 * np.sin(omega * time))[inner]
    np.testing.assert_allclose(felt.jerk[inner], expected, atol=0.06)
    np.testing.assert_allclose(felt.longitudinal_jerk[inner], expected, atol=0.06)
    np.testing.assert_allclose(felt.lateral_acceleration, 0, atol=1e-9)


@pytest.mark.parametrize("turn", [0.4, -0.4])
def test_a_bend_presses_towards_its_middle(turn: float) -> None:
    yaws = np.arange(TICKS) * STEP_S * turn
    felt = motion(track_with(np.full(TICKS, 5.0), yaws), np.full(TICKS, turn), STEP_S)
    np.testing.assert_allclose(felt.lateral_acceleration[5:-5], 5.0 * turn, rtol=1e-3)
    np.testing.assert_allclose(felt.longitudinal_acceleration[5:-5], 0, atol=1e-3)
    np.testing.assert_allclose(felt.yaw_rate, turn)
    np.testing.assert_allclose(felt.yaw_acceleration, 0, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        ("longitudinal_acceleration", 2.39, 2.41),
        ("longitudinal_acceleration", -4.04, -4.06),
        ("lateral_acceleration", -4.88, -4.90),
        ("jerk", 8.36, 8.38),
        ("longitudinal_jerk", -4.12, -4.14),
        ("yaw_rate", 0.94, 0.96),
        ("yaw_acceleration", -1.92, -1.94),
    ],
)
def test_each_limit_is_bench2drives(name: str, inside: float, outside: float) -> None:
    for value, fine in ((inside, True), (outside, False)):
        assert within_limits(replace(still(), **{name: np.full(TICKS, value)})).all() == fine


def test_a_window_with_one_bad_tick_is_lost() -> None:
    jerk = np.zeros(TICKS)
    jerk[[19, 20, 399]] = 9.0
    assert comfort(replace(still(), jerk=jerk), ALL).share == pytest.approx(17 / 20)


def test_the_maxima_have_no_sign() -> None:
    jerk, lateral = np.zeros(TICKS), np.zeros(TICKS)
    jerk[7], lateral[8] = -3.0, -2.0
    found = comfort(replace(still(), jerk=jerk, lateral_acceleration=lateral), ALL)
    assert (found.max_abs_jerk, found.max_abs_lateral_acceleration) == (3.0, 2.0)


def test_an_incomplete_last_window_counts_only_where_it_is_the_only_one() -> None:
    jerk = np.zeros(TICKS)
    jerk[-1] = 9.0
    late = np.zeros(TICKS, np.bool_)
    late[-39:] = True
    assert comfort(replace(still(), jerk=jerk), late).share == 1.0
    late[:-10] = False
    assert comfort(replace(still(), jerk=jerk), late).share == 0.0


def test_ticks_that_do_not_count_say_nothing() -> None:
    found = comfort(still(), ~ALL)
    assert math.isnan(found.share)
    assert math.isnan(found.max_abs_jerk)
    short = motion(track_with(np.full(6, 5.0)), np.zeros(6), STEP_S)
    assert math.isnan(comfort(short, np.ones(6, np.bool_)).share)


def test_the_windows_are_twenty_ticks() -> None:
    assert limits.WINDOW_TICKS == 20
