"""Who may touch whom during a tick: everything that moves, swept along its free path, and the scenery beside it.

A pair is left out only where a direction proves that their shadows stay apart throughout the tick (the separating
axes of two turned rectangles, and the one square to their relative path). Whoever may be hit may be thrown further
than it meant to go, so its neighbours within that reach come along, and their neighbours. What is left out does not
meet anything, whatever happens.

Seen from above; heights only tell which pairs pass over each other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.physics.scenery_grid import Scenery

SLOP_M = 0.005
"""Bodies may overlap by this much and rest."""
_THROW = 1.5
"""A body may come out of a contact this much faster than the faster of the two went in (light bodies bounce)."""
_MARGIN_M = 0.05
_STILL_M = 1e-4
"""Less in a tick is rounding: bodies that rest against each other are left alone until they overlap."""

WAY, _RADIUS, _TURN = 11, 12, 13
"""Columns of ``Meeting.flat``."""

_Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Movers:
    """N bodies at both ends of a tick as if nothing were in their way."""

    before: _Floats
    """(N, 6): x, y, z [m], pitch, yaw, roll [deg] of each origin at the tick's start."""
    after: _Floats
    """(N, 6) at its end."""
    centers: _Floats
    """(N, 3) middle of each box in the body's own frame [m]."""
    extents: _Floats
    """(N, 3) half sizes [m]."""
    clearances: _Floats
    """(N,) height above the box's bottom below which nothing is touched [m]."""
    is_free: NDArray[np.bool_]
    """(N,) whether a contact moves it."""
    groups: NDArray[np.int64]
    """(N,) bodies of one group never touch."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Meeting:
    """Bodies that may touch something during a tick."""

    bodies: list[int]
    """Numbers of movers, in order."""
    obstacles: list[int]
    """Numbers of scenery boxes, in order."""
    closing_m: float
    """How far two of them at most come closer."""
    passes: bool
    """Whether some of them pass above each other, or belong to one group."""
    flat: _Floats
    """(N, 14) of all movers: x, y of the box's middle [m], yaw [rad], half length, half width, bottom, top (over the
    whole tick) [m], the middle's way through the tick in x and y [m], cosine and sine of the yaw, the way's length, the
    farthest corner's distance from the middle, and how far that corner turns [m]."""


def find_meeting(movers: Movers, scenery: Scenery, hidden: NDArray[np.bool_], *, farthest_m: float) -> Meeting:
    """Returns whoever may touch.

    Args:
        movers: What moves. Whoever has gone further than ``farthest_m`` was put elsewhere and did not go there.
        scenery: What stands.
        hidden: (S,) scenery boxes that are not there.
        farthest_m: The longest way of a tick.
    """
    flat = _flatten(movers.before, movers.after, movers.centers, movers.extents, movers.clearances, farthest_m)
    from_left = np.argsort(flat[:, 0] + np.minimum(flat[:, 7], 0.0) - flat[:, _RADIUS], kind="stable")
    arrays = scenery.arrays
    bodies, obstacles, closing_m, passes = _meet(
        flat, from_left, movers.is_free, movers.groups, arrays.boxes, hidden, arrays.corner, arrays.cell_m,
        arrays.first, arrays.last, arrays.items, SLOP_M, _THROW, _MARGIN_M, _STILL_M,
    )  # fmt: skip
    return Meeting(
        bodies=bodies.tolist(),
        obstacles=np.flatnonzero(obstacles).tolist(),
        closing_m=closing_m,
        passes=passes,
        flat=flat,
    )


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _flatten(
    before: _Floats, after: _Floats, centers: _Floats, extents: _Floats, clearances: _Floats, farthest: float
) -> _Floats:
    """``Meeting.flat``."""
    flat = np.empty((len(before), 14))
    for i in range(len(before)):
        dx, dy, dz = after[i, 0] - before[i, 0], after[i, 1] - before[i, 1], after[i, 2] - before[i, 2]
        if dx * dx + dy * dy + dz * dz > farthest * farthest:
            for k in range(6):  # an assignment of rows would take seconds to compile
                before[i, k] = after[i, k]
        yaw0, yaw1 = math.radians(before[i, 4]), math.radians(after[i, 4])
        cx, cy = centers[i, 0], centers[i, 1]
        x0 = before[i, 0] + cx * math.cos(yaw0) - cy * math.sin(yaw0)
        y0 = before[i, 1] + cx * math.sin(yaw0) + cy * math.cos(yaw0)
        flat[i, 0], flat[i, 1], flat[i, 2] = x0, y0, yaw0
        flat[i, 9], flat[i, 10] = math.cos(yaw0), math.sin(yaw0)
        flat[i, 3], flat[i, 4] = extents[i, 0], extents[i, 1]
        # A nose that points up or down reaches higher and lower than a level one.
        tilt = abs(math.sin(math.radians(after[i, 3]))) * extents[i, 0]
        tilt += abs(math.sin(math.radians(after[i, 5]))) * extents[i, 1]
        low_z, high_z = min(before[i, 2], after[i, 2]), max(before[i, 2], after[i, 2])
        flat[i, 5] = low_z + centers[i, 2] - extents[i, 2] - tilt + clearances[i]
        flat[i, 6] = high_z + centers[i, 2] + extents[i, 2] + tilt
        flat[i, 7] = after[i, 0] + cx * math.cos(yaw1) - cy * math.sin(yaw1) - x0
        flat[i, 8] = after[i, 1] + cx * math.sin(yaw1) + cy * math.cos(yaw1) - y0
        turn = (after[i, 4] - before[i, 4] + 180.0) % 360.0 - 180.0
        flat[i, WAY], flat[i, _RADIUS] = math.hypot(flat[i, 7], flat[i, 8]), math.hypot(extents[i, 0], extents[i, 1])
        flat[i, _TURN] = abs(math.radians(turn)) * flat[i, _RADIUS]
        total = 0.0
        for k in range(14):
            total += flat[i, k]
        if not math.isfinite(total):  # nowhere: it must not drag the others along
            for k in range(14):
                flat[i, k] = 0.0
            flat[i, 5], flat[i, 6] = math.inf, -math.inf
    return flat


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _apart(
    ax: float, ay: float, a_cos: float, a_sin: float, a_length: float, a_width: float,
    bx: float, by: float, b_cos: float, b_sin: float, b_length: float, b_width: float,
    way_x: float, way_y: float, slack: float,
) -> bool:  # fmt: skip
    """Whether two rectangles (half sizes) stay ``slack`` apart while the first goes ``way`` relative to the second."""
    way = math.hypot(way_x, way_y)
    for axis in range(5):
        if axis == 0:
            x, y = a_cos, a_sin
        elif axis == 1:
            x, y = -a_sin, a_cos
        elif axis == 2:
            x, y = b_cos, b_sin
        elif axis == 3:
            x, y = -b_sin, b_cos
        elif way > 1e-9:
            x, y = -way_y / way, way_x / way
        else:
            return False
        reach = slack + a_length * abs(a_cos * x + a_sin * y) + a_width * abs(a_cos * y - a_sin * x)
        reach += b_length * abs(b_cos * x + b_sin * y) + b_width * abs(b_cos * y - b_sin * x)
        start = (ax - bx) * x + (ay - by) * y
        end = start + way_x * x + way_y * y
        if (start > reach and end > reach) or (start < -reach and end < -reach):
            return True
    return False


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _pair_apart(flat: _Floats, i: int, j: int, way_x: float, way_y: float, slack: float) -> bool:
    return _apart(  # type: ignore[no-any-return]
        flat[i, 0], flat[i, 1], flat[i, 9], flat[i, 10], flat[i, 3], flat[i, 4],
        flat[j, 0], flat[j, 1], flat[j, 9], flat[j, 10], flat[j, 3], flat[j, 4],
        way_x, way_y, slack,
    )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _obstacle_apart(flat: _Floats, i: int, box: _Floats, slack: float) -> bool:
    wide = abs(flat[i, 7]) + abs(flat[i, 8]) + flat[i, 3] + flat[i, 4] + box[4] + box[5] + slack
    if abs(flat[i, 0] - box[0]) > wide or abs(flat[i, 1] - box[1]) > wide:
        return True
    return _apart(  # type: ignore[no-any-return]
        flat[i, 0], flat[i, 1], flat[i, 9], flat[i, 10], flat[i, 3], flat[i, 4],
        box[0], box[1], box[2], box[3], box[4], box[5], flat[i, 7], flat[i, 8], slack,
    )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _over_each_other(flat: _Floats, i: int, j: int) -> bool:
    return flat[i, 6] <= flat[j, 5] or flat[j, 6] <= flat[i, 5]  # type: ignore[no-any-return]


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _over_box(flat: _Floats, i: int, box: _Floats) -> bool:
    return flat[i, 6] <= box[6] or box[7] <= flat[i, 5]  # type: ignore[no-any-return]


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _meeting_bodies(
    flat: _Floats, from_left: NDArray[np.int64], is_free: NDArray[np.bool_], groups: NDArray[np.int64], slop: float,
    throw: float, margin: float, still: float, reach: _Floats,
) -> float:  # fmt: skip
    """Pairs of movers, sorted along x; writes how far each may be thrown, returns the fastest approach."""
    closing = 0.0
    for place in range(len(flat)):
        i = from_left[place]
        right = flat[i, 0] + max(flat[i, 7], 0.0) + flat[i, _RADIUS]
        for later in range(place + 1, len(flat)):
            j = from_left[later]
            if flat[j, 0] + min(flat[j, 7], 0.0) - flat[j, _RADIUS] > right:
                break
            if not (is_free[i] or is_free[j]) or groups[i] == groups[j] or _over_each_other(flat, i, j):
                continue
            if abs(flat[i, 1] - flat[j, 1]) > flat[i, _RADIUS] + flat[j, _RADIUS] + flat[i, WAY] + flat[j, WAY]:
                continue
            way_x, way_y, turn = flat[i, 7] - flat[j, 7], flat[i, 8] - flat[j, 8], flat[i, _TURN] + flat[j, _TURN]
            way = math.hypot(way_x, way_y) + turn
            if _pair_apart(flat, i, j, way_x, way_y, turn + slop if way > still else -slop):
                continue
            closing = max(closing, way)
            thrown = throw * max(flat[i, WAY] + flat[i, _TURN], flat[j, WAY] + flat[j, _TURN]) + margin
            reach[i], reach[j] = max(reach[i], thrown), max(reach[j], thrown)
    return closing


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _boxes_near(
    x: float, y: float, wide: float, corner: _Floats, cell_m: float, first: NDArray[np.int64],
    last: NDArray[np.int64], items: NDArray[np.int64],
) -> NDArray[np.int64]:  # fmt: skip
    """Numbers of the scenery boxes in the cells around a point; some come several times."""
    columns, rows = first.shape
    i0, i1 = max(0, math.floor((x - wide - corner[0]) / cell_m)), math.floor((x + wide - corner[0]) / cell_m)
    j0, j1 = max(0, math.floor((y - wide - corner[1]) / cell_m)), math.floor((y + wide - corner[1]) / cell_m)
    i1, j1 = min(columns - 1, i1), min(rows - 1, j1)
    count = 0
    for i in range(i0, i1 + 1):
        for j in range(j0, j1 + 1):
            count += last[i, j] - first[i, j]
    found = np.empty(count, np.int64)
    count = 0
    for i in range(i0, i1 + 1):
        for j in range(j0, j1 + 1):
            for k in range(first[i, j], last[i, j]):
                found[count] = items[k]
                count += 1
    return found


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _add_neighbours(flat: _Floats, is_free: NDArray[np.bool_], groups: NDArray[np.int64], reach: _Floats) -> None:
    """Whoever stands where a thrown body may come may be thrown as far."""
    is_new = np.empty(len(flat), np.bool_)
    for i in range(len(flat)):
        is_new[i] = reach[i] > 0.0 and is_free[i]
    goes_on = True
    while goes_on:
        goes_on = False
        changed = np.zeros(len(flat), np.bool_)
        for i in range(len(flat)):
            if not is_new[i]:
                continue
            for j in range(len(flat)):
                if groups[i] == groups[j] or reach[j] >= reach[i] or _over_each_other(flat, i, j):
                    continue
                slack = reach[i] + flat[j, WAY] + flat[j, _TURN]
                if abs(flat[i, 0] - flat[j, 0]) > flat[i, _RADIUS] + flat[j, _RADIUS] + slack:
                    continue
                if not _pair_apart(flat, i, j, 0.0, 0.0, slack):
                    reach[j] = reach[i]
                    changed[j] = is_free[j]
                    goes_on = goes_on or is_free[j]
        is_new = changed


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _meet(
    flat: _Floats, from_left: NDArray[np.int64], is_free: NDArray[np.bool_], groups: NDArray[np.int64],
    boxes: _Floats, hidden: NDArray[np.bool_], corner: _Floats, cell_m: float, first: NDArray[np.int64],
    last: NDArray[np.int64], items: NDArray[np.int64], slop: float, throw: float, margin: float, still: float,
) -> tuple[NDArray[np.int64], NDArray[np.bool_], float, bool]:  # fmt: skip
    """Numbers of bodies, (S,) which boxes of scenery, the fastest approach [m], and whether some pass."""
    reach = np.zeros(len(flat))
    closing = _meeting_bodies(flat, from_left, is_free, groups, slop, throw, margin, still, reach)
    for i in range(len(flat)):
        if not is_free[i]:
            continue
        way, wide = flat[i, WAY] + flat[i, _TURN], flat[i, _RADIUS] + flat[i, WAY]
        for k in _boxes_near(flat[i, 0], flat[i, 1], wide, corner, cell_m, first, last, items):
            if hidden[k] or _over_box(flat, i, boxes[k]):
                continue
            if not _obstacle_apart(flat, i, boxes[k], flat[i, _TURN] + slop if way > still else -slop):
                reach[i] = max(reach[i], 1.1 * way + margin)
    _add_neighbours(flat, is_free, groups, reach)
    numbers, count = np.empty(len(flat), np.int64), 0
    for i in range(len(flat)):
        if reach[i] > 0.0:
            numbers[count] = i
            count += 1
    bodies = numbers[:count]
    obstacles = np.zeros(len(boxes), np.bool_)
    passes = False
    for body in range(count):
        i = bodies[body]
        closing = max(closing, throw * (flat[i, WAY] + flat[i, _TURN]))
        for j in bodies:
            if i < j and (groups[i] == groups[j] or _over_each_other(flat, i, j)):
                passes = True
        if not is_free[i]:
            continue
        wide = flat[i, _RADIUS] + flat[i, WAY] + reach[i]
        for k in _boxes_near(flat[i, 0], flat[i, 1], wide, corner, cell_m, first, last, items):
            if hidden[k] or _obstacle_apart(flat, i, boxes[k], reach[i] + flat[i, _TURN]):
                continue
            if _over_box(flat, i, boxes[k]):
                passes = True
            else:
                obstacles[k] = True
    return bodies, obstacles, closing, passes
