"""How smoothly the ego was driven, with the limits of Bench2Drive (tools/efficiency_smoothness_benchmark.py).

Decisions:

- **Accelerations are derivatives of the logged velocities,** by parabolas over 7 ticks (:mod:`savitzky_golay`), and
  jerks are derivatives of those in the same way. Bench2Drive takes the server's accelerations and smooths them; the
  embedded simulator's and CARLA's own are differences of one substep, which a log of ticks could not check.
- **The whole episode is differentiated, then cut into windows.** Bench2Drive cuts first, which fits the ends of each
  window anew; and it takes 0.1 s for a step whatever the step is. Here it is the step of the simulation.
- **Yaw acceleration is the derivative of the yaw rate.** Bench2Drive bounds a smoothed yaw rate under that name, by a
  missing argument.
- **Jerk** is the derivative of the magnitude of the acceleration, as there.
- Windows of 20 ticks without overlap, from the first tick that moves; an incomplete last one is left out, unless it is
  the only one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.closed_loop.metrics.ego_track import EgoTrack, Flags, Floats
from harness.closed_loop.metrics.savitzky_golay import derivative, smoothed

WINDOW_TICKS = 20
MAX_JERK = 8.37
"""[m/s3]"""
MAX_LATERAL_ACCELERATION = 4.89
"""[m/s2]"""
LONGITUDINAL_ACCELERATION = (-4.05, 2.40)
"""[m/s2]"""
MAX_LONGITUDINAL_JERK = 4.13
"""[m/s3]"""
MAX_YAW_ACCELERATION = 1.93
"""[rad/s2]"""
MAX_YAW_RATE = 0.95
"""[rad/s]"""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Motion:
    """What a passenger feels at each tick; (T,) each, NaN in an episode of under seven ticks."""

    longitudinal_acceleration: Floats
    """[m/s2] forward."""
    lateral_acceleration: Floats
    """[m/s2] to the right."""
    jerk: Floats
    """[m/s3] change of the acceleration's magnitude."""
    longitudinal_jerk: Floats
    """[m/s3]"""
    yaw_rate: Floats
    """[rad/s] to the right."""
    yaw_acceleration: Floats
    """[rad/s2]"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comfort:
    """Over the ticks that count; NaN where there are none, or under seven in the episode."""

    share: float
    """Of the windows, those inside all limits, 0..1."""
    max_abs_jerk: float
    """[m/s3]"""
    max_abs_lateral_acceleration: float
    """[m/s2]"""


def motion(track: EgoTrack, yaw_rates: Floats, step_s: float) -> Motion:
    """What a passenger feels.

    Args:
        track: of T ticks.
        yaw_rates: ``(T,)`` [rad/s] to the right.
        step_s: time between two ticks.
    """
    east, south = (derivative(track.velocities[:, axis], step_s) for axis in (0, 1))
    cos, sin = np.cos(track.yaws), np.sin(track.yaws)
    forward = east * cos + south * sin
    return Motion(
        longitudinal_acceleration=forward,
        lateral_acceleration=south * cos - east * sin,
        jerk=derivative(np.hypot(east, south), step_s),
        longitudinal_jerk=derivative(forward, step_s),
        yaw_rate=smoothed(yaw_rates),
        yaw_acceleration=derivative(yaw_rates, step_s),
    )


def within_limits(felt: Motion) -> Flags:
    """Whether all six are inside their limits, at each tick (T,)."""
    low, high = LONGITUDINAL_ACCELERATION
    inside = (felt.longitudinal_acceleration > low) & (felt.longitudinal_acceleration < high)
    for values, limit in (
        (felt.lateral_acceleration, MAX_LATERAL_ACCELERATION),
        (felt.jerk, MAX_JERK),
        (felt.longitudinal_jerk, MAX_LONGITUDINAL_JERK),
        (felt.yaw_acceleration, MAX_YAW_ACCELERATION),
        (felt.yaw_rate, MAX_YAW_RATE),
    ):
        inside &= np.abs(values) < limit
    return inside


def comfort(felt: Motion, counted: Flags) -> Comfort:
    """The share of comfortable windows and the maxima, over the ticks that count."""
    if not counted.any() or np.isnan(felt.jerk).any():
        return Comfort(share=np.nan, max_abs_jerk=np.nan, max_abs_lateral_acceleration=np.nan)
    inside = within_limits(felt)[counted]
    whole = max(1, len(inside) // WINDOW_TICKS)
    windows = [inside[n * WINDOW_TICKS : (n + 1) * WINDOW_TICKS].all() for n in range(whole)]
    return Comfort(
        share=float(np.mean(windows)),
        max_abs_jerk=float(np.abs(felt.jerk[counted]).max()),
        max_abs_lateral_acceleration=float(np.abs(felt.lateral_acceleration[counted]).max()),
    )
