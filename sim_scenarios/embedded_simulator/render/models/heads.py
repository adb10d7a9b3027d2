"""Heads: one skin of face and hair, what is worn on it, and the features of a face that is near.

Frame: the model's, x forward, y right, z up. Sizes are fractions of the head's own, from chin to crown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.mesh import Part
from sim_scenarios.embedded_simulator.render.mesh_builder import Color, Finish, MeshBuilder, Point
from sim_scenarios.embedded_simulator.render.models import figure
from sim_scenarios.embedded_simulator.render.models.figure import FigureDetail

Cut = Literal["short", "cropped", "balding", "bob", "long", "bun"]
Headgear = Literal["cap", "beanie", "sun_hat", "police_cap", "helmet", "cycle_helmet"]

# Height, front, back and half width of each section, from the middle of the head.
_SECTIONS = np.array(
    [
        (-0.50, 0.27, 0.04, 0.10),
        (-0.43, 0.345, -0.14, 0.205),
        (-0.27, 0.355, -0.25, 0.275),
        (-0.08, 0.365, -0.34, 0.305),
        (0.08, 0.350, -0.385, 0.325),
        (0.26, 0.340, -0.395, 0.330),
        (0.39, 0.265, -0.345, 0.285),
        (0.47, 0.14, -0.245, 0.185),
        (0.50, 0.00, -0.110, 0.060),
    ]
)
_KEPT = {10: range(9), 6: (0, 2, 4, 5, 6, 8), 4: (0, 5, 8)}
"""Sections by the number of corners."""
_HAIRLINES: dict[Cut, tuple[float, float, float]] = {
    "short": (0.25, 0.10, -0.25),
    "cropped": (0.36, 0.10, -0.10),
    "balding": (0.60, 0.10, -0.25),
    "bob": (0.25, -0.25, -0.40),
    "long": (0.25, -0.10, -0.60),
    "bun": (0.36, 0.10, -0.25),
}
"""Lower edge of the hair over the face, over the ears and at the nape."""
_BALD_FROM = 0.30
_HAIR_THICKNESS: dict[Cut, float] = {
    "short": 0.05, "cropped": 0.01, "balding": 0.0, "bob": 0.11, "long": 0.08, "bun": 0.03,
}  # fmt: skip
_GEAR_EDGE, _BEANIE_EDGE = 0.20, -0.05
_GEAR_THICKNESS: dict[Headgear, float] = {"helmet": 0.14, "cycle_helmet": 0.15}
_HAT_THICKNESS = 0.10
_BRIM: dict[Headgear, float] = {"sun_hat": 0.66, "helmet": 0.48, "police_cap": 0.47}
"""Radius of a brim that goes all round."""
_FACE_SLOPE = 0.37
"""How fast a face curves back to its sides."""

_Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """What a head looks like; its finishes move with it."""

    size_m: float
    """From chin to crown."""
    skin: Finish
    hair: Finish
    cut: Cut
    has_beard: bool = False
    gear: tuple[Headgear, Finish] | None = None
    is_covered: bool = False
    """No face is to be seen."""


def add_head(builder: MeshBuilder, center: Point, head: Head, detail: FigureDetail) -> None:
    """Add a head about its middle."""
    middle, size, sides = np.array(center), head.size_m, detail.head_sides
    sections = _SECTIONS[list(_KEPT[sides])]
    angle = 2.0 * np.pi * np.arange(sides) / sides
    z, front, back, width = (column[:, None] for column in sections.T)
    stretch = figure.as_wide_as_round(sides)
    rings = np.stack(
        [
            (front + back) / 2.0 + (front - back) / 2.0 * stretch * np.cos(angle),
            width * stretch * np.sin(angle),
            np.broadcast_to(z, (len(z), sides)),
        ],
        axis=2,
    )
    choice = _choice(head, sections[:, 0], angle)
    rings = rings * (1.0 + _thickness(head, choice)[..., None] * (1.0, 1.0, 0.6))
    finishes = (head.skin, head.hair, head.gear[1] if head.gear else head.hair)
    figure.add_patched(builder, middle + size * rings, choice, finishes)
    if head.gear is not None:
        _add_brim(builder, middle, size, *head.gear, detail)
    if detail.has_bent_arms:
        _add_loose_hair(builder, middle, head, detail)
    if detail.has_features and not head.is_covered:
        _add_face(builder, middle, head)


def _choice(head: Head, z: _Floats, angle: _Floats) -> NDArray[np.int64]:
    """(N - 1, K) of each quad: 0 skin, 1 hair, 2 what is worn."""
    middle = ((z[1:] + z[:-1]) / 2.0)[:, None]
    toward = np.cos(angle + np.pi / len(angle))[None, :]  # 1 is the middle of the face, -1 the nape
    over_face, over_ears, at_nape = _HAIRLINES[head.cut]
    is_hair = middle > np.where(toward > 0.45, over_face, np.where(toward > -0.35, over_ears, at_nape))
    if head.cut == "balding":
        is_hair &= middle < _BALD_FROM
    if head.has_beard:
        is_hair |= (toward > -0.1) & (middle < np.where(toward > 0.7, -0.30, -0.16))
    choice = is_hair.astype(np.int64)
    if head.gear is not None:
        behind = _BEANIE_EDGE if head.gear[0] == "beanie" else _GEAR_EDGE
        choice[middle > np.where(toward > 0.45, _GEAR_EDGE, behind)] = 2
    return choice


def _thickness(head: Head, choice: NDArray[np.int64]) -> _Floats:
    """(N, K) by which share each corner lies further out: hair stands off, and what is worn goes over it."""
    worn = _GEAR_THICKNESS.get(head.gear[0], _HAT_THICKNESS) if head.gear else 0.0
    quads = np.array([0.0, _HAIR_THICKNESS[head.cut], worn])[choice]
    corners = np.maximum(quads, np.roll(quads, 1, axis=1))
    return np.asarray(np.maximum(np.pad(corners, ((1, 0), (0, 0))), np.pad(corners, ((0, 1), (0, 0)))), np.float64)


def _add_loose_hair(builder: MeshBuilder, middle: _Floats, head: Head, detail: FigureDetail) -> None:
    size = head.size_m
    if head.cut == "bun":
        sides, rings = (6, 4) if detail.has_features else (4, 2)
        at = middle + size * np.array([-0.44, 0.0, 0.20])
        builder.ellipsoid(at, size * np.array([0.16, 0.17, 0.16]), head.hair, sides=sides, rings=rings)
    elif head.cut == "long":
        fall = middle + size * np.array(
            [(-0.20, 0.0, 0.20), (-0.31, 0.0, -0.30), (-0.36, 0.0, -0.62), (-0.40, 0, -0.92)]
        )
        depths, widths = np.array([0.15, 0.16, 0.14, 0.06]), np.array([0.27, 0.34, 0.36, 0.28])
        figure.add_trunk(builder, fall, size * depths, size * widths, head.hair, figure.MIDDLE_DISTANCE)


def _add_brim(
    builder: MeshBuilder, middle: _Floats, size: float, gear: Headgear, finish: Finish, detail: FigureDetail
) -> None:
    edge = 0.275 * size
    if gear == "cap":
        corners = np.array([(0.30, -0.26, 0.02), (0.30, 0.26, 0.02), (0.64, 0.16, -0.05), (0.64, -0.16, -0.05)])
        builder.extrusion(middle + np.array([0.0, 0.0, edge]) + size * corners, (0.0, 0.0, 0.035 * size), finish)
    elif gear in _BRIM:
        x, y, z = middle + np.array([-0.02 * size, 0.0, edge])
        path = [(x, y, z - 0.03 * size), (x, y, z), (x, y, z + 0.05 * size)]
        builder.tube(path, np.array([_BRIM[gear], _BRIM[gear], 0.28]) * size, finish, sides=detail.head_sides)


def _add_face(builder: MeshBuilder, middle: _Floats, head: Head) -> None:
    """Add eyes, brows, ears, a nose and a mouth."""
    size, skin = head.size_m, head.skin
    plain = skin.but(part=Part.PLAIN, material="cloth")
    red, green, blue = skin.color
    lips: Color = (0.80 * red, 0.60 * green, 0.60 * blue)

    def patch(place: Point, half_width: float, half_height: float, finish: Finish) -> None:
        x, y, z = place
        corners = [
            (x - np.sign(y) * s * _FACE_SLOPE * half_width, y + s * half_width, z + t * half_height)
            for s, t in ((-1, -1), (1, -1), (1, 1), (-1, 1))
        ]
        builder.quad(middle + size * np.array(corners), finish)

    for side in (-1.0, 1.0):
        patch((0.328, side * 0.135, 0.045), 0.055, 0.022, plain.but(color=(0.12, 0.10, 0.09)))
        patch((0.326, side * 0.135, 0.120), 0.068, 0.012, head.hair)
        ear = size * np.array([(0.02, 0.28, -0.11), (-0.06, 0.28, -0.11), (-0.09, 0.28, 0.08), (0.02, 0.28, 0.08)])
        builder.extrusion(middle + ear * (1.0, side, 1.0), (-0.03 * size, side * 0.085 * size, 0.01 * size), skin)
    patch((0.374, 0.0, -0.245), 0.095, 0.018, plain.but(color=lips))
    nose = np.array([(0.33, -0.055, -0.12), (0.33, 0.055, -0.12), (0.455, 0.0, -0.115), (0.335, 0.0, 0.06)])
    builder.surface(middle + size * nose, [(0, 2, 3), (2, 1, 3), (0, 1, 2)], skin, crease_deg=10.0)
