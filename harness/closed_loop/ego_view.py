"""Where things of the ego frame lie in the picture of a camera on the car: for drawing over what was seen.

Decisions:

- A pinhole as CARLA's cameras are: ``f = W / (2 tan(fov / 2))``, square pixels, principal point at W/2, H/2. Pixel
  coordinates count from the picture's upper left corner, so that the middle of the first pixel lies at 0.5, 0.5.
- Lines are cut at a near plane before they are divided by their depth: a line that passes under the car ends at the
  picture's lower edge and does not come back from above.

*Ego frame*: origin on the ground under the middle of the car, x forward, y right, z up [m], level; angles pitch up,
yaw to the right, roll clockwise [deg]. The car's body, and its camera, may be pitched and rolled in it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.closed_loop.mask_driver.ground_plane import rotation
from sim_scenarios.camera import CameraSpec

Floats = npt.NDArray[np.float64]

NEAR_M = 0.3
"""Depth in front of the camera from which on things are drawn."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class EgoView:
    """A camera in the ego frame, at one instant."""

    origin: Floats
    """(3,) of the camera in the ego frame [m]."""
    axes: Floats
    """(3, 3) columns: the camera's forward, right and up in the ego frame."""
    focal_px: float
    width: int
    """[px]"""
    height: int
    """[px]"""

    def to_camera(self, points: npt.ArrayLike) -> Floats:
        """(N, 3) points of the ego frame [m] as (N, 3) forward, right, up of the camera [m]."""
        seen: Floats = (np.asarray(points, np.float64) - self.origin) @ self.axes
        return seen

    def pixels(self, points: npt.ArrayLike) -> Floats:
        """(N, 2) pixels, right and down, of (N, 3) points of the ego frame [m]; NaN nearer than the near plane."""
        return self._project(self.to_camera(points))

    def polygon(self, points: npt.ArrayLike) -> Floats:
        """A flat polygon of the ego frame as the part of it that is before the camera.

        Args:
            points: (N, 3) its corners in order [m].

        Returns:
            (M, 2) corners [px], right and down; none where all of it is behind the near plane.
        """
        corners = self.to_camera(points)
        kept: list[Floats] = []
        for one, other in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            if one[0] >= NEAR_M:
                kept.append(one)
            if (one[0] >= NEAR_M) != (other[0] >= NEAR_M):
                kept.append(one + (other - one) * (NEAR_M - one[0]) / (other[0] - one[0]))
        return self._project(np.array(kept).reshape(-1, 3))

    def line(self, points: npt.ArrayLike) -> tuple[Floats, ...]:
        """A line of the ego frame as what is seen of it.

        Args:
            points: (N, 3) in order [m].

        Returns:
            Pieces of at least two (M, 2) points [px], right and down.
        """
        ends = self.to_camera(points)
        pieces: list[list[Floats]] = [[]]
        for index, point in enumerate(ends):
            if index and (point[0] >= NEAR_M) != (ends[index - 1][0] >= NEAR_M):
                before = ends[index - 1]
                pieces[-1].append(before + (point - before) * (NEAR_M - before[0]) / (point[0] - before[0]))
                if point[0] < NEAR_M:
                    pieces.append([])
            if point[0] >= NEAR_M:
                pieces[-1].append(point)
        return tuple(self._project(np.array(piece)) for piece in pieces if len(piece) > 1)

    def _project(self, seen: Floats) -> Floats:
        depth = np.where(seen[:, 0] >= NEAR_M * (1 - 1e-9), seen[:, 0], np.nan)
        across = self.width / 2 + self.focal_px * seen[:, 1] / depth
        down = self.height / 2 - self.focal_px * seen[:, 2] / depth
        return np.stack([across, down], axis=1)


def ego_view(camera: CameraSpec, *, pitch_deg: float = 0.0, roll_deg: float = 0.0) -> EgoView:
    """The view of a camera on a car.

    Args:
        camera: its place on the body, its size and field of view.
        pitch_deg: of the body in the ego frame, nose up positive.
        roll_deg: of the body in the ego frame, clockwise seen from behind positive.
    """
    body = rotation(pitch_deg, 0.0, roll_deg)
    return EgoView(
        origin=body @ np.array([camera.x, camera.y, camera.z]),
        axes=body @ rotation(camera.pitch, camera.yaw, camera.roll),
        focal_px=camera.width / (2 * math.tan(math.radians(camera.fov) / 2)),
        width=camera.width,
        height=camera.height,
    )
