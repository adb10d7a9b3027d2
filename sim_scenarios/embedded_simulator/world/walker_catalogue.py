"""The walkers that exist: ids of CARLA 0.9.16, and what they look like.

Ids, gender, age, generation, speeds and who may use a wheelchair are CARLA's (its pedestrian catalogue and blueprint
library); heights and looks are our own, so that a walker's box is as tall as the figure in it.
World (blueprints, boxes, physics) and render (meshes) both read this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sim_scenarios.embedded_simulator.world.gait import Manner

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
    manner: Manner
    """How it stands."""
    clothes: _Rgb
    """Upper garment, sRGB."""
    trousers: _Rgb
    skin: _Rgb
    hair: _Rgb


# Height [m], clothes, trousers, skin, hair.
_Look = tuple[float, _Rgb, _Rgb, _Rgb, _Rgb]
_LOOKS: tuple[_Look, ...] = (
    (1.68, (151, 68, 60), (41, 44, 55), (164, 129, 103), (74, 44, 26)),
    (1.80, (58, 72, 100), (58, 56, 55), (149, 110, 83), (30, 22, 18)),
    (1.75, (69, 104, 78), (90, 84, 74), (120, 82, 58), (20, 16, 14)),
    (1.77, (206, 187, 123), (50, 60, 85), (173, 143, 121), (168, 122, 66)),
    (1.71, (34, 34, 37), (71, 74, 81), (162, 126, 99), (96, 62, 36)),
    (1.70, (135, 86, 130), (26, 26, 29), (92, 60, 42), (16, 12, 10)),
    (1.62, (148, 142, 132), (83, 75, 66), (166, 134, 113), (196, 194, 190)),
    (1.60, (95, 115, 137), (118, 111, 107), (160, 127, 104), (208, 206, 204)),
    (1.25, (203, 129, 74), (59, 77, 108), (158, 120, 93), (58, 36, 22)),
    (1.18, (217, 150, 171), (87, 91, 126), (146, 101, 74), (26, 18, 14)),
    (1.12, (197, 200, 203), (40, 46, 60), (154, 117, 90), (44, 30, 22)),
    (1.34, (68, 121, 118), (146, 136, 120), (149, 108, 81), (24, 18, 16)),
    (1.30, (158, 64, 70), (65, 68, 74), (170, 139, 115), (142, 96, 52)),
    (1.28, (81, 98, 144), (101, 92, 77), (112, 76, 54), (18, 14, 12)),
    (1.66, (220, 214, 203), (62, 70, 95), (156, 120, 95), (52, 32, 20)),
    (1.82, (105, 48, 50), (45, 46, 50), (168, 134, 110), (112, 74, 40)),
    (1.78, (68, 76, 65), (131, 122, 107), (165, 120, 90), (22, 18, 16)),
    (1.74, (34, 51, 73), (87, 88, 91), (176, 147, 125), (184, 142, 84)),
    (1.64, (221, 178, 97), (35, 36, 40), (159, 114, 85), (28, 20, 16)),
    (1.67, (111, 139, 105), (170, 164, 153), (164, 131, 107), (92, 40, 26)),
    (1.73, (61, 51, 82), (50, 54, 68), (98, 66, 46), (14, 12, 12)),
    (1.61, (181, 105, 100), (71, 63, 59), (169, 139, 117), (186, 184, 180)),
    (1.69, (56, 89, 121), (27, 30, 37), (154, 113, 86), (40, 26, 18)),
    (1.85, (206, 208, 209), (43, 50, 71), (159, 122, 96), (78, 52, 30)),
    (1.72, (113, 104, 90), (59, 54, 52), (164, 133, 110), (172, 170, 168)),
    (1.79, (151, 115, 79), (39, 40, 43), (134, 93, 67), (20, 16, 14)),
    (1.76, (84, 126, 152), (111, 108, 101), (172, 143, 119), (126, 88, 48)),
    (1.83, (88, 88, 92), (31, 34, 42), (143, 103, 77), (26, 22, 20)),
    (1.74, (146, 151, 106), (75, 67, 57), (106, 72, 52), (16, 14, 12)),
    (1.81, (28, 34, 58), (24, 28, 46), (162, 127, 102), (48, 34, 24)),
    (1.70, (184, 139, 164), (63, 64, 68), (178, 148, 128), (206, 168, 104)),
    (1.72, (30, 36, 60), (26, 30, 48), (152, 107, 81), (22, 16, 14)),
    (1.77, (156, 79, 56), (56, 60, 65), (151, 113, 85), (34, 26, 20)),
    (1.86, (44, 63, 58), (94, 90, 85), (116, 80, 58), (18, 16, 14)),
    (1.63, (134, 160, 179), (43, 41, 45), (166, 133, 108), (148, 70, 36)),
    (1.75, (223, 219, 148), (90, 98, 119), (162, 117, 89), (30, 22, 18)),
    (1.65, (81, 42, 56), (155, 148, 136), (173, 143, 122), (62, 40, 26)),
    (1.78, (53, 56, 60), (70, 78, 100), (159, 123, 98), (158, 116, 66)),
    (1.71, (133, 129, 145), (71, 70, 67), (169, 139, 115), (200, 198, 196)),
    (1.67, (76, 111, 107), (33, 34, 38), (124, 86, 62), (20, 14, 12)),
    (1.73, (239, 236, 230), (95, 50, 53), (158, 121, 94), (70, 46, 28)),
    (1.62, (165, 151, 185), (53, 58, 79), (144, 105, 80), (24, 18, 16)),
    (1.66, (58, 61, 48), (127, 113, 95), (179, 151, 130), (190, 96, 44)),
    (1.70, (185, 86, 108), (39, 42, 50), (139, 96, 71), (18, 14, 12)),
    (1.80, (88, 71, 56), (78, 82, 87), (164, 130, 104), (106, 72, 42)),
    (1.84, (45, 45, 65), (120, 116, 108), (108, 74, 52), (16, 14, 14)),
    (1.76, (159, 167, 173), (46, 44, 47), (175, 145, 122), (132, 92, 54)),
    (1.16, (236, 204, 111), (90, 67, 100), (168, 134, 110), (150, 104, 56)),
    (1.10, (127, 182, 154), (72, 76, 86), (127, 88, 64), (20, 16, 14)),
    (1.60, (201, 120, 107), (61, 72, 100), (159, 124, 100), (88, 56, 32)),
    (1.71, (78, 84, 92), (37, 38, 42), (147, 108, 82), (28, 22, 18)),
    (1.79, (238, 122, 28), (52, 60, 84), (155, 116, 88), (54, 38, 26)),
)
"""From ``walker.pedestrian.0001`` on."""

_FEMALE = frozenset({1, *range(5, 12), 15, *range(19, 24), 31, 32, 35, 36, 37, *range(40, 45), 48, 49, 50})
_CHILDREN = frozenset({*range(9, 15), 48, 49})
_TEENAGERS = frozenset({50, 51})
_ELDERLY = frozenset({7, 8, 22, 25, 39})
_DRESSES: dict[int, Dress] = {30: "police", 32: "police", 52: "worker"}
_NEVER_IN_A_WHEELCHAIR = _CHILDREN | _TEENAGERS | {30, 32, 42, 43, 44, 52}
_MANNERS = (Manner.ON_LEFT_LEG, Manner.ON_RIGHT_LEG, Manner.STRAIGHT, Manner.ON_LEFT_LEG, Manner.AT_THE_TELEPHONE)
_WITHOUT_TELEPHONE = 4
_BRISK = frozenset({1, *range(5, 9), 15})


def _walker(number: int, look: _Look) -> WalkerSpec:
    height_m, clothes, trousers, skin, hair = look
    is_plain = number not in _DRESSES
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
        manner=_MANNERS[number % (len(_MANNERS) if is_plain and number not in _CHILDREN else _WITHOUT_TELEPHONE)],
        clothes=clothes,
        trousers=trousers,
        skin=skin,
        hair=hair,
    )


WALKERS: tuple[WalkerSpec, ...] = tuple(_walker(number, look) for number, look in enumerate(_LOOKS, start=1))
