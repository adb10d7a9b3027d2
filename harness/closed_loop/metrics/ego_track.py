"""The ego's way through an episode, as the metrics need it: level, in float64, with the ticks that count.

Decisions:

- **The ticks that count are those from the first one that moves until the end.** A car that waits to be let go says
  nothing of how it drives; one that stands later, at a light or because it gave up, does. An episode in which it never
  moves has no such tick, and what is measured on them is NaN.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.closed_loop.episode_log import EpisodeLog

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

MOVING_MPS = 0.1
"""Slower than this is standing: ``SPEED_THRESHOLD`` of RunningStopTest and ``EPSILON`` of CollisionTest in
scenario_runner/srunner/scenariomanager/scenarioatomics/atomic_criteria.py."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class EgoTrack:
    """T ticks of the ego in the world, seen from above."""

    positions: Floats
    """(T, 2) of its origin [m]."""
    yaws: Floats
    """(T,) [rad], right positive."""
    velocities: Floats
    """(T, 2) [m/s]."""
    speeds: Floats
    """(T,) [m/s], never negative."""
    fronts: Floats
    """(T, 2) middle of its front bumper [m]."""
    counted: Flags
    """(T,) from the first tick that moves until the end."""


def ego_track(log: EpisodeLog) -> EgoTrack:
    """The ego's way through an episode."""
    transforms = log.actor_transforms[:, 0].astype(np.float64)
    yaws = np.radians(transforms[:, 4])
    forward = np.stack([np.cos(yaws), np.sin(yaws)], axis=-1)
    ego = log.actors[0]
    velocities = log.velocities[:, :2].astype(np.float64)
    speeds = np.hypot(velocities[:, 0], velocities[:, 1])
    positions = transforms[:, :2]
    return EgoTrack(
        positions=positions,
        yaws=yaws,
        velocities=velocities,
        speeds=speeds,
        fronts=positions + forward * (ego.center_m[0] + ego.half_extents_m[0]),
        counted=np.logical_or.accumulate(speeds > MOVING_MPS),
    )


def driven_m(track: EgoTrack) -> float:
    """Length of the ego's way over the ground."""
    steps = np.diff(track.positions, axis=0)
    return float(np.hypot(steps[:, 0], steps[:, 1]).sum())


def wrapped_deg(angles: Floats) -> Floats:
    """The same angles in -180..180, of which 180 itself becomes -180."""
    return (angles + 180.0) % 360.0 - 180.0


def mean_of(values: Floats) -> float:
    """Mean of a measure; NaN where it was never taken."""
    return float(values.mean()) if values.size else float("nan")


def percentile_95_of(values: Floats) -> float:
    """What 95 % of a measure's values do not exceed, linear between them; NaN where it was never taken."""
    return float(np.percentile(values, 95.0)) if values.size else float("nan")
