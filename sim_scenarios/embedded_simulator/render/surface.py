"""What stands at each pixel: albedo, gloss, normal and own light, before any lamp or sun is looked at.

For a triangle with camera-space corners a, b, c and a pixel's ray d (forward component 1), the corner weights over the
depth are ``inverse([a b c]) d``: linear on the screen. So the planes of u, v and the normal are found once for each run
of pixels of one triangle, in float64, and a pixel costs a few multiplications.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.cabin import ROOF, cabin_light
from sim_scenarios.embedded_simulator.render.jit import F, Record, Records, inlined, kernel
from sim_scenarios.embedded_simulator.render.raster import BAND_SHIFT, NO_SLOT
from sim_scenarios.embedded_simulator.render.texture_sampling import floor_of, hash_bits, sample_texel
from sim_scenarios.embedded_simulator.render.textures.lettering import PLATE_COLUMNS, PLATE_ROWS

ALBEDO, GLOSS, NORMAL, GLOW, COAT = 0, 3, 4, 7, 8
NUM_CHANNELS = 9
"""Channels of the surface buffer: linear albedo (3), gloss, world normal (3), glow, clear coat (1 for paint)."""
PAINT_PART, WINDOW_PART, LEAF_PART, CABIN_PART, PLATE_PART = 1, 15, 16, 18, 19
TERRAIN_TAG = 10
MAX_LEVEL = 9
_KEPT_PLANES = 1024
"""A power of two: a triangle that goes over several rows is found here again in seven runs of eight."""
"""The last column of a material's mip levels."""
STREET_LAMP_GLOW = -1.0
"""Glow of lamp glass: the lighting decides by the hour."""
LIT_WINDOW_GLOW = -2.0
"""Glow of a pane behind which somebody is at home: -2 dim to -3 bright, again by the hour."""
_LAWN_TEXELS_PX = F(4)
"""Squared texels a pixel from which the blades of a lawn are lost."""
_PANE_GLOSS = F(0.5)
_LEAF_GLOSS = F(0.1)
_NUM_PLANES = 6  # 1, u, v, normal x, y, z, each over depth


@inlined
def attribute_planes(
    slot: Record, draws: Records, objects: Records, joint_motions: NDArray[np.float32],
    corners: NDArray[np.float32], mesh_first_vertex: NDArray[np.int64], triangles: NDArray[np.int32],
    attributes: NDArray[np.float32], joints: NDArray[np.uint8], point: NDArray[np.float64], values: NDArray[np.float64],
    planes: NDArray[np.float32], color: NDArray[np.float32],
) -> None:  # fmt: skip
    """Fill ``planes`` (6, 3): coefficients on the ray (right, up, 1); and the mean corner colour (3,).

    ``point`` (3, 3) and ``values`` (3, 6) are scratch.
    """
    draw = draws[slot.draw]
    o = draw.object
    shift = draw.first_vertex - mesh_first_vertex[draw.mesh]
    rotation = objects[o].rotation
    base = objects[o].joint_base
    color[0], color[1], color[2] = F(0), F(0), F(0)
    for i in range(3):
        v = np.int64(triangles[slot.triangle, i])
        for j in range(3):
            point[i, j] = corners[v + shift, j]
            color[j] += attributes[v, 5 + j] * F(1.0 / 3.0)
        x, y, z = attributes[v, 0], attributes[v, 1], attributes[v, 2]
        if base >= 0 and joints[v] != 0:
            turn = base + np.int64(joints[v])
            x, y, z = (
                joint_motions[turn, 0, 0] * x + joint_motions[turn, 0, 1] * y + joint_motions[turn, 0, 2] * z,
                joint_motions[turn, 1, 0] * x + joint_motions[turn, 1, 1] * y + joint_motions[turn, 1, 2] * z,
                joint_motions[turn, 2, 0] * x + joint_motions[turn, 2, 1] * y + joint_motions[turn, 2, 2] * z,
            )
        values[i, 0] = 1.0
        values[i, 1], values[i, 2] = attributes[v, 3], attributes[v, 4]
        for j in range(3):
            values[i, 3 + j] = rotation[j, 0] * x + rotation[j, 1] * y + rotation[j, 2] * z
    for j in range(3):
        # Row j of the inverse of [a b c], as far as the common factor 1 / det.
        k, m = (j + 1) % 3, (j + 2) % 3
        cx = point[k, 1] * point[m, 2] - point[k, 2] * point[m, 1]
        cy = point[k, 2] * point[m, 0] - point[k, 0] * point[m, 2]
        cz = point[k, 0] * point[m, 1] - point[k, 1] * point[m, 0]
        if j == 0:
            volume = point[0, 0] * cx + point[0, 1] * cy + point[0, 2] * cz
            inverse = 1.0 / volume if volume != 0.0 else 0.0
            for p in range(_NUM_PLANES):
                planes[p, 0], planes[p, 1], planes[p, 2] = F(0), F(0), F(0)
        for p in range(_NUM_PLANES):
            planes[p, 0] += F(values[j, p] * cx * inverse)
            planes[p, 1] += F(values[j, p] * cy * inverse)
            planes[p, 2] += F(values[j, p] * cz * inverse)


@kernel
def resolve_surfaces(
    worker: int,
    workers: int,
    camera: Records,
    slots: Records,
    slot_at: NDArray[np.int32],
    draws: Records,
    objects: Records,
    joint_motions: NDArray[np.float32],
    corners: NDArray[np.float32],
    mesh_first_vertex: NDArray[np.int64],
    triangles: NDArray[np.int32],
    triangle_info: NDArray[np.uint8],
    attributes: NDArray[np.float32],
    joints: NDArray[np.uint8],
    texels: NDArray[np.uint8],
    texel_offsets: NDArray[np.int64],
    material_sizes: NDArray[np.int32],
    window_grid: NDArray[np.float32],
    every_pixel: bool,
    surface: NDArray[np.float32],
) -> None:
    """Fill ``surface`` (H, W, 9) wherever there is a slot; sky pixels are left as they are.

    Without ``every_pixel`` those that ``lighting.fill_between`` fills are left, too.
    """
    height, width = slot_at.shape
    inverse_focal = F(1) / camera[0].focal_px
    center_x, center_y = camera[0].center_x, camera[0].center_y
    forward, right, up = camera[0].forward, camera[0].right, camera[0].up
    planes = np.zeros((_NUM_PLANES, 3), np.float32)
    point, values = np.empty((3, 3), np.float64), np.empty((3, _NUM_PLANES), np.float64)
    color = np.empty(3, np.float32)
    kept_slot = np.full(_KEPT_PLANES, NO_SLOT, np.int32)
    kept_planes = np.empty((_KEPT_PLANES, _NUM_PLANES, 3), np.float32)
    kept_color = np.empty((_KEPT_PLANES, 3), np.float32)
    for y in range(height):
        if (y >> BAND_SHIFT) % workers != worker:
            continue
        ray_up = (center_y - F(y) - F(0.5)) * inverse_focal
        last = np.int32(NO_SLOT)
        material, part, size_0, is_terrain = 0, 0, 1, False
        glow, coat = F(0), F(0)
        seed, number, o = np.uint32(0), np.uint32(0), 0
        for x in range(width):
            k = slot_at[y, x]
            if k == NO_SLOT or (not every_pixel and (x & 1) == 1 and k == slot_at[y, x - 1]):
                continue
            if k != last:
                last = k
                slot = slots[k]
                kept = k & (_KEPT_PLANES - 1)
                if kept_slot[kept] == k:
                    for i in range(3):
                        color[i] = kept_color[kept, i]
                        for p in range(_NUM_PLANES):
                            planes[p, i] = kept_planes[kept, p, i]
                else:
                    attribute_planes(
                        slot, draws, objects, joint_motions, corners, mesh_first_vertex, triangles, attributes, joints,
                        point, values, planes, color,
                    )  # fmt: skip
                    kept_slot[kept] = k
                    for i in range(3):
                        kept_color[kept, i] = color[i]
                        for p in range(_NUM_PLANES):
                            kept_planes[kept, p, i] = planes[p, i]
                material = np.int64(triangle_info[slot.triangle, 0])
                part = np.int64(triangle_info[slot.triangle, 2])
                size_0 = np.int64(material_sizes[material])
                is_terrain = triangle_info[slot.triangle, 1] == TERRAIN_TAG
                o = draws[slot.draw].object
                row = objects[o]
                for i in range(3):
                    color[i] *= row.tint[part, i]
                glow = row.glow[part]
                coat = F(1) if part == PAINT_PART else F(0)
                seed = row.seed
                if part == PLATE_PART:
                    number = hash_bits(seed)
            ray_right = (F(x) + F(0.5) - center_x) * inverse_focal
            near = planes[0, 0] * ray_right + planes[0, 1] * ray_up + planes[0, 2]
            depth = F(1) / near
            u = (planes[1, 0] * ray_right + planes[1, 1] * ray_up + planes[1, 2]) * depth
            v = (planes[2, 0] * ray_right + planes[2, 1] * ray_up + planes[2, 2]) * depth
            if part == PLATE_PART:
                u += F(number & np.uint32(PLATE_COLUMNS - 1)) * F(1.0 / PLATE_COLUMNS)
                v += F((number >> np.uint32(8)) & np.uint32(PLATE_ROWS - 1)) * F(1.0 / PLATE_ROWS)
            texel_px = depth * inverse_focal * F(size_0)
            ux, uy = (planes[1, 0] - u * planes[0, 0]) * texel_px, (planes[1, 1] - u * planes[0, 1]) * texel_px
            vx, vy = (planes[2, 0] - v * planes[0, 0]) * texel_px, (planes[2, 1] - v * planes[0, 1]) * texel_px
            along, across = ux * ux + vx * vx, uy * uy + vy * vy
            # Squared texels a pixel: between the long and the short side of the footprint, so that ground seen at a
            # flat angle is neither mush nor sparkle.
            wide, narrow = max(along, across), min(along, across)
            footprint = math.sqrt(wide * max(narrow, wide * F(0.0625)))
            texels_px, level, size = footprint, 0, size_0
            while footprint > F(2) and size > 1:
                footprint *= F(0.25)
                level += 1
                size >>= 1
            r, g, b, gloss = sample_texel(texels, texel_offsets[material, level], size, u, v)
            if is_terrain and texels_px > _LAWN_TEXELS_PX:
                # Far lawns and hills: bit by bit one even green rather than the tile over and over.
                mean, keep = texel_offsets[material, MAX_LEVEL], _LAWN_TEXELS_PX / texels_px
                even = F(1.0 / 255.0) - F(1.0 / 255.0) * keep
                r, g = F(texels[mean, 0]) * even + r * keep, F(texels[mean, 1]) * even + g * keep
                b = F(texels[mean, 2]) * even + b * keep
            surface[y, x, 0], surface[y, x, 1], surface[y, x, 2] = r * r * color[0], g * g * color[1], b * b * color[2]
            if part == CABIN_PART and objects[o].cabin[ROOF] > F(0):
                wx = forward[0] + right[0] * ray_right + up[0] * ray_up
                wy = forward[1] + right[1] * ray_right + up[1] * ray_up
                wz = forward[2] + right[2] * ray_right + up[2] * ray_up
                sx = F(camera[0].eye[0] - objects[o].origin[0]) + wx * depth
                sy = F(camera[0].eye[1] - objects[o].origin[1]) + wy * depth
                sz = F(camera[0].eye[2] - objects[o].origin[2]) + wz * depth
                turn = objects[o].rotation
                r, g, b = cabin_light(
                    objects[o].cabin, objects[o].moves != 0, seed,
                    turn[0, 0] * sx + turn[1, 0] * sy + turn[2, 0] * sz,
                    turn[0, 1] * sx + turn[1, 1] * sy + turn[2, 1] * sz,
                    turn[0, 2] * sx + turn[1, 2] * sy + turn[2, 2] * sz,
                    turn[0, 0] * wx + turn[1, 0] * wy + turn[2, 0] * wz,
                    turn[0, 1] * wx + turn[1, 1] * wy + turn[2, 1] * wz,
                    turn[0, 2] * wx + turn[1, 2] * wy + turn[2, 2] * wz,
                )  # fmt: skip
                surface[y, x, 0], surface[y, x, 1], surface[y, x, 2] = (
                    surface[y, x, 0] + r, surface[y, x, 1] + g, surface[y, x, 2] + b,
                )  # fmt: skip
            nx = planes[3, 0] * ray_right + planes[3, 1] * ray_up + planes[3, 2]
            ny = planes[4, 0] * ray_right + planes[4, 1] * ray_up + planes[4, 2]
            nz = planes[5, 0] * ray_right + planes[5, 1] * ray_up + planes[5, 2]
            length = math.sqrt(nx * nx + ny * ny + nz * nz)
            scale = F(1) / length if length > F(0) else F(0)
            surface[y, x, 4], surface[y, x, 5], surface[y, x, 6] = nx * scale, ny * scale, nz * scale
            shine = glow if part != WINDOW_PART else F(0)
            if part == WINDOW_PART and gloss > _PANE_GLOSS and glow >= F(0):
                column = np.uint32(floor_of(u * window_grid[material, 0]) & 0xFFFF)
                storey = np.uint32(floor_of(v * window_grid[material, 1]) & 0xFFFF)
                chance = hash_bits(seed ^ hash_bits(column + storey * np.uint32(65537)))
                if (chance & np.uint32(15)) < np.uint32(6):
                    shine = F(LIT_WINDOW_GLOW) - F((chance >> np.uint32(4)) & np.uint32(255)) * F(1.0 / 255.0)
            if part == LEAF_PART:
                gloss = _LEAF_GLOSS
            surface[y, x, 3] = gloss
            surface[y, x, 7] = shine
            surface[y, x, 8] = coat
