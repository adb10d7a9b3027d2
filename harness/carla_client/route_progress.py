"""Where on its route a car is: the nearest point of the route that it can have reached since it was looked at last.

Looking only near the last place keeps a route that meets itself, such as a way round a block, from being cut short.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.carla_client.route_plan import RoutePlan

BACK_M, AHEAD_M = 10.0, 30.0
"""How far from the last place along the route the next one is looked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RoutePlace:
    """A car's place, seen from its route."""

    s_m: float
    """Of the nearest point of the route, along it."""
    progress_m: float
    """The largest ``s_m`` so far."""
    distance_m: float
    """Level, to that nearest point."""


class RouteTracker:
    """Follows one car along one route."""

    def __init__(self, plan: RoutePlan) -> None:
        """Begin at the start of the route."""
        self._s_m = plan.s_m
        self._points = plan.points[:, :2]
        self.place = RoutePlace(s_m=0.0, progress_m=0.0, distance_m=0.0)

    def update(self, x: float, y: float) -> RoutePlace:
        """The car is at x, y [m] now."""
        first, last = np.searchsorted(self._s_m, (self.place.s_m - BACK_M, self.place.s_m + AHEAD_M))
        first = min(int(first), len(self._s_m) - 2)
        ends = slice(first, max(int(last), first + 2))
        points, s_m = self._points[ends], self._s_m[ends]
        steps, lengths = np.diff(points, axis=0), np.diff(s_m)
        offsets = np.array((x, y)) - points[:-1]
        shares = np.clip((offsets * steps).sum(axis=1) / (steps**2).sum(axis=1), 0.0, 1.0)
        distances = np.linalg.norm(offsets - shares[:, None] * steps, axis=1)
        nearest = int(distances.argmin())
        s = float(s_m[nearest] + shares[nearest] * lengths[nearest])
        self.place = RoutePlace(s_m=s, progress_m=max(s, self.place.progress_m), distance_m=float(distances[nearest]))
        return self.place
