"""The walkers that exist: ids of CARLA 0.9.16, and what they look like.

Ids, gender, age, generation, speeds and who may use a wheelchair are CARLA's (its pedestrian catalogue and blueprint
library); heights and looks are our own, so that a walker's box is as tall as the figure in it.
World (blueprints, boxes, physics) and render (meshes) both read this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

TAG_PEDESTRIAN = 12
"""CARLA's semantic tag (LibCarla/source/carla/rpc/ObjectLabel.h)."""

Gender = Literal["male", "female"]
Age = Literal["child", "teenager", "adult"]
Dress = Literal["plain", "police", "worker"]
_Rgb = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class WalkerSpec:
    """One row of the walker table; a walker's origin is at half its height."""

    id: str
    height_m: float
    gender: Gender
    age: Age
    is_elderly: bool
    """Grey and bent; CARLA's catalogue calls its elderly adults, too."""
    generation: int
    can_use_wheelchair: bool
    walking_mps: float
    running_mps: float
    dress: Dress
    clothes: _Rgb
    """Upper garment, sRGB."""
    trousers: _Rgb
    skin: _Rgb
    hair: _Rgb


# Height [m], clothes, trousers, skin, hair.
_Look = tuple[float, _Rgb, _Rgb, _Rgb, _Rgb]
_LOOKS: tuple[_Look, ...] = (
    (1.68, (176, 58, 46), (40, 44, 60), (226, 183, 151), (74, 44, 26)),
    (1.80, (52, 73, 112), (58, 56, 54), (198, 150, 116), (30, 22, 18)),
    (1.75, (60, 110, 72), (92, 84, 70), (120, 82, 58), (20, 16, 14)),
    (1.77, (214, 188, 96), (46, 60, 96), (240, 204, 176), (168, 122, 66)),
    (1.71, (34, 34, 38), (70, 74, 84), (224, 178, 144), (96, 62, 36)),
    (1.70, (148, 78, 140), (26, 26, 30), (92, 60, 42), (16, 12, 10)),
    (1.62, (150, 142, 128), (86, 74, 62), (230, 190, 164), (196, 194, 190)),
    (1.60, (88, 116, 148), (120, 110, 104), (222, 180, 152), (208, 206, 204)),
    (1.25, (228, 122, 44), (52, 78, 122), (216, 168, 134), (58, 36, 22)),
    (1.18, (236, 140, 170), (84, 90, 140), (150, 104, 76), (26, 18, 14)),
    (1.12, (196, 200, 204), (38, 46, 66), (208, 162, 128), (44, 30, 22)),
    (1.34, (52, 128, 124), (150, 136, 112), (196, 146, 112), (24, 18, 16)),
    (1.30, (186, 52, 60), (64, 68, 76), (236, 198, 168), (142, 96, 52)),
    (1.28, (74, 98, 164), (104, 92, 70), (112, 76, 54), (18, 14, 12)),
    (1.66, (222, 214, 198), (58, 70, 106), (214, 168, 136), (52, 32, 20)),
    (1.82, (122, 40, 44), (44, 46, 52), (232, 190, 160), (112, 74, 40)),
    (1.78, (66, 78, 62), (134, 122, 100), (176, 128, 96), (22, 18, 16)),
    (1.74, (28, 52, 84), (86, 88, 92), (244, 208, 182), (184, 142, 84)),
    (1.64, (238, 176, 60), (34, 36, 42), (168, 120, 90), (28, 20, 16)),
    (1.67, (104, 144, 96), (172, 164, 148), (228, 186, 156), (92, 40, 26)),
    (1.73, (62, 48, 92), (48, 54, 74), (98, 66, 46), (14, 12, 12)),
    (1.61, (204, 96, 88), (74, 62, 56), (234, 196, 170), (186, 184, 180)),
    (1.69, (44, 92, 138), (26, 30, 40), (206, 156, 122), (40, 26, 18)),
    (1.85, (206, 208, 210), (40, 50, 80), (218, 172, 138), (78, 52, 30)),
    (1.72, (116, 104, 84), (60, 54, 50), (226, 188, 160), (172, 170, 168)),
    (1.79, (164, 112, 60), (38, 40, 44), (136, 94, 68), (20, 16, 14)),
    (1.76, (70, 130, 168), (112, 108, 98), (238, 202, 174), (126, 88, 48)),
    (1.83, (88, 88, 94), (30, 34, 46), (186, 138, 106), (26, 22, 20)),
    (1.74, (146, 154, 90), (78, 66, 52), (106, 72, 52), (16, 14, 12)),
    (1.81, (28, 34, 58), (24, 28, 46), (224, 180, 148), (48, 34, 24)),
    (1.70, (196, 132, 168), (62, 64, 70), (246, 210, 186), (206, 168, 104)),
    (1.72, (30, 36, 60), (26, 30, 48), (158, 112, 84), (22, 16, 14)),
    (1.77, (180, 70, 38), (54, 60, 68), (202, 154, 120), (34, 26, 20)),
    (1.86, (38, 66, 58), (96, 90, 82), (116, 80, 58), (18, 16, 14)),
    (1.63, (126, 162, 190), (44, 40, 46), (230, 188, 158), (148, 70, 36)),
    (1.75, (228, 222, 120), (86, 98, 128), (172, 124, 94), (30, 22, 18)),
    (1.65, (92, 36, 56), (158, 148, 130), (240, 204, 178), (62, 40, 26)),
    (1.78, (52, 56, 62), (66, 78, 110), (220, 174, 142), (158, 116, 66)),
    (1.71, (134, 128, 150), (72, 70, 66), (234, 196, 168), (200, 198, 196)),
    (1.67, (66, 116, 110), (32, 34, 40), (124, 86, 62), (20, 14, 12)),
    (1.73, (240, 236, 228), (108, 44, 48), (216, 170, 136), (70, 46, 28)),
    (1.62, (168, 148, 196), (50, 58, 88), (190, 142, 110), (24, 18, 16)),
    (1.66, (58, 62, 44), (132, 112, 86), (248, 214, 190), (190, 96, 44)),
    (1.70, (214, 72, 104), (38, 42, 54), (142, 98, 72), (18, 14, 12)),
    (1.80, (94, 70, 48), (76, 82, 90), (228, 184, 152), (106, 72, 42)),
    (1.84, (44, 44, 72), (122, 116, 104), (108, 74, 52), (16, 14, 14)),
    (1.76, (156, 168, 176), (46, 44, 48), (242, 206, 178), (132, 92, 54)),
    (1.16, (250, 204, 72), (96, 62, 110), (232, 190, 160), (150, 104, 56)),
    (1.10, (112, 190, 150), (70, 76, 90), (128, 88, 64), (20, 16, 14)),
    (1.60, (226, 110, 92), (56, 72, 112), (220, 176, 146), (88, 56, 32)),
    (1.71, (76, 84, 96), (36, 38, 44), (194, 146, 114), (28, 22, 18)),
    (1.79, (238, 122, 28), (52, 60, 84), (210, 160, 126), (54, 38, 26)),
)
"""From ``walker.pedestrian.0001`` on."""

_FEMALE = frozenset({1, *range(5, 12), 15, *range(19, 24), 31, 32, 35, 36, 37, *range(40, 45), 48, 49, 50})
_CHILDREN = frozenset({*range(9, 15), 48, 49})
_TEENAGERS = frozenset({50, 51})
_ELDERLY = frozenset({7, 8, 22, 25, 39})
_DRESSES: dict[int, Dress] = {30: "police", 32: "police", 52: "worker"}
_NEVER_IN_A_WHEELCHAIR = _CHILDREN | _TEENAGERS | {30, 32, 42, 43, 44, 52}
_BRISK = frozenset({1, *range(5, 9), 15})


def _walker(number: int, look: _Look) -> WalkerSpec:
    height_m, clothes, trousers, skin, hair = look
    is_young = number in _CHILDREN | _TEENAGERS
    walking_mps = 1.1 if is_young else 1.8 if number in _BRISK else 1.7
    return WalkerSpec(
        id=f"walker.pedestrian.{number:04d}",
        height_m=height_m,
        gender="female" if number in _FEMALE else "male",
        age="child" if number in _CHILDREN else "teenager" if number in _TEENAGERS else "adult",
        is_elderly=number in _ELDERLY,
        generation=1 if number < 15 else 2 if number < 50 else 3,
        can_use_wheelchair=number not in _NEVER_IN_A_WHEELCHAIR,
        walking_mps=0.85 if number == 51 else walking_mps,
        running_mps=2.0 if is_young else 4.0,
        dress=_DRESSES.get(number, "plain"),
        clothes=clothes,
        trousers=trousers,
        skin=skin,
        hair=hair,
    )


WALKERS: tuple[WalkerSpec, ...] = tuple(_walker(number, look) for number, look in enumerate(_LOOKS, start=1))
