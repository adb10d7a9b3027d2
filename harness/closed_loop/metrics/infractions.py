"""Everything that an ego did wrong in an episode, in order, each with its tick and its place.

Decisions:

- **One list for the table, the map and the search for hard frames.** What of it costs points is for
  :mod:`driving_score`: lane invasions and being hit while standing do not.
- **Outside the route's lanes is one infraction for each stretch,** so that all places are on the map; Leaderboard,
  which reports one for each route, and the driving score go by the length of all of them.
- **How an episode ended is its last infraction,** except at the goal, by a collision (which has its own) and where the
  policy, not the driving, failed. "time limit" is Leaderboard's route time-out. Its scenario time-outs, emergency
  vehicles to yield to and minimum speed have no counterpart in these scenarios.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np

from harness.closed_loop.episode_log import EpisodeLog
from harness.closed_loop.metrics.collisions import CollisionKind, collisions
from harness.closed_loop.metrics.ego_track import EgoTrack, Flags, ego_track
from harness.closed_loop.metrics.road_use import RoadUse, road_use
from harness.closed_loop.metrics.stop_lines import red_lights_passed, stop_signs_passed

EndingKind: TypeAlias = Literal["off road", "wrong way", "blocked", "route deviation", "time limit"]
InfractionKind: TypeAlias = (
    CollisionKind
    | Literal["red light", "stop sign", "lane invasion", "solid lane invasion", "outside lanes"]
    | EndingKind
)
ENDING_KINDS: tuple[EndingKind, ...] = get_args(EndingKind)


@dataclass(frozen=True, kw_only=True, slots=True)
class Infraction:
    """One thing that went wrong."""

    tick: int
    kind: InfractionKind
    x: float
    """[m] of the ego's origin in the world."""
    y: float
    """[m]"""
    what: str
    """For people."""


def infractions(log: EpisodeLog) -> tuple[Infraction, ...]:
    """The infractions of an episode, by tick."""
    track = ego_track(log)
    return infractions_on(log, track, road_use(log, track))


def infractions_on(log: EpisodeLog, track: EgoTrack, use: RoadUse) -> tuple[Infraction, ...]:
    """The same, where track and use of the road are known already."""
    found: list[tuple[int, InfractionKind, str]] = [
        *((each.tick, each.kind, f"{each.other}, {each.impulse:.0f} N s") for each in collisions(log, track)),
        *(
            (each.tick, "red light", f"light {each.line.light} at ({each.line.x:.1f}, {each.line.y:.1f})")
            for each in red_lights_passed(log, track)
        ),
        *(
            (each.tick, "stop sign", f"sign at ({each.line.x:.1f}, {each.line.y:.1f})")
            for each in stop_signs_passed(log, track)
        ),
        *((each.tick, _invasion_kind(each.markings), ", ".join(each.markings)) for each in log.lane_invasions),
        *((tick, "outside lanes", f"for {ticks} ticks") for tick, ticks in stretches(use.outside_lanes)),
        *((log.num_ticks - 1, kind, log.message) for kind in ENDING_KINDS if kind == log.reason),
    ]
    return tuple(_at(track, *each) for each in sorted(found, key=lambda each: each[0]))


def stretches(flags: Flags) -> list[tuple[int, int]]:
    """Where a series is True: the first index of each stretch, and its length."""
    edges = np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8))
    begins, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return [(int(begin), int(end - begin)) for begin, end in zip(begins, ends, strict=True)]


def _invasion_kind(markings: tuple[str, ...]) -> InfractionKind:
    """Solid where any part of the marking is: which side of a half-solid one the ego came from is not logged."""
    return "solid lane invasion" if any("Solid" in each for each in markings) else "lane invasion"


def _at(track: EgoTrack, tick: int, kind: InfractionKind, what: str) -> Infraction:
    x, y = track.positions[tick]
    return Infraction(tick=tick, kind=kind, x=float(x), y=float(y), what=what)
