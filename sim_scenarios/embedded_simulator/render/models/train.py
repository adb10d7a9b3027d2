"""A railway carriage that stands on its track: origin on the rails under its middle, its length along x."""

from __future__ import annotations

import math

from sim_scenarios.embedded_simulator.render.mesh import Mesh, Model
from sim_scenarios.embedded_simulator.render.mesh_builder import Color, Finish, MeshBuilder
from sim_scenarios.embedded_simulator.render.models.levels import fitted, model_of
from sim_scenarios.embedded_simulator.render.models.tags import TRAIN

LENGTH_M, WIDTH_M, HEIGHT_M = 19.6, 2.84, 3.8
_PANEL: Color = (0.86, 0.85, 0.82)
_BAND: Color = (0.62, 0.10, 0.12)
_DARK: Color = (0.5, 0.5, 0.5)
_WINDOWS = 8


def carriage() -> Model:
    """A passenger carriage with a coloured band, windows, doors and two bogies."""
    return model_of((40.0, _carriage(0)), (110.0, _carriage(1)), (math.inf, _carriage(2)))


def _carriage(level: int) -> Mesh:
    builder = MeshBuilder()
    panel = Finish(material="car_paint", tag=TRAIN, color=_PANEL)
    half, length = WIDTH_M / 2, LENGTH_M - 0.4
    section = [
        (half - 0.06, 0.85), (half, 1.1), (half, 2.9), (half - 0.25, 3.45), (0.5 * half, 3.72), (0.0, HEIGHT_M),
        (-0.5 * half, 3.72), (-half + 0.25, 3.45), (-half, 2.9), (-half, 1.1), (-half + 0.06, 0.85),
    ]  # fmt: skip
    if level == 2:
        section = [section[i] for i in (0, 2, 5, 8, 10)]
    ends = (-length / 2, length / 2)
    builder.loft([[(x, y, z) for y, z in section] for x in ends], panel, crease_deg=30.0)
    for side in (-1.0, 1.0):
        _add_flank(builder, level, side * (half + 0.01), side)
    dark = Finish(material="rubber", tag=TRAIN, color=_DARK)
    builder.box((0, 0, 0.72), (length - 0.6, 1.9, 0.34), dark, without=())
    for x in (-6.6, 6.6):
        builder.box((x, 0, 0.48), (3.0, 2.1, 0.34), dark, without=())
        if level < 2:
            for axle in (-1.15, 1.15):
                for y in (-0.74, 0.74):
                    sides = (14, 7)[level]
                    builder.tube([(x + axle, y - 0.06, 0.44), (x + axle, y + 0.06, 0.44)], 0.44, dark, sides=sides)
    builder.box((0, 0, 0.98), (LENGTH_M, 0.7, 0.3), dark, without=())  # gangways and couplings reach the next one
    x, y = LENGTH_M / 2, WIDTH_M / 2
    return fitted(builder.build(), (-x, -y, 0.0), (x, y, HEIGHT_M))


def _add_flank(builder: MeshBuilder, level: int, y: float, side: float) -> None:
    """Add windows, doors and the band of one side, a centimetre before the panels."""
    glass, band = Finish(material="vehicle_glass", tag=TRAIN), Finish(material="car_paint", tag=TRAIN, color=_BAND)

    def field(x0: float, x1: float, z0: float, z1: float, finish: Finish, out: float = 0.0) -> None:
        left, right = (x0, x1) if side < 0.0 else (x1, x0)
        at = y + side * out
        builder.quad([(left, at, z0), (right, at, z0), (right, at, z1), (left, at, z1)], finish)

    reach = LENGTH_M / 2 - 0.25
    field(-reach, reach, 1.15, 1.55, band)
    if level == 2:
        field(-6.9, 6.9, 1.85, 2.7, glass)
        return
    pitch = 13.8 / _WINDOWS
    for number in range(_WINDOWS):
        x = -6.9 + (number + 0.5) * pitch
        field(x - 0.42 * pitch, x + 0.42 * pitch, 1.85, 2.7, glass)
    for x in (-8.2, 8.2):
        field(x - 0.65, x + 0.65, 0.95, 2.95, band, out=0.003)
        field(x - 0.45, x - 0.05, 1.85, 2.75, glass, out=0.006)
        field(x + 0.05, x + 0.45, 1.85, 2.75, glass, out=0.006)
