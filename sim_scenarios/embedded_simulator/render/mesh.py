"""Triangles as the models build them and the scene gathers them.

Model frame: x forward, y right, z up, metres, origin on the ground under the middle unless a model says otherwise.
``cross(p1 - p0, p2 - p0)`` of a triangle points out of the visible side.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


class Part(enum.IntEnum):
    """What a triangle does beyond carrying its material: who paints it, and when it glows."""

    PLAIN = 0
    PAINT = 1  # multiplied by the actor's colour
    CLOTHES = 2  # walkers: upper garment
    TROUSERS = 3
    SKIN = 4
    HAIR = 5
    HEADLIGHT = 6  # glows with POSITION / LOW_BEAM / HIGH_BEAM
    TAIL_LIGHT = 7  # glows dim with POSITION, bright with BRAKE
    BLINKER_LEFT = 8
    BLINKER_RIGHT = 9
    REVERSE_LIGHT = 10
    SIGNAL_RED = 11  # traffic light lenses glow with the phase
    SIGNAL_YELLOW = 12
    SIGNAL_GREEN = 13
    STREET_LAMP = 14  # glows at night
    WINDOW = 15  # building window texels: some are lit at night
    LEAF = 16  # alpha-tested foliage card, two-sided, tinted per instance
    BEACON = 17  # flashes with SPECIAL1
    CABIN = 18  # a vehicle's glass, through which its cabin is seen
    NUMBER_PLATE = 19  # shows another number for each vehicle


class Joint(enum.IntEnum):
    """Rigid groups of vertices that the pose of an actor moves."""

    BODY = 0
    LEFT_LEG = 1  # the thigh, about the hip; far away the whole leg
    RIGHT_LEG = 2
    LEFT_ARM = 3  # the upper arm, about the shoulder; far away the whole arm
    RIGHT_ARM = 4
    FRONT_WHEELS = 5  # turn with the steering angle about each wheel's own centre, and roll
    REAR_WHEELS = 6
    LEFT_SHIN = 7  # about the knee, carried along by the thigh
    RIGHT_SHIN = 8
    LEFT_FOREARM = 9  # about the elbow, carried along by the upper arm
    RIGHT_FOREARM = 10
    HEAD = 11  # about the neck
    LEFT_FOOT = 12  # about the ankle, carried along by the shin
    RIGHT_FOOT = 13


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Mesh:
    """A triangle mesh; every array C-contiguous."""

    positions: NDArray[np.float32]
    """(V, 3) [m]."""
    normals: NDArray[np.float32]
    """(V, 3) unit length; smooth where vertices are shared."""
    uvs: NDArray[np.float32]
    """(V, 2) in tiles of the material (1.0 = the texture once)."""
    colors: NDArray[np.float32]
    """(V, 3) sRGB 0..1, multiplied with the material's texel."""
    triangles: NDArray[np.int32]
    """(T, 3)."""
    materials: NDArray[np.uint8]
    """(T,) index into ``materials.MATERIALS``."""
    tags: NDArray[np.uint8]
    """(T,) CARLA semantic tag."""
    parts: NDArray[np.uint8]
    """(T,) ``Part``."""
    joints: NDArray[np.uint8]
    """(V,) ``Joint``."""
    pivots: NDArray[np.float32]
    """(V, 3) [m] the point a vertex's joint turns about; zero for BODY."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Model:
    """Levels of detail, finest first."""

    levels: tuple[tuple[float, Mesh], ...]
    """(distance up to which this level is used [m], mesh); the last distance is infinite."""
    radius_m: float
    """Of a sphere about the origin that holds every vertex."""
    cabin: tuple[float, ...] = (0.0,) * 8
    """What is behind glass of ``Part.CABIN``: the columns of ``render/cabin.py``, model frame [m]."""
