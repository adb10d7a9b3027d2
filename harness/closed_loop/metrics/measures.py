"""All measures of one episode, taken once: the tables are made from these."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.closed_loop.episode_log import EpisodeLog
from harness.closed_loop.metrics.comfort import Comfort, comfort, motion
from harness.closed_loop.metrics.ego_track import EgoTrack, Floats, ego_track
from harness.closed_loop.metrics.infractions import Infraction, infractions_on
from harness.closed_loop.metrics.road_use import RoadUse, road_use
from harness.closed_loop.metrics.route_error import RouteError, route_error
from harness.closed_loop.metrics.time_to_collision import times_to_collision


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class EpisodeMeasures:
    """What was measured in one episode of T ticks."""

    track: EgoTrack
    error: RouteError
    use: RoadUse
    comfort: Comfort
    ttc_s: Floats
    """(T,) least time to a collision; NaN where none is ahead."""
    infractions: tuple[Infraction, ...]
    """By tick."""


def measure(log: EpisodeLog) -> EpisodeMeasures:
    """Take all measures of an episode."""
    track = ego_track(log)
    use = road_use(log, track)
    felt = motion(track, log.yaw_rates.astype(np.float64), log.fixed_delta_seconds)
    return EpisodeMeasures(
        track=track,
        error=route_error(log, track),
        use=use,
        comfort=comfort(felt, track.counted),
        ttc_s=times_to_collision(log, track),
        infractions=infractions_on(log, track, use),
    )
