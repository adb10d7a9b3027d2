"""Between pixels and places on the ground: the camera's intrinsics and mounting, and the attitude of the car's body.

Frames of reference. *Ego*: origin on the ground under the middle of the car, x forward, y right, z up [m], level with
the ground. *Camera*: x along the axis, y right, z up. Pixels: u to the right and v down, (0, 0) the outer corner of the
first pixel, so that pixel i has its middle at i + 0.5 and the axis meets the picture at (W / 2, H / 2).

CARLA's rotations are left-handed (Rotation in LibCarla's geom): yaw to the right, pitch up, roll clockwise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim_scenarios.camera import CameraSpec

Floats = npt.NDArray[np.float64]

_LEAST_DEPTH_M = 0.1


def rotation(pitch_deg: float, yaw_deg: float, roll_deg: float) -> Floats:
    """(3, 3) whose columns are the forward, right and up axes of a rotated body."""
    p, y, r = (math.radians(each) for each in (pitch_deg, yaw_deg, roll_deg))
    cp, sp, cy, sy, cr, sr = math.cos(p), math.sin(p), math.cos(y), math.sin(y), math.cos(r), math.sin(r)
    return np.array(
        [
            [cp * cy, cy * sp * sr - sy * cr, -cy * sp * cr - sy * sr],
            [cp * sy, sy * sp * sr + cy * cr, -sy * sp * cr + cy * sr],
            [sp, -cp * sr, cp * cr],
        ]
    )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class GroundPlane:
    """A camera above level ground."""

    axes: Floats
    """(3, 3) forward, right and up axis of the camera as columns, in the ego frame."""
    position: Floats
    """(3,) of the camera in the ego frame [m]."""
    focal_px: float
    width: int
    """[px]"""
    height: int
    """[px]"""

    @classmethod
    def of(cls, camera: CameraSpec, *, pitch_deg: float = 0.0, roll_deg: float = 0.0) -> GroundPlane:
        """The plane as ``camera`` sees it from a body that has turned about the ego's origin.

        Args:
            camera: On the car.
            pitch_deg: Of the body against the ground, nose up.
            roll_deg: Of the body against the ground, clockwise from behind.
        """
        body = rotation(pitch_deg, 0.0, roll_deg)
        return cls(
            axes=body @ rotation(camera.pitch, camera.yaw, camera.roll),
            position=body @ np.array([camera.x, camera.y, camera.z]),
            focal_px=camera.width / (2.0 * math.tan(math.radians(camera.fov) / 2.0)),
            width=camera.width,
            height=camera.height,
        )

    def to_ground(self, pixels: Floats) -> Floats:
        """Where the rays through ``pixels (N, 2)`` (u, v) meet the ground: (N, 2) x, y [m]; NaN above the horizon."""
        u, v = pixels[:, 0], pixels[:, 1]
        rays = np.stack(
            [np.full(len(u), self.focal_px), u - 0.5 * self.width, 0.5 * self.height - v], axis=1
        ) @ self.axes.T  # fmt: skip
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = np.where(rays[:, 2] < 0.0, -self.position[2] / rays[:, 2], np.nan)
        ground: Floats = self.position[:2] + reach[:, None] * rays[:, :2]
        return ground

    def to_pixels(self, points: Floats) -> Floats:
        """Pixels (N, 2) of ``points (N, 2)`` x, y on the ground or (N, 3) [m]; NaN behind the camera."""
        height = np.zeros((len(points), 3 - points.shape[1]))
        seen = (np.concatenate([points, height], axis=1) - self.position) @ self.axes
        depth = np.where(seen[:, 0] > _LEAST_DEPTH_M, seen[:, 0], np.nan)
        scale = self.focal_px / depth
        pixels: Floats = np.stack(
            [0.5 * self.width + seen[:, 1] * scale, 0.5 * self.height - seen[:, 2] * scale], axis=1
        )
        return pixels

    @property
    def nearest_m(self) -> float:
        """Where the ground begins to be seen in the middle of the picture's lower edge: x [m]; NaN: nowhere."""
        return float(self.to_ground(np.array([[0.5 * self.width, float(self.height)]]))[0, 0])
