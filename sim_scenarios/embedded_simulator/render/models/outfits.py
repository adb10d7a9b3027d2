"""What each walker wears and carries: by the row's number, so that it is the same in every run.

``Part.CLOTHES`` is white and takes the actor's colour, like a car's paint; trousers, skin and hair bring the row's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sim_scenarios.embedded_simulator.render.mesh import Part
from sim_scenarios.embedded_simulator.render.mesh_builder import Color, Finish
from sim_scenarios.embedded_simulator.render.models.heads import Cut, Headgear
from sim_scenarios.embedded_simulator.world.walker_catalogue import TAG_PEDESTRIAN, WalkerSpec

Bag = Literal["rucksack", "shoulder_bag", "hand_bag", "shopping_bag", "briefcase"]
Legwear = Literal["trousers", "shorts", "skirt", "dress"]

JACKET_HEM, COAT_HEM = 0.485, 0.365
"""Lower edge above the ground, in body heights."""

_SHIRTS: tuple[Color, ...] = ((0.76, 0.76, 0.74), (0.58, 0.68, 0.74), (0.30, 0.31, 0.34), (0.74, 0.66, 0.56))
_LEATHER: tuple[Color, ...] = ((0.30, 0.21, 0.15), (0.13, 0.13, 0.14), (0.48, 0.36, 0.24), (0.33, 0.19, 0.17))
_CANVAS: tuple[Color, ...] = ((0.22, 0.26, 0.32), (0.36, 0.19, 0.18), (0.22, 0.30, 0.24), (0.20, 0.20, 0.21))
_PAPER: tuple[Color, ...] = ((0.72, 0.60, 0.44), (0.85, 0.85, 0.82), (0.40, 0.52, 0.46))
_SHOES: tuple[Color, ...] = (
    (0.13, 0.12, 0.12), (0.26, 0.18, 0.12), (0.62, 0.62, 0.60), (0.20, 0.21, 0.25), (0.38, 0.28, 0.20),
)  # fmt: skip
_HATS: tuple[Color, ...] = ((0.20, 0.22, 0.28), (0.40, 0.22, 0.20), (0.55, 0.52, 0.46), (0.17, 0.18, 0.18))
_MEN: tuple[Cut, ...] = ("short", "cropped", "short", "short", "cropped", "balding", "short")
_WOMEN: tuple[Cut, ...] = ("long", "bob", "bun", "long", "short", "bob", "long")
_UNIFORM_HATS: dict[str, tuple[Headgear, Color]] = {
    "police": ("police_cap", (0.08, 0.10, 0.18)),
    "worker": ("helmet", (0.93, 0.78, 0.16)),
}
_BELTS: dict[str, Color] = {"police": (0.05, 0.05, 0.07), "worker": (0.86, 0.88, 0.62)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Outfit:
    """What one person wears; lengths in body heights."""

    hem: float
    """Lower edge of jacket or coat above the ground."""
    shirt: Color | None
    """What an open jacket shows in front."""
    has_short_sleeves: bool
    legwear: Legwear
    cut: Cut
    has_beard: bool
    gear: tuple[Headgear, Color] | None
    belt: Color | None
    bag: tuple[Bag, Color] | None
    shoes: Color


def outfit_of(spec: WalkerSpec) -> Outfit:
    """Return what the walker of this row wears."""
    number = walker_number(spec)
    is_plain, is_female, is_child = spec.dress == "plain", spec.gender == "female", spec.age == "child"
    legwear = _legwear(spec, number)
    wears_coat = is_plain and not is_child and legwear == "trousers" and number % 5 in (0, 2)
    has_short_sleeves = is_plain and not wears_coat and number % 3 == 1 and not spec.is_elderly
    wears_jacket = is_plain and not has_short_sleeves and legwear != "dress" and number % 2 == 0
    return Outfit(
        hem=COAT_HEM if wears_coat else JACKET_HEM,
        shirt=_pick(_SHIRTS, number) if wears_jacket else None,
        has_short_sleeves=has_short_sleeves,
        legwear=legwear,
        cut=_cut(spec, number),
        has_beard=not is_female and spec.age == "adult" and number % 4 == 1,
        gear=_gear(spec, number),
        belt=_BELTS.get(spec.dress),
        bag=_bag(spec, number),
        shoes=_pick(_SHOES, number),
    )


def walker_number(spec: WalkerSpec) -> int:
    """Return the number in ``walker.pedestrian.0001``."""
    return int(spec.id.rsplit(".", 1)[1])


def _pick(colors: tuple[Color, ...], number: int) -> Color:
    return colors[(number * 7 // 3) % len(colors)]


def _legwear(spec: WalkerSpec, number: int) -> Legwear:
    if spec.dress != "plain":
        return "trousers"
    if spec.gender == "female" and number % 4 == 0:
        return "skirt"
    if spec.gender == "female" and number % 8 in (2, 3) and not spec.is_elderly:
        return "dress"
    is_young = spec.age != "adult"
    return "shorts" if number % 3 == 1 and (is_young or spec.gender == "male") and not spec.is_elderly else "trousers"


def _cut(spec: WalkerSpec, number: int) -> Cut:
    if spec.is_elderly:
        return ("bun" if number % 2 == 0 else "bob") if spec.gender == "female" else "balding"
    cuts = _WOMEN if spec.gender == "female" else _MEN
    cut = cuts[number % len(cuts)]
    return "short" if cut == "balding" and spec.age != "adult" else cut


def _gear(spec: WalkerSpec, number: int) -> tuple[Headgear, Color] | None:
    if spec.dress in _UNIFORM_HATS:
        return _UNIFORM_HATS[spec.dress]
    color = _pick(_HATS, number)
    if number % 7 == 4 and not spec.is_elderly:
        return ("cap" if spec.gender == "male" or spec.age != "adult" else "sun_hat"), color
    return ("beanie", color) if number % 11 == 5 else None


def _bag(spec: WalkerSpec, number: int) -> tuple[Bag, Color] | None:
    if spec.dress != "plain":
        return None
    if spec.age != "adult":
        return ("rucksack", _pick(_CANVAS, number)) if number % 3 != 0 else None
    if number % 6 == 3:
        return "rucksack", _pick(_CANVAS, number)
    if number % 6 in (0, 1):
        return "shoulder_bag", _pick(_LEATHER, number)
    if number % 6 == 5:
        return ("hand_bag" if spec.gender == "female" else "briefcase"), _pick(_LEATHER, number)
    return ("shopping_bag", _pick(_PAPER, number)) if number % 12 == 4 else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Wardrobe:
    """The finishes of one person."""

    clothes: Finish
    trousers: Finish
    skin: Finish
    hair: Finish
    shoes: Finish

    @classmethod
    def of(cls, spec: WalkerSpec, outfit: Outfit) -> Wardrobe:
        """Return the finishes of a row of the walker table."""

        def finish(material: str, rgb: tuple[int, int, int], part: Part) -> Finish:
            color: Color = (rgb[0] / 255, rgb[1] / 255, rgb[2] / 255)
            return Finish(material=material, tag=TAG_PEDESTRIAN, color=color, part=part)

        return cls(
            clothes=Finish(material="cloth", tag=TAG_PEDESTRIAN, part=Part.CLOTHES),
            trousers=finish("cloth", spec.trousers, Part.TROUSERS),
            skin=finish("skin", spec.skin, Part.SKIN),
            hair=finish("cloth", spec.hair, Part.HAIR),
            shoes=plain(outfit.shoes),
        )

    def on_thighs(self, outfit: Outfit) -> Finish:
        """Return what covers the thighs."""
        return self.skin if outfit.legwear in ("skirt", "dress") else self.trousers

    def on_shins(self, outfit: Outfit) -> Finish:
        """Return what covers the shins."""
        return self.trousers if outfit.legwear == "trousers" else self.skin


def plain(color: Color) -> Finish:
    """Return cloth of a colour that no actor's attribute changes."""
    return Finish(material="cloth", tag=TAG_PEDESTRIAN, color=color)
