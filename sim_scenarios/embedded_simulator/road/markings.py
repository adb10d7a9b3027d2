"""Which lines are painted where: the one source of the OpenDRIVE road marks and of the painted meshes.

Lines begin behind the crosswalk. On the approach to a junction they are solid (no lane change, no overtaking) and
broken in between, except on streets whose centre line is doubled all along.
"""

from __future__ import annotations

from dataclasses import dataclass

from sim_scenarios.embedded_simulator.road.network import Street
from sim_scenarios.embedded_simulator.road.plan import CentreLine

SOLID_APPROACH_M = 24.0
LINE_WIDTH_M = 0.12
EDGE_WIDTH_M = 0.15
DOUBLE_GAP_M = 0.14
DASH_M = 3.0
DASH_PERIOD_M = 7.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """A line from one distance along the street to another."""

    start: float
    """[m]."""
    end: float
    kind: str
    """OpenDRIVE's type: solid, broken, 'solid solid'."""
    color: str
    """white or yellow."""
    width_m: float
    lane_change: str
    """OpenDRIVE's laneChange: none, increase, decrease or both."""


def centre_marks(street: Street) -> list[Mark]:
    """Marks of the centre line, in order of s."""
    centre = street.profile.centre
    if street.profile.is_one_way:
        return [_mark(0.0, street.length, "solid", "yellow", width_m=EDGE_WIDTH_M)]
    if centre is CentreLine.DOUBLE_YELLOW:
        return [_mark(0.0, street.length, "solid solid", "yellow")]
    color = "yellow" if centre is CentreLine.BROKEN_YELLOW else "white"
    near, far = SOLID_APPROACH_M, street.length - SOLID_APPROACH_M
    return [
        _mark(0.0, near, "solid", color),
        _mark(near, far, "broken", color),
        _mark(far, street.length, "solid", color),
    ]


def lane_marks(street: Street, *, toward_start: bool) -> list[Mark]:
    """Marks between the lanes of one direction: solid on the approach to the junction ahead."""
    if toward_start:
        return [
            _mark(0.0, SOLID_APPROACH_M, "solid", "white"),
            _mark(SOLID_APPROACH_M, street.length, "broken", "white", lane_change="both"),
        ]
    far = street.length - SOLID_APPROACH_M
    return [
        _mark(0.0, far, "broken", "white", lane_change="both"),
        _mark(far, street.length, "solid", "white"),
    ]


def edge_marks(street: Street) -> list[Mark]:
    """The line along the right edge of the driving lanes; where there are bays it bounds them, broken."""
    if street.profile.parking_m == 0.0:
        return [_mark(0.0, street.length, "solid", "white", width_m=EDGE_WIDTH_M)]
    bounds = [s for s, width in street.parking_knots() if width > 0.0]
    return [
        Mark(start=0.0, end=bounds[0], kind="none", color="white", width_m=0.0, lane_change="none"),
        _mark(bounds[0], bounds[-1], "broken", "white"),
        Mark(start=bounds[-1], end=street.length, kind="none", color="white", width_m=0.0, lane_change="none"),
    ]


def _mark(
    start: float, end: float, kind: str, color: str, *, width_m: float = LINE_WIDTH_M, lane_change: str = "none"
) -> Mark:
    return Mark(start=start, end=end, kind=kind, color=color, width_m=width_m, lane_change=lane_change)
