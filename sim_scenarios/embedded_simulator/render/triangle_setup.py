"""From projected corner points to scan-convertible triangles: near clipping, facing, edges and depth planes.

The triangles are cut into ``NUM_SLICES`` equal runs, whatever the number of threads; a slice writes to its own
region of the slot arrays, so the order of slots (which decides ties in depth) never depends on the threads.

A *slot* is one triangle on the screen. Its edges are stored anchored at their upper end, so that two triangles that
share an edge compute bit-equal crossings: no cracks and no double cover. Set-up arithmetic is float64, since corner
points of clipped triangles may lie far outside the screen.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.jit import F, Records, inlined, kernel
from sim_scenarios.embedded_simulator.render.projection import draw_of
from sim_scenarios.embedded_simulator.render.view import NEAR_M

NUM_SLICES = 16
LEAF_PART = 16

SLOT = np.dtype(
    [
        ("first_row", np.int32),
        ("last_row", np.int32),
        ("draw", np.int32),
        ("triangle", np.int32),  # of the library
        ("y_top", np.float32),  # where the long and the upper edge are anchored
        ("x_long", np.float32),
        ("x_upper", np.float32),
        ("y_split", np.float32),  # rows from here on meet the lower edge instead of the upper
        ("y_lower", np.float32),
        ("x_lower", np.float32),
        ("slope_long", np.float32),  # [px/row]
        ("slope_upper", np.float32),
        ("slope_lower", np.float32),
        ("near_0", np.float32),  # nearness (1 / distance) at the image centre, and its change per pixel
        ("near_x", np.float32),
        ("near_y", np.float32),
        ("leaf", np.int32),  # mip level of the alpha test, or -1 for an opaque triangle
        ("u_0", np.float32),  # uv times nearness, as planes like the nearness; alpha-tested triangles only
        ("u_x", np.float32),
        ("u_y", np.float32),
        ("v_0", np.float32),
        ("v_x", np.float32),
        ("v_y", np.float32),
    ],
    align=True,
)


@inlined
def anchored(xa: float, ya: float, xb: float, yb: float) -> tuple[float, float, float]:
    """Edge from its upper to its lower end: (x, y) at its first visible row or its start, and its slope."""
    if yb <= ya:
        return xa, ya, 0.0
    slope = (xb - xa) / (yb - ya)
    if ya < 0.0:
        return xa - ya * slope, 0.0, slope
    return xa, ya, slope


@inlined
def plane(q0: float, q1: float, q2: float, e: tuple[float, ...]) -> tuple[float, float, float]:
    """Value at the image centre and change per pixel of a quantity given at the three corners."""
    x1, y1, x2, y2, inverse_area, dx, dy = e
    by_x = ((q1 - q0) * y2 - (q2 - q0) * y1) * inverse_area
    by_y = ((q2 - q0) * x1 - (q1 - q0) * x2) * inverse_area
    return q0 + dx * by_x + dy * by_y, by_x, by_y


@inlined
def emit(
    slots: Records, k: int, width: int, height: int, two_sided: bool,
    x0: float, y0: float, n0: float, x1: float, y1: float, n1: float, x2: float, y2: float, n2: float,
) -> bool:  # fmt: skip
    """Fill slot ``k`` from three screen points with nearness; False when nothing of it can be seen."""
    area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
    if area == 0.0 or (area < 0.0 and not two_sided):
        return False
    top, bottom = min(y0, min(y1, y2)), max(y0, max(y1, y2))
    left, right = min(x0, min(x1, x2)), max(x0, max(x1, x2))
    if bottom <= 0.5 or top > height - 0.5 or right <= 0.5 or left > width - 0.5:
        return False
    first, last = max(0.0, math.ceil(top - 0.5)), min(height - 1.0, math.ceil(bottom - 0.5) - 1.0)
    if last < first or math.ceil(right - 0.5) <= math.ceil(left - 0.5):
        return False
    edges = (x1 - x0, y1 - y0, x2 - x0, y2 - y0, 1.0 / area, 0.5 * width - x0, 0.5 * height - y0)
    slot = slots[k]
    near_0, near_x, near_y = plane(n0, n1, n2, edges)
    slot.near_0, slot.near_x, slot.near_y = F(near_0), F(near_x), F(near_y)
    # From here on corner order is free: sort by height, ties by x.
    if y1 < y0 or (y1 == y0 and x1 < x0):
        x0, y0, x1, y1 = x1, y1, x0, y0
    if y2 < y1 or (y2 == y1 and x2 < x1):
        x1, y1, x2, y2 = x2, y2, x1, y1
    if y1 < y0 or (y1 == y0 and x1 < x0):
        x0, y0, x1, y1 = x1, y1, x0, y0
    xl, yl, sl = anchored(x0, y0, x2, y2)
    xu, _, su = anchored(x0, y0, x1, y1)
    xw, yw, sw = anchored(x1, y1, x2, y2)
    slot.first_row, slot.last_row = np.int32(first), np.int32(last)
    slot.y_top, slot.x_long, slot.slope_long = F(yl), F(xl), F(sl)
    slot.x_upper, slot.slope_upper = F(xu), F(su)
    slot.y_split, slot.y_lower, slot.x_lower, slot.slope_lower = F(y1), F(yw), F(xw), F(sw)
    slot.leaf = np.int32(-1)
    return True


@inlined
def add_leaf_planes(
    slots: Records, k: int, width: int, height: int, material_px: int, uv: NDArray[np.float64],
    screen: NDArray[np.float64],
) -> None:  # fmt: skip
    """Give slot ``k`` its uv planes and the mip level at which its alpha is tested.

    ``uv`` (3, 3): u, v and 1 at the corners, each times 1 / w; ``screen`` (3, 2) pixels.
    """
    x0, y0 = screen[0, 0], screen[0, 1]
    x1, y1, x2, y2 = screen[1, 0] - x0, screen[1, 1] - y0, screen[2, 0] - x0, screen[2, 1] - y0
    area = x1 * y2 - x2 * y1
    edges = (x1, y1, x2, y2, 1.0 / area, 0.5 * width - x0, 0.5 * height - y0)
    slot = slots[k]
    u_0, u_x, u_y = plane(uv[0, 0], uv[1, 0], uv[2, 0], edges)
    v_0, v_x, v_y = plane(uv[0, 1], uv[1, 1], uv[2, 1], edges)
    slot.u_0, slot.u_x, slot.u_y = F(u_0), F(u_x), F(u_y)
    slot.v_0, slot.v_x, slot.v_y = F(v_0), F(v_x), F(v_y)
    du1, dv1 = uv[1, 0] / uv[1, 2] - uv[0, 0] / uv[0, 2], uv[1, 1] / uv[1, 2] - uv[0, 1] / uv[0, 2]
    du2, dv2 = uv[2, 0] / uv[2, 2] - uv[0, 0] / uv[0, 2], uv[2, 1] / uv[2, 2] - uv[0, 1] / uv[0, 2]
    texels = abs(du1 * dv2 - du2 * dv1) * material_px * material_px / max(abs(area), 1e-6)
    level = 0
    while texels > 2.0 and (material_px >> level) > 8:
        texels *= 0.25
        level += 1
    slot.leaf = np.int32(level)


@kernel
def set_up_triangles(
    worker: int,
    workers: int,
    camera: Records,
    parallel_scale: float,
    draws: Records,
    first_draw: int,
    corners: NDArray[np.float32],
    mesh_first_vertex: NDArray[np.int64],
    mesh_first_triangle: NDArray[np.int64],
    triangles: NDArray[np.int32],
    triangle_info: NDArray[np.uint8],
    attributes: NDArray[np.float32],
    material_sizes: NDArray[np.int32],
    slots: Records,
    counts: NDArray[np.int64],
) -> None:
    """Clip, cull and set up the triangles of the draws from ``first_draw`` on.

    With ``parallel_scale`` > 0 the projection is parallel (a shadow map): pixels a metre are ``focal_px``, both faces
    count, and nearness is ``0.5 - parallel_scale * forward``. ``slots`` has room for two slots a triangle of the whole
    list; slice ``s`` of T triangles starts ``2 * (s * T // NUM_SLICES)`` behind the first one's, and ``counts[s]``
    (NUM_SLICES,) says how many it filled.
    """
    width, height = camera[0].width, camera[0].height
    focal = np.float64(camera[0].focal_px)
    cx, cy = np.float64(camera[0].center_x), np.float64(camera[0].center_y)
    side_x, side_y = F(cx / focal), F(cy / focal)
    near = F(NEAR_M)
    parallel = parallel_scale > 0.0
    first_triangle = draws[first_draw].first_triangle
    total = draws[draws.shape[0] - 1].first_triangle - first_triangle
    vertex = np.empty(3, np.int64)
    point = np.empty((4, 3), np.float64)  # screen x, screen y, nearness
    uv = np.empty((4, 3), np.float64)  # u / w, v / w, 1 / w
    for s in range(worker, NUM_SLICES, workers):
        begin, end = first_triangle + s * total // NUM_SLICES, first_triangle + (s + 1) * total // NUM_SLICES
        k = 2 * begin
        if begin < end:
            d = draw_of(draws, begin, True)
            for t in range(begin, end):
                while t >= draws[d + 1].first_triangle:
                    d += 1
                mesh = draws[d].mesh
                source = t - draws[d].first_triangle + mesh_first_triangle[mesh]
                shift = draws[d].first_vertex - mesh_first_vertex[mesh]
                a, b, c = triangles[source, 0] + shift, triangles[source, 1] + shift, triangles[source, 2] + shift
                leaf = triangle_info[source, 2] == LEAF_PART
                w0, w1, w2 = corners[a, 2], corners[b, 2], corners[c, 2]
                vertex[0], vertex[1], vertex[2] = a, b, c
                n = 0
                if parallel:
                    for i in range(3):
                        v = vertex[i]
                        point[i, 0] = cx + focal * corners[v, 0]
                        point[i, 1] = cy - focal * corners[v, 1]
                        point[i, 2] = 0.5 - parallel_scale * corners[v, 2]
                        if leaf:
                            uv[i, 0] = attributes[v - shift, 3]
                            uv[i, 1] = attributes[v - shift, 4]
                            uv[i, 2] = 1.0
                    n = 3
                else:
                    if w0 < near and w1 < near and w2 < near:
                        continue
                    x0, x1, x2 = corners[a, 0], corners[b, 0], corners[c, 0]
                    if (x0 > w0 * side_x and x1 > w1 * side_x and x2 > w2 * side_x) or (
                        x0 < -w0 * side_x and x1 < -w1 * side_x and x2 < -w2 * side_x
                    ):
                        continue
                    y0, y1, y2 = corners[a, 1], corners[b, 1], corners[c, 1]
                    if (y0 > w0 * side_y and y1 > w1 * side_y and y2 > w2 * side_y) or (
                        y0 < -w0 * side_y and y1 < -w1 * side_y and y2 < -w2 * side_y
                    ):
                        continue
                    for i in range(3):
                        p, q = vertex[i], vertex[(i + 1) % 3]
                        wp, wq = corners[p, 2], corners[q, 2]
                        if wp >= near:
                            inverse = 1.0 / np.float64(wp)
                            point[n, 0] = cx + focal * corners[p, 0] * inverse
                            point[n, 1] = cy - focal * corners[p, 1] * inverse
                            point[n, 2] = inverse
                            if leaf:
                                uv[n, 0] = attributes[p - shift, 3] * inverse
                                uv[n, 1] = attributes[p - shift, 4] * inverse
                                uv[n, 2] = inverse
                            n += 1
                        if (wp >= near) != (wq >= near):
                            if wp < near:  # always from the visible end, so that neighbours agree
                                p, q = q, p
                            wp, wq = corners[p, 2], corners[q, 2]
                            f = (NEAR_M - np.float64(wp)) / (np.float64(wq) - np.float64(wp))
                            inverse = 1.0 / NEAR_M
                            px = corners[p, 0] + f * (np.float64(corners[q, 0]) - corners[p, 0])
                            py = corners[p, 1] + f * (np.float64(corners[q, 1]) - corners[p, 1])
                            point[n, 0] = cx + focal * px * inverse
                            point[n, 1] = cy - focal * py * inverse
                            point[n, 2] = inverse
                            if leaf:
                                g, h = p - shift, q - shift
                                uv[n, 0] = (attributes[g, 3] + f * (attributes[h, 3] - attributes[g, 3])) * inverse
                                uv[n, 1] = (attributes[g, 4] + f * (attributes[h, 4] - attributes[g, 4])) * inverse
                                uv[n, 2] = inverse
                            n += 1
                for i in range(1, n - 1):
                    if emit(
                        slots, k, width, height, leaf or parallel,
                        point[0, 0], point[0, 1], point[0, 2],
                        point[i, 0], point[i, 1], point[i, 2],
                        point[i + 1, 0], point[i + 1, 1], point[i + 1, 2],
                    ):  # fmt: skip
                        slots[k].draw = np.int32(d)
                        slots[k].triangle = np.int32(source)
                        if leaf:
                            if i == 2:  # the fan's second triangle: corners 0, 2, 3
                                point[1] = point[2]
                                uv[1] = uv[2]
                                point[2] = point[3]
                                uv[2] = uv[3]
                            size = material_sizes[triangle_info[source, 0]]
                            add_leaf_planes(slots, k, width, height, size, uv, point[:, :2])
                        k += 1
        counts[s] = k - 2 * begin
