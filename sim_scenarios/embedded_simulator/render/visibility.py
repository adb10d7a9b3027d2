"""One visibility pass: cull, project, set up, rasterise. Used for the picture and for every shadow map."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.culling import lay_end_to_end
from sim_scenarios.embedded_simulator.render.hidden import ROUNDS_M, hidden
from sim_scenarios.embedded_simulator.render.jit import Records, Workers
from sim_scenarios.embedded_simulator.render.library import MeshLibrary
from sim_scenarios.embedded_simulator.render.model_source import Textures
from sim_scenarios.embedded_simulator.render.projection import project_vertices
from sim_scenarios.embedded_simulator.render.raster import rasterise
from sim_scenarios.embedded_simulator.render.triangle_setup import NUM_SLICES, SLOT, set_up_triangles

_HEADROOM = 1.25
"""Buffers grow by this factor beyond what is needed, so that a moving camera rarely makes them grow."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Visible:
    """What a pass found; arrays belong to the pass and are overwritten by its next run."""

    draws: Records
    """(D + 1,) ``DRAW``."""
    corners: NDArray[np.float32]
    """(>= V, 3) camera coordinates: right, up, forward [m]."""
    slots: Records
    """``SLOT`` rows."""


def leaf_thresholds(textures: Textures) -> NDArray[np.uint8]:
    """(M, 10) coverage from which a texel of each material's mip level is leaf, not gap.

    Level 0 is cut at one half. Coarser levels are averages, and cut there too they would lose most of a crown; each is
    cut so that as large a share of it stays (Castano, "Computing Alpha Mipmaps", 2010).
    """
    thresholds = np.full(textures.offsets.shape, 128, np.uint8)
    for material, side in enumerate(textures.sizes):
        if not textures.is_leaf[material]:
            continue
        start = textures.offsets[material, 0]
        share = float((textures.texels[start : start + side * side, 3] >= 128).mean())
        for level in range(1, textures.offsets.shape[1]):
            size = max(1, int(side) >> level)
            start = textures.offsets[material, level]
            alpha = textures.texels[start : start + size * size, 3]
            kept = np.array([(alpha >= cut).mean() for cut in range(1, 256)])
            thresholds[material, level] = 1 + np.argmin(np.abs(kept - share))
    return thresholds


class VisibilityPass:
    """Owns the buffers of one pass."""

    def __init__(self, library: MeshLibrary, textures: Textures, workers: Workers) -> None:
        self._library, self._textures, self._workers = library, textures, workers
        self._leaf_thresholds = leaf_thresholds(textures)
        self._corners = np.empty((0, 3), np.float32)
        self._slots = np.empty(0, SLOT)
        self._counts = np.zeros(NUM_SLICES, np.int64)

    def run(
        self, camera: Records, draws: Records, objects: Records, joint_motions: NDArray[np.float32], *,
        nearness: NDArray[np.float32], slot_at: NDArray[np.int32], parallel_scale: float = 0.0,
        leaves_hidden_out: bool = False,
    ) -> Visible:  # fmt: skip
        """Draw the list into ``nearness`` and ``slot_at``, (H, W); ``parallel_scale`` as in ``set_up_triangles``.

        With ``leaves_hidden_out``, of a perspective view, far objects that are behind near ones are not drawn. The
        images are the same, but that slots have other numbers.
        """
        num_vertices, num_triangles = int(draws["first_vertex"][-1]), int(draws["first_triangle"][-1])
        if len(self._corners) < num_vertices:
            self._corners = np.empty((int(num_vertices * _HEADROOM), 3), np.float32)
        if len(self._slots) < 2 * num_triangles:
            self._slots = np.empty(int(2 * num_triangles * _HEADROOM), SLOT)
        rounds = [0, *np.searchsorted(draws["distance_m"], ROUNDS_M if leaves_hidden_out else ()), len(draws) - 1]
        drawn = draws[: rounds[1] + 1]
        self._draw(camera, drawn, 0, objects, joint_motions, nearness, slot_at, parallel_scale)
        for begin, end in pairwise(rounds[1:]):
            more = draws[begin : end + 1]
            more = more[~hidden(camera, more, objects, nearness)]
            first, drawn = len(drawn) - 1, np.concatenate([drawn[:-1], more])
            lay_end_to_end(drawn, self._library)
            self._draw(camera, drawn, first, objects, joint_motions, nearness, slot_at, parallel_scale)
        return Visible(draws=drawn, corners=self._corners, slots=self._slots)

    def _draw(
        self, camera: Records, draws: Records, first: int, objects: Records, joint_motions: NDArray[np.float32],
        nearness: NDArray[np.float32], slot_at: NDArray[np.int32], parallel_scale: float,
    ) -> None:  # fmt: skip
        """Draw the list from number ``first`` on; the others have been drawn."""
        library, textures = self._library, self._textures
        before = int(draws["first_triangle"][first])
        self._workers.run(
            project_vertices, camera, draws, first, objects, joint_motions, library.positions, library.joints,
            library.pivots, library.first_vertex, self._corners,
        )  # fmt: skip
        self._workers.run(
            set_up_triangles, camera, parallel_scale, draws, first, self._corners, library.first_vertex,
            library.first_triangle, library.triangles, library.triangle_info, library.attributes, textures.sizes,
            self._slots, self._counts,
        )  # fmt: skip
        self._workers.run(
            rasterise, camera, parallel_scale == 0.0, before, int(draws["first_triangle"][-1]) - before, self._slots,
            self._counts, library.triangle_info, textures.texels, textures.offsets, textures.sizes,
            self._leaf_thresholds, nearness, slot_at,
        )  # fmt: skip
