"""The vocabulary of a street plan: cross sections, junctions and streets, before any geometry is worked out."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from sim_scenarios.embedded_simulator.road.curves import Path

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
    ROUNDABOUT = "roundabout"
    """A place where a two-way street meets the one-way ring of a roundabout; who drives round has priority."""
    LANES = "lanes"
    """Carriageways that part or join, as many lanes before as after: lane follows lane, and nobody waits."""


class CentreLine(enum.Enum):
    """What separates the two directions between the solid stretches near junctions."""

    DOUBLE_YELLOW = "double yellow"
    BROKEN_YELLOW = "broken yellow"
    BROKEN_WHITE = "broken white"


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """Cross section of a street: the same on both sides of the centre line, or of one direction only."""

    lanes: int
    """Driving lanes in each direction, ``LANE_WIDTH_M`` each."""
    is_one_way: bool = False
    """Whether all lanes lead from start to end; the street's line is then the left edge of them."""
    parking_m: float = 0.0
    """Width of the parking bays along both kerbs; 0 where there are none."""
    sidewalk_m: float = 0.0
    """Width of the sidewalk behind the bays (or the kerb); of a one-way street on its right."""
    shoulder_m: float = 0.0
    """Width of the hard shoulder, where there is no sidewalk."""
    left_shoulder_m: float = 0.0
    """Of a one-way street."""
    verge_m: float = 0.0
    """Width of the grass strip between kerb and footway, part of the sidewalk; 0 for none."""
    centre: CentreLine
    speed_kmh: int

    @property
    def outer_lane(self) -> tuple[str, float]:
        """What lies beyond the driving lanes and bays, as an OpenDRIVE lane type, and how wide it is [m]."""
        return ("sidewalk", self.sidewalk_m) if self.sidewalk_m > 0.0 else ("shoulder", self.shoulder_m)

    @property
    def carriageway_m(self) -> float:
        """Half width of the driving lanes."""
        return self.lanes * LANE_WIDTH_M

    @property
    def back_m(self) -> float:
        """Distance from the centre line to the back of the sidewalk or the edge of the shoulder."""
        return self.carriageway_m + self.parking_m + self.outer_lane[1]


@dataclass(frozen=True, kw_only=True, slots=True)
class JunctionPlan:
    """Where streets meet."""

    name: str
    x: float
    """[m]."""
    y: float
    control: Control
    z: float = 0.0
    """Height [m]; junctions are level."""
    setback_m: float | None = None
    """How far from (x, y) the streets end; worked out from the corners if None."""


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
    course: Path | None = None
    """Its exact line, where that does not follow from the junctions."""
    starts_at: tuple[float, float] | None = None
    """Where it begins exactly [m], if not short of its junction's middle."""
    ends_at: tuple[float, float] | None = None
    heights: tuple[tuple[float, float], ...] = ()
    """(share of its length, height [m]) between its ends, whose heights are the junctions'; level at each of them."""
    bridge: tuple[float, float] | None = None
    """From which share of its length to which it is a bridge: the ground below does not rise with it."""
    tunnel: tuple[float, float] | None = None
    """Likewise a tunnel: the ground above is closed."""


def junction(
    name: str, x: float, y: float, control: Control, *, z: float = 0.0, setback: float | None = None
) -> JunctionPlan:
    """A junction at (x, y) [m]."""
    return JunctionPlan(name=name, x=x, y=y, control=control, z=z, setback_m=setback)


def street(
    start: str,
    end: str,
    profile: Profile,
    *via: tuple[float, float, float],
    rail: bool = False,
    heights: tuple[tuple[float, float], ...] = (),
) -> StreetPlan:
    """A street through the corner points ``via`` (x, y, radius of the rounding) [m]."""
    return StreetPlan(start=start, end=end, profile=profile, via=via, has_guard_rail=rail, heights=heights)


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
    is_level: bool = True
    """Whether all streets lie at height 0 and enclose blocks; otherwise surfaces follow from the OpenDRIVE text."""
    railway: tuple[tuple[float, float], tuple[float, float]] | None = None
    """Both ends [m] of a straight track over the open land of a town that is not level."""
