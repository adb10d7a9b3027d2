"""Time until the ego and somebody else touch, if both go on as they are: the least over all others.

Decisions:

- **Boxes, seen from above, at constant velocity.** Two rectangles that do not turn touch while their shadows on each
  of their four axes overlap (the separating axis theorem); each shadow's times are an interval, so the first common
  time is exact, without steps.
- **Vehicles and walkers only,** at the same height: nothing under or over a bridge.
- **Nothing is said while the ego stands,** as in nuPlan's time_to_collision_within_bound: what then drives up behind it
  is not of its making.
- Velocities of others are differences of their positions over one tick; the server's are not in the log.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from harness.closed_loop.episode_log import EpisodeLog
from harness.closed_loop.metrics.ego_track import MOVING_MPS, EgoTrack, Floats

HORIZON_S = 4.0
"""What is farther ahead is not reported."""


def times_to_collision(log: EpisodeLog, track: EgoTrack) -> Floats:
    """The least time to a collision at each tick.

    Returns:
        ``(T,)`` [s], 0 while touching; NaN where none is ahead within ``HORIZON_S``.
    """
    least = np.full(log.num_ticks, np.inf)
    others = [number for number, actor in enumerate(log.actors) if number and actor.kind != "static"]
    if others:
        poses = log.actor_transforms[:, others].astype(np.float64)
        velocities = _velocities(poses[..., :2], log.fixed_delta_seconds)
        near = _candidates(log, track, others, poses, velocities)
        ticks, columns = np.nonzero(near)
        if len(ticks):
            times = _times(log, track, np.asarray(others)[columns], ticks, poses[ticks, columns], velocities[near])
            np.minimum.at(least, ticks, times)
    return np.where(least <= HORIZON_S, least, np.nan)


def _velocities(positions: Floats, step_s: float) -> Floats:
    """(T, A, 2) [m/s] over the tick before; over the one after where an actor was not there before, 0 without both."""
    steps = np.diff(positions, axis=0) / step_s
    nowhere = np.full((1, *positions.shape[1:]), np.nan)
    before, after = np.concatenate([nowhere, steps]), np.concatenate([steps, nowhere])
    return np.nan_to_num(np.where(np.isnan(before), after, before))


def _candidates(
    log: EpisodeLog, track: EgoTrack, others: list[int], poses: Floats, velocities: Floats
) -> npt.NDArray[np.bool_]:
    """(T, A) whose circles can meet within the horizon, while the ego moves; False where an actor is not there."""
    reaches = np.array([_reach(log, number) for number in others]) + _reach(log, 0)
    gaps = poses[..., :2] - track.positions[:, None]
    closing = velocities - track.velocities[:, None]
    ways = np.hypot(closing[..., 0], closing[..., 1]) * HORIZON_S
    heights = np.abs(_box_heights(log, others, poses) - _box_heights(log, [0], log.actor_transforms[:, :1]))
    tall = np.array([log.actors[number].half_extents_m[2] for number in others]) + log.actors[0].half_extents_m[2]
    near = np.hypot(gaps[..., 0], gaps[..., 1]) <= reaches + ways
    return np.asarray(near & (heights <= tall) & (track.speeds > MOVING_MPS)[:, None], dtype=np.bool_)


def _reach(log: EpisodeLog, number: int) -> float:
    """From an actor's origin to the farthest corner of its box, at most [m]."""
    actor = log.actors[number]
    return float(np.hypot(*actor.half_extents_m[:2]) + np.hypot(*actor.center_m[:2]))


def _box_heights(log: EpisodeLog, numbers: list[int], poses: npt.NDArray[np.floating]) -> Floats:
    """(T, A) height of the middle of each box [m]."""
    return np.asarray(poses[..., 2] + np.array([log.actors[number].center_m[2] for number in numbers]), np.float64)


def _times(
    log: EpisodeLog,
    track: EgoTrack,
    numbers: npt.NDArray[np.intp],
    ticks: npt.NDArray[np.intp],
    poses: Floats,
    velocities: Floats,
) -> Floats:
    """First time at which the ego and each of M others touch (M,) [s]; inf: never.

    Args:
        log: whose actors they are.
        track: of the ego.
        numbers: ``(M,)`` which actor.
        ticks: ``(M,)`` when.
        poses: ``(M, 6)`` of the actor then.
        velocities: ``(M, 2)`` of the actor then [m/s].
    """
    halves = np.array([actor.half_extents_m[:2] for actor in log.actors])
    centers = np.array([actor.center_m[:2] for actor in log.actors])
    ego_axes, other_axes = _axes(track.yaws[ticks]), _axes(np.radians(poses[:, 4]))
    gaps = poses[:, :2] + np.einsum("mak,ma->mk", other_axes, centers[numbers])
    gaps -= track.positions[ticks] + np.einsum("mak,a->mk", ego_axes, centers[0])
    closing = velocities - track.velocities[ticks]
    axes = np.concatenate([ego_axes, other_axes], axis=1)
    reaches = np.einsum("mab,b->ma", np.abs(np.einsum("mak,mbk->mab", axes, ego_axes)), halves[0])
    reaches += np.einsum("mab,mb->ma", np.abs(np.einsum("mak,mbk->mab", axes, other_axes)), halves[numbers])
    apart, rate = np.einsum("mak,mk->ma", axes, gaps), np.einsum("mak,mk->ma", axes, closing)
    begins, ends = _overlaps(apart, rate, reaches)
    begin, end = np.maximum(begins.max(axis=1), 0.0), ends.min(axis=1)
    return np.asarray(np.where(begin <= end, begin, np.inf), dtype=np.float64)


def _axes(yaws: Floats) -> Floats:
    """(M, 2, 2): forward and right of M headings [rad]."""
    cos, sin = np.cos(yaws), np.sin(yaws)
    return np.stack([np.stack([cos, sin], axis=-1), np.stack([-sin, cos], axis=-1)], axis=1)


def _overlaps(apart: Floats, rate: Floats, reaches: Floats) -> tuple[Floats, Floats]:
    """When ``|apart + rate * t| <= reaches`` begins and ends; always or never where nothing moves along the axis."""
    still = np.abs(rate) < 1e-9
    safe = np.where(still, 1.0, rate)
    one, other = (-reaches - apart) / safe, (reaches - apart) / safe
    inside = np.abs(apart) <= reaches
    begins = np.where(still, np.where(inside, -np.inf, np.inf), np.minimum(one, other))
    ends = np.where(still, np.where(inside, np.inf, -np.inf), np.maximum(one, other))
    return begins, ends
