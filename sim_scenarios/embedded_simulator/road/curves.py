"""Plane curves of straight pieces and circular arcs, and the coordinates along them.

Everything is in CARLA's frame (x east, y south, yaw clockwise seen from above), so an offset *to the right* of the
direction of travel is positive and a positive curvature turns right. Only ``opendrive.py`` mirrors y.
Lines and arcs suffice for a town: they are exact in OpenDRIVE, and an offset of one is another one.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_SHORTEST_PIECE_M = 1e-6
_PARALLEL_RAD = 1e-6


class RoadError(Exception):
    """A plan that cannot be built: unknown town, corner radius that does not fit, arms that do not meet."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One line (curvature 0) or arc."""

    x: float
    """Start [m]."""
    y: float
    yaw: float
    """Heading at the start [rad]."""
    length: float
    """[m]."""
    curvature: float
    """[1/m], positive turns right."""

    def at(self, s: Array) -> tuple[Array, Array]:
        """Points (N, 2) [m] and headings (N,) [rad] at distances ``s`` (N,) [m] from the start of the piece."""
        yaw = self.yaw + self.curvature * s
        if self.curvature == 0.0:
            return np.stack([self.x + s * math.cos(self.yaw), self.y + s * math.sin(self.yaw)], axis=-1), yaw
        x = self.x + (np.sin(yaw) - math.sin(self.yaw)) / self.curvature
        y = self.y - (np.cos(yaw) - math.cos(self.yaw)) / self.curvature
        return np.stack([x, y], axis=-1), yaw


@dataclass(frozen=True, slots=True)
class Path:
    """Pieces joined end to end with a continuous heading."""

    pieces: tuple[Piece, ...]
    starts: tuple[float, ...] = field(init=False)
    """Distance [m] at which each piece begins."""
    length: float = field(init=False)
    """[m]."""

    def __post_init__(self) -> None:
        *starts, length = itertools.accumulate((piece.length for piece in self.pieces), initial=0.0)
        object.__setattr__(self, "starts", tuple(starts))
        object.__setattr__(self, "length", length)

    def pose(self, s: float) -> tuple[float, float, float]:
        """Point (x, y) [m] and heading [rad] at one distance: ``at`` without arrays, for loops over single places."""
        index = max(bisect.bisect_right(self.starts, s) - 1, 0)
        piece, s = self.pieces[index], s - self.starts[index]
        yaw, k = piece.yaw + piece.curvature * s, piece.curvature
        if k == 0.0:
            return piece.x + s * math.cos(yaw), piece.y + s * math.sin(yaw), yaw
        return (
            piece.x + (math.sin(yaw) - math.sin(piece.yaw)) / k,
            piece.y - (math.cos(yaw) - math.cos(piece.yaw)) / k,
            yaw,
        )

    def at(self, s: Array | float) -> tuple[Array, Array]:
        """Points (N, 2) [m] and headings (N,) [rad] at distances ``s`` (N,) [m]; ends are extended."""
        s = np.atleast_1d(np.asarray(s, dtype=np.float64))
        if len(self.pieces) == 1:
            return self.pieces[0].at(s)
        starts = np.array(self.starts)
        index = np.maximum(np.searchsorted(starts, s, side="right") - 1, 0)
        points, yaws = np.empty((len(s), 2)), np.empty(len(s))
        for i in np.unique(index):
            chosen = index == i
            points[chosen], yaws[chosen] = self.pieces[i].at(s[chosen] - starts[i])
        return points, yaws

    def offset(self, s: Array | float, right_m: Array | float) -> Array:
        """Points (N, 2) [m] that lie ``right_m`` to the right of the path at distances ``s``."""
        points, yaws = self.at(s)
        right = np.broadcast_to(np.asarray(right_m, dtype=np.float64), yaws.shape)
        aside: Array = right[:, None] * np.stack([-np.sin(yaws), np.cos(yaws)], axis=-1)
        return points + aside

    def trimmed(self, start_m: float, end_m: float) -> Path:
        """The part between two distances from the start [m]."""
        pieces = []
        for piece, begin in zip(self.pieces, self.starts, strict=True):
            low, high = max(start_m - begin, 0.0), min(end_m - begin, piece.length)
            if high - low > _SHORTEST_PIECE_M:
                point, yaw = piece.at(np.array([low]))
                pieces.append(Piece(float(point[0, 0]), float(point[0, 1]), float(yaw[0]), high - low, piece.curvature))
        return Path(tuple(pieces))

    def shifted(self, right_m: float) -> Path:
        """The parallel path ``right_m`` to the right; an arc must be wider than that."""
        pieces = []
        for piece in self.pieces:
            x, y = piece.x - right_m * math.sin(piece.yaw), piece.y + right_m * math.cos(piece.yaw)
            ratio = 1.0 - piece.curvature * right_m
            if ratio <= 0.0:
                raise RoadError(f"an arc of {1.0 / piece.curvature:.1f} m has no parallel {right_m:.1f} m to its right")
            pieces.append(Piece(x, y, piece.yaw, piece.length * ratio, piece.curvature / ratio))
        return Path(tuple(pieces))

    def reversed(self) -> Path:
        """The same path from its end to its start."""
        pieces = []
        for piece in reversed(self.pieces):
            point, yaw = piece.at(np.array([piece.length]))
            heading = wrap(float(yaw[0]) + math.pi)
            pieces.append(Piece(float(point[0, 0]), float(point[0, 1]), heading, piece.length, -piece.curvature))
        return Path(tuple(pieces))

    def stations(self, *, line_step_m: float, arc_step_m: float, also: Sequence[float] = ()) -> Array:
        """Distances at which to cut the path into facets: both ends, every joint, ``also``, and steps in between."""
        stops = [*self.starts, self.length, *(s for s in also if 0.0 < s < self.length)]
        knots = np.array(sorted(stops))
        knots = knots[np.concatenate([[True], np.diff(knots) > 1e-3])]
        knots[-1] = self.length
        parts = [knots[:1]]
        for low, high in itertools.pairwise(knots):
            step = line_step_m if self.curvature_at(0.5 * (low + high)) == 0.0 else arc_step_m
            parts.append(np.linspace(low, high, max(1, math.ceil((high - low) / step)) + 1)[1:])
        return np.concatenate(parts)

    def curvature_at(self, s: float) -> float:
        """[1/m] at distance ``s`` [m], positive turns right."""
        return self.pieces[max(bisect.bisect_right(self.starts, s) - 1, 0)].curvature


def line(start: Array, end: Array) -> Piece:
    """The straight piece between two points (2,) [m]."""
    delta = end - start
    yaw = math.atan2(float(delta[1]), float(delta[0]))
    return Piece(float(start[0]), float(start[1]), yaw, float(np.hypot(*delta)), 0.0)


def wrap(angle: float) -> float:
    """The same angle in (-pi, pi]."""
    return math.pi - (math.pi - angle) % (2.0 * math.pi)


def path_through(points: Sequence[tuple[float, float]], radii: Sequence[float]) -> Path:
    """Straight lines between ``points`` with the inner corners rounded to ``radii`` (one for each inner point) [m].

    Raises:
        RoadError: when two neighbouring roundings do not fit on the line between them.
    """
    corners = [np.asarray(point, dtype=np.float64) for point in points]
    legs = [line(a, b) for a, b in itertools.pairwise(corners)]
    turns = [wrap(b.yaw - a.yaw) for a, b in itertools.pairwise(legs)]
    cuts = [radius * math.tan(abs(turn) / 2.0) for radius, turn in zip(radii, turns, strict=True)]
    pieces: list[Piece] = []
    for i, leg in enumerate(legs):
        low = cuts[i - 1] if i > 0 else 0.0
        high = leg.length - (cuts[i] if i < len(cuts) else 0.0)
        if high - low < -1e-6:
            raise RoadError(
                f"roundings of {radii} m need {low - high:.2f} m more than there is between corners {points}"
            )
        start, _ = leg.at(np.array([low]))
        if high - low > _SHORTEST_PIECE_M:
            pieces.append(Piece(float(start[0, 0]), float(start[0, 1]), leg.yaw, high - low, 0.0))
        if i < len(cuts) and abs(turns[i]) > _PARALLEL_RAD:
            begin, _ = leg.at(np.array([high]))
            curvature = math.copysign(1.0 / radii[i], turns[i])
            pieces.append(Piece(float(begin[0, 0]), float(begin[0, 1]), leg.yaw, abs(turns[i]) * radii[i], curvature))
    return Path(tuple(pieces))


def meeting_point(start: Array, start_yaw: float, end: Array, end_yaw: float) -> tuple[Array, float, float]:
    """Where the ray from ``start`` ahead meets the ray from ``end`` backwards.

    Returns the point (2,) and its distances [m] from both ends (negative when it lies on the wrong side).
    """
    u = np.array([math.cos(start_yaw), math.sin(start_yaw)])
    v = np.array([math.cos(end_yaw), math.sin(end_yaw)])
    ahead, back = np.linalg.solve(np.stack([u, v], axis=1), end - start)
    return start + ahead * u, float(ahead), float(back)


def are_parallel(a_yaw: float, b_yaw: float) -> bool:
    """Whether two headings [rad] are the same."""
    return abs(wrap(a_yaw - b_yaw)) < 1e-3


def turn_between(start: Array, start_yaw: float, end: Array, end_yaw: float, *, radius_m: float | None = None) -> Path:
    """A smooth path from one pose to another: a line, two counter-arcs, or lines with one arc.

    ``radius_m`` None means the largest arc that fits.

    Raises:
        RoadError: when the second pose cannot be reached by turning once.
    """
    if are_parallel(start_yaw, end_yaw):
        return _shift(start, start_yaw, end)
    corner, ahead, back = meeting_point(start, start_yaw, end, end_yaw)
    fit = min(ahead, back) / math.tan(abs(wrap(end_yaw - start_yaw)) / 2.0)
    if ahead <= 0.0 or back <= 0.0:
        raise RoadError(f"no single turn leads from {start} to {end}: the rays meet {ahead:.1f} and {back:.1f} m ahead")
    radius = fit if radius_m is None else min(radius_m, fit)
    return path_through([_pair(start), _pair(corner), _pair(end)], [radius])


def _shift(start: Array, yaw: float, end: Array) -> Path:
    delta = end - start
    along = float(delta @ np.array([math.cos(yaw), math.sin(yaw)]))
    aside = float(delta @ np.array([-math.sin(yaw), math.cos(yaw)]))
    if abs(aside) < 1e-4:
        return Path((line(start, end),))
    radius = (along**2 + aside**2) / (4.0 * abs(aside))
    sweep = 2.0 * math.atan2(abs(aside), along)
    curvature = math.copysign(1.0 / radius, aside)
    first = Piece(float(start[0]), float(start[1]), yaw, radius * sweep, curvature)
    middle, middle_yaw = first.at(np.array([first.length]))
    second = Piece(float(middle[0, 0]), float(middle[0, 1]), float(middle_yaw[0]), first.length, -curvature)
    return Path((first, second))


def _pair(point: Array) -> tuple[float, float]:
    return float(point[0]), float(point[1])
