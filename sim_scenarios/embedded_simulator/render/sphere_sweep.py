"""A sphere swept along a segment, against the same triangles as rays: the first that it touches, from either side.

Sweeping a sphere against a triangle is a ray against the triangle grown by the radius: two faces, three cylinders
about the edges, three spheres about the corners (Ericson, "Real-Time Collision Detection", 2005, chapter 5.5). Leaves
have no holes for a sphere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.bvh import leaf_count, leaf_first
from sim_scenarios.embedded_simulator.render.jit import Real, inlined, kernel

_STACK = 64
"""``bvh.MAX_DEPTH``."""
_FAR = 1e30


@inlined
def reaches_box(
    boxes: NDArray[np.float32], node: int, side: int, o: NDArray[np.float64], d: NDArray[np.float64], radius: float,
    best: float,
) -> bool:  # fmt: skip
    """Whether the sphere may touch something in a child's box before ``best``."""
    enter, leave = 0.0, best
    for axis in range(3):
        low, high = boxes[node, side, axis] - radius - o[axis], boxes[node, side, 3 + axis] + radius - o[axis]
        if abs(d[axis]) < 1e-12:
            if low > 0.0 or high < 0.0:
                leave = -1.0
        else:
            a, b = low / d[axis], high / d[axis]
            enter, leave = max(enter, min(a, b)), min(leave, max(a, b))
    return enter <= leave


@inlined
def first_root(a: Real, b: Real, c: Real) -> Real:
    """Least t >= 0 with ``a t^2 + 2 b t + c <= 0``, or ``_FAR``."""
    t = _FAR
    if c <= 0.0:
        t = 0.0
    elif a > 0.0 and b < 0.0 and b * b >= a * c:
        t = c / (-b + np.sqrt(b * b - a * c))
    return t


@kernel
def sphere_meets_triangle(
    o: NDArray[np.float64], d: NDArray[np.float64], radius: float, corner: NDArray[np.float64]
) -> float:
    """When a sphere at ``o + t d`` first touches the triangle ``corner`` (3, 3); ``_FAR`` for never."""
    e, f, n = np.empty(3), np.empty(3), np.empty(3)
    for i in range(3):  # an expression of whole arrays would take seconds to compile
        e[i], f[i] = corner[1, i] - corner[0, i], corner[2, i] - corner[0, i]
    n[0], n[1], n[2] = e[1] * f[2] - e[2] * f[1], e[2] * f[0] - e[0] * f[2], e[0] * f[1] - e[1] * f[0]
    area = np.sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2])
    best = _FAR
    if area > 0.0:
        height, speed = 0.0, 0.0
        for i in range(3):
            n[i] /= area
            height += n[i] * (o[i] - corner[0, i])
            speed += n[i] * d[i]
        if abs(height) <= radius:
            t = 0.0
        elif height * speed < 0.0:
            t = (abs(height) - radius) / abs(speed)
        else:
            return _FAR  # moves away from the plane, beyond reach of it
        ee, ef, ff, pe, pf = 0.0, 0.0, 0.0, 0.0, 0.0
        for i in range(3):
            ee, ef, ff = ee + e[i] * e[i], ef + e[i] * f[i], ff + f[i] * f[i]
            p = o[i] + t * d[i] - corner[0, i]
            pe, pf = pe + p * e[i], pf + p * f[i]
        scale = ee * ff - ef * ef
        v, w = (pe * ff - pf * ef) / scale, (pf * ee - pe * ef) / scale
        if v >= 0.0 and w >= 0.0 and v + w <= 1.0:
            return t
    for k in range(3):
        a, b = corner[k], corner[(k + 1) % 3]
        ss, sd, sm, dd, md, mm = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        for i in range(3):
            s, m = b[i] - a[i], o[i] - a[i]
            ss, sd, sm = ss + s * s, sd + s * d[i], sm + s * m
            dd, md, mm = dd + d[i] * d[i], md + m * d[i], mm + m * m
        best = min(best, first_root(dd, md, mm - radius * radius))
        if ss > 0.0:
            t = first_root(dd - sd * sd / ss, md - sm * sd / ss, mm - sm * sm / ss - radius * radius)
            if 0.0 <= sm + t * sd <= ss:
                best = min(best, t)
    return best


@kernel
def sweep_sphere(
    origin: NDArray[np.float64],
    direction: NDArray[np.float64],
    reach: float,
    radius: float,
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
) -> tuple[float, int, int]:
    """How far the sphere gets [m], at most ``reach``; object row and library triangle it then touches, -1 for none.

    Arrays as for ``ray_casting.cast_rays``, after ``aim`` with room for the radius.
    """
    best, row, found = reach, -1, -1
    top_nodes, nodes = np.empty(_STACK, np.int32), np.empty(_STACK, np.int32)
    local_o, local_d, o, d, corner = np.empty(3), np.empty(3), np.empty(3), np.empty(3), np.empty((3, 3))
    top_nodes[0] = 0
    top = 0
    while top >= 0:
        node = top_nodes[top]
        top -= 1
        if node >= 0:
            for side in range(2):
                if reaches_box(top_boxes, node, side, origin, direction, radius, best):
                    top += 1
                    top_nodes[top] = top_children[node, side]
            continue
        for item in range(leaf_first(node), leaf_first(node) + leaf_count(node)):
            thing = top_items[item]
            mesh = meshes[thing]
            if mesh < 0:
                continue
            squares = 0.0
            for i in range(3):
                local_o[i], local_d[i] = origins[thing, i], 0.0
                for j in range(3):
                    local_d[i] += inverses[thing, 3 * i + j] * direction[j]
                squares += local_d[i] * local_d[i]
            local_radius = radius * np.sqrt(squares)  # the direction is as much shorter as the object is scaled
            for group in range(first_group[mesh], first_group[mesh + 1]):
                for i in range(3):  # an assignment of slices would take seconds to compile
                    o[i], d[i] = local_o[i], local_d[i]
                if group_joints[group] != 0 and joint_bases[thing] >= 0:
                    turn = joint_motions[joint_bases[thing] + np.int64(group_joints[group])]
                    for i in range(3):
                        o[i], d[i] = group_pivots[group, i], 0.0
                        for j in range(3):
                            o[i] += turn[j, i] * (local_o[j] - group_pivots[group, j] - turn[j, 3])
                            d[i] += turn[j, i] * local_d[j]
                nodes[0] = roots[group]
                depth = 0
                while depth >= 0:
                    inner = nodes[depth]
                    depth -= 1
                    if inner >= 0:
                        for side in range(2):
                            if reaches_box(boxes, inner, side, o, d, local_radius, best):
                                depth += 1
                                nodes[depth] = children[inner, side]
                        continue
                    for k in range(leaf_first(inner), leaf_first(inner) + leaf_count(inner)):
                        for i in range(3):
                            corner[0, i] = corners[k, i]
                            corner[1, i] = corners[k, i] + np.float64(corners[k, 3 + i])
                            corner[2, i] = corners[k, i] + np.float64(corners[k, 6 + i])
                        t = sphere_meets_triangle(o, d, local_radius, corner)
                        if t < best or (t == best and found < 0):
                            best, row, found = t, thing, order[k]
    return best, row, found
