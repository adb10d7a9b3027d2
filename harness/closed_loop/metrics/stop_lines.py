"""Red lights and stop signs that the ego passed.

Decisions:

- **A line is passed when the ego's front bumper crosses it** in its direction and within its lane. RunningRedLightTest
  (scenario_runner/srunner/scenariomanager/scenarioatomics/atomic_criteria.py) waits until the rear does, so that a
  light that turns red under the car counts there and not here, and one that turns green under it the other way round.
- **Only red counts.** Yellow, off and unknown let pass, as there.
- **A stop is a speed under 0.1 m/s while the front is within 4 m before the line** (``SPEED_THRESHOLD``,
  ``PROXIMITY_THRESHOLD`` of RunningStopTest), on the approach that ends in the crossing.
- **One infraction for each light or sign until another one is passed,** as there: rolling back and on
  again is no second.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.closed_loop.episode_log import EpisodeLog, StopLine
from harness.closed_loop.metrics.ego_track import MOVING_MPS, EgoTrack, Floats

RED = 0
"""``carla.TrafficLightState.Red``."""
STOP_WITHIN_M = 4.0


@dataclass(frozen=True, kw_only=True, slots=True)
class PassedLine:
    """The ego crossed a line where it had to wait."""

    tick: int
    """The first one with the front bumper behind the line."""
    line: StopLine


def red_lights_passed(log: EpisodeLog, track: EgoTrack) -> tuple[PassedLine, ...]:
    """Lines of lights that the ego crossed at red, in order."""
    return _first_of_each(
        PassedLine(tick=int(tick), line=line)
        for line in log.stop_lines
        if line.kind == "light"
        for tick in _crossings(line, track)
        if log.light_states[tick, line.light] == RED
    )


def stop_signs_passed(log: EpisodeLog, track: EgoTrack) -> tuple[PassedLine, ...]:
    """Lines of stop signs that the ego crossed without having stopped, in order."""
    return _first_of_each(
        PassedLine(tick=int(tick), line=line)
        for line in log.stop_lines
        if line.kind == "stop"
        for tick in _crossings(line, track)
        if not _stopped_before(line, track, int(tick))
    )


def _in_line_frame(line: StopLine, points: Floats) -> tuple[Floats, Floats]:
    """How far behind the line (in the direction of travel) and to the right of its middle points are, (T,) each [m]."""
    yaw = np.radians(line.yaw_deg)
    x, y = points[:, 0] - line.x, points[:, 1] - line.y
    return x * np.cos(yaw) + y * np.sin(yaw), y * np.cos(yaw) - x * np.sin(yaw)


def _crossings(line: StopLine, track: EgoTrack) -> npt.NDArray[np.intp]:
    """Ticks at which the front has just crossed a line in its direction and within its lane."""
    beyond, aside = _in_line_frame(line, track.fronts)
    crossed = np.flatnonzero((beyond[:-1] < 0) & (beyond[1:] >= 0))
    share = -beyond[crossed] / (beyond[crossed + 1] - beyond[crossed])
    where = aside[crossed] + share * (aside[crossed + 1] - aside[crossed])
    ahead = np.cos(track.yaws[crossed + 1] - np.radians(line.yaw_deg)) > 0
    return np.asarray(crossed[(np.abs(where) <= line.width_m / 2) & ahead] + 1, dtype=np.intp)


def _stopped_before(line: StopLine, track: EgoTrack, tick: int) -> bool:
    """Whether the ego stood close before a line on the approach that crossed it at a tick."""
    beyond, _ = _in_line_frame(line, track.fronts[:tick])
    outside = np.flatnonzero((beyond < -STOP_WITHIN_M) | (beyond >= 0))
    begin = int(outside[-1]) + 1 if len(outside) else 0
    return bool((track.speeds[begin:tick] < MOVING_MPS).any())


def _first_of_each(found: Iterable[PassedLine]) -> tuple[PassedLine, ...]:
    """In order, each light or sign once until another one is passed."""
    kept: list[PassedLine] = []
    for passed in sorted(found, key=lambda each: each.tick):
        if not kept or _post(passed.line) != _post(kept[-1].line):
            kept.append(passed)
    return tuple(kept)


def _post(line: StopLine) -> object:
    """What a line belongs to: the lanes of one light have a line each."""
    return line.light if line.light >= 0 else line
