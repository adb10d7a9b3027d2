"""Writes a Recast/Detour navigation mesh ('MSET' file, one tile) for the walker AI inside the CARLA client.

Format: ``LibCarla/source/carla/nav/Navigation.cpp`` and Detour's ``DetourNavMesh.h``, version 7, 32-bit references.
Detour's axes are (x, up, y). Polygons are convex, at most 6 corners, and turn from y towards x; neighbours share an
edge vertex by vertex. Areas and flags are CARLA's (``nav/Navigation.h``).
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from sim_scenarios.embedded_simulator.road.curves import RoadError

_MSET_MAGIC = 0x4D534554
_TILE_MAGIC = 0x444E4156
_TILE_VERSION = 7
_MAX_CORNERS = 6
MOST_POLYGONS = 0x7FFF
"""A neighbour index of 0x8000 and up means another tile."""
_MOST_VERTICES = 0xFFFF
_POLYGON = np.dtype(
    [
        ("first_link", "<u4"), ("corners", "<u2", _MAX_CORNERS), ("neighbours", "<u2", _MAX_CORNERS), ("flags", "<u2"),
        ("count", "u1"), ("area", "u1"),
    ]
)  # fmt: skip
"""Detour's ``dtPoly``."""
_DETAIL = np.dtype(
    [("vertices", "<u4"), ("first", "<u4"), ("own_vertices", "u1"), ("triangles", "u1"), ("padding", "<u2")]
)
"""Detour's ``dtPolyDetail``: of a polygon without vertices of its own."""
_WALKER_HEIGHT_M, _WALKER_RADIUS_M, _WALKER_CLIMB_M = 1.8, 0.3, 0.4


class Area(enum.IntEnum):
    """Area types of CARLA's walker navigation."""

    SIDEWALK = 1
    CROSSWALK = 2
    ROAD = 3
    GRASS = 4

    @property
    def flag(self) -> int:
        """The polygon flag that CARLA's query filters test."""
        return 1 << int(self)


@dataclass(frozen=True, slots=True)
class WalkPolygon:
    """A convex piece of walkable ground."""

    corners: tuple[tuple[float, float, float], ...]
    """(x, y, z) [m] in CARLA's frame, in either order."""
    area: Area


def write_navigation_mesh(polygons: Sequence[WalkPolygon]) -> bytes:
    """The file's bytes.

    Raises:
        RoadError: when there are too many polygons or corners for one tile, or an edge belongs to three polygons.
    """
    vertices, faces = _weld(polygons)
    if len(vertices) > _MOST_VERTICES or len(faces) > MOST_POLYGONS:
        raise RoadError(
            f"{len(vertices)} vertices and {len(faces)} polygons; one tile holds {_MOST_VERTICES} and {MOST_POLYGONS}"
        )
    neighbours = _neighbours(faces)
    areas = [polygon.area for polygon in polygons]
    tile, low, high = _tile(vertices, faces, neighbours, areas)
    polygon_bits = max(1, (len(faces) - 1).bit_length())
    reference = 1 << polygon_bits
    params = struct.pack("<5f2i", *low, high[0] - low[0], high[2] - low[2], 1, 1 << polygon_bits)
    return struct.pack("<3i", _MSET_MAGIC, 1, 1) + params + struct.pack("<Ii", reference, len(tile)) + tile


def _weld(polygons: Sequence[WalkPolygon]) -> tuple[list[tuple[float, float, float]], list[list[int]]]:
    """Vertices shared between polygons, and the polygons as vertex numbers in Detour's winding."""
    numbers: dict[tuple[int, int, int], int] = {}
    vertices: list[tuple[float, float, float]] = []
    faces = []
    for polygon in polygons:
        face: list[int] = []
        for corner in polygon.corners:
            key = (round(corner[0] * 1000), round(corner[1] * 1000), round(corner[2] * 1000))
            if key not in numbers:
                numbers[key] = len(vertices)
                vertices.append(corner)
            if numbers[key] not in face:
                face.append(numbers[key])
        if not 3 <= len(face) <= _MAX_CORNERS:
            raise RoadError(f"a walkable polygon has {len(face)} different corners, expected 3 to {_MAX_CORNERS}")
        twice_area = sum(
            vertices[a][0] * vertices[b][1] - vertices[b][0] * vertices[a][1]
            for a, b in zip(face, face[1:] + face[:1], strict=True)
        )
        faces.append(face if twice_area < 0.0 else face[::-1])
    return vertices, faces


def _neighbours(faces: list[list[int]]) -> list[list[int]]:
    """For each edge k -> k + 1 of each face the neighbour's index + 1, 0 at borders."""
    owners: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for index, face in enumerate(faces):
        for k, (a, b) in enumerate(zip(face, face[1:] + face[:1], strict=True)):
            owners.setdefault((min(a, b), max(a, b)), []).append((index, k))
    neighbours = [[0] * len(face) for face in faces]
    for edge, sharers in owners.items():
        if len(sharers) > 2:
            raise RoadError(f"walkable polygons {[index for index, _ in sharers]} share edge {edge}; at most two may")
        if len(sharers) == 2:
            (first, k), (second, m) = sharers
            neighbours[first][k] = second + 1
            neighbours[second][m] = first + 1
    return neighbours


def _tile(
    vertices: list[tuple[float, float, float]],
    faces: list[list[int]],
    neighbours: list[list[int]],
    areas: list[Area],
) -> tuple[bytes, list[float], list[float]]:
    ups = np.array(vertices)[:, [0, 2, 1]]
    low = (ups.min(axis=0) - np.array([0.0, 1.0, 0.0])).tolist()
    high = (ups.max(axis=0) + np.array([0.0, 2.0, 0.0])).tolist()
    num_links = sum(1 for row in neighbours for index in row if index)
    count = len(faces)
    polygons, details = np.zeros(count, _POLYGON), np.zeros(count, _DETAIL)
    polygons["first_link"] = 0xFFFFFFFF
    polygons["corners"] = [face + [0] * (_MAX_CORNERS - len(face)) for face in faces]
    polygons["neighbours"] = [row + [0] * (_MAX_CORNERS - len(row)) for row in neighbours]
    polygons["flags"], polygons["area"] = [area.flag for area in areas], areas
    polygons["count"] = [len(face) for face in faces]
    details["triangles"] = polygons["count"] - 2
    details["first"][1:] = np.cumsum(details["triangles"], dtype=np.int64)[:-1]
    num_triangles = int(details["triangles"].sum(dtype=np.int64))
    header = struct.pack(
        "<15i", _TILE_MAGIC, _TILE_VERSION, 0, 0, 0, 0, count, len(ups), num_links, count, 0, num_triangles, 0, 0, count
    )
    header += struct.pack("<3f", _WALKER_HEIGHT_M, _WALKER_RADIUS_M, _WALKER_CLIMB_M)
    header += struct.pack("<7f", *low, *high, 1.0)
    body = ups.astype("<f4").tobytes() + polygons.tobytes() + bytes(12 * num_links) + details.tobytes()
    return header + body + b"".join(_detail_triangles(len(face)) for face in faces), low, high


@cache
def _detail_triangles(corners: int) -> bytes:
    """A fan over a polygon; two bits for each edge say whether it lies on the polygon's boundary (Detour needs it)."""
    fan = b""
    for k in range(1, corners - 1):
        flags = (1 if k == 1 else 0) | 1 << 2 | (1 << 4 if k == corners - 2 else 0)
        fan += bytes([0, k, k + 1, flags])
    return fan
