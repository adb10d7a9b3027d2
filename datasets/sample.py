"""One recorded moment: what the cameras of one place saw at the same tick.

That the images belong together is proven before a `Sample` is made; this file only refuses arrays of the wrong kind.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datasets.errors import ShardError

MAX_DEPTH_CODE = 2**24 - 1
"""CARLA's depth camera writes 24 bits; the largest code is its far plane."""
FAR_PLANE_M = 1000.0
"""Distance of `MAX_DEPTH_CODE` (CARLA's sensor reference, depth camera)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """Proven images of one tick; ShardError when the parts do not fit. Arrays are not copied: do not write to them."""

    frame: int
    """Tick of the drive, 0 for the first after the warm-up."""
    timestamp_s: float
    """Simulated time of the frame [s]."""
    rgb: npt.NDArray[np.uint8]
    """(H, W, 3) uint8 sRGB."""
    tags: npt.NDArray[np.uint8]
    """(H, W) uint8 raw tags, ids of the shard's tag table."""
    camera_transform: tuple[float, float, float, float, float, float]
    """x, y, z [m], pitch, yaw, roll [deg] of the camera in world coordinates (CARLA's left-handed axes)."""
    depth: npt.NDArray[np.uint32] | None = None
    """(H, W) uint32 codes of the depth camera, R + 256 G + 65536 B, at most `MAX_DEPTH_CODE`; see `depth_metres`."""
    instance: npt.NDArray[np.uint16] | None = None
    """(H, W) uint16 ids of objects, G + 256 B of the instance camera."""

    def __post_init__(self) -> None:
        if self.rgb.dtype != np.uint8 or self.rgb.ndim != 3 or self.rgb.shape[2] != 3 or self.rgb.size == 0:
            raise ShardError(f"rgb is {self.rgb.dtype} {self.rgb.shape}, expected uint8 (H, W, 3)")
        for name, kind in (("tags", np.uint8), ("depth", np.uint32), ("instance", np.uint16)):
            plane = getattr(self, name)
            if plane is not None and (plane.dtype != kind or plane.shape != self.rgb.shape[:2]):
                raise ShardError(
                    f"{name}: {plane.dtype} {plane.shape}, expected {np.dtype(kind)} {self.rgb.shape[:2]} like rgb"
                )
        if not 0 <= self.frame < 2**64:
            raise ShardError(f"frame is {self.frame}, expected 0 .. 2**64 - 1")
        if len(self.camera_transform) != 6:
            raise ShardError(f"camera transform is {self.camera_transform}, expected x, y, z, pitch, yaw, roll")
        if not all(map(math.isfinite, (self.timestamp_s, *self.camera_transform))):
            raise ShardError(f"time {self.timestamp_s} or camera transform {self.camera_transform} is not finite")


def depth_metres(codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.float32]:
    """(H, W) float32 distance along the camera's axis [m] of (H, W) uint32 depth codes: 0 .. `FAR_PLANE_M`."""
    metres: npt.NDArray[np.float32] = (codes * np.float64(FAR_PLANE_M / MAX_DEPTH_CODE)).astype(np.float32)
    return metres
