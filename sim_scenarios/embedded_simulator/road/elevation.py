"""How high a street lies along its way: level at every given place and smooth in between."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sim_scenarios.embedded_simulator.road.curves import Array


@dataclass(frozen=True, slots=True)
class Elevation:
    """Heights between which a cubic runs from level to level; laterally everything is level."""

    stations: tuple[float, ...]
    """Distances along the street [m], rising."""
    heights: tuple[float, ...]
    """[m]."""

    @property
    def is_level(self) -> bool:
        """Whether the height is the same everywhere."""
        return len(set(self.heights)) == 1

    def cubics(self) -> Iterator[tuple[float, float, float, float, float]]:
        """(s, a, b, c, d): from distance s on the height is a + b ds + c ds^2 + d ds^3, as OpenDRIVE has it."""
        if self.is_level:
            yield self.stations[0], self.heights[0], 0.0, 0.0, 0.0
            return
        knots = zip(self.stations, self.heights, strict=True)
        for (s, low), (s_next, high) in itertools.pairwise(knots):
            length, rise = s_next - s, high - low
            yield s, low, 0.0, 3.0 * rise / length**2, -2.0 * rise / length**3

    def height(self, s: float) -> float:
        """Height [m] at one distance [m]: ``at`` without arrays, for loops over single places."""
        i = min(max(bisect.bisect_right(self.stations, s) - 1, 0), len(self.stations) - 2)
        low, rise = self.heights[i], self.heights[i + 1] - self.heights[i]
        u = min(max((s - self.stations[i]) / (self.stations[i + 1] - self.stations[i]), 0.0), 1.0)
        return low + rise * u * u * (3.0 - 2.0 * u)

    def at(self, s: Array | float) -> Array:
        """Heights [m] at distances ``s`` [m]; the ends go on level."""
        u, low, rise, _ = self._local(s)
        return np.asarray(low + rise * u * u * (3.0 - 2.0 * u))

    def slope(self, s: Array | float) -> Array:
        """Rise by distance at distances ``s`` [m]."""
        u, _, rise, length = self._local(s)
        return np.asarray(6.0 * rise * u * (1.0 - u) / length)

    def _local(self, s: Array | float) -> tuple[Array, Array, Array, Array]:
        stations, heights = np.array(self.stations), np.array(self.heights)
        i = np.clip(np.searchsorted(stations, s, side="right") - 1, 0, len(stations) - 2)
        length = stations[i + 1] - stations[i]
        u = np.clip((np.asarray(s) - stations[i]) / length, 0.0, 1.0)
        return u, heights[i], heights[i + 1] - heights[i], length
