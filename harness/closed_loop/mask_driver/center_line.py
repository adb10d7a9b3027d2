"""The middle of the lane ahead, tracked: moved with the car, drawn to the borders that are seen, kept smooth.

A polyline of 1 m steps from behind the car to the horizon is shifted along its normals by the d that minimises

    sum_i w_i (d_i - e_i)^2  +  A |curvature' + D3 d|^2  +  B |D2 d|^2  +  sum_i c_i d_i^2

where e_i, w_i are what the borders say (:mod:`lane_boundaries`), the second term allows any circle and punishes jumps
of curvature (roads are lines, arcs and clothoids), and the others are the inertia of what was known a moment ago, in
shape and in place: the temporal filter. It is the active contour of Kass, Witkin and Terzopoulos (1988) with the road
model of Dickmanns and Mysliwetz (1992). Any shape can be tracked, also one that turns by more than a right angle.

Decisions:

- Weights are robust (Geman-McClure), at first with much patience and then with less: a tail that has swung aside as a
  whole is drawn back, and a single odd measurement, such as a zebra's bar, hardly pulls in the end.
- A line that has no borders, in the beginning or for some time, is looked for anew: of a fan of circles from beside the
  car, the one with the best borders, near ones counting most, so that it is the lane that the car is in.
- Where only the tail has lost its borders, other tails are tried from the last place that has them: circles of several
  curvatures. A line cannot jump over a border by small shifts.
- Lost is what leaves the road or sees borders elsewhere; where none are seen at all, between two dashes or far away,
  nothing is lost. A line between the dashes of a motorway had never been believed, and was looked for all the time.
- The width of the lane is a state of its own and follows slowly what is seen on both sides at once.
- Far points have no measurement of their own: the smoothness term carries the curvature of nearer ones out to them.
"""

from __future__ import annotations

import itertools
import math
from functools import cache

import numpy as np
import numpy.typing as npt

from harness.closed_loop.mask_driver.ego_motion import EgoMotion
from harness.closed_loop.mask_driver.evidence import EvidenceMap
from harness.closed_loop.mask_driver.lane_boundaries import Boundaries, find_boundaries, road_shares
from harness.closed_loop.mask_driver.path import (
    STEP_M,
    Floats,
    at,
    continued,
    curvatures,
    evenly,
    lengths,
    locate,
    normals,
)

BEHIND_M = 4.0
LENGTH_M = 46.0
"""Of the whole line, what is behind included."""
LANE_WIDTH_M = 3.5
"""Expected before anything is seen."""
LANE_WIDTHS_M = (2.7, 4.2)
_WIDTH_SHARE = 0.03
"""Of a new measurement in the width, a decision."""
_NOISE_M = 0.12
"""Of one border at one point."""
_ODD_M = (1.0, 0.5, 0.35)
"""A measurement so far off is an odd one, in each round."""
_CURVATURE_RATE = 0.004
"""[1/m^2] what a road's curvature usually changes by in a metre."""
_INERTIA = 0.02
"""[1/m] by which curvature may change between two decisions."""
_STAYING_M = 0.4
"""What a point beside the car moves by, at most, without borders of its own."""
_LEAST_MEASURED = 8
"""Points: less of a line cannot be drawn to borders."""
MAX_SHIFT_M = 1.0
"""Of a point in one round."""
_LOST_OVER = 6
"""Points in a row without a border: there the tail begins that has lost them."""
_ON_ROAD = 0.5
"""Share of road of a place that is on it."""
_LEAST_KNOWN = 3
"""Points near the car that must see something, for a line to be known at all."""
_LEAST_FIT = 0.3
"""Of a point (both sides summed) that counts as having a border."""
_NEAR = 16
"""Points ahead of the car by which a line is judged to have borders at all."""
_FAN_M = 30.0
_FAN_OFFSETS_M = (0.0, 0.6, -0.6, 1.2, -1.2)
_FAN_HEADINGS = (0.0, 0.06, -0.06, 0.12, -0.12)
"""[rad]"""
LOST_S = 1.5
"""So long without borders near the car, as on a zebra, and the lane is looked for anew."""
_GOOD_FIT = 1.0
"""Of the points near the car: with it a lane is found, and stays so until less than ``_LEAST_FIT`` is left."""
_FAN_CURVATURES = (0.0, 0.0125, -0.0125, 0.025, -0.025, 0.045, -0.045)
_TAIL_CURVATURES = (0.0, 0.0125, -0.0125, 0.025, -0.025, 0.04, -0.04, 0.06, -0.06, 0.09, -0.09)
_BACK = 3
"""Points before the first lost one at which another tail begins: there the line was still right."""
_FARTHER = 4
"""Points by which another tail must reach farther before it loses its borders, too."""
_BENT_OVER = 8
"""Points before it that say how a tail is usually bent."""
_UNBENT = 100.0
"""Points that a tail must reach farther for each 1/m by which it is bent otherwise: odd ones find borders by chance."""


class CenterLine:
    """The tracked line."""

    def __init__(self, *, step_s: float = 0.1) -> None:
        """Start straight ahead.

        Args:
            step_s: Between two decisions [s].
        """
        self.width_m = LANE_WIDTH_M
        self.points: Floats = np.stack(
            [np.arange(-BEHIND_M, LENGTH_M - BEHIND_M + 0.5 * STEP_M, STEP_M), np.zeros(round(LENGTH_M) + 1)], axis=1
        )
        """(N, 2) ego frame."""
        self._step_s = step_s
        self._lost_s = math.inf
        """Since when the points near the car have lost their borders; inf: they never had any."""
        self.support: Floats = np.zeros(len(self.points))
        """(N,) 0..2: how well the borders beside each point are seen in their places."""

    def move(self, motion: EgoMotion) -> None:
        """The car has moved: what is far behind is forgotten, and the far end goes on with its curvature."""
        self.replace(motion.to_new(self.points))

    def replace(self, points: Floats) -> None:
        """Go on with another line (N, 2), which must reach back to beside the car."""
        here, _ = locate(points, np.zeros(2))
        behind = min(max(0.0, here - BEHIND_M), max(0.0, STEP_M * (len(points) - 4)))
        along = lengths(points)
        kept = points[along > behind + 1e-6]
        line = evenly(np.concatenate([at(points, [behind], along), kept])) if len(kept) else points
        bend = float(np.median(curvatures(line)[-9:-1])) if len(line) > 10 else 0.0
        self.points = continued(line, length_m=LENGTH_M, curvature=bend)[: round(LENGTH_M) + 1]

    def fit(self, evidence: EvidenceMap, *, up_to_m: float = math.inf, in_junction: bool = False) -> None:
        """Draw the line to the borders that the evidence shows.

        Args:
            evidence: Of this instant.
            up_to_m: Along the line from its first point: what lies farther is not measured, and keeps its shape.
            in_junction: Where a lane has no borders: then a line that has lost them is no reason to look for another,
                and a border without one opposite is a corner, which leads round it.
        """
        count = round(min(up_to_m, LENGTH_M) / STEP_M) + 1
        if not in_junction:
            self._mend(evidence, count, may_leap=up_to_m >= LENGTH_M)
        if count < _LEAST_MEASURED:
            self.support = self._fits(evidence, self.points)
            return
        for odd_m in _ODD_M:
            count = min(count, len(self.points))
            boundaries = find_boundaries(evidence, self.points[:count], width_m=self.width_m)
            if in_junction:
                boundaries = boundaries.in_pairs()
            shift = solve_shift(self.points[:count], boundaries, odd_m=odd_m)
            aside = normals(self.points[:count])
            # What is not measured keeps its shape and stays joined to what is.
            moved = np.concatenate(
                [shift[:, None] * aside, np.repeat(shift[-1:, None] * aside[-1:], len(self.points) - count, axis=0)]
            )
            self.points = evenly(self.points + moved)
        self._follow_width(boundaries)
        self.replace(self.points)
        self.support = self._fits(evidence, self.points)

    def _fits(self, evidence: EvidenceMap, points: Floats) -> Floats:
        fits: Floats = np.maximum(find_boundaries(evidence, points, width_m=self.width_m).fits, 0.0).sum(axis=1)
        return fits

    def _mend(self, evidence: EvidenceMap, count: int, *, may_leap: bool) -> None:
        """Look for the lane anew, or for another tail, if the first ``count`` points have lost it."""
        near = slice(round(BEHIND_M), min(round(BEHIND_M) + _NEAR, count))
        if near.stop - near.start < _NEAR // 2:
            return
        fits, judged = self._fits(evidence, self.points), self._judged(evidence)
        known = fits[near][judged[near]]
        least = _LEAST_FIT if math.isfinite(self._lost_s) else _GOOD_FIT
        is_lost = len(known) < _LEAST_KNOWN or float(known.mean()) < least
        self._lost_s = self._lost_s + self._step_s if is_lost else 0.0
        if self._lost_s > LOST_S:
            self._look_for_lane(evidence)
        elif may_leap:
            self._try_other_tails(evidence, fits, judged)

    def _judged(self, evidence: EvidenceMap) -> npt.NDArray[np.bool_]:
        """(N,) which points are off the road or see borders, in their places or elsewhere; no others can be wrong."""
        found = find_boundaries(evidence, self.points, width_m=self.width_m)
        is_off = road_shares(evidence, self.points) < _ON_ROAD  # not where nothing was seen
        judged: npt.NDArray[np.bool_] = is_off | (np.maximum(found.left_weights, found.right_weights) > 0.0)
        return judged

    def _look_for_lane(self, evidence: EvidenceMap) -> None:
        """Begin anew with the circle of the fan that has the best borders, if any has some."""
        lines, right, weights = _fan()
        count, size = len(lines), lines.shape[1]
        found = find_boundaries(evidence, lines.reshape(-1, 2), width_m=self.width_m, right=right.reshape(-1, 2))
        scores = (found.fits.sum(axis=1).reshape(count, size) * weights).sum(axis=1)
        best = int(np.argmax(scores))
        if scores[best] > _LEAST_FIT * weights.sum():
            self.replace(lines[best])

    def _try_other_tails(self, evidence: EvidenceMap, fits: Floats, judged: npt.NDArray[np.bool_]) -> None:
        """Put another tail in the place of one that has lost its borders, if it keeps them longer.

        What a line finds again behind a stretch without borders may be the lane beside its own.
        """
        start = _first_lost(fits, judged=judged)
        if start >= len(fits) - _LOST_OVER:
            return
        head = self.points[: max(round(BEHIND_M) + 2, start - _BACK)]
        tails = [continued(head, length_m=LENGTH_M, curvature=bend)[: len(self.points)] for bend in _TAIL_CURVATURES]
        reaches = [_first_lost(self._fits(evidence, tail), judged=np.ones(len(tail), bool)) for tail in tails]
        usual = float(np.median(curvatures(head)[-_BENT_OVER - 1 : -1]))
        scores = np.array(reaches) - _UNBENT * np.abs(np.array(_TAIL_CURVATURES) - usual)
        best = int(np.argmax(scores))
        if scores[best] >= start + _FARTHER:
            self.points = tails[best]

    def _follow_width(self, boundaries: Boundaries) -> None:
        both = (boundaries.left_weights > 0.5) & (boundaries.right_weights > 0.5)
        if both.sum() < 5:
            return
        # A left border that lies farther right than expected makes the lane narrower.
        wider = float(np.median(boundaries.right_m[both] - boundaries.left_m[both]))
        self.width_m = float(np.clip(self.width_m + _WIDTH_SHARE * wider, *LANE_WIDTHS_M))


@cache
def _fan() -> tuple[Floats, Floats, Floats]:
    """Lines (C, P, 2) from behind the car to ``_FAN_M`` ahead, unit vectors to their right, and weights (P,)."""
    along = np.arange(-BEHIND_M, _FAN_M, STEP_M)
    lines, right = [], []
    for offset, heading, bend in itertools.product(_FAN_OFFSETS_M, _FAN_HEADINGS, _FAN_CURVATURES):
        angle = heading + bend * along
        x, y = np.cumsum(np.cos(angle)) * STEP_M, np.cumsum(np.sin(angle)) * STEP_M
        here = round(BEHIND_M)
        lines.append(np.stack([x - x[here], y - y[here] + offset], axis=1))
        right.append(np.stack([-np.sin(angle), np.cos(angle)], axis=1))
    return np.array(lines), np.array(right), 1.0 / (1.0 + np.maximum(along, 0.0) / _NEAR)


@cache
def _smoothness(count: int) -> tuple[Floats, Floats]:
    """Matrix (N, N) of all terms but the measurements', and third differences (N - 3, N) of N points."""
    second = np.diff(np.eye(count), n=2, axis=0) / STEP_M**2
    third = np.diff(np.eye(count), n=3, axis=0) / STEP_M**3
    shape: Floats = third.T @ third / _CURVATURE_RATE**2 + second.T @ second / _INERTIA**2
    shape[np.arange(count), np.arange(count)] += 1.0 / _staying_m(count) ** 2
    return shape, third


def _staying_m(count: int) -> Floats:
    """(N,) how far [m] each point may be moved by what its neighbours know: near ones are known from before."""
    ahead = np.maximum(np.arange(count) * STEP_M - BEHIND_M, 0.0)
    staying: Floats = _STAYING_M * (1.0 + (ahead / _NEAR) ** 2)
    return staying


def _first_lost(fits: Floats, *, judged: npt.NDArray[np.bool_]) -> int:
    """Where the first ``_LOST_OVER`` points in a row begin that have no border; the end if nowhere.

    Args:
        fits: (N,) of the points of a line.
        judged: (N,) which points count: one between two dashes, or beyond where lines are seen, may be right.
    """
    first = round(BEHIND_M) + _LOST_OVER
    counted = first + np.flatnonzero(judged[first:])
    lost = fits[counted] < _LEAST_FIT
    for i in range(len(counted) - _LOST_OVER + 1):
        if lost[i : i + _LOST_OVER].all():
            return int(counted[i])
    return len(fits)


def solve_shift(points: Floats, boundaries: Boundaries, *, odd_m: float) -> Floats:
    """(N,) how far to the right each point (N, 2) is to be moved [m]; see the formula above.

    Args:
        points: The line.
        boundaries: What is seen beside it.
        odd_m: A measurement so far off counts a quarter.
    """
    count = len(points)
    normal = np.zeros((count, count))
    target = np.zeros(count)
    for shifts, weights in (
        (boundaries.left_m, boundaries.left_weights),
        (boundaries.right_m, boundaries.right_weights),
    ):
        seen = np.where(np.isnan(shifts), 0.0, shifts)
        robust = weights / _NOISE_M**2 / (1.0 + (seen / odd_m) ** 2) ** 2
        normal[np.arange(count), np.arange(count)] += robust
        target += robust * seen
    chords = np.diff(points, axis=0)
    change = np.diff(np.unwrap(np.arctan2(chords[:, 1], chords[:, 0])), n=2) / STEP_M**2
    smoothness, third = _smoothness(count)
    normal += smoothness
    target -= third.T @ change / _CURVATURE_RATE**2
    shift: Floats = np.clip(np.linalg.solve(normal, target), -MAX_SHIFT_M, MAX_SHIFT_M)
    return shift
