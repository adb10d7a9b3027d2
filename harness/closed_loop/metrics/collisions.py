"""Touches of the ego, told apart by what was touched and merged into collisions.

Decisions, after CollisionTest in scenario_runner/srunner/scenariomanager/scenarioatomics/atomic_criteria.py:

- **Repeated touches of the same other are one collision** until ``APART_S`` have passed without one: scraping along a
  wall is one collision, however long. (CollisionTest goes by 5 s and 3 m.)
- **A touch that finds the ego standing is not its fault** and is listed as ``hit while standing``, which costs nothing.
  The speed is that of the tick before: the touch itself changes it.
- Everything that is neither walker nor vehicle is static.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from harness.closed_loop.episode_log import CollisionEvent, EpisodeLog
from harness.closed_loop.metrics.ego_track import MOVING_MPS, EgoTrack

APART_S = 2.0

CollisionKind: TypeAlias = Literal[
    "collision pedestrian", "collision vehicle", "collision static", "hit while standing"
]
_OF_ACTOR: dict[str, CollisionKind] = {
    "walker": "collision pedestrian", "vehicle": "collision vehicle", "static": "collision static",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Collision:
    """Touches of one other that belong together."""

    tick: int
    """Of the first touch."""
    kind: CollisionKind
    other: str
    """Type id."""
    impulse: float
    """[N s] the largest."""


def collisions(log: EpisodeLog, track: EgoTrack) -> tuple[Collision, ...]:
    """The collisions of an episode, in order."""
    apart = APART_S / log.fixed_delta_seconds
    groups: list[list[CollisionEvent]] = []
    latest: dict[tuple[int, str], list[CollisionEvent]] = {}
    for event in sorted(log.collisions, key=lambda event: event.tick):
        # Ours are known by number; of all others only the type id is.
        other = (event.other_actor, "" if event.other_actor >= 0 else event.other)
        group = latest.get(other)
        if group is None or event.tick - group[-1].tick > apart:
            group = []
            groups.append(group)
            latest[other] = group
        group.append(event)
    return tuple(_collision(log, track, group) for group in groups)


def _collision(log: EpisodeLog, track: EgoTrack, touches: list[CollisionEvent]) -> Collision:
    first = touches[0]
    stood = track.speeds[max(first.tick - 1, 0)] < MOVING_MPS
    return Collision(
        tick=first.tick,
        kind="hit while standing" if stood else _kind(log, first),
        other=first.other,
        impulse=max(touch.impulse for touch in touches),
    )


def _kind(log: EpisodeLog, touch: CollisionEvent) -> CollisionKind:
    if touch.other_actor >= 0:
        return _OF_ACTOR[log.actors[touch.other_actor].kind]
    return _OF_ACTOR.get(touch.other.partition(".")[0], "collision static")
