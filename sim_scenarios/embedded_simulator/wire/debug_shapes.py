"""Debug drawing: ``carla.rpc.DebugShape``, read to its last field although nothing draws it here.

LibCarla/source/carla/rpc/DebugShape.h: a primitive (one of nine), a colour, a life time [s] and whether it persists.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sim_scenarios.embedded_simulator.wire.errors import WireError
from sim_scenarios.embedded_simulator.wire.structs import (
    fields,
    flag,
    integer,
    number,
    text,
    unpack_color,
    unpack_rotation,
    unpack_vector,
)


def check_debug_shape(packed: Any) -> None:
    """Read a shape.

    Raises:
        WireError: It is not one.
    """
    primitive, color, life_time, persistent = fields("DebugShape", packed, 4)
    kind, body = fields("a primitive", primitive, 2)
    if not 0 <= integer(kind) < len(_PRIMITIVES):
        raise WireError(f"expected a primitive 0 to {len(_PRIMITIVES) - 1}, got {kind}")
    _PRIMITIVES[integer(kind)](body)
    unpack_color(color)
    number(life_time)
    flag(persistent)


def _point(packed: Any) -> None:
    location, size = fields("Point", packed, 2)
    unpack_vector(location)
    number(size)


def _line(packed: Any) -> None:
    begin, end, thickness = fields("Line", packed, 3)
    unpack_vector(begin)
    unpack_vector(end)
    number(thickness)


def _arrow(packed: Any) -> None:
    line, size = fields("Arrow", packed, 2)
    _line(line)
    number(size)


def _box(packed: Any) -> None:
    box, rotation, thickness = fields("Box", packed, 3)
    location, extent, turn = fields("BoundingBox", box, 3)
    unpack_vector(location)
    unpack_vector(extent)
    unpack_rotation(turn)
    unpack_rotation(rotation)
    number(thickness)


def _string(packed: Any) -> None:
    location, words, shadow = fields("String", packed, 3)
    unpack_vector(location)
    text(words)
    flag(shadow)


_PRIMITIVES: tuple[Callable[[Any], None], ...] = (_point, _line, _arrow, _box, _string, _point, _line, _arrow, _box)
"""In the order of the variant: the last four are those of the heads-up display."""
