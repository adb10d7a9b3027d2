"""A camera's view of the world, and the images that come of it.

Axes are CARLA's, left-handed: x forward, y right, z up. The camera is CARLA's pinhole: ``fov_deg`` is horizontal,
``focal = width / (2 tan(fov / 2))`` pixels in both directions, the principal point is ``(width / 2, height / 2)``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.jit import Records
from sim_scenarios.embedded_simulator.render.optics import PINHOLE, LensShape
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Snapshot

NEAR_M = 0.1
"""Nothing nearer to the camera plane is drawn."""
FAR_M = 1000.0
"""Depth of the sky, and CARLA's largest depth."""
SKY_TAG = 11

CAMERA = np.dtype(
    [
        ("eye", np.float64, (3,)),  # world position [m]
        ("forward", np.float32, (3,)),
        ("right", np.float32, (3,)),
        ("up", np.float32, (3,)),
        ("focal_px", np.float32),
        ("center_x", np.float32),
        ("center_y", np.float32),
        ("width", np.int64),
        ("height", np.int64),
    ],
    align=True,
)
"""A view as the kernels read it; arrays of one element."""


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """Where a camera stands and what it takes in."""

    pose: Pose
    width: int
    height: int
    fov_deg: float
    """Of the pinhole, without what a lens adds or takes."""
    lens: LensShape = PINHOLE

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"image is {self.width}x{self.height}, expected at least 1x1")
        if not 1.0 <= self.fov_deg <= 179.0:
            raise ValueError(f"fov is {self.fov_deg} degrees, expected 1 to 179")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Sighting:
    """What a camera looked at in some moment, and from where."""

    view: View
    snapshot: Snapshot

    def __eq__(self, other: object) -> bool:
        """The same view of the same snapshot: cameras on one mount have seen the same and share a picture."""
        return isinstance(other, Sighting) and self.snapshot is other.snapshot and self.view == other.view

    def __hash__(self) -> int:
        return hash((self.view, self.snapshot.frame))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Frame:
    """What a camera saw. The arrays belong to the renderer and are overwritten by its next call."""

    rgb: NDArray[np.uint8] | None
    """(H, W, 3) sRGB, or ``None`` when no colour was asked for."""
    tag: NDArray[np.uint8]
    """(H, W) CARLA semantic tag, ``SKY_TAG`` where nothing stands."""
    instance: NDArray[np.uint16]
    """(H, W) actor id & 0xFFFF; static objects count up from 0x8000; 0 is the sky."""
    depth_m: NDArray[np.float32]
    """(H, W) distance along the camera's forward axis [m], ``FAR_M`` for the sky."""
    normal: NDArray[np.float32] | None = None
    """(H, W, 3) unit vectors on the world's axes, 0 for the sky, or ``None`` when they were not asked for."""
    flows: tuple[NDArray[np.float32], ...] = ()
    """(H, W, 2) for each earlier sighting, in the unit of ``render/flow.py``."""


def rotation_axes(rotation: Rotation) -> NDArray[np.float64]:
    """(3, 3) whose rows are the forward, right and up axes of a rotation, in world coordinates.

    The matrix is that of ``carla.Transform.get_matrix`` (LibCarla/source/carla/geom/Transform.h), transposed.
    """
    pitch, yaw, roll = (math.radians(angle) for angle in rotation)
    cp, sp, cy, sy, cr, sr = (
        math.cos(pitch),
        math.sin(pitch),
        math.cos(yaw),
        math.sin(yaw),
        math.cos(roll),
        math.sin(roll),
    )
    return np.array(
        [
            [cp * cy, cp * sy, sp],
            [cy * sp * sr - sy * cr, sy * sp * sr + cy * cr, -cp * sr],
            [-cy * sp * cr - sy * sr, -sy * sp * cr + cy * sr, cp * cr],
        ]
    )


def camera_record(view: View) -> Records:
    """The view as a one-element ``CAMERA`` array; a lens is not part of it."""
    camera = np.zeros(1, CAMERA)
    axes = rotation_axes(view.pose.rotation)
    camera["eye"] = view.pose.location
    camera["forward"], camera["right"], camera["up"] = axes
    camera["focal_px"] = view.width / (2.0 * math.tan(math.radians(view.fov_deg) / 2.0))
    camera["center_x"], camera["center_y"] = view.width / 2.0, view.height / 2.0
    camera["width"], camera["height"] = view.width, view.height
    return camera
