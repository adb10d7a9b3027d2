"""The vocabulary of a street plan: cross sections, junctions and streets, before any geometry is worked out."""

from __future__ import annotations

import enum
from dataclasses import dataclass

LANE_WIDTH_M = 3.5
KERB_RADIUS_M = 6.5
"""Of junction corners: with a lane of 3.5 m the middle of a right turn has a radius of 8.25 m."""
CROSSWALK_M = (1.0, 4.0)
"""From where to where a crosswalk lies on an arm, measured outwards from the junction."""
STOP_LINE_M = (4.9, 5.3)
BAY_TAPER_M = (15.0, 17.5)
"""Parking bays open between these distances from a junction: nearer, the kerb comes forward to the lane."""


class Control(enum.Enum):
    """Who goes first at a junction."""

    LIGHTS = "lights"
    STOP = "stop"
    YIELD = "yield"


class CentreLine(enum.Enum):
    """What separates the two directions between the solid stretches near junctions."""

    DOUBLE_YELLOW = "double yellow"
    BROKEN_YELLOW = "broken yellow"
    BROKEN_WHITE = "broken white"


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """Cross section of a street, the same on both sides of the centre line."""

    lanes: int
    """Driving lanes in each direction, ``LANE_WIDTH_M`` each."""
    parking_m: float = 0.0
    """Width of the parking bays along both kerbs; 0 where there are none."""
    sidewalk_m: float
    """Width of the sidewalk behind the bays (or the kerb)."""
    verge_m: float = 0.0
    """Width of the grass strip between kerb and footway, part of the sidewalk; 0 for none."""
    centre: CentreLine
    speed_kmh: int

    @property
    def carriageway_m(self) -> float:
        """Half width of the driving lanes."""
        return self.lanes * LANE_WIDTH_M

    @property
    def back_m(self) -> float:
        """Distance from the centre line to the back of the sidewalk."""
        return self.carriageway_m + self.parking_m + self.sidewalk_m


@dataclass(frozen=True, kw_only=True, slots=True)
class JunctionPlan:
    """Where streets meet."""

    name: str
    x: float
    """[m]."""
    y: float
    control: Control


@dataclass(frozen=True, kw_only=True, slots=True)
class StreetPlan:
    """One street between two junctions, its direction of increasing s from ``start`` to ``end``."""

    start: str
    end: str
    profile: Profile
    via: tuple[tuple[float, float, float], ...] = ()
    """Corner points (x, y) and the radius of their rounding [m]."""
    has_guard_rail: bool = False
    """Whether a rail stands along the outside of its curves."""


def junction(name: str, x: float, y: float, control: Control) -> JunctionPlan:
    """A junction at (x, y) [m]."""
    return JunctionPlan(name=name, x=x, y=y, control=control)


def street(start: str, end: str, profile: Profile, *via: tuple[float, float, float], rail: bool = False) -> StreetPlan:
    """A street through the corner points ``via`` (x, y, radius of the rounding) [m]."""
    return StreetPlan(start=start, end=end, profile=profile, via=via, has_guard_rail=rail)


class BlockUse(enum.Enum):
    """What a block of the town is for."""

    OFFICES = "offices"
    SHOPS = "shops"
    HOUSES = "houses"
    PARK = "park"
    MIXED = "mixed"
    VILLAGE = "village"
    """Small houses with gardens and a shop here and there."""
    INDUSTRY = "industry"
    FIELDS = "fields"
    """Open land."""
    SKYLINE = "skyline"
    """Everything, towers too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TownPlan:
    """A whole town."""

    name: str
    junctions: tuple[JunctionPlan, ...]
    streets: tuple[StreetPlan, ...]
    uses: tuple[tuple[float, float, BlockUse], ...]
    """A point (x, y) inside a block and the use of that block; blocks without a point are ``MIXED``."""
    outskirts: BlockUse = BlockUse.SKYLINE
    """What stands along the outer side of the streets that bound the town."""
    spawn_spacing_m: float = 34.0
    """About how far apart the spawn points of one lane are."""
