"""Traffic signs: a post and a plate with a face that is cut from geometry, so that it is legible from any distance.

Signs face +x. Seen from there y runs to the left, so a face is drawn in (right, up) coordinates and turned at the end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from sim_scenarios.embedded_simulator.render.mesh import Mesh, Model
from sim_scenarios.embedded_simulator.render.mesh_builder import Color, Finish, MeshBuilder
from sim_scenarios.embedded_simulator.render.models.levels import model_of
from sim_scenarios.embedded_simulator.render.models.tags import POLE, TRAFFIC_SIGN

NEAR_M, MIDDLE_M = 25.0, 60.0
_POST = Finish(material="metal", tag=POLE)
_BACK = Finish(material="metal", tag=TRAFFIC_SIGN)
_RED: Color = (0.72, 0.06, 0.08)
_WHITE: Color = (0.95, 0.95, 0.94)
_BLACK: Color = (0.06, 0.06, 0.06)
_BLUE: Color = (0.05, 0.24, 0.58)

_CENTER_Z = 2.35
"""Height of the middle of a plate [m]."""
_PLATE_X = 0.055
_LAYER_M = 0.004
"""Distance between what is printed and what it is printed on: enough for a depth buffer, too little to see."""

# Five rows of three, from the top.
_GLYPHS = {
    "S": ("###", "#..", "###", "..#", "###"),
    "T": ("###", ".#.", ".#.", ".#.", ".#."),
    "O": ("###", "#.#", "#.#", "#.#", "###"),
    "P": ("###", "#.#", "###", "#..", "#.."),
    "0": ("###", "#.#", "#.#", "#.#", "###"),
    "3": ("###", "..#", "###", "..#", "###"),
    "4": ("#.#", "#.#", "###", "..#", "..#"),
    "5": ("###", "#..", "###", "..#", "###"),
    "9": ("###", "#.#", "###", "..#", "###"),
    "6": ("###", "#..", "###", "#.#", "###"),
}


class _Face:
    """Draws in layers on the front of a plate; coordinates (right, up) [m] about its middle."""

    def __init__(self, builder: MeshBuilder) -> None:
        self._builder = builder

    def polygon(self, outline: Sequence[tuple[float, float]], color: Color, *, layer: int) -> None:
        """Fill a convex outline that runs clockwise or anticlockwise."""
        points = np.array(outline, np.float64)
        area = np.sum(points[:, 0] * np.roll(points[:, 1], -1) - np.roll(points[:, 0], -1) * points[:, 1])
        if area > 0.0:  # +x looks at (-right, up): anticlockwise in (y, z) is clockwise in (right, up)
            points = points[::-1]
        x = np.full(len(points), _PLATE_X + _LAYER_M * layer)
        corners = np.stack([x, -points[:, 0], _CENTER_Z + points[:, 1]], axis=1)
        self._builder.fan(corners, Finish(material="sign_face", tag=TRAFFIC_SIGN, color=color))

    def regular(self, sides: int, radius: float, color: Color, *, layer: int, turn: float = 0.0) -> None:
        """Fill a regular polygon; at ``turn`` 0 [deg] a corner lies to the right."""
        self.polygon(_regular(sides, radius, turn), color, layer=layer)

    def bar(self, right: float, up: float, width: float, height: float, color: Color, *, layer: int) -> None:
        """Fill an upright rectangle about (right, up)."""
        w, h = width / 2, height / 2
        outline = [(right - w, up - h), (right + w, up - h), (right + w, up + h), (right - w, up + h)]
        self.polygon(outline, color, layer=layer)

    def text(self, letters: str, height: float, color: Color, *, layer: int) -> None:
        """Write ``letters`` of ``_GLYPHS`` in the middle of the plate."""
        cell = height / 5
        width = (4 * len(letters) - 1) * cell
        for index, letter in enumerate(letters):
            left = -width / 2 + 4 * cell * index
            for row, cells in enumerate(_GLYPHS[letter]):
                up = height / 2 - (row + 0.5) * cell
                for start, stop in _runs(cells):
                    self.bar(left + (start + stop) / 2 * cell, up, (stop - start) * cell, cell, color, layer=layer)


def _runs(cells: str) -> list[tuple[int, int]]:
    """Return the (start, stop) of each run of ``#``."""
    runs, start = [], None
    for index, cell in enumerate(cells + "."):
        if cell == "#" and start is None:
            start = index
        elif cell != "#" and start is not None:
            runs.append((start, index))
            start = None
    return runs


def _regular(sides: int, radius: float, turn: float) -> list[tuple[float, float]]:
    angles = [math.radians(turn) + 2 * math.pi * k / sides for k in range(sides)]
    return [(radius * math.cos(a), radius * math.sin(a)) for a in angles]


def _plate(builder: MeshBuilder, outline: list[tuple[float, float]]) -> None:
    """Add the plate itself: an edge and a bare metal back."""
    ring = np.array([[_PLATE_X - 0.012, -right, _CENTER_Z + up] for right, up in outline])
    builder.extrusion(ring, (0.012, 0.0, 0.0), _BACK)


def _post(builder: MeshBuilder, level: int) -> None:
    builder.tube([(0, 0, 0), (0, 0, _CENTER_Z + 0.38)], [0.036, 0.036], _POST, sides=(8, 5, 3)[level])


def _model(build: list[Mesh]) -> Model:
    return model_of((NEAR_M, build[0]), (MIDDLE_M, build[1]), (math.inf, build[2]))


def sign_stop() -> Model:
    """Red octagon with STOP on it."""
    return _model([_stop(level) for level in range(3)])


def _stop(level: int) -> Mesh:
    builder = MeshBuilder()
    face = _Face(builder)
    _post(builder, level)
    _plate(builder, _regular(8, 0.42, 22.5))
    face.regular(8, 0.42, _WHITE, layer=1, turn=22.5)
    face.regular(8, 0.385, _RED, layer=2, turn=22.5)
    if level == 0:
        face.text("STOP", 0.24, _WHITE, layer=3)
    else:
        face.bar(0.0, 0.0, 0.56, 0.13, (0.88, 0.62, 0.62), layer=3)
    return builder.build()


def sign_yield() -> Model:
    """Red and white triangle on its point."""
    return _model([_yield(level) for level in range(3)])


def _yield(level: int) -> Mesh:
    builder = MeshBuilder()
    face = _Face(builder)
    _post(builder, level)
    _plate(builder, _regular(3, 0.50, -90.0))
    face.regular(3, 0.50, _RED, layer=1, turn=-90.0)
    face.regular(3, 0.33, _WHITE, layer=2, turn=-90.0)
    return builder.build()


def sign_speed(limit: str) -> Model:
    """Red ring with black figures."""
    return _model([_speed(limit, level) for level in range(3)])


def _speed(limit: str, level: int) -> Mesh:
    builder = MeshBuilder()
    face = _Face(builder)
    sides = (24, 12, 8)[level]
    _post(builder, level)
    _plate(builder, _regular(sides, 0.38, 0.0))
    face.regular(sides, 0.38, _RED, layer=1)
    face.regular(sides, 0.305, _WHITE, layer=2)
    if level < 2:
        face.text(limit, 0.27, _BLACK, layer=3)
    else:
        face.bar(0.0, 0.0, 0.34, 0.22, (0.42, 0.42, 0.42), layer=3)
    return builder.build()


def sign_crosswalk() -> Model:
    """Blue square, white triangle, a figure walking over stripes."""
    return _model([_crosswalk(level) for level in range(3)])


def _crosswalk(level: int) -> Mesh:
    builder = MeshBuilder()
    face = _Face(builder)
    _post(builder, level)
    _plate(builder, _regular(4, 0.34 * math.sqrt(2), 45.0))
    face.regular(4, 0.34 * math.sqrt(2), _BLUE, layer=1, turn=45.0)
    face.polygon([(-0.28, -0.24), (0.28, -0.24), (0.0, 0.27)], _WHITE, layer=2)
    if level < 2:
        _walking_figure(face)
    return builder.build()


def _walking_figure(face: _Face) -> None:
    face.regular(8, 0.030, _BLACK, layer=3)
    face.polygon([(-0.03, -0.10), (0.02, -0.10), (0.03, -0.03), (-0.02, -0.03)], _BLACK, layer=3)
    face.polygon([(-0.03, -0.10), (0.0, -0.10), (-0.06, -0.19), (-0.085, -0.19)], _BLACK, layer=3)
    face.polygon([(0.0, -0.10), (0.025, -0.10), (0.085, -0.19), (0.06, -0.19)], _BLACK, layer=3)
    face.polygon([(-0.09, -0.10), (-0.075, -0.12), (0.0, -0.03), (-0.02, -0.02)], _BLACK, layer=3)
    for right in (-0.17, -0.06, 0.05, 0.16):
        face.bar(right, -0.215, 0.05, 0.025, _BLACK, layer=3)
