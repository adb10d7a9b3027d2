"""The visibility buffer: which slot is nearest at each pixel, and how near.

Nearness is 1 / forward distance, linear on the screen, 0 where nothing is. The alpha test of foliage happens here, so
that a leaf's gaps are gaps in every image. A second kernel turns slots into tags, instances and metres.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.jit import F, Records, bare_kernel
from sim_scenarios.embedded_simulator.render.texture_sampling import floor_of
from sim_scenarios.embedded_simulator.render.triangle_setup import NUM_SLICES
from sim_scenarios.embedded_simulator.render.view import FAR_M, SKY_TAG

BAND_SHIFT = 3
"""Rows go to threads in bands of 2**3: fine enough to share the work evenly, coarse enough for the cache."""
NO_SLOT = -1


@bare_kernel
def rasterise(
    worker: int,
    workers: int,
    camera: Records,
    perspective: bool,
    first_triangle: int,
    num_triangles: int,
    slots: Records,
    counts: NDArray[np.int64],
    triangle_info: NDArray[np.uint8],
    texels: NDArray[np.uint8],
    texel_offsets: NDArray[np.int64],
    material_sizes: NDArray[np.int32],
    leaf_thresholds: NDArray[np.uint8],
    nearness: NDArray[np.float32],
    slot_at: NDArray[np.int32],
) -> None:
    """Fill ``nearness`` (H, W) and ``slot_at`` (H, W) from the slots of all slices; the first slot wins a tie.

    What was drawn before stays where ``first_triangle`` is not 0.
    """
    width, height = camera[0].width, camera[0].height
    center_x, center_y = F(0.5) * F(width), F(0.5) * F(height)
    half, edge = F(0.5), F(width + 1)
    for y in range(height):
        if first_triangle == 0 and (y >> BAND_SHIFT) % workers == worker:
            nearness[y, :width] = F(0)
            slot_at[y, :width] = np.int32(NO_SLOT)
    for s in range(NUM_SLICES):
        begin = 2 * (first_triangle + s * num_triangles // NUM_SLICES)
        for k in range(begin, begin + counts[s]):
            slot = slots[k]
            near_0, near_x, near_y = slot.near_0, slot.near_x, slot.near_y
            leaf = slot.leaf
            size, offset, threshold = np.int64(0), np.int64(0), np.uint8(0)
            if leaf >= 0:
                material = triangle_info[slot.triangle, 0]
                size = np.int64(material_sizes[material] >> leaf)
                offset = texel_offsets[material, leaf]
                threshold = leaf_thresholds[material, leaf]
            for y in range(slot.first_row, slot.last_row + 1):
                if (y >> BAND_SHIFT) % workers != worker:
                    continue
                yc = F(y) + half
                x_a = slot.x_long + (yc - slot.y_top) * slot.slope_long
                if yc < slot.y_split:
                    x_b = slot.x_upper + (yc - slot.y_top) * slot.slope_upper
                else:
                    x_b = slot.x_lower + (yc - slot.y_lower) * slot.slope_lower
                low, high = max(min(x_a, x_b), F(-1)), min(max(x_a, x_b), edge)
                first, last = max(0, -floor_of(half - low)), min(width, -floor_of(half - high))
                if first >= last:
                    continue
                dx, dy = F(first) + half - center_x, yc - center_y
                near = near_0 + dx * near_x + dy * near_y
                if leaf < 0:
                    for x in range(first, last):
                        value = near + F(x - first) * near_x
                        if value > nearness[y, x]:
                            nearness[y, x] = value
                            slot_at[y, x] = np.int32(k)
                else:
                    u = slot.u_0 + dx * slot.u_x + dy * slot.u_y
                    v = slot.v_0 + dx * slot.v_x + dy * slot.v_y
                    for x in range(first, last):
                        step = F(x - first)
                        value = near + step * near_x
                        if value > nearness[y, x]:
                            scale = F(size) / value if perspective else F(size)
                            iu = floor_of((u + step * slot.u_x) * scale) & (size - 1)
                            iv = floor_of((v + step * slot.v_x) * scale) & (size - 1)
                            if texels[offset + iv * size + iu, 3] >= threshold:
                                nearness[y, x] = value
                                slot_at[y, x] = np.int32(k)


@bare_kernel
def label_pixels(
    worker: int,
    workers: int,
    slots: Records,
    draws: Records,
    objects: Records,
    triangle_info: NDArray[np.uint8],
    nearness: NDArray[np.float32],
    slot_at: NDArray[np.int32],
    tag: NDArray[np.uint8],
    instance: NDArray[np.uint16],
    depth_m: NDArray[np.float32],
) -> None:
    """Write the exact images: they know nothing of light or weather."""
    height, width = tag.shape
    for y in range(height):
        if (y >> BAND_SHIFT) % workers != worker:
            continue
        for x in range(width):
            k = slot_at[y, x]
            if k == NO_SLOT:
                tag[y, x] = SKY_TAG
                instance[y, x] = 0
                depth_m[y, x] = F(FAR_M)
            else:
                tag[y, x] = triangle_info[slots[k].triangle, 1]
                instance[y, x] = objects[draws[slots[k].draw].object].instance
                depth_m[y, x] = min(F(FAR_M), F(1) / nearness[y, x])
