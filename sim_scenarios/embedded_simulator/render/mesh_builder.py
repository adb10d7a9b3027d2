"""Builds a `Mesh` from shapes: boxes, tubes, ellipsoids, lofts, extrusions, cards.

Decisions:

- Every shape goes through ``MeshBuilder.surface``; what a triangle is made of is one `Finish`, so that a model reads
  as a list of (shape, finish).
- Curved shapes get normals from their triangles: a corner's normal is the area-weighted mean of the triangles round its
  vertex that turn less than ``crease_deg`` from its own. Edges that are meant sharp stay sharp and the rest is smooth,
  without smoothing groups.
- Winding is right by construction for the closed shapes. For lofts, whose rings may run either way, it is decided once
  for the whole shape by the sign of the enclosed volume.
- Without texture coordinates of its own a shape is mapped by projection along each normal's main axis, in metres.

Frame: the model's, x forward, y right, z up; ``cross(p1 - p0, p2 - p0)`` points out of the visible side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_scenarios.embedded_simulator.render.materials import MATERIALS, material_index
from sim_scenarios.embedded_simulator.render.mesh import Joint, Mesh, Part
from sim_scenarios.embedded_simulator.render.mesh_geometry import (
    Floats,
    Triangles,
    box_mapped_uvs,
    creased_normals,
    cross,
    face_normals,
    plane_axes,
    signed_volume,
    unit,
    welded,
    yaw_matrix,
)

Color = tuple[float, float, float]
Point = tuple[float, float, float]

WHITE: Color = (1.0, 1.0, 1.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Finish:
    """What a shape is made of."""

    material: str
    tag: int
    """CARLA semantic tag."""
    color: Color = WHITE
    """sRGB, multiplied with the texel."""
    part: Part = Part.PLAIN
    joint: Joint = Joint.BODY
    pivot: Point = (0.0, 0.0, 0.0)

    def but(
        self,
        *,
        material: str | None = None,
        color: Color | None = None,
        part: Part | None = None,
        tag: int | None = None,
    ) -> Finish:
        """Return a copy with some of it changed; joint and pivot stay."""
        return replace(
            self,
            material=self.material if material is None else material,
            color=self.color if color is None else color,
            part=self.part if part is None else part,
            tag=self.tag if tag is None else tag,
        )

    def moving(self, joint: Joint, pivot: Point) -> Finish:
        """Return a copy that moves with ``joint`` about ``pivot``."""
        return replace(self, joint=joint, pivot=pivot)


@dataclass(frozen=True, slots=True, eq=False)
class _Chunk:
    positions: Floats
    normals: Floats
    uvs: Floats
    colors: Floats
    triangles: Triangles
    finish: Finish


# Corners of a unit box by the signs of x, y, z; faces wind outward. Order: +x, -x, +y, -y, +z, -z.
_BOX_CORNERS = np.array([[x, y, z] for z in (-1, 1) for y in (-1, 1) for x in (-1, 1)], np.float64)
_BOX_FACES = {
    "+x": (1, 3, 7, 5),
    "-x": (2, 0, 4, 6),
    "+y": (3, 2, 6, 7),
    "-y": (0, 1, 5, 4),
    "+z": (4, 5, 7, 6),
    "-z": (0, 2, 3, 1),
}
# Texture corners of a quad whose bottom edge comes first: the viewer sees its first corner on the right.
_QUAD_UVS = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
_BOX_INDEX = np.array(list(_BOX_FACES.values()))
_BOX_SPANS = np.array([(1, 2), (1, 2), (0, 2), (0, 2), (0, 1), (0, 1)])
"""The axes along which a face's texture runs."""
_QUAD_TRIANGLES = np.array(
    [(4 * q + a, 4 * q + b, 4 * q + c) for q in range(6) for a, b, c in ((0, 1, 2), (0, 2, 3))], np.int32
)
"""Two triangles for each of up to six quads with four vertices each."""


class MeshBuilder:
    """Collects shapes; ``build`` joins them into one `Mesh`."""

    def __init__(self) -> None:
        self._chunks: list[_Chunk] = []

    # -- the one way in ------------------------------------------------------------------------------------------

    def surface(
        self,
        positions: ArrayLike,
        triangles: ArrayLike,
        finish: Finish,
        *,
        normals: ArrayLike | None = None,
        uvs: ArrayLike | None = None,
        colors: ArrayLike | None = None,
        crease_deg: float = 40.0,
    ) -> None:
        """Add triangles.

        Args:
            positions: (V, 3) [m].
            triangles: (T, 3) outward winding.
            finish: Of all of them.
            normals: (V, 3), any length; from the triangles when left out.
            uvs: (V, 2) in tiles; projected when left out.
            colors: (V, 3) multiplied with the finish's colour, for painted-in shade.
            crease_deg: Triangles that turn more than this against each other keep a hard edge.
        """
        points = np.asarray(positions, np.float32).reshape(-1, 3)
        faces = np.asarray(triangles, np.int32).reshape(-1, 3)
        area = face_normals(points, faces)
        faces = faces[np.einsum("ij,ij->i", area, area) > 1e-16]  # collapsed rows of a loft leave nothing to draw
        if len(faces) == 0:
            return
        shade = np.broadcast_to(np.float32(1.0), points.shape) if colors is None else np.asarray(colors, np.float32)
        mapping = None if uvs is None else np.asarray(uvs, np.float32).reshape(-1, 2)
        if normals is None:
            source, directions = creased_normals(points, faces, crease_deg)
            source, directions, faces = welded(source, directions)
            points, shade = points[source], shade[source]
            mapping = None if mapping is None else mapping[source]
        else:
            directions = unit(np.asarray(normals, np.float32).reshape(-1, 3))
        if mapping is None:
            mapping = box_mapped_uvs(points, directions, MATERIALS[material_index(finish.material)].tile_m)
        tint = np.asarray(shade * np.asarray(finish.color, np.float32), np.float32)
        self._chunks.append(_Chunk(points, directions, mapping, tint, faces, finish))

    def _flat(
        self, positions: NDArray[np.float64], normals: NDArray[np.float64], uvs: NDArray[np.float64], finish: Finish
    ) -> None:
        """Add (Q, 4, 3) quads with their unit normals (Q, 3) and (Q, 4, 2) uvs as they are.

        Half of a town is walls and boxes: they skip what ``surface`` does for shapes it knows nothing about.
        """
        count = len(positions)
        self._chunks.append(
            _Chunk(
                positions.reshape(-1, 3).astype(np.float32),
                normals.repeat(4, axis=0).astype(np.float32),
                uvs.reshape(-1, 2).astype(np.float32),
                np.array([finish.color] * (4 * count), np.float32),
                _QUAD_TRIANGLES[: 2 * count],
                finish,
            )
        )

    def patchwork(
        self,
        positions: ArrayLike,
        triangles: ArrayLike,
        choice: ArrayLike,
        finishes: Sequence[Finish],
        *,
        crease_deg: float = 45.0,
    ) -> None:
        """Add one smooth skin made of several finishes: shading runs on across their borders.

        Args:
            positions: (V, 3) [m].
            triangles: (T, 3) outward winding.
            choice: (T,) index into ``finishes``.
            finishes: The materials of the skin.
            crease_deg: As for ``surface``.
        """
        points = np.asarray(positions, np.float32).reshape(-1, 3)
        faces = np.asarray(triangles, np.int32).reshape(-1, 3)
        area = face_normals(points, faces)
        solid = np.einsum("ij,ij->i", area, area) > 1e-16
        faces, chosen = faces[solid], np.asarray(choice)[solid]
        source, directions = creased_normals(points, faces, crease_deg)
        corner_choice = np.repeat(chosen, 3)
        for index, finish in enumerate(finishes):
            mine = corner_choice == index
            if mine.any():
                vertices, normals, local = welded(source[mine], directions[mine])
                self.surface(points[vertices], local, finish, normals=normals)

    # -- flat shapes ---------------------------------------------------------------------------------------------

    def quad(self, corners: ArrayLike, finish: Finish, *, uvs: ArrayLike | None = None) -> None:
        """Add a flat quad with its (4, 3) corners in winding order, the bottom edge first.

        In left-handed axes that means: bottom right, bottom left, top left, top right, as the viewer sees it.
        """
        points = np.asarray(corners, np.float64).reshape(1, 4, 3)
        normal = unit(cross(points[:, 2] - points[:, 0], points[:, 3] - points[:, 1])).astype(np.float64)
        mapping = _QUAD_UVS if uvs is None else np.asarray(uvs, np.float64)
        self._flat(points, normal, mapping, finish)

    def fan(self, outline: ArrayLike, finish: Finish, *, uvs: ArrayLike | None = None) -> None:
        """Add a flat convex polygon from its (K, 3) outline."""
        points = np.asarray(outline, np.float64).reshape(-1, 3)
        index = np.arange(1, len(points) - 1)
        faces = np.stack([np.zeros_like(index), index, index + 1], axis=1)
        normal = face_normals(points.astype(np.float32), faces.astype(np.int32)).sum(axis=0)
        self.surface(points, faces, finish, normals=np.tile(normal, (len(points), 1)), uvs=uvs)

    def disc(
        self, center: ArrayLike, normal: ArrayLike, radius: float, finish: Finish, *, sides: int = 12, turn: float = 0.0
    ) -> None:
        """Add a disc (or regular polygon) whose texture fills the tile once; ``turn`` [deg] rotates its corners."""
        right, up = plane_axes(np.asarray(normal, np.float64))
        angle = np.radians(turn) + np.linspace(0.0, 2 * np.pi, sides, endpoint=False)
        ring = np.cos(angle)[:, None] * right + np.sin(angle)[:, None] * up
        mapping = np.stack([0.5 + 0.5 * np.cos(angle), 0.5 + 0.5 * np.sin(angle)], axis=1)
        self.fan(np.asarray(center, np.float64) + radius * ring, finish, uvs=mapping)

    # -- boxes ---------------------------------------------------------------------------------------------------

    def box(
        self,
        center: ArrayLike,
        size: ArrayLike,
        finish: Finish,
        *,
        yaw_deg: float = 0.0,
        taper: float = 1.0,
        without: Sequence[str] = ("-z",),
    ) -> None:
        """Add a box; ``taper`` scales the top face, ``without`` names faces left out (the underside by default)."""
        half = np.asarray(size, np.float64) / 2.0
        corners = _BOX_CORNERS * half
        corners[4:, :2] *= taper
        faces = [index for index, name in enumerate(_BOX_FACES) if name not in without]
        local = corners[_BOX_INDEX[faces]]  # (F, 4, 3)
        normals = unit(cross(local[:, 2] - local[:, 0], local[:, 3] - local[:, 1])).astype(np.float64)
        tile = MATERIALS[material_index(finish.material)].tile_m
        mapping = (half[_BOX_SPANS[faces]] * (2.0 / tile))[:, None, :] * _QUAD_UVS
        if yaw_deg:
            turn = yaw_matrix(yaw_deg).T
            local, normals = local @ turn, normals @ turn
        self._flat(local + np.asarray(center, np.float64), normals, mapping, finish)

    def rounded_box(
        self, center: ArrayLike, size: ArrayLike, radius: float, finish: Finish, *, yaw_deg: float = 0.0
    ) -> None:
        """Add a box with bevelled edges that shade as if round (44 triangles)."""
        half = np.asarray(size, np.float64) / 2.0
        inner = np.maximum(half - radius, 1e-4)
        points, normals = [], []
        for corner in _BOX_CORNERS:
            for axis in range(3):
                reach = inner.copy()
                reach[axis] = half[axis]
                points.append(corner * reach)
                normals.append(corner * np.eye(3)[axis])
        triangles = _rounded_box_triangles()
        turn = yaw_matrix(yaw_deg).T
        self.surface(
            np.array(points) @ turn + np.asarray(center, np.float64),
            triangles,
            finish,
            normals=np.array(normals) @ turn,
        )

    def extrusion(self, outline: ArrayLike, depth: ArrayLike, finish: Finish, *, caps: bool = True) -> None:
        """Add the prism that a flat convex outline (K, 3) sweeps along the vector ``depth``."""
        near = np.asarray(outline, np.float64).reshape(-1, 3)
        self.loft(np.stack([near, near + np.asarray(depth, np.float64)]), finish, caps=caps, crease_deg=20.0)

    # -- round shapes --------------------------------------------------------------------------------------------

    def tube(
        self,
        path: ArrayLike,
        radii: ArrayLike,
        finish: Finish,
        *,
        sides: int = 8,
        caps: bool = True,
        flatten: float = 1.0,
    ) -> None:
        """Add a tube along ``path`` (N, 3) with one radius a point; ``flatten`` scales it across its second axis."""
        points = np.asarray(path, np.float64).reshape(-1, 3)
        widths = np.broadcast_to(np.asarray(radii, np.float64), (len(points),))
        tangents = unit(np.asarray(np.gradient(points, axis=0))).astype(np.float64)
        right, _ = plane_axes(tangents.mean(axis=0))
        angle = np.linspace(0.0, 2 * np.pi, sides, endpoint=False)
        rings = []
        for point, tangent, radius in zip(points, tangents, widths, strict=True):
            # Carry one pair of axes along the path, so that the tube does not twist.
            u = right - tangent * np.dot(right, tangent)
            u = u / np.linalg.norm(u)
            w = cross(tangent, u) * flatten
            rings.append(point + radius * (np.cos(angle)[:, None] * u + np.sin(angle)[:, None] * w))
        self.loft(np.array(rings), finish, caps=caps, crease_deg=60.0)

    def ellipsoid(self, center: ArrayLike, radii: ArrayLike, finish: Finish, *, sides: int = 8, rings: int = 5) -> None:
        """Add an ellipsoid with its axes along x, y, z."""
        polar = np.linspace(-np.pi / 2, np.pi / 2, rings + 1)
        angle = np.linspace(0.0, 2 * np.pi, sides, endpoint=False)
        sphere = np.stack(
            [
                np.cos(polar)[:, None] * np.cos(angle)[None, :],
                np.cos(polar)[:, None] * np.sin(angle)[None, :],
                np.broadcast_to(np.sin(polar)[:, None], (rings + 1, sides)),
            ],
            axis=2,
        )
        scaled = sphere * np.asarray(radii, np.float64) + np.asarray(center, np.float64)
        self.loft(scaled, finish, caps=False, crease_deg=180.0)

    def loft(self, rings: ArrayLike, finish: Finish, *, caps: bool = True, crease_deg: float = 40.0) -> None:
        """Add the skin over closed rings (N, K, 3), N >= 2; ``caps`` closes both ends with fans."""
        points = np.asarray(rings, np.float64)
        count, around = points.shape[:2]
        row, column = np.meshgrid(np.arange(count - 1), np.arange(around), indexing="ij")
        a = (row * around + column).ravel()
        b = (row * around + (column + 1) % around).ravel()
        triangles = np.concatenate([np.stack([a, b, b + around], 1), np.stack([a, b + around, a + around], 1)])
        flat = points.reshape(-1, 3)
        ends = []
        if caps:
            index = np.arange(1, around - 1)
            first = np.stack([np.zeros_like(index), index + 1, index], axis=1)
            ends = [first, first[:, ::-1] + (count - 1) * around]
        closed = np.concatenate([triangles, *ends])
        if signed_volume(flat, closed) < 0.0:
            closed = closed[:, ::-1]
        self.surface(flat, closed, finish, crease_deg=crease_deg)

    # -- whole meshes --------------------------------------------------------------------------------------------

    def mirrored(self, other: MeshBuilder) -> None:
        """Add what ``other`` holds, mirrored to the other side (y -> -y); left and right parts and joints swap."""
        for chunk in other._chunks:
            flip = np.array([1.0, -1.0, 1.0], np.float32)
            x, y, z = chunk.finish.pivot
            finish = replace(
                chunk.finish,
                part=_MIRRORED_PARTS.get(chunk.finish.part, chunk.finish.part),
                joint=_MIRRORED_JOINTS.get(chunk.finish.joint, chunk.finish.joint),
                pivot=(x, -y, z),
            )
            self._chunks.append(
                _Chunk(
                    chunk.positions * flip,
                    chunk.normals * flip,
                    chunk.uvs,
                    chunk.colors,
                    np.ascontiguousarray(chunk.triangles[:, ::-1]),
                    finish,
                )
            )

    def add(self, other: MeshBuilder) -> None:
        """Add what ``other`` holds."""
        self._chunks.extend(other._chunks)

    def build(self) -> Mesh:
        """Return everything as one mesh."""
        assert self._chunks, "an empty model"
        vertices = [len(chunk.positions) for chunk in self._chunks]
        faces = [len(chunk.triangles) for chunk in self._chunks]
        finishes = [chunk.finish for chunk in self._chunks]
        starts = np.concatenate([[0], np.cumsum(vertices)[:-1]])
        triangles = [chunk.triangles + int(start) for chunk, start in zip(self._chunks, starts, strict=True)]

        def per_face(values: list[int]) -> NDArray[np.uint8]:
            return np.repeat(np.array(values, np.uint8), faces)

        return Mesh(
            positions=np.ascontiguousarray(np.concatenate([chunk.positions for chunk in self._chunks])),
            normals=np.ascontiguousarray(np.concatenate([chunk.normals for chunk in self._chunks])),
            uvs=np.ascontiguousarray(np.concatenate([chunk.uvs for chunk in self._chunks])),
            colors=np.ascontiguousarray(np.concatenate([chunk.colors for chunk in self._chunks])),
            triangles=np.ascontiguousarray(np.concatenate(triangles), np.int32),
            materials=per_face([material_index(finish.material) for finish in finishes]),
            tags=per_face([finish.tag for finish in finishes]),
            parts=per_face([int(finish.part) for finish in finishes]),
            joints=np.repeat(np.array([int(finish.joint) for finish in finishes], np.uint8), vertices),
            pivots=np.repeat(np.array([finish.pivot for finish in finishes], np.float32), vertices, axis=0),
        )


_MIRRORED_PARTS = {Part.BLINKER_LEFT: Part.BLINKER_RIGHT, Part.BLINKER_RIGHT: Part.BLINKER_LEFT}
_MIRRORED_JOINTS = {
    Joint.LEFT_LEG: Joint.RIGHT_LEG,
    Joint.RIGHT_LEG: Joint.LEFT_LEG,
    Joint.LEFT_ARM: Joint.RIGHT_ARM,
    Joint.RIGHT_ARM: Joint.LEFT_ARM,
    Joint.LEFT_SHIN: Joint.RIGHT_SHIN,
    Joint.RIGHT_SHIN: Joint.LEFT_SHIN,
    Joint.LEFT_FOREARM: Joint.RIGHT_FOREARM,
    Joint.RIGHT_FOREARM: Joint.LEFT_FOREARM,
    Joint.LEFT_FOOT: Joint.RIGHT_FOOT,
    Joint.RIGHT_FOOT: Joint.LEFT_FOOT,
}


def _rounded_box_triangles() -> NDArray[np.int64]:
    """Return (44, 3): the hull of a bevelled box whose vertex 3 c + a is corner c pushed out along axis a."""
    faces: list[tuple[int, int, int]] = []
    for name, axis in (("+x", 0), ("-x", 0), ("+y", 1), ("-y", 1), ("+z", 2), ("-z", 2)):
        a, b, c, d = (3 * corner + axis for corner in _BOX_FACES[name])
        faces += [(a, b, c), (a, c, d)]
    for low in range(8):
        for axis in range(3):
            high = low | (1 << axis)
            if high == low:
                continue
            first, second = (other for other in range(3) if other != axis)
            a, b, c, d = 3 * low + first, 3 * high + first, 3 * high + second, 3 * low + second
            faces += [(a, b, c), (a, c, d)]
    faces += [(3 * corner, 3 * corner + 1, 3 * corner + 2) for corner in range(8)]
    triangles = np.array(faces)
    # Decide each one's winding by the direction in which its middle lies, on a box large against its bevel.
    reach = np.full((8, 3, 3), 0.8)
    reach[:, [0, 1, 2], [0, 1, 2]] = 1.0
    points = (reach * _BOX_CORNERS[:, None, :]).reshape(-1, 3)[triangles]
    outward = np.einsum(
        "ij,ij->i", cross(points[:, 1] - points[:, 0], points[:, 2] - points[:, 0]), points.mean(axis=1)
    )
    triangles[outward < 0.0] = triangles[outward < 0.0][:, ::-1]
    return triangles
