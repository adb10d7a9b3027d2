"""The images of one size that a picture is made in, and a small store of them.

A tick may have cameras of several sizes. Fresh memory for each would cost more than drawing a small picture, so the
images of the sizes used last are kept.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.bloom import Glow, new_glow
from sim_scenarios.embedded_simulator.render.surface import NUM_CHANNELS

MAX_KEPT_PIXELS = 4_000_000
"""About 120 bytes each. Others are dropped to make room; a canvas larger than this is made anew for each picture."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Canvas:
    """All images of one camera size; H and W are its height and width."""

    nearness: NDArray[np.float32]
    """(H, W) 1 / forward distance [1/m], 0 for nothing."""
    slot_at: NDArray[np.int32]
    """(H, W) number of the visible triangle's slot."""
    tag: NDArray[np.uint8]
    instance: NDArray[np.uint16]
    depth_m: NDArray[np.float32]
    surface: NDArray[np.float32]
    """(H, W, 9), see ``surface.py``."""
    open_sky: NDArray[np.float32]
    """(ceil(H / 2), ceil(W / 2)) 1 open .. 0 closed."""
    light: NDArray[np.float32]
    """(H, W, 4), see ``lighting.py``."""
    spare_light: NDArray[np.float32]
    """(H, W, 4) for stages that cannot work in place; light is in this one and in ``light`` by turns."""
    soft_light: NDArray[np.float32]
    """(ceil(H / 4), ceil(W / 4), 3), see ``reflection.py``."""
    glow: Glow
    toned: NDArray[np.uint8]
    """(H, W, 3) sRGB before smoothing and grain."""
    rgb: NDArray[np.uint8]
    """(H, W, 3) sRGB."""

    def other_light(self, light: NDArray[np.float32]) -> NDArray[np.float32]:
        """The light buffer that is not the given one."""
        return self.spare_light if light is self.light else self.light


class CanvasStore:
    """Canvases by size, the ones used last."""

    def __init__(self) -> None:
        self._canvases: OrderedDict[tuple[int, int], Canvas] = OrderedDict()

    def canvas(self, height: int, width: int) -> Canvas:
        """The canvas of a size; what it holds is left over from its last use."""
        shape = (height, width)
        if height * width > MAX_KEPT_PIXELS:
            return _new_canvas(height, width)
        if shape not in self._canvases:
            kept = sum(h * w for h, w in self._canvases)
            while self._canvases and kept + height * width > MAX_KEPT_PIXELS:
                (h, w), _ = self._canvases.popitem(last=False)
                kept -= h * w
            self._canvases[shape] = _new_canvas(height, width)
        self._canvases.move_to_end(shape)
        return self._canvases[shape]


def _new_canvas(height: int, width: int) -> Canvas:
    shape = (height, width)
    return Canvas(
        nearness=np.empty(shape, np.float32), slot_at=np.empty(shape, np.int32), tag=np.empty(shape, np.uint8),
        instance=np.empty(shape, np.uint16), depth_m=np.empty(shape, np.float32),
        surface=np.zeros((*shape, NUM_CHANNELS), np.float32),
        open_sky=np.ones(((height + 1) // 2, (width + 1) // 2), np.float32),
        light=np.empty((*shape, 4), np.float32), spare_light=np.empty((*shape, 4), np.float32),
        soft_light=np.empty(((height + 3) // 4, (width + 3) // 4, 3), np.float32), glow=new_glow(height, width),
        toned=np.empty((*shape, 3), np.uint8),
        rgb=np.empty((*shape, 3), np.uint8),
    )  # fmt: skip
