"""The kernels that follow rays through the scene to the first surface that a camera would draw.

Rays meet what the rasteriser draws: visible sides only, except of leaves, which have two and holes (the alpha test at
the texture's finest level). Weather, light and the size of an image do not matter. In an object's own frame a ray
keeps its parameter: its direction is divided by the object's scale, so lengths stay metres of the world.
Boxes are tested in single precision (they have a margin), triangles in double.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.bvh import leaf_count, leaf_first
from sim_scenarios.embedded_simulator.render.jit import F, Real, Records, inlined, kernel

NO_ROW = -1
_LEAF_FROM = 128
"""Coverage from which a texel is leaf, as in ``visibility.leaf_thresholds`` at level 0."""
_STACK = 64
"""``bvh.MAX_DEPTH``."""
_EDGE = -1e-9
"""Share of a triangle beyond its edges that still belongs to it, so that no ray slips through a seam."""
_LARGE = F(1e30)


@kernel
def aim(
    objects: Records,
    origin: NDArray[np.float64],
    reach: float,
    level_distances: NDArray[np.float32],
    level_meshes: NDArray[np.int64],
    meshes: NDArray[np.int32],
    inverses: NDArray[np.float32],
    origins: NDArray[np.float64],
    joint_bases: NDArray[np.int64],
) -> None:
    """Prepare all objects for rays from ``origin`` (3,) of at most ``reach`` metres.

    Fills ``meshes`` (O,) with the mesh that a camera at the origin would draw, -1 for what is hidden or out of reach;
    ``inverses`` (O, 9) world to object, row by row; ``origins`` (O, 3), the origin in the object's frame [m];
    ``joint_bases`` (O,) as in the rows.
    """
    ex, ey, ez = F(origin[0]), F(origin[1]), F(origin[2])
    for o in range(objects.shape[0]):
        row = objects[o]
        meshes[o] = -1
        if row.num_levels == 0:
            continue
        cx, cy, cz = row.center[0], row.center[1], row.center[2]
        dx, dy, dz = cx - ex, cy - ey, cz - ez
        ax = max(F(0), abs(dx) - row.half[0])
        ay = max(F(0), abs(dy) - row.half[1])
        az = max(F(0), abs(dz) - row.half[2])
        if ax * ax + ay * ay + az * az > F(reach) * F(reach) * F(1.001):
            continue
        distance = np.sqrt(dx * dx + dy * dy + dz * dz)
        level = row.first_level
        end = level + row.num_levels - 1
        while level < end and distance > level_distances[level]:
            level += 1
        meshes[o] = level_meshes[level]
        joint_bases[o] = row.joint_base
        square = F(0)
        for i in range(3):
            square += row.rotation[i, 0] * row.rotation[i, 0]
        x, y, z = origin[0] - row.origin[0], origin[1] - row.origin[1], origin[2] - row.origin[2]
        for i in range(3):
            for j in range(3):
                inverses[o, 3 * i + j] = row.rotation[j, i] / square
            origins[o, i] = (row.rotation[0, i] * x + row.rotation[1, i] * y + row.rotation[2, i] * z) / square


@inlined
def inverse_of(d: Real) -> Real:
    """1 / d, large instead of infinite."""
    return F(1) / d if abs(d) > F(1e-30) else _LARGE


@inlined
def entry(
    boxes: NDArray[np.float32], node: int, side: int, columns: tuple[int, ...], ox: Real, oy: Real, oz: Real, ix: Real,
    iy: Real, iz: Real, best: Real,
) -> Real:  # fmt: skip
    """Where a ray enters the box of a node's child [m], infinity if it does not within ``best``."""
    enter = max(
        max((boxes[node, side, columns[0]] - ox) * ix, (boxes[node, side, columns[1]] - oy) * iy),
        max((boxes[node, side, columns[2]] - oz) * iz, F(0)),
    )
    leave = min(
        min((boxes[node, side, columns[3]] - ox) * ix, (boxes[node, side, columns[4]] - oy) * iy),
        min((boxes[node, side, columns[5]] - oz) * iz, best),
    )
    return enter if enter <= leave else F(np.inf)


@inlined
def plane_columns(ix: Real, iy: Real, iz: Real) -> tuple[int, ...]:
    """Columns of a box's planes in the order in which a ray of these inverse directions meets them: entry, exit."""
    x, y, z = ix < F(0), iy < F(0), iz < F(0)
    return (
        np.uint32(3 if x else 0), np.uint32(4 if y else 1), np.uint32(5 if z else 2),
        np.uint32(0 if x else 3), np.uint32(1 if y else 4), np.uint32(2 if z else 5),
    )  # fmt: skip


@kernel
def cast_rays(
    worker: int,
    workers: int,
    origin: NDArray[np.float64],
    directions: NDArray[np.float32],
    reaches: NDArray[np.float32],
    beyond: float,
    top_boxes: NDArray[np.float32],
    top_children: NDArray[np.int32],
    top_items: NDArray[np.int32],
    meshes: NDArray[np.int32],
    inverses: NDArray[np.float32],
    origins: NDArray[np.float64],
    joint_bases: NDArray[np.int64],
    joint_motions: NDArray[np.float32],
    first_group: NDArray[np.int64],
    group_joints: NDArray[np.uint8],
    group_pivots: NDArray[np.float32],
    roots: NDArray[np.int32],
    boxes: NDArray[np.float32],
    children: NDArray[np.int32],
    order: NDArray[np.int32],
    corners: NDArray[np.float32],
    is_leaf: NDArray[np.bool_],
    triangles: NDArray[np.int32],
    triangle_info: NDArray[np.uint8],
    attributes: NDArray[np.float32],
    texels: NDArray[np.uint8],
    texel_offsets: NDArray[np.int64],
    material_sizes: NDArray[np.int32],
    distances: NDArray[np.float64],
    rows: NDArray[np.int32],
    found: NDArray[np.int32],
    cosines: NDArray[np.float32],
) -> None:
    """Follow unit ``directions`` (N, 3) from the ``origin`` (3,) of ``aim``, each up to ``reaches`` (N,) [m].

    Fills ``distances`` (N,) [m], ``rows`` (N,) of the object table (``NO_ROW`` for nothing), ``found`` (N,) library
    triangles, and ``cosines`` (N,) of the angle between the surface's normal and the way back. Surfaces nearer than
    ``beyond`` [m] are passed.
    """
    top_nodes, top_nears = np.empty(_STACK, np.int32), np.empty(_STACK, np.float32)
    nodes, nears = np.empty(_STACK, np.int32), np.empty(_STACK, np.float32)
    count = directions.shape[0]
    ex, ey, ez = F(origin[0]), F(origin[1]), F(origin[2])
    for r in range(worker * count // workers, (worker + 1) * count // workers):
        wx, wy, wz = directions[r, 0], directions[r, 1], directions[r, 2]
        jx, jy, jz = inverse_of(wx), inverse_of(wy), inverse_of(wz)
        top_columns = plane_columns(jx, jy, jz)
        best = np.float64(reaches[r])
        rows[r], found[r], cosines[r] = NO_ROW, -1, F(0)
        top_nodes[0], top_nears[0] = 0, F(0)
        top = 0
        while top >= 0:
            node, near = top_nodes[top], top_nears[top]
            top -= 1
            if near > best:
                continue
            if node >= 0:
                n = np.uint32(node)
                left = entry(top_boxes, n, 0, top_columns, ex, ey, ez, jx, jy, jz, F(best))
                right = entry(top_boxes, n, 1, top_columns, ex, ey, ez, jx, jy, jz, F(best))
                first, second = (0, 1) if right > left else (1, 0)
                far = max(left, right)
                if far < _LARGE:
                    top += 1
                    top_nodes[top], top_nears[top] = top_children[n, second], far
                if min(left, right) < _LARGE:
                    top += 1
                    top_nodes[top], top_nears[top] = top_children[n, first], min(left, right)
                continue
            for item in range(leaf_first(node), leaf_first(node) + leaf_count(node)):
                o = np.uint32(top_items[item])
                mesh = meshes[o]
                if mesh < 0:
                    continue
                lx = inverses[o, 0] * wx + inverses[o, 1] * wy + inverses[o, 2] * wz
                ly = inverses[o, 3] * wx + inverses[o, 4] * wy + inverses[o, 5] * wz
                lz = inverses[o, 6] * wx + inverses[o, 7] * wy + inverses[o, 8] * wz
                for group in range(first_group[mesh], first_group[mesh + 1]):
                    ox, oy, oz = origins[o, 0], origins[o, 1], origins[o, 2]
                    dx, dy, dz = lx, ly, lz
                    if group_joints[group] != 0 and joint_bases[o] >= 0:
                        turn = joint_bases[o] + np.int64(group_joints[group])
                        gx, gy, gz = group_pivots[group, 0], group_pivots[group, 1], group_pivots[group, 2]
                        j = joint_motions[turn]
                        tx, ty, tz = ox - gx - j[0, 3], oy - gy - j[1, 3], oz - gz - j[2, 3]
                        ox = gx + j[0, 0] * tx + j[1, 0] * ty + j[2, 0] * tz
                        oy = gy + j[0, 1] * tx + j[1, 1] * ty + j[2, 1] * tz
                        oz = gz + j[0, 2] * tx + j[1, 2] * ty + j[2, 2] * tz
                        dx = j[0, 0] * lx + j[1, 0] * ly + j[2, 0] * lz
                        dy = j[0, 1] * lx + j[1, 1] * ly + j[2, 1] * lz
                        dz = j[0, 2] * lx + j[1, 2] * ly + j[2, 2] * lz
                    fx, fy, fz = F(ox), F(oy), F(oz)
                    ix, iy, iz = inverse_of(dx), inverse_of(dy), inverse_of(dz)
                    columns = plane_columns(ix, iy, iz)
                    nodes[0], nears[0] = roots[group], F(0)
                    depth = 0
                    while depth >= 0:
                        inner, near = nodes[depth], nears[depth]
                        depth -= 1
                        if near > best:
                            continue
                        if inner >= 0:
                            n = np.uint32(inner)
                            left = entry(boxes, n, 0, columns, fx, fy, fz, ix, iy, iz, F(best))
                            right = entry(boxes, n, 1, columns, fx, fy, fz, ix, iy, iz, F(best))
                            first, second = (0, 1) if right > left else (1, 0)
                            far = max(left, right)
                            if far < _LARGE:
                                depth += 1
                                nodes[depth], nears[depth] = children[n, second], far
                            if min(left, right) < _LARGE:
                                depth += 1
                                nodes[depth], nears[depth] = children[n, first], min(left, right)
                            continue
                        for slot in range(leaf_first(inner), leaf_first(inner) + leaf_count(inner)):
                            k = np.uint32(slot)
                            # Moeller and Trumbore, "Fast, Minimum Storage Ray/Triangle Intersection", 1997.
                            ux, uy, uz = np.float64(corners[k, 3]), np.float64(corners[k, 4]), np.float64(corners[k, 5])
                            vx, vy, vz = np.float64(corners[k, 6]), np.float64(corners[k, 7]), np.float64(corners[k, 8])
                            px, py, pz = dy * vz - dz * vy, dz * vx - dx * vz, dx * vy - dy * vx
                            facing = ux * px + uy * py + uz * pz
                            if facing == 0.0 or (facing < 0.0 and not is_leaf[k]):
                                continue
                            inverse = 1.0 / facing
                            sx, sy, sz = ox - corners[k, 0], oy - corners[k, 1], oz - corners[k, 2]
                            b = (sx * px + sy * py + sz * pz) * inverse
                            if b < _EDGE or b > 1.0 - _EDGE:
                                continue
                            qx, qy, qz = sy * uz - sz * uy, sz * ux - sx * uz, sx * uy - sy * ux
                            c = (dx * qx + dy * qy + dz * qz) * inverse
                            if c < _EDGE or b + c > 1.0 - _EDGE:
                                continue
                            t = (vx * qx + vy * qy + vz * qz) * inverse
                            if t <= beyond or t >= best:
                                continue
                            triangle = order[k]
                            if is_leaf[k]:
                                material = triangle_info[triangle, 0]
                                i0, i1, i2 = triangles[triangle, 0], triangles[triangle, 1], triangles[triangle, 2]
                                u = attributes[i0, 3] * (1.0 - b - c) + attributes[i1, 3] * b + attributes[i2, 3] * c
                                v = attributes[i0, 4] * (1.0 - b - c) + attributes[i1, 4] * b + attributes[i2, 4] * c
                                size = np.int64(material_sizes[material])
                                column = np.int64(np.floor(u * size)) & (size - 1)
                                line = np.int64(np.floor(v * size)) & (size - 1)
                                if texels[texel_offsets[material, 0] + line * size + column, 3] < _LEAF_FROM:
                                    continue
                            best = t
                            rows[r], found[r] = np.int32(o), triangle
                            nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
                            norm = np.sqrt((nx * nx + ny * ny + nz * nz) * (dx * dx + dy * dy + dz * dz))
                            cosines[r] = F(abs(facing) / norm)
        distances[r] = best
