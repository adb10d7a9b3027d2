"""Leaving out ticks at which the ego stands: a red light of a minute is one picture, not a thousand.

Decided from the ego's poses alone, so that every weather and every camera keeps the same ticks, after a resume, too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from harness.carla_client.drive_log import DriveLog
from harness.carla_client.observation import Pose

TURN_DEG = 5.0
"""An ego that turned as much about any axis is not idle, however little it moved."""


class IdleThinning:
    """Asked about the recorded ticks of a drive in their order; keeps the first."""

    def __init__(self, min_motion_m: float) -> None:
        """Keep a tick when the ego has moved at least ``min_motion_m`` since the last kept one; 0 keeps all."""
        self._min_motion_m = min_motion_m
        self._last_kept: Pose | None = None

    def keeps(self, ego: Pose) -> bool:
        """Whether the tick at which the ego was at ``ego`` is kept."""
        if self._last_kept is not None and has_hardly_moved(ego, self._last_kept, self._min_motion_m):
            return False
        self._last_kept = ego
        return True


def has_hardly_moved(ego: Pose, before: Pose, min_motion_m: float) -> bool:
    """Whether the ego is less than ``min_motion_m`` from where it was, and has turned less than ``TURN_DEG``."""
    # A pose that is NaN, of an ego that the server lost, is not idle: the pair or gap is to be seen.
    has_not_moved = math.dist(ego[:3], before[:3]) < min_motion_m
    return has_not_moved and all(_turn_deg(a, b) < TURN_DEG for a, b in zip(ego[3:], before[3:], strict=True))


def ego_poses(log: DriveLog) -> Iterator[tuple[int, Pose]]:
    """(tick, pose of the ego) of every recorded tick of ``log``, ticks counted from 0 after the warm-up."""
    for row in range(log.num_ticks):
        if log.is_recorded(row):
            x, y, z, pitch, yaw, roll = log.transforms[row, log.ego].tolist()
            yield row - log.warmup_ticks, (x, y, z, pitch, yaw, roll)


def kept_ticks(log: DriveLog, min_motion_m: float) -> tuple[int, ...]:
    """The recorded ticks of ``log`` that ``IdleThinning`` keeps."""
    thinning = IdleThinning(min_motion_m)
    return tuple(tick for tick, ego in ego_poses(log) if thinning.keeps(ego))


def _turn_deg(a: float, b: float) -> float:
    return abs((a - b + 180.0) % 360.0 - 180.0)
