"""One recorded moment: what the RGB camera and the semantic camera saw at the same tick from the same place.

That both belong together is proven before a `Sample` is made; this file only refuses arrays of the wrong kind.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datasets.errors import ShardError


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """A proven pair; ShardError when the parts do not fit. Arrays are not copied: do not write to them afterwards."""

    frame: int
    """The simulator's frame number, >= 0."""
    timestamp_s: float
    """Simulated time of the frame [s]."""
    rgb: npt.NDArray[np.uint8]
    """(H, W, 3) uint8 sRGB."""
    tags: npt.NDArray[np.uint8]
    """(H, W) uint8 raw tags of the server."""
    camera_transform: tuple[float, float, float, float, float, float]
    """x, y, z [m], pitch, yaw, roll [deg] of the camera in world coordinates (CARLA's left-handed axes)."""

    def __post_init__(self) -> None:
        if self.rgb.dtype != np.uint8 or self.rgb.ndim != 3 or self.rgb.shape[2] != 3 or self.rgb.size == 0:
            raise ShardError(f"rgb is {self.rgb.dtype} {self.rgb.shape}, expected uint8 (H, W, 3)")
        if self.tags.dtype != np.uint8 or self.tags.shape != self.rgb.shape[:2]:
            raise ShardError(
                f"tags are {self.tags.dtype} {self.tags.shape}, expected uint8 {self.rgb.shape[:2]} like rgb"
            )
        if not 0 <= self.frame < 2**64:
            raise ShardError(f"frame is {self.frame}, expected 0 .. 2**64 - 1")
        if len(self.camera_transform) != 6:
            raise ShardError(f"camera transform is {self.camera_transform}, expected x, y, z, pitch, yaw, roll")
        if not all(map(math.isfinite, (self.timestamp_s, *self.camera_transform))):
            raise ShardError(f"time {self.timestamp_s} or camera transform {self.camera_transform} is not finite")
