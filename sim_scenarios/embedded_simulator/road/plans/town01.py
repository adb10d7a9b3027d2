"""Street plan of our ``Town01``: a small town of two-lane streets and T-junctions, with a long park in its middle.

No four streets meet anywhere. The plan is our own; only the name is CARLA's. y grows to the south.
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

_RING = Profile(lanes=1, sidewalk_m=4.4, verge_m=1.8, centre=CentreLine.DOUBLE_YELLOW, speed_kmh=50)
_STREET = Profile(lanes=1, sidewalk_m=4.2, verge_m=1.6, centre=CentreLine.BROKEN_YELLOW, speed_kmh=40)
_SHOPS = Profile(lanes=1, parking_m=2.5, sidewalk_m=3.7, centre=CentreLine.BROKEN_YELLOW, speed_kmh=30)

TOWN01 = TownPlan(
    name="Town01",
    junctions=(
        junction("N1", -120, -170, Control.LIGHTS),
        junction("N2", 80, -170, Control.LIGHTS),
        junction("W1", -210, -45, Control.STOP),
        junction("M1", -120, -45, Control.LIGHTS),
        junction("M2", -20, -45, Control.LIGHTS),
        junction("M3", 80, -45, Control.LIGHTS),
        junction("E1", 210, -45, Control.LIGHTS),
        junction("W2", -210, 70, Control.YIELD),
        junction("M4", -110, 70, Control.LIGHTS),
        junction("M5", -20, 70, Control.LIGHTS),
        junction("M6", 110, 70, Control.LIGHTS),
        junction("E2", 210, 70, Control.STOP),
        junction("S1", -110, 170, Control.LIGHTS),
        junction("S2", 110, 170, Control.LIGHTS),
    ),
    streets=(
        # The ring, clockwise seen from above.
        street("W1", "N1", _RING, (-210, -170, 50)),
        street("N1", "N2", _RING),
        street("N2", "E1", _RING, (210, -170, 60), rail=True),
        street("E1", "E2", _RING),
        street("E2", "S2", _RING, (210, 170, 40)),
        street("S2", "S1", _RING, (60, 170, 120), (0, 185, 120), (-60, 170, 120)),
        street("S1", "W2", _RING, (-210, 170, 55)),
        street("W2", "W1", _RING),
        # West to east.
        street("W1", "M1", _STREET),
        street("M1", "M2", _SHOPS),
        street("M2", "M3", _SHOPS),
        street("M3", "E1", _STREET),
        street("W2", "M4", _STREET),
        street("M4", "M5", _STREET),
        street("M5", "M6", _STREET),
        street("M6", "E2", _STREET),
        # North to south.
        street("N1", "M1", _STREET),
        street("N2", "M3", _STREET),
        street("M2", "M5", _STREET),
        street("M4", "S1", _STREET),
        street("M6", "S2", _STREET),
    ),
    uses=(
        (-165, -100, BlockUse.HOUSES),
        (-20, -110, BlockUse.SHOPS),
        (150, -110, BlockUse.VILLAGE),
        (-115, 12, BlockUse.PARK),
        (90, 12, BlockUse.HOUSES),
        (-160, 120, BlockUse.VILLAGE),
        (0, 120, BlockUse.HOUSES),
        (160, 120, BlockUse.INDUSTRY),
    ),
    outskirts=BlockUse.VILLAGE,
    spawn_spacing_m=30.0,
)
