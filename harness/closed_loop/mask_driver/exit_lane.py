"""The lane by which a turn leaves a junction, found on the ground that the masks have shown.

A junction has no lane markings, and the navigator says no more than "right" and where the junction begins. But a street
that leads away to the right or to the left is a strip of road between two edges. It is cut across at several distances
to the side; where its edges lie in these cuts gives its direction and its place, and traffic on the right says which of
its lanes is meant: the one along the near kerb for a right turn, the one beyond its middle for a left turn.

A pavement stands some 15 cm above the road and hides the road behind it, by a metre at a distance of 15 m. So the near
edge seems too far, the more so the farther aside; the foot of the far one is seen where it is, and counts more.

The frame of a junction: origin at its entrance, on the middle of the lane; *ahead* in the lane's direction there,
*aside* towards the side of the turn [m].
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness.carla_client.route_plan import Command
from harness.closed_loop.mask_driver.evidence import EvidenceMap
from harness.closed_loop.mask_driver.lane_boundaries import road_shares
from harness.closed_loop.mask_driver.path import STEP_M, Floats

_FIRST_CUT_M = {Command.RIGHT: 9.0, Command.LEFT: 12.0}
"""Aside of the entrance: nearer, corners are rounded and the entrance's own street is wide."""
_CUTS = 11
_CUT_SPACING_M = 1.0
_AHEAD_M = (-3.0, 38.0)
_ALONG_STEP_M = 0.25
_LEAST_RUN_M = 3.0
"""Of road in a cut that is a street's."""
_GAP_M = 1.0
"""Unknown or wrong ground that does not divide a street."""
_LEAST_CUTS = 3
"""That must agree on an edge."""
_ENOUGH_CUTS = 4
"""In which the far edge is seen: then it alone says how the street lies."""
_NEAR_SHARE = 0.2
"""Of the cuts see the near edge nearer: behind the step of a pavement it never seems too near, but often too far."""
_MAX_SLOPE = 0.7
_USUAL_M = {Command.RIGHT: 8.25, Command.LEFT: 12.0}
"""How far ahead the lane lies before anything is seen of it: corners of 6.5 m and lanes of 3.5 m."""
_PLAUSIBLE_M = {Command.RIGHT: (4.0, 22.0), Command.LEFT: (5.0, 34.0)}
MAX_RADIUS_M = 22.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ExitLane:
    """A straight line, in the frame of the junction."""

    ahead_m: float
    """Where its middle crosses the line of the lane that enters."""
    slope: float
    """Metres ahead for each metre aside."""

    @property
    def angle(self) -> float:
        """By which the turn turns [rad]."""
        return 0.5 * math.pi - math.atan(self.slope)

    def towards(self, other: ExitLane, share: float) -> ExitLane:
        """Nearer to another by a share."""
        return ExitLane(
            ahead_m=self.ahead_m + share * (other.ahead_m - self.ahead_m),
            slope=self.slope + share * (other.slope - self.slope),
        )

    def way(self, *, exit_m: float) -> Floats:
        """(N, 2) ahead and aside, every metre from the entrance: straight, an arc as wide as fits, and the lane."""
        half = math.tan(0.5 * self.angle)
        tangent = min(self.ahead_m, MAX_RADIUS_M * half)
        radius, straight = tangent / half, self.ahead_m - tangent
        arc = radius * self.angle
        along = np.arange(STEP_M, straight + arc + exit_m, STEP_M)
        turned = np.clip((along - straight) / radius, 0.0, self.angle)
        beyond = np.maximum(along - straight - arc, 0.0)
        ahead = np.minimum(along, straight) + radius * np.sin(turned) + beyond * np.cos(turned)
        aside = radius * (1.0 - np.cos(turned)) + beyond * np.sin(turned)
        return np.stack([ahead, aside], axis=1)


def usual_exit(command: Command) -> ExitLane:
    """What is expected before anything is seen: a right angle."""
    return ExitLane(ahead_m=_USUAL_M[command], slope=0.0)


def find_exit(
    evidence: EvidenceMap, entrance: Floats, heading: float, command: Command, *, lane_width_m: float
) -> ExitLane | None:
    """The lane that a turn leads to; None where too little of its street is seen.

    Args:
        evidence: What is known of the ground.
        entrance: (2,) where the lane enters the junction, ego frame [m].
        heading: Of the lane there [rad].
        command: LEFT or RIGHT.
        lane_width_m: Of its lanes.
    """
    cuts = _FIRST_CUT_M[command] + _CUT_SPACING_M * np.arange(_CUTS)
    ahead = np.arange(*_AHEAD_M, _ALONG_STEP_M)
    local = np.stack(np.broadcast_arrays(ahead[None, :], cuts[:, None]), axis=-1).reshape(-1, 2)
    shares = road_shares(evidence, to_ego(local, entrance, heading, command)).reshape(_CUTS, len(ahead))
    edges = np.array([_edges(each, ahead) for each in shares])
    near, far = ((cuts[seen], edges[seen, i]) for i, seen in enumerate((~np.isnan(edges)).T))
    slope = _slope(far) if len(far[0]) >= _ENOUGH_CUTS else _slope(near, far)
    far_m = _place(*far, slope)
    near_m = _place(*near, slope, share=_NEAR_SHARE)
    lane_m = _lane(near_m, far_m, command, lane_width_m)
    if slope is None or lane_m is None:
        return None
    low, high = _PLAUSIBLE_M[command]
    return ExitLane(ahead_m=lane_m, slope=slope) if low <= lane_m <= high else None


def to_ego(local: Floats, entrance: Floats, heading: float, command: Command) -> Floats:
    """Places (N, 2) of the junction's frame in the ego frame."""
    side = 1.0 if command is Command.RIGHT else -1.0
    c, s = math.cos(heading), math.sin(heading)
    placed: Floats = entrance + (local * [1.0, side]) @ np.array([[c, s], [-s, c]])
    return placed


def _edges(shares: Floats, ahead: Floats) -> tuple[float, float]:
    """Near and far edge of the first street in a cut [m]; NaN where one is not seen.

    Args:
        shares: (M,) of road; NaN where nothing is known.
        ahead: (M,) where that is.
    """
    is_road = shares >= 0.5
    gap = round(_GAP_M / _ALONG_STEP_M)
    road = np.flatnonzero(is_road)
    if not len(road):
        return math.nan, math.nan
    for run in np.split(road, np.flatnonzero(np.diff(road) > gap) + 1):
        first, last = run[0], run[-1]
        if ahead[last] - ahead[first] < _LEAST_RUN_M:
            continue
        near = ahead[first] - 0.5 * _ALONG_STEP_M if first > 0 and shares[first - 1] < 0.5 else math.nan
        is_far_seen = last + 1 < len(shares) and shares[last + 1] < 0.5
        return near, ahead[last] + 0.5 * _ALONG_STEP_M if is_far_seen else math.nan
    return math.nan, math.nan


def _slope(*edges: tuple[Floats, Floats]) -> float | None:
    """Metres ahead for each metre aside: the median over all pairs of cuts (Theil 1950); None: too few."""
    slopes: list[float] = []
    for cuts, places in edges:
        if len(cuts) >= _LEAST_CUTS:
            i, j = np.triu_indices(len(cuts), k=2)
            slopes += list((places[j] - places[i]) / (cuts[j] - cuts[i]))
    return float(np.clip(np.median(slopes), -_MAX_SLOPE, _MAX_SLOPE)) if slopes else None


def _place(cuts: Floats, places: Floats, slope: float | None, *, share: float = 0.5) -> float | None:
    """Where an edge crosses the line of the entering lane [m], by the quantile ``share``; None: it is not seen."""
    if slope is None or len(cuts) < _LEAST_CUTS:
        return None
    return float(np.quantile(places - slope * cuts, share))


def _lane(near_m: float | None, far_m: float | None, command: Command, width_m: float) -> float | None:
    """The middle of the lane between two edges: along the near one for RIGHT, beyond the middle for LEFT.

    Seen under a flat angle both edges lie a little inside of where they are, so that the middle between them is known
    better than either.
    """
    side = -1.0 if command is Command.RIGHT else 1.0
    if near_m is not None and far_m is not None:
        middle, lanes = 0.5 * (near_m + far_m), max(1.0, round(0.5 * (far_m - near_m) / width_m))
        if far_m - near_m < 1.2 * width_m:  # it has one lane only
            return middle
        return middle + side * width_m * (lanes - 0.5 if command is Command.RIGHT else 0.5)
    edge = far_m if near_m is None else near_m
    if edge is None:
        return None
    lanes_from_edge = 1.5 if (near_m is None) == (command is Command.RIGHT) else 0.5
    return edge - width_m * lanes_from_edge if near_m is None else edge + width_m * lanes_from_edge
