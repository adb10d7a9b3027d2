"""Street plan of our ``Town05``: a grid of four-lane avenues among offices and industry, and an expressway above it.

The expressway rises from the ring in the west, passes over two avenues and comes down to the ring in the east. The plan
is our own; only the name is CARLA's. y grows to the south.
"""

from __future__ import annotations

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

_AVENUE = Profile(lanes=2, sidewalk_m=5.0, verge_m=1.8, centre=CentreLine.DOUBLE_YELLOW, speed_kmh=60)
_EXPRESSWAY = Profile(lanes=2, shoulder_m=1.5, centre=CentreLine.DOUBLE_YELLOW, speed_kmh=70)
_RING = Profile(lanes=2, sidewalk_m=4.6, verge_m=1.8, centre=CentreLine.DOUBLE_YELLOW, speed_kmh=60)

TOWN05 = TownPlan(
    name="Town05",
    junctions=(
        junction("B1", -80, -200, Control.LIGHTS),
        junction("C1", 80, -200, Control.LIGHTS),
        junction("A2", -250, -80, Control.LIGHTS),
        junction("B2", -80, -80, Control.LIGHTS),
        junction("C2", 80, -80, Control.LIGHTS),
        junction("D2", 250, -80, Control.LIGHTS),
        junction("A0", -250, 0, Control.LIGHTS),
        junction("D0", 250, 0, Control.LIGHTS),
        junction("A3", -250, 80, Control.LIGHTS),
        junction("B3", -80, 80, Control.LIGHTS),
        junction("C3", 80, 80, Control.LIGHTS),
        junction("D3", 250, 80, Control.LIGHTS),
        junction("B4", -80, 200, Control.LIGHTS),
        junction("C4", 80, 200, Control.STOP),
    ),
    streets=(
        # The ring, clockwise seen from above.
        street("A2", "B1", _RING, (-250, -200, 60)),
        street("B1", "C1", _RING),
        street("C1", "D2", _RING, (250, -200, 60)),
        street("D2", "D0", _RING),
        street("D0", "D3", _RING),
        street("D3", "C4", _RING, (250, 200, 60), rail=True),
        street("C4", "B4", _RING),
        street("B4", "A3", _RING, (-250, 200, 60)),
        street("A3", "A0", _RING),
        street("A0", "A2", _RING),
        StreetPlan(
            start="A0",
            end="D0",
            profile=_EXPRESSWAY,
            heights=((0.26, 7.0), (0.74, 7.0)),
            bridge=(0.18, 0.82),
        ),
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
        (-165, -140, BlockUse.HOUSES),
        (0, -140, BlockUse.SHOPS),
        (165, -140, BlockUse.INDUSTRY),
        (-165, -45, BlockUse.MIXED),
        (-165, 45, BlockUse.OFFICES),
        (0, -45, BlockUse.OFFICES),
        (0, 45, BlockUse.OFFICES),
        (165, -45, BlockUse.OFFICES),
        (165, 45, BlockUse.MIXED),
        (-165, 140, BlockUse.PARK),
        (0, 140, BlockUse.MIXED),
        (165, 140, BlockUse.INDUSTRY),
        (0, -240, BlockUse.MIXED),
        (0, 240, BlockUse.INDUSTRY),
        (-290, 0, BlockUse.MIXED),
        (290, 0, BlockUse.MIXED),
    ),
    outskirts=BlockUse.MIXED,
    is_level=False,
)
