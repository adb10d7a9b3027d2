"""Textures that clients put on objects: an object takes on the mean colour of the one for its surface."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.handlers.context import Context
from sim_scenarios.embedded_simulator.wire.errors import WireError
from sim_scenarios.embedded_simulator.wire.structs import fields, integer, text
from sim_scenarios.embedded_simulator.world.snapshot import LinearColor


class _Parameter(enum.IntEnum):
    """``carla.MaterialParameter``."""

    NORMAL = 0
    AO_ROUGHNESS_METALLIC_EMISSIVE = 1
    DIFFUSE = 2
    EMISSIVE = 3


def apply_color_texture_to_objects(context: Context, names: Any, parameter: Any, texture: Any) -> None:
    """Texels are sRGB, 0..255."""
    _apply(context, names, parameter, _texels(texture), lambda texels: (texels / 255.0) ** 2.0, most=255.0)


def apply_float_color_texture_to_objects(context: Context, names: Any, parameter: Any, texture: Any) -> None:
    """Texels are linear; light beyond 1 is none that a surface can reflect."""
    _apply(context, names, parameter, _texels(texture), lambda texels: np.minimum(texels, 1.0), most=1e9)


def _apply(
    context: Context, names: Any, parameter: Any, texels: NDArray[np.float64],
    linear: Callable[[NDArray[np.float64]], NDArray[np.float64]], *, most: float,
) -> None:  # fmt: skip
    if not isinstance(names, (list, tuple)):
        raise WireError(f"expected an array of object names, got {str(names)[:80]}")
    if integer(parameter) not in list(_Parameter):
        raise WireError(f"expected a material parameter 0 to {max(_Parameter)}, got {parameter}")
    if not ((texels >= 0.0) & (texels <= most)).all():
        raise WireError(f"expected texels of 0 to {most:g}, got {texels.min():g} to {texels.max():g}")
    red, green, blue = (float(channel) for channel in linear(texels).mean(axis=0)[:3])
    color = LinearColor(red, green, blue) if _Parameter(parameter) is _Parameter.DIFFUSE else None
    context.world.paint_objects([text(name) for name in names], color)


def _texels(packed: Any) -> NDArray[np.float64]:
    """(N, 4) of Texture: width, height, and that many times red, green, blue, alpha."""
    width, height, data = fields("Texture", packed, 3)
    count = integer(width) * integer(height)
    if not isinstance(data, (list, tuple)) or count <= 0 or len(data) != count:
        got = len(data) if isinstance(data, (list, tuple)) else str(data)[:80]
        raise WireError(f"expected a texture of {width} x {height} texels, more than none, got {got}")
    try:
        texels = np.array(data, np.float64)
    except (TypeError, ValueError) as error:
        raise WireError("expected texels of four numbers each") from error
    if texels.shape != (count, 4):
        raise WireError(f"expected texels of four numbers each, got an array of shape {texels.shape}")
    return texels
