"""What the cameras of one tick saw. A pair is proven: same frame number, time and camera pose; otherwise it is a gap.

Frame of reference: CARLA's left-handed axes, x forward, y right, z up; metres, degrees, seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Image: TypeAlias = npt.NDArray[np.uint8]
Pose: TypeAlias = tuple[float, float, float, float, float, float]
"""(x, y, z [m], pitch, yaw, roll [deg]) in world coordinates."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class CameraPair:
    """RGB and tags of one camera at one instant, and its further planes, of the same instant and pose."""

    rgb: Image
    """(H, W, 3) uint8, red first, rows from the top."""
    tags: Image
    """(H, W) uint8, the server's semantic tags as they came."""
    transform: Pose
    """Of the camera, as all its images state it."""
    depth: npt.NDArray[np.uint32] | None = None
    """(H, W) uint32, CARLA's 24-bit code along the camera's axis: metres = code / (2**24 - 1) * 1000."""
    instance: npt.NDArray[np.uint16] | None = None
    """(H, W) uint16, what is seen: 1 + the column of the drive log for the cast (the ego is 1), the same in a drive and
    in each of its replays; everything else as the server numbers it. 0 is the sky on the embedded simulator."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """A pair that should be there and is not."""

    frame: int
    """The tick, counted from 0 after the warm-up, as shards count their frames."""
    camera: str
    reason: str
    """``kind: what was seen``, the kinds of missing images being ``missing``, ``wrong size``, ``unpaired frame``,
    ``unpaired time`` and ``unpaired pose``."""

    @property
    def is_missing(self) -> bool:
        """Whether an image never came, as opposed to one that does not fit the others."""
        return self.reason.startswith("missing:")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Observation:
    """One recorded tick."""

    frame: int
    """The server's own count: what the images were matched by."""
    tick: int
    """Counted from 0 after the warm-up; the same in a drive and in each of its replays."""
    timestamp_s: float
    """Simulated time since the end of the warm-up [s]; the same in a drive and in each of its replays."""
    cameras: dict[str, CameraPair]
    """By the name of the camera; a camera without a proven pair is missing here and listed in ``gaps``."""
    ego_transform: Pose
    ego_speed: float
    """[m/s]"""
    gaps: tuple[Gap, ...]
