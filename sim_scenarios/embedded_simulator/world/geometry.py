"""Rigid poses on CARLA's left-handed axes (x forward, y right, z up; degrees).

The rotation matrix is Unreal's for (pitch, yaw, roll): columns are the forward, right and up axes of the turned frame
(LibCarla/source/carla/geom/Transform.h, ``GetMatrix``). Plain floats, because a pose at a time is faster without numpy.
"""

from __future__ import annotations

import math
import struct

from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector

Matrix = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]
"""Rows of a rotation matrix."""

_SINGLE = struct.Struct("<6f")


def rotation_matrix(rotation: Rotation) -> Matrix:
    """Rows of the matrix that turns local coordinates into the parent's."""
    pitch, yaw, roll = math.radians(rotation.pitch), math.radians(rotation.yaw), math.radians(rotation.roll)
    cp, sp = math.cos(pitch), math.sin(pitch)
    cy, sy = math.cos(yaw), math.sin(yaw)
    cr, sr = math.cos(roll), math.sin(roll)
    return (
        (cp * cy, cy * sp * sr - sy * cr, -cy * sp * cr - sy * sr),
        (cp * sy, sy * sp * sr + cy * cr, -sy * sp * cr + cy * sr),
        (sp, -cp * sr, cp * cr),
    )


def rotate(matrix: Matrix, v: Vector) -> Vector:
    """``matrix @ v``."""
    return Vector(*(row[0] * v.x + row[1] * v.y + row[2] * v.z for row in matrix))


def rotate_back(matrix: Matrix, v: Vector) -> Vector:
    """``matrix.T @ v``: from the parent's coordinates into the turned frame."""
    return Vector(*(matrix[0][i] * v.x + matrix[1][i] * v.y + matrix[2][i] * v.z for i in range(3)))


def transform_point(pose: Pose, point: Vector) -> Vector:
    """A point of the pose's frame in the world."""
    turned = rotate(rotation_matrix(pose.rotation), point)
    return Vector(pose.location.x + turned.x, pose.location.y + turned.y, pose.location.z + turned.z)


def inverse_transform_point(pose: Pose, point: Vector) -> Vector:
    """A point of the world in the pose's frame."""
    return rotate_back(rotation_matrix(pose.rotation), difference(point, pose.location))


def compose(parent: Pose, child: Pose) -> Pose:
    """Where something attached at ``child`` (relative) to ``parent`` (world) is in the world."""
    outer, inner = rotation_matrix(parent.rotation), rotation_matrix(child.rotation)
    turned = rotate(outer, child.location)
    location = Vector(parent.location.x + turned.x, parent.location.y + turned.y, parent.location.z + turned.z)
    forward_x, forward_y, forward_z = (_dot_column(outer[row], inner, 0) for row in range(3))
    right_z, up_z = _dot_column(outer[2], inner, 1), _dot_column(outer[2], inner, 2)
    rotation = Rotation(
        pitch=math.degrees(math.asin(max(-1.0, min(1.0, forward_z)))),
        yaw=math.degrees(math.atan2(forward_y, forward_x)),
        roll=math.degrees(math.atan2(-right_z, up_z)),
    )
    return Pose(location, rotation)


def _dot_column(row: tuple[float, float, float], matrix: Matrix, column: int) -> float:
    return row[0] * matrix[0][column] + row[1] * matrix[1][column] + row[2] * matrix[2][column]


def as_sent(pose: Pose) -> Pose:
    """The pose in single precision, as the streams carry it and as a client would send it back."""
    x, y, z, pitch, yaw, roll = _SINGLE.unpack(_SINGLE.pack(*pose.location, *pose.rotation))
    return Pose(Vector(x, y, z), Rotation(pitch, yaw, roll))


def difference(a: Vector, b: Vector) -> Vector:
    """``a - b``."""
    return Vector(a.x - b.x, a.y - b.y, a.z - b.z)


def scaled(v: Vector, factor: float) -> Vector:
    """``factor * v``."""
    return Vector(factor * v.x, factor * v.y, factor * v.z)


def length(v: Vector) -> float:
    """Euclidean norm."""
    return math.sqrt(v.x * v.x + v.y * v.y + v.z * v.z)


def wrap_degrees(angle: float) -> float:
    """The same direction in (-180, 180], as Unreal's rotators and CARLA's spawn points have it."""
    return 180.0 - (180.0 - angle) % 360.0
