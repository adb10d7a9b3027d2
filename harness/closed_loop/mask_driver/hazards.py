"""What stands in the way: where things touch the ground, how far along the corridor, and how fast they move there.

A mask has no depth. But what stands on the ground touches it at its lowest pixel, and that pixel's ray meets the
ground at its distance. Only contacts count: a hazard pixel with ground right below it. A signal that hangs over the
road, or the top of a car behind a wall, has none.

Decisions:

- All contacts of a picture column are looked at, not only the lowest: in a bend the post beside the road and the car on
  it may share a column.
- What touches the ground must also stand on it: most of the column above a contact, up to the height that its kind has
  at least, must be hazard, too. A patch of wrong classes between the bars of a zebra lies flat.
- A hazard is as near as its nearest contacts, of which there must be enough for a thing of its kind: single pixels and
  slivers of a predicted mask are noise. It must have been seen in two decisions of the last three, unless it is very
  near.
- A walker on the road counts from farther aside than one on the pavement, by what lies under his feet in the mask.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from harness.closed_loop.mask_driver.ground_plane import GroundPlane
from harness.closed_loop.mask_driver.path import Floats
from harness.closed_loop.mask_driver.roles import Role

Image = npt.NDArray[np.uint8]
Indices = npt.NDArray[np.int64]

MAX_RANGE_M = 40.0
LEAST_WIDTHS_M = {Role.VEHICLE: 0.5, Role.WALKER: 0.2, Role.OBSTACLE: 0.15}
"""Of a thing that is believed: patches of a predicted mask that are narrower are noise."""
LEAST_HEIGHTS_M = {Role.VEHICLE: 0.9, Role.WALKER: 0.8, Role.OBSTACLE: 0.3}
"""Up to here a thing of its kind is seen above its contact with the ground."""
LEAST_FILLED = 0.6
"""Of the column up to that height."""
STRIDE_M = 0.9
"""Between the feet of a walker."""
SAME_PLACE_M = 1.5
"""Contacts this near to the nearest one belong to one thing."""
VERY_NEAR_M = 4.0
"""From the bumper: believed at first sight."""
MARGINS_M = {Role.VEHICLE: 0.25, Role.WALKER: 0.4, Role.OBSTACLE: 0.1}
"""Beside the car's own half width, in which something is in the way."""
WALKER_ON_ROAD_MARGIN_M = 1.6
_SEEN_OF_LAST = (2, 3)
_PER_COLUMN = 4
_GROUND = (int(Role.ROAD), int(Role.LINE), int(Role.GROUND))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Contacts:
    """Where things touch the ground; C of them."""

    places: Floats
    """(C, 2) x, y in the ego frame [m]."""
    roles: Image
    """(C,) ``Role``."""
    class_ids: Image
    """(C,) of the mask."""
    on_road: npt.NDArray[np.bool_]
    """(C,) whether the ground below is road."""
    widths_m: Floats
    """(C,) of one pixel there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hazard:
    """The nearest thing in the way."""

    distance_m: float
    """Along the corridor from the front bumper."""
    role: Role
    class_id: int
    closing_speed: float = math.nan
    """[m/s] by which the distance falls; NaN: not known yet."""


def find_contacts(ids: Image, roles: Image, plane: GroundPlane) -> Contacts:
    """All contacts of a picture within ``MAX_RANGE_M``.

    Args:
        ids: (H, W) uint8 class ids.
        roles: (H, W) uint8 their ``Role``.
        plane: As the camera saw it.
    """
    found = np.empty((_PER_COLUMN * roles.shape[1], 2), np.int64)
    rows_columns = found[: _contacts(roles, found)]
    rows, columns = rows_columns[:, 0], rows_columns[:, 1]
    lower_edges = np.stack([columns + 0.5, rows + 1.0], axis=1)
    places = plane.to_ground(lower_edges)
    distances = np.hypot(*(places - plane.position[:2]).T)
    kept = np.flatnonzero(distances < MAX_RANGE_M)  # NaN, above the horizon, is not
    kept = kept[_stands(roles, rows[kept], columns[kept], places[kept], plane)]
    rows, columns = rows[kept], columns[kept]
    below = roles[np.minimum(rows + 1, roles.shape[0] - 1), columns]
    return Contacts(
        places=places[kept],
        roles=roles[rows, columns],
        class_ids=ids[rows, columns],
        on_road=(below == Role.ROAD) | (below == Role.LINE),
        widths_m=distances[kept] / plane.focal_px,
    )


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _contacts(roles: Image, found: npt.NDArray[np.int64]) -> int:
    """Rows and columns of hazard pixels with ground below them, or at the lower edge of the picture."""
    height, width = roles.shape
    count = 0
    for column in range(width):
        in_column = 0
        for row in range(height - 1, -1, -1):
            role = roles[row, column]
            if role < 4:
                continue
            below = roles[row + 1, column] if row + 1 < height else 1
            if below == 0 or below > 3:
                continue
            found[count, 0], found[count, 1] = row, column
            count += 1
            in_column += 1
            if in_column == _PER_COLUMN:
                break
    return count


def _stands(roles: Image, rows: Indices, columns: Indices, places: Floats, plane: GroundPlane) -> npt.NDArray[np.bool_]:
    """(C,) whether what touches the ground at pixels (C,) and places (C, 2) stands there, or lies flat."""
    heights = np.array([LEAST_HEIGHTS_M.get(Role(role), 0.0) for role in range(len(Role))])[roles[rows, columns]]
    tops = plane.to_pixels(np.concatenate([places, heights[:, None]], axis=1))[:, 1]
    filled = np.empty(len(rows))
    _filled(roles, rows, columns, np.nan_to_num(tops), filled)
    stands: npt.NDArray[np.bool_] = filled >= LEAST_FILLED
    # Above a foot that swings there is air: whoever has a leg to stand on beside it, stands.
    walkers = np.flatnonzero(roles[rows, columns] == Role.WALKER)
    if len(walkers):
        standing = places[walkers[stands[walkers]]]
        gaps = np.linalg.norm(places[walkers, None] - standing, axis=2)
        stands[walkers] = (gaps < STRIDE_M).any(axis=1)
    return stands


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _filled(roles: Image, rows: Indices, columns: Indices, tops: Floats, filled: Floats) -> None:
    """The share of hazards in each column from a row up to a top."""
    for i in range(len(rows)):
        top = min(max(0, int(tops[i])), rows[i])
        count = 0
        for row in range(top, rows[i] + 1):
            if roles[row, columns[i]] >= 4:
                count += 1
        filled[i] = count / (rows[i] + 1 - top)


def nearest_in_corridor(
    contacts: Contacts, center_line: Floats, *, half_width_m: float, front_m: float
) -> Hazard | None:
    """The nearest thing in a corridor around a line.

    Args:
        contacts: Of one picture.
        center_line: (N, 2) ego frame, from beside or behind the car on.
        half_width_m: Of the car.
        front_m: From the ego's origin to the front bumper.
    """
    if not len(contacts.places) or len(center_line) < 2:
        return None
    along, aside = beside(contacts.places, center_line)
    along = along - beside(np.zeros((1, 2)), center_line)[0][0] - front_m
    margins = np.array([MARGINS_M.get(Role(role), 0.0) for role in range(len(Role))])[contacts.roles]
    walkers = (contacts.roles == Role.WALKER) & contacts.on_road
    margins[walkers] = WALKER_ON_ROAD_MARGIN_M
    is_in = (np.abs(aside) < half_width_m + margins) & (along > -front_m)
    for i in np.argsort(np.where(is_in, along, np.inf), kind="stable")[: int(is_in.sum())]:
        same = is_in & (contacts.roles == contacts.roles[i]) & (along >= along[i]) & (along < along[i] + SAME_PLACE_M)
        if contacts.widths_m[same].sum() >= LEAST_WIDTHS_M[Role(int(contacts.roles[i]))]:
            return Hazard(
                distance_m=max(0.0, float(along[i])),
                role=Role(int(contacts.roles[i])),
                class_id=int(contacts.class_ids[i]),
            )
    return None


def beside(places: Floats, line: Floats) -> tuple[Floats, Floats]:
    """(C,) way along a line (N, 2) and (C,) way to the right of it, for places (C, 2): by the nearest of its pieces."""
    found = np.empty((2, len(places)))
    _beside(np.ascontiguousarray(places), np.ascontiguousarray(line), found)
    return found[0], found[1]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _beside(places: Floats, line: Floats, found: Floats) -> None:
    for i in range(len(places)):
        best, begin = math.inf, 0.0
        for j in range(len(line) - 1):
            dx, dy = line[j + 1, 0] - line[j, 0], line[j + 1, 1] - line[j, 1]
            size = math.sqrt(dx * dx + dy * dy)
            gx, gy = places[i, 0] - line[j, 0], places[i, 1] - line[j, 1]
            share = min(max((gx * dx + gy * dy) / (size * size), 0.0), 1.0)
            rx, ry = gx - share * dx, gy - share * dy
            distance = math.sqrt(rx * rx + ry * ry)
            if distance < best:
                best = distance
                found[0, i] = begin + share * size
                found[1, i] = distance if dx * ry - dy * rx >= 0.0 else -distance
            begin += size


class HazardTrack:
    """Believes a hazard when it was seen often enough, and tells how fast it comes nearer (an alpha-beta filter)."""

    ALPHA = 0.5
    BETA = 0.15
    LEAPS_M = 4.0
    """Distances that differ by more from what was expected are another thing's."""

    def __init__(self, *, step_s: float) -> None:
        """Start with nothing seen.

        Args:
            step_s: Between two decisions [s].
        """
        self._step_s = step_s
        self._seen: deque[bool] = deque(maxlen=_SEEN_OF_LAST[1])
        self._distance_m = math.nan
        self._closing = math.nan
        self._last: Hazard | None = None

    def update(self, hazard: Hazard | None, *, speed: float) -> Hazard | None:
        """The hazard that is believed now, at the filtered distance.

        Args:
            hazard: What the picture shows.
            speed: Of the car [m/s]: a thing that is new is taken for standing.
        """
        self._seen.append(hazard is not None)
        expected = self._distance_m - self._closing * self._step_s
        if hazard is None:
            self._distance_m = expected
            if not any(self._seen):
                self._distance_m = self._closing = math.nan
                self._last = None
        elif math.isnan(expected) or abs(hazard.distance_m - expected) > self.LEAPS_M:
            self._distance_m, self._closing, self._last = hazard.distance_m, speed, hazard
        else:
            error = hazard.distance_m - expected
            self._distance_m = expected + self.ALPHA * error
            self._closing -= self.BETA * error / self._step_s
            self._last = hazard
        if self._last is None:
            return None
        is_near = hazard is not None and hazard.distance_m < VERY_NEAR_M
        if not is_near and sum(self._seen) < _SEEN_OF_LAST[0]:
            return None
        return Hazard(
            distance_m=max(0.0, self._distance_m),
            role=self._last.role,
            class_id=self._last.class_id,
            closing_speed=self._closing,
        )
