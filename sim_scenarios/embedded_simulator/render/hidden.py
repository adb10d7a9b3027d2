"""Which objects are wholly behind what has been drawn: houses hide most of a town.

A picture is drawn in rounds, near to far. Before each but the first, the picture so far is cut into tiles, of which
each keeps its farthest point, and objects whose box is behind all tiles that it touches are left out (Greene, Kass and
Miller, "Hierarchical Z-Buffer Visibility", 1993, with one level). So what hides is the scene itself, leaves and all,
and no pixel can change.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.jit import F, Records, bare_kernel
from sim_scenarios.embedded_simulator.render.view import NEAR_M

ROUNDS_M = (40.0, 100.0)
"""Distances at which a round ends."""
TILE_PX = 4
_DOUBT = 1.01
"""How much nearer than its box an object may seem by rounding; edges have a pixel to spare besides."""


def hidden(camera: Records, draws: Records, objects: Records, nearness: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(D + 1,) of a draw list: whether nothing of a draw can be seen behind ``nearness`` (H, W)."""
    behind = np.zeros(len(draws), np.bool_)
    mark_hidden(camera, draws, objects, farthest_of_tiles(nearness), TILE_PX, NEAR_M, _DOUBT, behind)
    return behind


def farthest_of_tiles(nearness: NDArray[np.float32]) -> NDArray[np.float32]:
    """(ceil(H / 4), ceil(W / 4)) least nearness of each tile."""
    rows = nearness[::TILE_PX].copy()
    for k in range(1, TILE_PX):
        more = nearness[k::TILE_PX]
        np.minimum(rows[: len(more)], more, out=rows[: len(more)])
    tiles = rows[:, ::TILE_PX].copy()
    for k in range(1, TILE_PX):
        more = rows[:, k::TILE_PX]
        np.minimum(tiles[:, : more.shape[1]], more, out=tiles[:, : more.shape[1]])
    return np.asarray(tiles)


@bare_kernel
def mark_hidden(
    camera: Records,
    draws: Records,
    objects: Records,
    tiles: NDArray[np.float32],
    tile_px: int,
    near_m: float,
    doubt: float,
    behind: NDArray[np.bool_],
) -> None:
    """Set ``behind`` (D + 1,) of each draw whose object's box is behind all ``tiles`` (h, w) that it touches."""
    focal, cx, cy = camera[0].focal_px, camera[0].center_x, camera[0].center_y
    right, up, forward, eye = camera[0].right, camera[0].up, camera[0].forward, camera[0].eye
    side = F(tile_px)
    for d in range(draws.shape[0] - 1):
        row = objects[draws[d].object]
        low_x, high_x, low_y, high_y = F(np.inf), F(-np.inf), F(np.inf), F(-np.inf)
        nearest = F(np.inf)
        for corner in range(8):
            x = row.center[0] + (row.half[0] if corner & 1 else -row.half[0]) - F(eye[0])
            y = row.center[1] + (row.half[1] if corner & 2 else -row.half[1]) - F(eye[1])
            z = row.center[2] + (row.half[2] if corner & 4 else -row.half[2]) - F(eye[2])
            ahead = forward[0] * x + forward[1] * y + forward[2] * z
            nearest = min(nearest, ahead)
            if ahead <= F(near_m):
                break
            scale = focal / ahead
            px = cx + (right[0] * x + right[1] * y + right[2] * z) * scale
            py = cy - (up[0] * x + up[1] * y + up[2] * z) * scale
            low_x, high_x = min(low_x, px), max(high_x, px)
            low_y, high_y = min(low_y, py), max(high_y, py)
        if nearest <= F(near_m):
            continue
        first_column = int(max(F(0), (low_x - F(1)) / side))
        last_column = int(min(F(tiles.shape[1] - 1), max(F(-1), (high_x + F(1)) / side)))
        first_row = int(max(F(0), (low_y - F(1)) / side))
        last_row = int(min(F(tiles.shape[0] - 1), max(F(-1), (high_y + F(1)) / side)))
        limit = F(doubt) / nearest
        is_seen = False
        for j in range(first_row, last_row + 1):
            for i in range(first_column, last_column + 1):
                if tiles[j, i] <= limit:
                    is_seen = True
                    break
            if is_seen:
                break
        behind[d] = not is_seen
