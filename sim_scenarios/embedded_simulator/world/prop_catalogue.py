"""The props that can be spawned: the ids of CARLA 0.9.16, each with a size, a weight and a look.

Light things (cones, boxes, bins) stand loose and are knocked about from the start; heavy or fixed ones stay where they
are until a client gives them physics, as everything does in CARLA. Sizes and weights are those of such things.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Look = str | tuple[int, int, int]
"""The kind of placement (``road.town.PLACEMENT_KINDS``) whose model is drawn, or the colour (sRGB) of a plain box."""
_TAG_STATIC, _TAG_DYNAMIC = 20, 21
_SIZES = ((0.5, "tiny"), (1.0, "small"), (2.0, "medium"), (3.5, "big"))
"""The longest side [m] up to which a prop counts as so large; anything more is huge."""
MESH_ID = "static.prop.mesh"
"""CARLA draws a mesh of the client's choice; here it is a box."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PropSpec:
    """A prop as the world needs it; its origin is in the middle of its underside."""

    id: str
    length_m: float
    width_m: float
    height_m: float
    mass_kg: float
    is_loose: bool
    """Whether it has physics from the start."""
    look: Look

    @property
    def size(self) -> str:
        """CARLA's word for it: tiny, small, medium, big or huge."""
        longest = max(self.length_m, self.width_m, self.height_m)
        return next((name for side_m, name in _SIZES if longest <= side_m), "huge")

    @property
    def tag(self) -> int:
        """CARLA semantic tag: Dynamic for what is loose, Static for the rest."""
        return _TAG_DYNAMIC if self.is_loose else _TAG_STATIC


def _loose(name: str, length_m: float, width_m: float, height_m: float, mass_kg: float, look: Look) -> PropSpec:
    return PropSpec(
        id=f"static.prop.{name}", length_m=length_m, width_m=width_m, height_m=height_m, mass_kg=mass_kg,
        is_loose=True, look=look,
    )  # fmt: skip


def _fixed(name: str, length_m: float, width_m: float, height_m: float, mass_kg: float, look: Look) -> PropSpec:
    return PropSpec(
        id=f"static.prop.{name}", length_m=length_m, width_m=width_m, height_m=height_m, mass_kg=mass_kg,
        is_loose=False, look=look,
    )  # fmt: skip


PROPS: tuple[PropSpec, ...] = (
    _fixed("advertisement", 0.3, 1.6, 2.6, 150.0, (90, 110, 150)),
    _fixed("atm", 0.9, 0.8, 1.7, 400.0, (60, 90, 140)),
    _loose("barbeque", 0.6, 1.2, 1.1, 30.0, (50, 50, 52)),
    _loose("barrel", 0.6, 0.6, 0.9, 20.0, (150, 60, 40)),
    _fixed("bench01", 0.6, 1.7, 0.9, 80.0, "bench"),
    _fixed("bench02", 0.6, 1.8, 0.9, 70.0, "bench"),
    _fixed("bench03", 0.6, 2.0, 0.9, 90.0, "bench"),
    _loose("bike helmet", 0.3, 0.22, 0.2, 0.4, (200, 40, 40)),
    _loose("bin", 0.6, 0.6, 1.1, 25.0, "bin"),
    _loose("box01", 0.5, 0.5, 0.5, 8.0, (176, 137, 92)),
    _loose("box02", 0.6, 0.5, 0.4, 8.0, (170, 132, 88)),
    _loose("box03", 0.4, 0.4, 0.4, 5.0, (182, 142, 98)),
    _loose("briefcase", 0.12, 0.45, 0.35, 3.0, (70, 48, 32)),
    _loose("brokentile01", 0.3, 0.25, 0.03, 1.0, (150, 142, 132)),
    _loose("brokentile02", 0.25, 0.2, 0.03, 1.0, (150, 142, 132)),
    _loose("brokentile03", 0.2, 0.2, 0.03, 0.8, (150, 142, 132)),
    _loose("brokentile04", 0.15, 0.15, 0.03, 0.5, (150, 142, 132)),
    _fixed("busstop", 1.9, 4.2, 2.9, 600.0, "bus_stop"),
    _fixed("busstoplb", 1.9, 4.2, 2.9, 600.0, "bus_stop"),
    _fixed("calibrator", 0.1, 1.5, 1.8, 12.0, (240, 240, 240)),
    _fixed("chainbarrier", 0.3, 1.6, 0.9, 40.0, (150, 150, 155)),
    _fixed("chainbarrierend", 0.3, 0.3, 0.9, 30.0, "bollard"),
    _fixed("clothcontainer", 1.2, 1.2, 2.0, 180.0, (40, 110, 70)),
    _loose("clothesline", 0.5, 2.0, 1.7, 15.0, (220, 220, 225)),
    _loose("colacan", 0.07, 0.07, 0.12, 0.02, (190, 20, 25)),
    _loose("constructioncone", 0.35, 0.35, 0.7, 4.5, "cone"),
    _fixed("container", 1.2, 1.6, 1.5, 120.0, (50, 90, 60)),
    _loose("creasedbox01", 0.5, 0.4, 0.3, 2.0, (168, 130, 90)),
    _loose("creasedbox02", 0.6, 0.4, 0.25, 2.0, (164, 126, 86)),
    _loose("creasedbox03", 0.4, 0.4, 0.2, 1.5, (172, 134, 94)),
    _fixed("dirtdebris01", 1.6, 1.4, 0.3, 300.0, (110, 88, 66)),
    _fixed("dirtdebris02", 1.2, 1.0, 0.25, 180.0, (108, 86, 64)),
    _fixed("dirtdebris03", 0.8, 0.8, 0.2, 80.0, (112, 90, 68)),
    _loose("doghouse", 1.0, 0.8, 0.9, 25.0, (140, 90, 60)),
    _fixed("foodcart", 1.4, 2.4, 2.3, 250.0, (210, 170, 60)),
    _fixed("fountain", 4.0, 4.0, 2.5, 4000.0, (170, 168, 160)),
    _loose("garbage01", 0.5, 0.4, 0.2, 2.0, (120, 118, 110)),
    _loose("garbage02", 0.4, 0.4, 0.15, 1.5, (140, 130, 110)),
    _loose("garbage03", 0.5, 0.5, 0.2, 2.0, (110, 112, 116)),
    _loose("garbage04", 0.4, 0.3, 0.2, 1.5, (150, 140, 120)),
    _loose("garbage05", 0.6, 0.5, 0.25, 3.0, (116, 108, 100)),
    _loose("garbage06", 0.5, 0.4, 0.3, 2.0, (128, 124, 116)),
    _loose("gardenlamp", 0.25, 0.25, 0.7, 3.0, (60, 60, 62)),
    _fixed("glasscontainer", 1.4, 1.4, 1.8, 200.0, (40, 110, 60)),
    _loose("gnome", 0.25, 0.25, 0.55, 3.0, (190, 50, 40)),
    _loose("guitarcase", 0.4, 1.1, 0.15, 5.0, (30, 28, 28)),
    _fixed("haybale", 1.2, 1.0, 0.9, 220.0, (205, 180, 100)),
    _fixed("haybalelb", 1.5, 1.5, 1.3, 400.0, (205, 180, 100)),
    _fixed("ironplank", 1.2, 2.4, 0.03, 150.0, (110, 104, 100)),
    _fixed("kiosk_01", 2.9, 3.0, 2.81, 1500.0, "kiosk"),
    _fixed("mailbox", 0.5, 0.5, 1.3, 60.0, (200, 160, 30)),
    _fixed("maptable", 0.3, 1.2, 1.8, 60.0, (90, 120, 90)),
    _loose("mobile", 0.08, 0.16, 0.01, 0.2, (20, 20, 22)),
    _loose("motorhelmet", 0.34, 0.26, 0.26, 1.4, (30, 30, 34)),
    _fixed("pergola", 3.0, 3.0, 2.6, 300.0, (150, 105, 65)),
    _loose("plantpot01", 0.5, 0.5, 0.7, 25.0, (170, 90, 60)),
    _loose("plantpot02", 0.45, 0.45, 0.6, 20.0, (150, 150, 148)),
    _loose("plantpot03", 0.6, 0.6, 0.8, 35.0, (160, 84, 56)),
    _loose("plantpot04", 0.4, 0.4, 0.5, 15.0, (120, 120, 118)),
    _fixed("plantpot05", 0.6, 1.3, 0.8, 70.0, "planter"),
    _fixed("plantpot06", 0.6, 1.3, 0.8, 70.0, "planter"),
    _loose("plantpot07", 0.5, 0.5, 0.9, 25.0, (168, 92, 62)),
    _loose("plantpot08", 0.4, 0.4, 0.6, 15.0, (90, 80, 74)),
    _loose("plasticbag", 0.3, 0.3, 0.3, 0.3, (225, 225, 228)),
    _loose("plasticchair", 0.55, 0.55, 0.85, 3.0, (240, 240, 240)),
    _loose("plastictable", 0.9, 0.9, 0.72, 8.0, (238, 238, 238)),
    _fixed("platformgarbage01", 1.2, 1.0, 0.6, 60.0, (130, 110, 86)),
    _loose("purse", 0.12, 0.3, 0.25, 0.8, (120, 40, 60)),
    _loose("shoppingbag", 0.2, 0.3, 0.4, 1.5, (215, 190, 150)),
    _loose("shoppingcart", 0.6, 1.0, 1.0, 18.0, (165, 168, 172)),
    _loose("shoppingtrolley", 0.35, 0.4, 1.0, 5.0, (60, 80, 140)),
    _fixed("slide", 0.8, 2.6, 1.8, 80.0, (200, 60, 50)),
    _loose("streetbarrier", 0.4, 1.5, 1.0, 25.0, "barrier"),
    _fixed("streetfountain", 0.4, 0.4, 1.1, 120.0, (90, 92, 96)),
    _fixed("streetsign", 0.12, 0.7, 2.73, 40.0, "sign_crosswalk"),
    _fixed("streetsign01", 0.12, 0.7, 2.73, 40.0, "sign_crosswalk"),
    _fixed("streetsign04", 0.12, 0.7, 2.73, 40.0, "sign_crosswalk"),
    _fixed("swing", 1.6, 2.6, 2.2, 80.0, (90, 110, 160)),
    _fixed("swingcouch", 1.3, 2.0, 1.8, 50.0, (140, 100, 70)),
    _fixed("table", 1.6, 1.6, 0.75, 45.0, (150, 105, 65)),
    _loose("trafficcone01", 0.5, 0.5, 1.0, 6.0, "cone"),
    _loose("trafficcone02", 0.35, 0.35, 0.7, 4.0, "cone"),
    _fixed("trafficwarning", 1.6, 2.2, 2.6, 300.0, (240, 150, 20)),
    _fixed("trampoline", 2.6, 2.6, 0.9, 60.0, (40, 40, 44)),
    _loose("trashbag", 0.6, 0.6, 0.6, 5.0, (35, 35, 38)),
    _loose("trashcan01", 0.6, 0.6, 1.0, 20.0, "bin"),
    _loose("trashcan02", 0.5, 0.5, 0.9, 15.0, "bin"),
    _loose("trashcan03", 0.6, 0.6, 1.1, 20.0, "bin"),
    _loose("trashcan04", 0.5, 0.5, 0.8, 12.0, "bin"),
    _loose("trashcan05", 0.7, 0.7, 1.2, 25.0, "bin"),
    _loose("travelcase", 0.3, 0.45, 0.65, 8.0, (60, 60, 110)),
    _fixed("vendingmachine", 0.9, 1.0, 1.85, 300.0, (180, 30, 35)),
    _loose("warningaccident", 0.4, 0.6, 0.6, 3.0, (220, 40, 30)),
    _loose("warningconstruction", 0.4, 0.9, 1.0, 6.0, (240, 150, 20)),
    _loose("wateringcan", 0.2, 0.4, 0.35, 1.0, (60, 130, 80)),
    _loose("mesh", 1.0, 1.0, 1.0, 50.0, (160, 160, 160)),
)
PROP_SPECS: Mapping[str, PropSpec] = {spec.id: spec for spec in PROPS}
"""By blueprint."""
