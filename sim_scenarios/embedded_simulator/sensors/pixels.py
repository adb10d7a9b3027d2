"""From the renderer's images to the pixels that CARLA's cameras send: B, G, R, A, one byte each, rows from the top.

* semantic: the tag is the red channel, everything else 0;
* instance: red = tag, green = low byte of the id, blue = its high byte (Carla/Game/Tagger.cpp);
* depth: ``R + 256 G + 65536 B`` is the depth as a share of 1000 m, in 24 bits;
* normals: red, green, blue = x, y, z on the world's axes, from -1 to 1 as 0 to 255 (carla-simulator/carla#8810);
  black where there is no surface, which no unit vector gives.

One pass over the image in numba: a strided copy in numpy takes as long as the rendering of a small image.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

DEPTH_RANGE_M = 1000.0

_F = TypeVar("_F", bound=Callable[..., Any])


def _kernel(function: _F) -> _F:
    return cast(_F, njit(cache=True, nogil=True, error_model="numpy")(function))


@_kernel
def bgra_from_rgb(rgb: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
    """(H, W, 3) sRGB into (H, W, 4)."""
    for row in range(out.shape[0]):
        for column in range(out.shape[1]):
            out[row, column, 0] = rgb[row, column, 2]
            out[row, column, 1] = rgb[row, column, 1]
            out[row, column, 2] = rgb[row, column, 0]
            out[row, column, 3] = 255


@_kernel
def bgra_from_tags(tag: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
    """(H, W) tags into (H, W, 4)."""
    for row in range(out.shape[0]):
        for column in range(out.shape[1]):
            out[row, column, 0] = 0
            out[row, column, 1] = 0
            out[row, column, 2] = tag[row, column]
            out[row, column, 3] = 255


@_kernel
def bgra_from_instances(tag: NDArray[np.uint8], instance: NDArray[np.uint16], out: NDArray[np.uint8]) -> None:
    """(H, W) tags and ids into (H, W, 4)."""
    for row in range(out.shape[0]):
        for column in range(out.shape[1]):
            out[row, column, 0] = instance[row, column] >> 8
            out[row, column, 1] = instance[row, column] & 0xFF
            out[row, column, 2] = tag[row, column]
            out[row, column, 3] = 255


@_kernel
def bgra_from_depth(depth_m: NDArray[np.float32], out: NDArray[np.uint8]) -> None:
    """(H, W) metres along the camera's axis into (H, W, 4)."""
    for row in range(out.shape[0]):
        for column in range(out.shape[1]):
            share = min(1.0, max(0.0, depth_m[row, column] / 1000.0))
            code = int(share * 16777215.0 + 0.5)
            out[row, column, 0] = (code >> 16) & 0xFF
            out[row, column, 1] = (code >> 8) & 0xFF
            out[row, column, 2] = code & 0xFF
            out[row, column, 3] = 255


@_kernel
def bgra_from_normals(normal: NDArray[np.float32], out: NDArray[np.uint8]) -> None:
    """(H, W, 3) unit vectors, or 0 for no surface, into (H, W, 4)."""
    for row in range(out.shape[0]):
        for column in range(out.shape[1]):
            x, y, z = normal[row, column, 0], normal[row, column, 1], normal[row, column, 2]
            is_surface = x != 0.0 or y != 0.0 or z != 0.0
            out[row, column, 0] = int(127.5 * (z + 1.0) + 0.5) if is_surface else 0
            out[row, column, 1] = int(127.5 * (y + 1.0) + 0.5) if is_surface else 0
            out[row, column, 2] = int(127.5 * (x + 1.0) + 0.5) if is_surface else 0
            out[row, column, 3] = 255
