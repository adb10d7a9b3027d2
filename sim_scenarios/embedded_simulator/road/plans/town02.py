"""Street plan of our ``Town02``: a small town, smaller than Town01, with shops at its crossing and houses around.

The plan is our own; only the name is CARLA's. y grows to the south.
"""

from __future__ import annotations

from sim_scenarios.embedded_simulator.road.plan import (
    BlockUse,
    CentreLine,
    Control,
    Profile,
    TownPlan,
    junction,
    street,
)

_RING = Profile(lanes=1, sidewalk_m=4.2, verge_m=1.6, centre=CentreLine.BROKEN_YELLOW, speed_kmh=40)
_SHOPS = Profile(lanes=1, parking_m=2.5, sidewalk_m=3.7, centre=CentreLine.BROKEN_YELLOW, speed_kmh=30)
_HOUSES = Profile(lanes=1, sidewalk_m=4.0, verge_m=1.6, centre=CentreLine.BROKEN_WHITE, speed_kmh=30)

TOWN02 = TownPlan(
    name="Town02",
    junctions=(
        junction("N1", -45, -110, Control.LIGHTS),
        junction("N2", 60, -110, Control.STOP),
        junction("W", -140, 0, Control.LIGHTS),
        junction("C", -45, 0, Control.LIGHTS),
        junction("D", 60, 0, Control.LIGHTS),
        junction("E", 140, 0, Control.LIGHTS),
        junction("S", -45, 110, Control.LIGHTS),
    ),
    streets=(
        street("W", "N1", _RING, (-140, -110, 30)),
        street("N1", "N2", _RING),
        street("N2", "E", _RING, (140, -110, 30)),
        street("E", "S", _RING, (140, 110, 45)),
        street("S", "W", _RING, (-140, 110, 30)),
        street("W", "C", _SHOPS),
        street("C", "D", _SHOPS),
        street("D", "E", _SHOPS),
        street("N1", "C", _SHOPS),
        street("C", "S", _HOUSES),
        street("N2", "D", _HOUSES),
    ),
    uses=(
        (-90, -55, BlockUse.SHOPS),
        (0, -55, BlockUse.SHOPS),
        (100, -55, BlockUse.HOUSES),
        (-90, 55, BlockUse.HOUSES),
        (50, 55, BlockUse.VILLAGE),
    ),
    outskirts=BlockUse.HOUSES,
    spawn_spacing_m=17.0,
)
