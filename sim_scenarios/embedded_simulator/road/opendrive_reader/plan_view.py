"""Reference lines: OpenDRIVE's five kinds of curve, at any distance along them.

As in CARLA (LibCarla/source/carla/road/element/Geometry.cpp), a distance along a polynomial is one along the curve, and
not proportional to its parameter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from sim_scenarios.embedded_simulator.road.curves import Array

_GAUSS_NODES, _GAUSS_WEIGHTS = np.polynomial.legendre.leggauss(8)
_PANEL_RAD = 0.5
"""A spiral is integrated in panels that turn no more than this: eight Gauss points are then exact to rounding."""
_KNOTS_M = 0.1

Coefficients = tuple[float, float, float, float]


class PlanPiece(Protocol):
    """One curve of a reference line."""

    @property
    def length(self) -> float:
        """[m]."""

    def at(self, s: Array) -> tuple[Array, Array]:
        """Points (N, 2) [m] and headings (N,) [rad] at distances ``s`` (N,) [m] from the start of the piece."""


@dataclass(frozen=True, slots=True)
class Spiral:
    """A clothoid: curvature linear in the distance."""

    x: float
    """Start [m]."""
    y: float
    yaw: float
    """Heading at the start [rad]."""
    length: float
    """[m]."""
    curvature_start: float
    """[1/m], positive turns right."""
    curvature_end: float

    def at(self, s: Array) -> tuple[Array, Array]:
        """Points (N, 2) [m] and headings (N,) [rad]."""
        greatest = max(abs(self.curvature_start), abs(self.curvature_end))
        panels = 1 + math.ceil(greatest * self.length / _PANEL_RAD)
        edges = np.linspace(0.0, self.length, panels + 1)
        steps = self._integral(edges[:-1], edges[1:])
        corners = np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
        panel = np.clip(np.searchsorted(edges, s, side="right") - 1, 0, panels - 1)
        points = np.array([self.x, self.y]) + corners[panel] + self._integral(edges[panel], s)
        return points, self._heading(s)

    def _heading(self, s: Array) -> Array:
        change = (self.curvature_end - self.curvature_start) / self.length
        return np.asarray(self.yaw + s * (self.curvature_start + 0.5 * change * s))

    def _integral(self, start: Array, end: Array) -> Array:
        """(N, 2) way made good between distances (N,)."""
        half = 0.5 * (end - start)
        yaw = self._heading((start + half)[:, None] + half[:, None] * _GAUSS_NODES)
        return np.stack([half * (np.cos(yaw) @ _GAUSS_WEIGHTS), half * (np.sin(yaw) @ _GAUSS_WEIGHTS)], axis=1)


@dataclass(frozen=True, slots=True)
class ParametricCubic:
    """Two cubics, ahead and to the right, over one parameter, followed by the length of the curve.

    ``poly3`` is the one whose first cubic is the parameter itself.
    """

    x: float
    y: float
    yaw: float
    length: float
    """As the file gives it [m]; the curve ends where its parameter does."""
    ahead: Coefficients
    right: Coefficients
    greatest: float
    """The parameter runs from 0 to this."""
    _knots: Array = field(init=False, repr=False, compare=False)
    """Parameters and distances along the curve (2, K): the length has no closed form, let alone its inverse."""

    def __post_init__(self) -> None:
        p = np.linspace(0.0, self.greatest, 2 + min(100_000, math.ceil(self.length / _KNOTS_M)))
        half = 0.5 * (p[1] - p[0])
        middles = p[:-1, None] + half + half * _GAUSS_NODES
        speed = np.hypot(_slope(self.ahead, middles), _slope(self.right, middles))
        steps = half * (speed @ _GAUSS_WEIGHTS)
        object.__setattr__(self, "_knots", np.stack([p, np.concatenate([[0.0], np.cumsum(steps)])]))

    def at(self, s: Array) -> tuple[Array, Array]:
        """Points (N, 2) [m] and headings (N,) [rad]; beyond the parameter's end it goes straight on."""
        p = np.interp(s, self._knots[1], self._knots[0])
        turn = np.arctan2(_slope(self.right, p), _slope(self.ahead, p))
        beyond = np.maximum(s - self._knots[1, -1], 0.0)
        u = _value(self.ahead, p) + beyond * np.cos(turn)
        v = _value(self.right, p) + beyond * np.sin(turn)
        cos, sin = math.cos(self.yaw), math.sin(self.yaw)
        points = np.stack([self.x + u * cos - v * sin, self.y + u * sin + v * cos], axis=-1)
        return points, self.yaw + turn


def _value(coefficients: Coefficients, p: Array) -> Array:
    a, b, c, d = coefficients
    return a + p * (b + p * (c + p * d))


def _slope(coefficients: Coefficients, p: Array) -> Array:
    _, b, c, d = coefficients
    return b + p * (2.0 * c + p * 3.0 * d)
