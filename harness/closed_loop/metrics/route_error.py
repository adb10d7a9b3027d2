"""How far beside its route the ego is, and how it is turned against it.

Decisions:

- **Only the stretch of the route around its progress is looked at,** from ``BEHIND_M`` behind to ``AHEAD_M`` ahead of
  the farthest point reached, so that a route that crosses itself or comes back along the same street is not mistaken.
- **Before the start and behind the goal the route goes straight on,** so that a car that stops a metre late has no
  error from that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.closed_loop.episode_log import EpisodeLog
from harness.closed_loop.metrics.ego_track import EgoTrack, Floats, wrapped_deg

BEHIND_M = 25.0
AHEAD_M = 10.0


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RouteError:
    """Error against the route at each tick."""

    lateral_m: Floats
    """(T,) from the middle of the route's lane to the ego's origin; right positive."""
    heading_deg: Floats
    """(T,) of the ego against the route there, -180..180; right positive."""


def route_error(log: EpisodeLog, track: EgoTrack) -> RouteError:
    """Signed distance and turn of the ego against the nearest point of its route, at every tick."""
    starts = log.route_points[:-1, :2]
    ways = np.diff(log.route_points[:, :2], axis=0)
    squares = np.maximum(np.einsum("rk,rk->r", ways, ways), 1e-12)
    windows = _windows(log)
    offsets = track.positions[:, None] - starts[windows]
    along = np.einsum("twk,twk->tw", offsets, ways[windows]) / squares[windows]
    shares = np.clip(along, np.where(windows == 0, -np.inf, 0.0), np.where(windows == len(starts) - 1, np.inf, 1.0))
    apart = offsets - shares[..., None] * ways[windows]
    ticks = np.arange(len(windows))
    nearest = np.argmin(np.einsum("twk,twk->tw", apart, apart), axis=1)
    segments = windows[ticks, nearest]
    gaps, share = apart[ticks, nearest], shares[ticks, nearest]
    to_the_right = ways[segments, 0] * gaps[:, 1] - ways[segments, 1] * gaps[:, 0]
    turns = wrapped_deg(np.diff(log.route_yaws_deg))
    yaws = log.route_yaws_deg[segments] + np.clip(share, 0.0, 1.0) * turns[segments]
    return RouteError(
        lateral_m=np.copysign(np.hypot(gaps[:, 0], gaps[:, 1]), to_the_right),
        heading_deg=wrapped_deg(np.degrees(track.yaws) - yaws),
    )


def _windows(log: EpisodeLog) -> np.ndarray[tuple[int, ...], np.dtype[np.intp]]:
    """Numbers of the segments to look at, (T, W); as many at each tick, more than asked for at the route's ends."""
    progress = log.route_progress_m.astype(np.float64)
    last = len(log.route_s_m) - 2
    first = np.searchsorted(log.route_s_m, progress - BEHIND_M, side="right") - 1
    behind_last = np.searchsorted(log.route_s_m, progress + AHEAD_M, side="left")
    first = np.clip(first, 0, last)
    width = min(int((np.clip(behind_last, 1, last + 1) - first).max()), last + 1)
    return np.asarray(np.minimum(first, last + 1 - width)[:, None] + np.arange(width), dtype=np.intp)
