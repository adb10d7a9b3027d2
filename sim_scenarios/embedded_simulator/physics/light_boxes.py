"""Which vehicle is in the trigger box of which traffic light."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def light_boxes_at(
    places: NDArray[np.float64], boxes: NDArray[np.float64], level_m: float, farthest_deg: float
) -> NDArray[np.int64]:
    """(V,) number of the first box that each place is in, -1 for none.

    Args:
        places: (V, 4) x, y, z [m], yaw [deg].
        boxes: (L, 9) x, y, z of the middle [m], cosine and sine of its yaw, half length, width and height [m], and
            the heading [deg] of the lane that the light is for.
        level_m: How far above or below a box is still on its level of the road.
        farthest_deg: How far a vehicle may be turned from the lane.
    """
    found = np.full(len(places), -1, np.int64)
    for i in range(len(places)):
        x, y, z, yaw = places[i]
        for k in range(len(boxes)):
            dx, dy, cos, sin = x - boxes[k, 0], y - boxes[k, 1], boxes[k, 3], boxes[k, 4]
            if abs(dx * cos + dy * sin) > boxes[k, 5] or abs(dy * cos - dx * sin) > boxes[k, 6]:
                continue
            if abs(z - boxes[k, 2]) > boxes[k, 7] + level_m:
                continue
            if abs((yaw - boxes[k, 8] + 180.0) % 360.0 - 180.0) <= farthest_deg:
                found[i] = k
                break
    return found
