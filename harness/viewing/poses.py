"""CARLA's camera poses and lenses as a right-handed viewer needs them.

CARLA's axes are left-handed (x forward, y right, z up), rerun's views right-handed. What is written has y turned round:
x forward, y left, z up. Poses are mirrored with it, pixels are not.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]


def right_handed_pose(transform: Sequence[float]) -> tuple[Matrix, Matrix]:
    """A pose of CARLA on right-handed axes.

    Args:
        transform: x, y, z [m], pitch, yaw, roll [deg] as CARLA gives them.

    Returns:
        Translation (3,) [m], and the (3, 3) rotation whose columns are the camera's forward, left and up, both in world
        coordinates x forward, y left, z up.
    """
    x, y, z, *angles = map(float, transform)
    pitch, yaw, roll = np.radians(angles)
    sp, cp, sy, cy, sr, cr = np.sin(pitch), np.cos(pitch), np.sin(yaw), np.cos(yaw), np.sin(roll), np.cos(roll)
    # Columns: forward, right, up on CARLA's axes (`carla.Transform.get_matrix`).
    left_handed = np.array(
        [
            [cp * cy, cy * sp * sr - sy * cr, -cy * sp * cr - sy * sr],
            [cp * sy, sy * sp * sr + cy * cr, -sy * sp * cr + cy * sr],
            [sp, -cp * sr, cp * cr],
        ]
    )
    mirror = np.diag([1.0, -1.0, 1.0])
    return np.array([x, -y, z]), mirror @ left_handed @ mirror


def intrinsics(width: int, height: int, fov_deg: float) -> Matrix:
    """(3, 3) pinhole matrix [px] of a CARLA camera: square pixels, ``fov_deg`` is the horizontal field of view."""
    focal = width / (2.0 * np.tan(np.radians(fov_deg) / 2.0))
    return np.array([[focal, 0.0, width / 2.0], [0.0, focal, height / 2.0], [0.0, 0.0, 1.0]])
