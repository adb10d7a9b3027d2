"""Street plan of our ``Town03``: a roundabout in the middle, four-lane streets around, hills in the north-east.

A street runs through a tunnel below another one there. The plan is our own; only the name is CARLA's. y grows to the
south.
"""

from __future__ import annotations

import math

from sim_scenarios.embedded_simulator.road.curves import Path, Piece
from sim_scenarios.embedded_simulator.road.plan import (
    BlockUse,
    CentreLine,
    Control,
    Profile,
    StreetPlan,
    TownPlan,
    junction,
    street,
)

_AVENUE = Profile(lanes=2, sidewalk_m=4.6, centre=CentreLine.DOUBLE_YELLOW, speed_kmh=60)
_STREET = Profile(lanes=1, sidewalk_m=4.2, centre=CentreLine.BROKEN_YELLOW, speed_kmh=50)
_SHOPS = Profile(lanes=1, parking_m=2.5, sidewalk_m=3.7, centre=CentreLine.BROKEN_YELLOW, speed_kmh=30)
_APPROACH = Profile(lanes=1, sidewalk_m=4.2, centre=CentreLine.DOUBLE_YELLOW, speed_kmh=30)
_ROUND = Profile(lanes=1, is_one_way=True, sidewalk_m=4.2, centre=CentreLine.BROKEN_WHITE, speed_kmh=30)
_TUNNEL = Profile(lanes=1, shoulder_m=1.5, centre=CentreLine.DOUBLE_YELLOW, speed_kmh=50)

_ISLAND_M = 17.0
"""Radius of the roundabout's island."""
_ROUND_SETBACK_M = 34.0
_MOUTH_DEG = 24.0
"""Half the angle of the ring that belongs to one mouth."""


def _round(start: str, end: str, start_deg: float) -> StreetPlan:
    """A quarter of the ring, driven counter-clockwise from the mouth at ``start_deg`` to the next one."""
    bearing = math.radians(start_deg - _MOUTH_DEG)
    x, y = _ISLAND_M * math.cos(bearing), _ISLAND_M * math.sin(bearing)
    sweep = math.radians(90.0 - 2.0 * _MOUTH_DEG)
    piece = Piece(x, y, bearing - 0.5 * math.pi, sweep * _ISLAND_M, -1.0 / _ISLAND_M)
    return StreetPlan(start=start, end=end, profile=_ROUND, course=Path((piece,)))


TOWN03 = TownPlan(
    name="Town03",
    junctions=(
        *(junction(f"R{side}", 0, 0, Control.ROUNDABOUT, setback=_ROUND_SETBACK_M) for side in "ENWS"),
        junction("A", -140, -110, Control.STOP),
        junction("N", 0, -110, Control.LIGHTS),
        junction("B", 140, -110, Control.LIGHTS),
        junction("W", -140, 0, Control.LIGHTS),
        junction("E", 140, 0, Control.LIGHTS),
        junction("S", 0, 110, Control.LIGHTS),
        junction("D", 140, 110, Control.STOP),
        junction("K1", 0, -200, Control.LIGHTS, z=1.5),
        junction("K2", 235, 0, Control.LIGHTS, z=1.5),
        junction("NN", 0, -290, Control.LIGHTS, z=5.0),
        junction("BB", 330, -110, Control.LIGHTS, z=8.0),
        junction("EE", 330, 0, Control.LIGHTS, z=5.0),
        junction("DD", 330, 110, Control.YIELD, z=1.0),
        junction("SS", 0, 230, Control.LIGHTS),
        junction("WW", -290, 0, Control.LIGHTS),
        junction("AA", -290, -110, Control.LIGHTS),
    ),
    streets=(
        _round("RE", "RN", 0.0),
        _round("RN", "RW", -90.0),
        _round("RW", "RS", 180.0),
        _round("RS", "RE", 90.0),
        street("N", "RN", _APPROACH),
        street("E", "RE", _APPROACH),
        street("S", "RS", _APPROACH),
        street("W", "RW", _APPROACH),
        # Around the roundabout.
        street("A", "N", _STREET),
        street("N", "B", _STREET),
        street("B", "E", _STREET),
        street("E", "D", _STREET),
        street("D", "S", _STREET),
        street("S", "W", _SHOPS, (-140, 110, 40)),
        street("W", "A", _SHOPS),
        # Out to the ring.
        street("N", "K1", _STREET),
        street("K1", "NN", _STREET),
        street("E", "K2", _STREET),
        street("K2", "EE", _STREET),
        street("S", "SS", _STREET),
        street("W", "WW", _STREET),
        street("A", "AA", _STREET),
        street("D", "DD", _STREET),
        street("B", "BB", _STREET, heights=((0.5, 4.5),)),
        StreetPlan(
            start="K1",
            end="K2",
            profile=_TUNNEL,
            via=((235, -200, 90),),
            heights=((0.3, -3.0), (0.77, -3.0)),
            tunnel=(0.3, 0.85),
        ),
        # The ring, clockwise seen from above.
        street("AA", "NN", _AVENUE, (-290, -290, 90), heights=((0.45, 9.0),)),
        street("NN", "BB", _AVENUE, (330, -290, 90), heights=((0.5, 14.0),)),
        street("BB", "EE", _AVENUE),
        street("EE", "DD", _AVENUE),
        street("DD", "SS", _AVENUE, (330, 230, 70)),
        street("SS", "WW", _AVENUE, (-290, 230, 70)),
        street("WW", "AA", _AVENUE),
    ),
    uses=(
        (-70, -55, BlockUse.SHOPS),
        (70, -55, BlockUse.OFFICES),
        (-70, 55, BlockUse.MIXED),
        (70, 55, BlockUse.SHOPS),
        (-215, -55, BlockUse.HOUSES),
        (-145, -200, BlockUse.HOUSES),
        (90, -155, BlockUse.HOUSES),
        (200, -55, BlockUse.VILLAGE),
        (280, -250, BlockUse.FIELDS),
        (235, 55, BlockUse.HOUSES),
        (235, 170, BlockUse.INDUSTRY),
        (70, 170, BlockUse.MIXED),
        (-150, 170, BlockUse.PARK),
        (-215, 60, BlockUse.MIXED),
        (0, 265, BlockUse.HOUSES),
        (-330, 0, BlockUse.VILLAGE),
        (-150, -330, BlockUse.VILLAGE),
        (370, 50, BlockUse.VILLAGE),
    ),
    outskirts=BlockUse.VILLAGE,
    is_level=False,
)
