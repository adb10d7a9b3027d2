"""Street plan of our ``Town05``: a grid of four-lane avenues among offices and industry.

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

_AVENUE = Profile(lanes=2, sidewalk_m=5.0, verge_m=1.8, centre=CentreLine.DOUBLE_YELLOW, speed_kmh=60)
_RING = Profile(lanes=2, sidewalk_m=4.6, verge_m=1.8, centre=CentreLine.DOUBLE_YELLOW, speed_kmh=60)

TOWN05 = TownPlan(
    name="Town05",
    junctions=(
        junction("B1", -80, -190, Control.LIGHTS),
        junction("C1", 80, -190, Control.LIGHTS),
        junction("A2", -230, -70, Control.LIGHTS),
        junction("B2", -80, -70, Control.LIGHTS),
        junction("C2", 80, -70, Control.LIGHTS),
        junction("D2", 230, -70, Control.LIGHTS),
        junction("A3", -230, 70, Control.LIGHTS),
        junction("B3", -80, 70, Control.LIGHTS),
        junction("C3", 80, 70, Control.LIGHTS),
        junction("D3", 230, 70, Control.LIGHTS),
        junction("B4", -80, 190, Control.LIGHTS),
        junction("C4", 80, 190, Control.STOP),
    ),
    streets=(
        # The ring, clockwise seen from above.
        street("A2", "B1", _RING, (-230, -190, 60)),
        street("B1", "C1", _RING),
        street("C1", "D2", _RING, (230, -190, 60)),
        street("D2", "D3", _RING),
        street("D3", "C4", _RING, (230, 190, 60), rail=True),
        street("C4", "B4", _RING),
        street("B4", "A3", _RING, (-230, 190, 60)),
        street("A3", "A2", _RING),
        # West to east.
        street("A2", "B2", _AVENUE),
        street("B2", "C2", _AVENUE),
        street("C2", "D2", _AVENUE),
        street("A3", "B3", _AVENUE),
        street("B3", "C3", _AVENUE),
        street("C3", "D3", _AVENUE),
        # North to south.
        street("B1", "B2", _AVENUE),
        street("B2", "B3", _AVENUE),
        street("B3", "B4", _AVENUE),
        street("C1", "C2", _AVENUE),
        street("C2", "C3", _AVENUE),
        street("C3", "C4", _AVENUE),
    ),
    uses=(
        (-155, -130, BlockUse.HOUSES),
        (0, -130, BlockUse.SHOPS),
        (155, -130, BlockUse.INDUSTRY),
        (-155, 0, BlockUse.MIXED),
        (0, 0, BlockUse.OFFICES),
        (155, 0, BlockUse.OFFICES),
        (-155, 130, BlockUse.PARK),
        (0, 130, BlockUse.MIXED),
        (155, 130, BlockUse.INDUSTRY),
    ),
    outskirts=BlockUse.MIXED,
)
