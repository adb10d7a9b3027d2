"""Who is about to step into the way: walkers beside the corridor, followed from one decision to the next.

Where a walker is, is told by where he touches the ground; where he will be, only by how that changes. He is followed in
the coordinates of the way: how far along it, and how far to the right of it. Someone who stands still keeps the latter,
also while the car drives round a bend.

Decisions:

- **A walker is where his foot is.** Columns of the picture without it end at a hip or an arm, metres behind him, and
  far away all of them may; so what lies side by side is one walker, at the nearest of its places.
- Far away, a pixel is metres along the way but little across, so the way along is smoothed first, and the place across
  is taken at the smoothed distance under the measured bearing.
- A walker who will reach the corridor before the car has passed is in the way already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.closed_loop.mask_driver.hazards import MARGINS_M, Contacts, Hazard, beside
from harness.closed_loop.mask_driver.path import Floats
from harness.closed_loop.mask_driver.roles import Role

ONE_WALKER_M = 0.9
"""Contacts nearer to each other belong to one walker."""
LEAST_COLUMNS = 2
GATE_ALONG_M, GATE_ASIDE_M = 5.0, 1.2
"""How far from where he was expected a walker may be seen."""
ALONG_SHARE, ASIDE_SHARE, SPEED_SHARE = 0.3, 0.5, 0.12
"""Of a new sighting, in the filter."""
KNOWN_AFTER_S = 0.35
"""A walker's speed is believed after so long."""
FORGOTTEN_AFTER_S = 0.4
LEAST_SPEED = 0.5
"""[m/s] across the way: slower is standing."""
AHEAD_OF_TIME_S = 0.7
"""He counts if he comes no later than so long after the car."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Walker:
    """One who is followed."""

    along_m: float
    """Along the way from the front bumper."""
    aside_m: float
    """To the right of it."""
    aside_speed: float
    """[m/s] to the right."""
    class_id: int
    age_s: float
    unseen_s: float = 0.0


class WalkerTracks:
    """The walkers of one episode."""

    def __init__(self, *, step_s: float) -> None:
        """Start with nobody.

        Args:
            step_s: Between two decisions [s].
        """
        self._step_s = step_s
        self.walkers: tuple[Walker, ...] = ()

    def update(self, contacts: Contacts, center_line: Floats, *, speed: float, front_m: float) -> None:
        """Follow everybody.

        Args:
            contacts: Of one picture.
            center_line: (N, 2) ego frame, from beside or behind the car on.
            speed: Of the car [m/s].
            front_m: From the ego's origin to the front bumper.
        """
        seen = _sightings(contacts, center_line, front_m)
        expected = [self._expected(walker, speed) for walker in self.walkers]
        kept: list[Walker] = []
        for walker in sorted(expected, key=lambda each: each.along_m):
            match = min(seen, key=lambda each: abs(each.aside_m - walker.aside_m), default=None)
            if match is not None and _is_same(match, walker):
                seen.remove(match)
                kept.append(self._seen_again(walker, match))
            elif walker.unseen_s < FORGOTTEN_AFTER_S:
                kept.append(replace(walker, unseen_s=walker.unseen_s + self._step_s))
        self.walkers = (*kept, *seen)

    def stepping_in(self, *, speed: float, half_width_m: float) -> Hazard | None:
        """The nearest walker who will be in the corridor when the car comes, or is.

        Args:
            speed: Of the car [m/s].
            half_width_m: Of the car.
        """
        half = half_width_m + MARGINS_M[Role.WALKER]
        coming = [each for each in self.walkers if each.age_s >= KNOWN_AFTER_S and _will_be_in(each, speed, half)]
        nearest = min(coming, key=lambda each: each.along_m, default=None)
        if nearest is None:
            return None
        return Hazard(distance_m=max(0.0, nearest.along_m), role=Role.WALKER, class_id=nearest.class_id)

    def _expected(self, walker: Walker, speed: float) -> Walker:
        return replace(
            walker,
            along_m=walker.along_m - speed * self._step_s,
            aside_m=walker.aside_m + walker.aside_speed * self._step_s,
            age_s=walker.age_s + self._step_s,
        )

    def _seen_again(self, walker: Walker, seen: Walker) -> Walker:
        along = walker.along_m + ALONG_SHARE * (seen.along_m - walker.along_m)
        aside = seen.aside_m * along / seen.along_m if seen.along_m > 1.0 and along > 0.0 else seen.aside_m
        error = aside - walker.aside_m
        return replace(
            walker,
            along_m=along,
            aside_m=walker.aside_m + ASIDE_SHARE * error,
            aside_speed=walker.aside_speed + SPEED_SHARE * error / self._step_s,
            unseen_s=0.0,
        )


def _sightings(contacts: Contacts, center_line: Floats, front_m: float) -> list[Walker]:
    """Everybody in a picture, as one who was never seen before."""
    places = contacts.places[contacts.roles == Role.WALKER]
    class_ids = contacts.class_ids[contacts.roles == Role.WALKER]
    if not len(places) or len(center_line) < 2:
        return []
    along, aside = beside(places, center_line)
    here = beside(np.zeros((1, 2)), center_line)[0][0]
    found = []
    for group in _groups(places):
        if len(group) >= LEAST_COLUMNS:
            standing = [i for i in group if along[i] < along[group].min() + ONE_WALKER_M]
            found.append(
                Walker(
                    along_m=float(np.mean(along[standing]) - here - front_m),
                    aside_m=float(np.mean(aside[standing])),
                    aside_speed=0.0,
                    class_id=int(class_ids[group[0]]),
                    age_s=0.0,
                )
            )
    return found


def _groups(places: Floats) -> list[list[int]]:
    """Indices of places (N, 2) that one walker may touch: neighbours by bearing, at the distance of the nearer one."""
    bearings, distances = np.arctan2(places[:, 1], places[:, 0]), np.hypot(places[:, 0], places[:, 1])
    groups: list[list[int]] = []
    for i in np.argsort(bearings, kind="stable"):
        before = groups[-1][-1] if groups else i
        gap = (bearings[i] - bearings[before]) * min(distances[i], distances[before])
        if groups and gap < ONE_WALKER_M:
            groups[-1].append(int(i))
        else:
            groups.append([int(i)])
    return groups


def _is_same(seen: Walker, expected: Walker) -> bool:
    return abs(seen.aside_m - expected.aside_m) < GATE_ASIDE_M and abs(seen.along_m - expected.along_m) < GATE_ALONG_M


def _will_be_in(walker: Walker, speed: float, half_m: float) -> bool:
    """Whether he reaches the corridor before the car has passed him."""
    if walker.along_m < 0.0:
        return False
    gap = abs(walker.aside_m) - half_m
    if gap <= 0.0:
        return True
    approach = -np.sign(walker.aside_m) * walker.aside_speed
    if approach < LEAST_SPEED:
        return False
    return bool(gap / approach < walker.along_m / max(speed, 1.0) + AHEAD_OF_TIME_S)


def nearer(one: Hazard | None, other: Hazard | None) -> Hazard | None:
    """The nearer of two hazards."""
    found: Sequence[Hazard] = [each for each in (one, other) if each is not None]
    return min(found, key=lambda each: each.distance_m, default=None)
