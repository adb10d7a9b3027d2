"""Where the ego drove: off the road, against its lane's direction, outside the lanes that its route allows.

Decisions:

- **A road is what a car may drive on:** driving lanes of either kind, parking lanes, entries, exits and ramps. Inside a
  junction the surface between the lanes belongs to it, while the ego's origin is within ``JUNCTION_REACH`` lane widths
  of the middle of the nearest one. Episodes end by the same rule (:mod:`harness.closed_loop.rules`).
- **Wrong way** is a heading of more than 90 degrees against the lane's, and is not asked in a junction, where lanes of
  all directions lie over each other.
- **Outside the route's lanes** follows OutsideRouteLanesTest in scenario_runner/srunner/scenariomanager/
  scenarioatomics/atomic_criteria.py: more than 0.5 m beyond the edge of the nearest driving lane and on no other lane
  for cars, in junctions too, or in a lane of the other direction. Its share is that of the completed part of the
  route, in metres. The original asks about direction when the lane changes; here it is asked at each tick, with the
  same 120 degrees.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.closed_loop.episode_log import EpisodeLog
from harness.closed_loop.metrics.ego_track import EgoTrack, Flags, Floats, wrapped_deg

DRIVING, PARKING, BIDIRECTIONAL = 2, 256, 512
ENTRY, EXIT, OFF_RAMP, ON_RAMP = 131072, 262144, 524288, 1048576
ROAD = DRIVING | PARKING | BIDIRECTIONAL | ENTRY | EXIT | OFF_RAMP | ON_RAMP
"""Bits of ``carla.LaneType`` (LibCarla/source/carla/road/Lane.h) that are road."""
JUNCTION_REACH = 1.5
"""Lane widths."""
WRONG_WAY_DEG = 90.0
OUTSIDE_M = 0.5
"""``ALLOWED_OUT_DISTANCE`` of OutsideRouteLanesTest."""
OUTSIDE_DEG = 120.0
"""``MAX_VEHICLE_ANGLE`` of OutsideRouteLanesTest."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RoadUse:
    """What holds at each tick."""

    off_road: Flags
    """(T,) there is no road under the ego's origin."""
    wheels_off_road: Flags
    """(T,) there is no road under at least one corner of its box."""
    wrong_way: Flags
    """(T,)"""
    outside_lanes: Flags
    """(T,) as Leaderboard means it."""
    outside_lanes_m: float
    """Progress along the route that was made so."""
    outside_lanes_share: float
    """Of the completed part of the route, 0..1; 0 where nothing is completed, as in Leaderboard."""


def road_use(log: EpisodeLog, track: EgoTrack) -> RoadUse:
    """Where the ego drove, at every tick."""
    on_lane = (log.on_lane_types & ROAD) != 0
    against = np.abs(wrapped_deg(np.degrees(track.yaws) - log.lane_centers[:, 2]))
    aside = np.hypot(*(track.positions - log.lane_centers[:, :2]).T)
    on_road = on_lane | (log.in_junction & (aside <= JUNCTION_REACH * log.lane_widths_m))[:, None]
    beyond = (aside > log.lane_widths_m / 2 + OUTSIDE_M) & ~on_lane[:, 0]
    outside = beyond | ((against > OUTSIDE_DEG) & ~log.in_junction)
    steps = _progress_steps(log)
    outside_m, completed_m = float(steps[outside].sum()), float(steps.sum())
    return RoadUse(
        off_road=~on_road[:, 0],
        wheels_off_road=~on_road[:, 1:].all(axis=1),
        wrong_way=(against > WRONG_WAY_DEG) & ~log.in_junction,
        outside_lanes=outside,
        outside_lanes_m=outside_m,
        outside_lanes_share=outside_m / completed_m if completed_m > 0 else 0.0,
    )


def _progress_steps(log: EpisodeLog) -> Floats:
    """Progress that was made in each tick [m], (T,), never negative."""
    progress = log.route_progress_m.astype(np.float64)
    return np.maximum(np.diff(progress, prepend=progress[:1]), 0.0)
