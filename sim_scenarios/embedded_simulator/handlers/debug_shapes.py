"""Debug drawing: checked and dropped, because there is no window to draw in."""

from __future__ import annotations

from typing import Any

from sim_scenarios.embedded_simulator.handlers.context import Context
from sim_scenarios.embedded_simulator.wire.debug_shapes import check_debug_shape


def draw_debug_shape(context: Context, shape: Any) -> None:
    """A shape of the debug helper."""
    check_debug_shape(shape)


def clear_debug_shapes(context: Context) -> None:
    """Shapes, or strings: nothing is drawn, so nothing is left."""
