"""What the masks of the last moments say about the ground around the car: where there is road, and where lines.

A grid in the ego frame. Each mask is laid onto the ground cell by cell; between two masks the grid moves with the car,
so that what has left the picture, above all the metres in front of the bumper, is still known. Old evidence fades.
Nothing standing on the road is ground: cells behind it keep what was known of them.

Decisions:

- Weights are summed, and divided only when asked: a cell that was never seen has no share rather than a half.
- A far cell is seen under a flat angle, so its evidence weighs less, as 1 / (1 + (x / 15 m)^2).
- The inverse way, from cell to pixel, leaves no holes near the car; far away several cells share a pixel.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt
from numba import njit

from harness.closed_loop.mask_driver.ego_motion import EgoMotion
from harness.closed_loop.mask_driver.ground_plane import GroundPlane
from harness.closed_loop.mask_driver.roles import Role

Floats32 = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint8]

CELL_M = 0.15
BEHIND_M = 6.0
AHEAD_M = 46.0
ASIDE_M = 24.0
"""To each side."""
MEMORY_S = 1.5
"""Time after which old evidence weighs 1 / e."""
FULL_WEIGHT_WITHIN_M = 15.0
LEAST_WEIGHT = 0.02
"""Of a cell that counts as seen."""

_ROAD, _LINE, _GROUND = int(Role.ROAD), int(Role.LINE), int(Role.GROUND)


class EvidenceMap:
    """The grid; ``move``, then ``add``, once for each decision."""

    def __init__(self) -> None:
        """Start without knowing anything."""
        self.rows = round((BEHIND_M + AHEAD_M) / CELL_M)
        self.columns = round(2.0 * ASIDE_M / CELL_M)
        self.layers: Floats32 = np.zeros((self.rows, self.columns, 3), np.float32)
        """(X, Y, 3) sums: weight seen, of it road (lines too), of it lines. Row 0 is ``BEHIND_M`` behind the origin,
        column 0 ``ASIDE_M`` to the left; middles of cells at half cells."""

    def move(self, motion: EgoMotion, *, step_s: float) -> None:
        """The car has moved, and what was known fades."""
        c, s = math.cos(motion.yaw), math.sin(motion.yaw)
        # From the cell (column, row) of the new grid to that of the old one, in which the content still lies.
        x0, y0 = 0.5 * CELL_M - BEHIND_M, 0.5 * CELL_M - ASIDE_M
        row = (motion.x + c * x0 - s * y0 - x0) / CELL_M
        column = (motion.y + s * x0 + c * y0 - y0) / CELL_M
        cv2.warpAffine(
            self.layers,
            np.array([[c, s, column], [-s, c, row]]),
            (self.columns, self.rows),
            dst=(moved := np.empty_like(self.layers)),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        )
        moved *= math.exp(-step_s / MEMORY_S)
        self.layers = moved

    def add(self, roles: Image, plane: GroundPlane) -> None:
        """Lay a mask onto the ground.

        Args:
            roles: (H, W) uint8 ``Role`` of each pixel.
            plane: As the camera saw it.
        """
        _lay(self.layers, roles, plane.axes, plane.position, plane.focal_px)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _lay(
    layers: Floats32,
    roles: Image,
    axes: npt.NDArray[np.float64],
    position: npt.NDArray[np.float64],
    focal_px: float,
) -> None:
    height, width = roles.shape
    down = -position[2]
    for row in range(layers.shape[0]):
        x = (row + 0.5) * CELL_M - BEHIND_M - position[0]
        far = (x + position[0]) / FULL_WEIGHT_WITHIN_M
        weight = np.float32(1.0 / (1.0 + far * far))
        for column in range(layers.shape[1]):
            y = (column + 0.5) * CELL_M - ASIDE_M - position[1]
            depth = x * axes[0, 0] + y * axes[1, 0] + down * axes[2, 0]
            if depth < 0.5:
                continue
            right = x * axes[0, 1] + y * axes[1, 1] + down * axes[2, 1]
            up = x * axes[0, 2] + y * axes[1, 2] + down * axes[2, 2]
            u = 0.5 * width + focal_px * right / depth
            v = 0.5 * height - focal_px * up / depth
            if u < 0.0 or v < 0.0 or u >= width or v >= height:
                continue
            role = roles[int(v), int(u)]
            if role == _ROAD:
                layers[row, column, 0] += weight
                layers[row, column, 1] += weight
            elif role == _LINE:
                layers[row, column, 0] += weight
                layers[row, column, 1] += weight
                layers[row, column, 2] += weight
            elif role == _GROUND:
                layers[row, column, 0] += weight
