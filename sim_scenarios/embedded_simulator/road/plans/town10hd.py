"""Street plan of our ``Town10HD``: a dense downtown of about 440 x 385 m.

Two avenues of four lanes cross in the north-east; a ring boulevard of two lanes with wide curved corners closes the
town, so that no street is a dead end. The plan is our own; only the name is CARLA's. y grows to the south.
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
_RING = Profile(lanes=1, sidewalk_m=4.6, verge_m=1.8, centre=CentreLine.BROKEN_YELLOW, speed_kmh=50)
_STREET = Profile(lanes=1, parking_m=2.5, sidewalk_m=3.7, centre=CentreLine.BROKEN_YELLOW, speed_kmh=40)
_LANE = Profile(lanes=1, parking_m=2.5, sidewalk_m=3.7, centre=CentreLine.BROKEN_WHITE, speed_kmh=30)
_CURVED = Profile(lanes=1, sidewalk_m=4.2, verge_m=1.6, centre=CentreLine.DOUBLE_YELLOW, speed_kmh=40)


TOWN10HD = TownPlan(
    name="Town10HD",
    junctions=(
        junction("B1", -115, -195, Control.YIELD),
        junction("C1", -10, -195, Control.STOP),
        junction("D1", 100, -195, Control.LIGHTS),
        junction("A2", -220, -80, Control.STOP),
        junction("B2", -115, -80, Control.LIGHTS),
        junction("C2", -10, -80, Control.LIGHTS),
        junction("D2", 100, -80, Control.LIGHTS),
        junction("E2", 220, -80, Control.LIGHTS),
        junction("A3", -220, 35, Control.STOP),
        junction("B3", -115, 35, Control.LIGHTS),
        junction("C3", -10, 35, Control.STOP),
        junction("D3", 100, 35, Control.LIGHTS),
        junction("E3", 220, 65, Control.YIELD),
        junction("B4", -95, 190, Control.STOP),
        junction("D4", 100, 190, Control.LIGHTS),
    ),
    streets=(
        # The ring, clockwise seen from above.
        street("A2", "B1", _RING, (-220, -195, 60)),
        street("B1", "C1", _RING),
        street("C1", "D1", _RING),
        street("D1", "E2", _RING, (220, -195, 85), rail=True),
        street("E2", "E3", _RING),
        street("E3", "D4", _RING, (220, 190, 55)),
        street("D4", "B4", _RING),
        street("B4", "A3", _RING, (-220, 190, 45)),
        street("A3", "A2", _RING),
        # West to east.
        street("A2", "B2", _AVENUE),
        street("B2", "C2", _AVENUE),
        street("C2", "D2", _AVENUE),
        street("D2", "E2", _AVENUE),
        street("A3", "B3", _STREET),
        street("B3", "C3", _STREET),
        street("C3", "D3", _STREET),
        street("D3", "E3", _CURVED, (145, 35, 40), (175, 65, 40)),
        # North to south.
        street("B1", "B2", _STREET),
        street("B2", "B3", _STREET),
        street("B3", "B4", _CURVED, (-115, 85, 60), (-95, 130, 60)),
        street("C1", "C2", _LANE),
        street("C2", "C3", _LANE),
        street("D1", "D2", _AVENUE),
        street("D2", "D3", _AVENUE),
        street("D3", "D4", _AVENUE),
    ),
    uses=(
        (-165, -140, BlockUse.HOUSES),
        (-60, -140, BlockUse.SHOPS),
        (45, -140, BlockUse.OFFICES),
        (160, -140, BlockUse.PARK),
        (-165, -25, BlockUse.MIXED),
        (-60, -25, BlockUse.OFFICES),
        (45, -25, BlockUse.OFFICES),
        (160, -25, BlockUse.MIXED),
        (-165, 110, BlockUse.HOUSES),
        (0, 110, BlockUse.PARK),
        (160, 130, BlockUse.HOUSES),
    ),
)
