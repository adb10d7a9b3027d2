"""Ponds in parks: water within a low bank of earth, as large as the paths leave room for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim_scenarios.embedded_simulator.road.curves import Array
from sim_scenarios.embedded_simulator.road.ground import TAG_TERRAIN, TAG_WATER, GroundMesh, lifted
from sim_scenarios.embedded_simulator.road.polygons import distance_to_edges
from sim_scenarios.embedded_simulator.road.town import SIDEWALK_HEIGHT_M

_SMALLEST_M, _LARGEST_M = 4.5, 14.0
_CLEAR_OF_PATHS_M = 3.2
_CORNERS = 32
_BANK_M, _BANK_RISE_M = 0.7, 0.045
_WATER_RISE_M = 0.03


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Pond:
    """A pond's shore."""

    middle: Array
    """(2,) [m]."""
    shore: Array
    """(N, 2) [m], turning from x towards y."""

    @property
    def reach_m(self) -> float:
        """Of its bank, from the middle."""
        return float(np.linalg.norm(self.shore - self.middle, axis=1).max()) + _BANK_M


def pond_in(outline: Array, places: Array, on_paths: Array) -> Pond | None:
    """The largest pond round one of ``places`` (N, 2) that keeps clear of the outline and of points on paths (M, 2)."""
    to_paths = np.linalg.norm(places[:, None] - on_paths[None], axis=2).min(axis=1)
    room = np.minimum(distance_to_edges(outline, places), to_paths) - _CLEAR_OF_PATHS_M - _BANK_M
    best = int(room.argmax())
    if room[best] < _SMALLEST_M:
        return None
    angles = np.linspace(0.0, 2.0 * np.pi, _CORNERS, endpoint=False)
    x, y = places[best]
    wave = 0.10 * np.sin(2.0 * angles + 0.1 * x) + 0.06 * np.sin(3.0 * angles + 0.1 * y)
    radius = min(float(room[best]), _LARGEST_M) * (0.84 + wave)
    shore = places[best] + radius[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return Pond(middle=places[best], shore=shore)


def add_pond(mesh: GroundMesh, pond: Pond) -> None:
    """Water and bank, a little above the grass."""
    outward = pond.shore - pond.middle
    outward = outward / np.linalg.norm(outward, axis=1, keepdims=True)
    ring = np.concatenate([np.arange(_CORNERS), [0]])
    foot = lifted(pond.shore + _BANK_M * outward, SIDEWALK_HEIGHT_M)[ring]
    crest = lifted(pond.shore, SIDEWALK_HEIGHT_M + _BANK_RISE_M)[ring]
    mesh.add_strip("dirt", TAG_TERRAIN, foot, crest)
    water = np.concatenate([pond.shore, pond.middle[None]])
    corner = np.arange(_CORNERS, dtype=np.int64)
    triangles = np.stack([np.full_like(corner, _CORNERS), corner, (corner + 1) % _CORNERS], axis=1)
    mesh.add("water", TAG_WATER, lifted(water, SIDEWALK_HEIGHT_M + _WATER_RISE_M), triangles)
