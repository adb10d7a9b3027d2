"""Bounding volume hierarchies: binary trees of boxes over boxes, many trees in one set of arrays.

A node holds the boxes of both its children, so that one visit decides about both. A child is a node (>= 0) or a leaf
(< 0, see ``leaf_code``): a run of items in ``order``. A tree's root has one child, whose box is the whole tree's.
Splits follow the surface area heuristic over bins along the longest axis (Wald, "On fast Construction of SAH-based
Bounding Volume Hierarchies", 2007).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.jit import F, inlined, kernel

MAX_DEPTH = 64
"""No tree is deeper: who walks one needs a stack of this many entries."""
_EMPTY = -1
_BINS = 12
_BALANCED_FROM = 36
"""Below this depth nodes are halved by number, which ends a tree of 2**27 items before ``MAX_DEPTH``."""
_BUILD_STACK = 2 * MAX_DEPTH
_PAD_M = F(1e-4)
"""Boxes are this much larger than their items, which takes up what single precision loses along a ray."""
_PAD_SHARE = F(1e-6)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Trees:
    """Trees over runs of items."""

    boxes: NDArray[np.float32]
    """(N, 2, 6) least x, y, z, greatest x, y, z of each child."""
    children: NDArray[np.int32]
    """(N, 2) node, or ``leaf_code``."""
    order: NDArray[np.int32]
    """(T,) items as the leaves list them."""
    roots: NDArray[np.int32]
    """(G,) node at which each tree starts."""


@inlined
def leaf_first(code: int) -> int:
    """Where the items of a leaf start in ``order``."""
    return ~code >> 3


@inlined
def leaf_count(code: int) -> int:
    """How many items a leaf has; 0 for a child that is not there."""
    return ~code & 7


def trees_over(item_boxes: NDArray[np.float32], first: NDArray[np.int64], *, leaf_size: int) -> Trees:
    """One tree for each run ``first[g]`` to ``first[g + 1]`` of the items, whose boxes are (T, 6), least then greatest.

    ``leaf_size`` is at most 7.
    """
    count, num_trees = len(item_boxes), len(first) - 1
    capacity = count + 2 * num_trees
    boxes, children = np.empty((capacity, 2, 6), np.float32), np.empty((capacity, 2), np.int32)
    order, roots = np.arange(count, dtype=np.int32), np.empty(num_trees, np.int32)
    used = plant(item_boxes, first, leaf_size, 0, 0, order, boxes, children, roots)
    return Trees(boxes=boxes[:used].copy(), children=children[:used].copy(), order=order, roots=roots)


def behind(trees: Trees, *, nodes: int, items: int) -> Trees:
    """The same trees for a place behind so many nodes and items of others."""
    leaves = np.where(trees.children == _EMPTY, _EMPTY, trees.children - 8 * items)
    return Trees(
        boxes=trees.boxes, children=np.where(trees.children >= 0, trees.children + nodes, leaves).astype(np.int32),
        order=trees.order + np.int32(items), roots=trees.roots + np.int32(nodes),
    )  # fmt: skip


@kernel
def plant(
    item_boxes: NDArray[np.float32],
    first: NDArray[np.int64],
    leaf_size: int,
    next_node: int,
    first_item: int,
    order: NDArray[np.int32],
    boxes: NDArray[np.float32],
    children: NDArray[np.int32],
    roots: NDArray[np.int32],
) -> int:
    """Write trees from node ``next_node`` on and return the first free one; arrays as in ``Trees``.

    ``order`` holds the items to sort, all of them; leaves name places in it counted from ``first_item``.
    """
    work = np.empty((_BUILD_STACK, 5), np.int64)  # begin, end, parent, side, depth
    low, high = np.empty(3, np.float32), np.empty(3, np.float32)
    bin_boxes = np.empty((_BINS, 6), np.float32)
    bin_counts = np.empty(_BINS, np.int64)
    costs = np.empty(_BINS, np.float32)
    for tree in range(first.shape[0] - 1):
        root = next_node
        next_node += 1
        roots[tree] = root
        for side in range(2):
            children[root, side] = _EMPTY
            for axis in range(3):
                boxes[root, side, axis] = F(np.inf)
                boxes[root, side, 3 + axis] = F(-np.inf)
        if first[tree] == first[tree + 1]:
            continue
        work[0, 0], work[0, 1], work[0, 2], work[0, 3], work[0, 4] = first[tree], first[tree + 1], root, 0, 1
        top = 1
        while top > 0:
            top -= 1
            begin, end, parent, side, depth = work[top, 0], work[top, 1], work[top, 2], work[top, 3], work[top, 4]
            # Box of the run, and of its items' middles (doubled).
            for axis in range(3):
                low[axis], high[axis] = F(np.inf), F(-np.inf)
                least, greatest = F(np.inf), F(-np.inf)
                for k in range(begin, end):
                    a, b = item_boxes[order[k], axis], item_boxes[order[k], 3 + axis]
                    least, greatest = min(least, a), max(greatest, b)
                    low[axis], high[axis] = min(low[axis], a + b), max(high[axis], a + b)
                pad = _PAD_M + _PAD_SHARE * max(abs(least), abs(greatest))
                boxes[parent, side, axis] = least - pad
                boxes[parent, side, 3 + axis] = greatest + pad
            if end - begin <= leaf_size:
                children[parent, side] = ~np.int32((begin + first_item) * 8 + (end - begin))
                continue
            axis = 0
            for other in range(1, 3):
                if high[other] - low[other] > high[axis] - low[axis]:
                    axis = other
            extent = high[axis] - low[axis]
            middle = (begin + end) // 2
            if extent > F(0) and depth < _BALANCED_FROM:
                scale = F(_BINS) * F(0.9999) / extent
                for b in range(_BINS):
                    bin_counts[b] = 0
                    for j in range(3):
                        bin_boxes[b, j], bin_boxes[b, 3 + j] = F(np.inf), F(-np.inf)
                for k in range(begin, end):
                    item = order[k]
                    b = int((item_boxes[item, axis] + item_boxes[item, 3 + axis] - low[axis]) * scale)
                    bin_counts[b] += 1
                    for j in range(3):
                        bin_boxes[b, j] = min(bin_boxes[b, j], item_boxes[item, j])
                        bin_boxes[b, 3 + j] = max(bin_boxes[b, 3 + j], item_boxes[item, 3 + j])
                split = _cheapest_split(bin_boxes, bin_counts, costs)
                if split > 0:
                    middle = begin
                    for k in range(begin, end):
                        item = order[k]
                        b = int((item_boxes[item, axis] + item_boxes[item, 3 + axis] - low[axis]) * scale)
                        if b < split:
                            order[k] = order[middle]
                            order[middle] = item
                            middle += 1
            node = next_node
            next_node += 1
            children[parent, side] = node
            work[top, 0], work[top, 1], work[top, 2], work[top, 3], work[top, 4] = begin, middle, node, 0, depth + 1
            top += 1
            work[top, 0], work[top, 1], work[top, 2], work[top, 3], work[top, 4] = middle, end, node, 1, depth + 1
            top += 1
    return next_node


@kernel
def _cheapest_split(bin_boxes: NDArray[np.float32], bin_counts: NDArray[np.int64], costs: NDArray[np.float32]) -> int:
    """First bin of the second half, or 0 when all items are in one bin; ``costs`` (B,) is scratch."""
    for reverse in range(2):
        lx, ly, lz = F(np.inf), F(np.inf), F(np.inf)
        hx, hy, hz = F(-np.inf), F(-np.inf), F(-np.inf)
        items = 0
        for step in range(_BINS - 1):
            b = _BINS - 1 - step if reverse else step
            items += bin_counts[b]
            lx, ly, lz = min(lx, bin_boxes[b, 0]), min(ly, bin_boxes[b, 1]), min(lz, bin_boxes[b, 2])
            hx, hy, hz = max(hx, bin_boxes[b, 3]), max(hy, bin_boxes[b, 4]), max(hz, bin_boxes[b, 5])
            x, y, z = hx - lx, hy - ly, hz - lz
            cost = F(np.inf) if items == 0 else F(items) * (x * y + y * z + z * x)
            if reverse:
                costs[b] += cost
            else:
                costs[b + 1] = cost
    best = 0
    least = F(np.inf)
    for b in range(1, _BINS):
        if costs[b] < least:
            best, least = b, costs[b]
    return best
