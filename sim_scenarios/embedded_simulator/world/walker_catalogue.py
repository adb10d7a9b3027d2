"""The walkers that exist: ids of CARLA 0.9.16, and what they look like.

World (blueprints, boxes, physics) and render (meshes) both read this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

TAG_PEDESTRIAN = 12
"""CARLA's semantic tag (LibCarla/source/carla/rpc/ObjectLabel.h)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WalkerSpec:
    """One row of the walker table; a walker's origin is at half its height."""

    id: str
    height_m: float
    gender: Literal["male", "female"]
    age: Literal["adult", "child", "elder"]
    clothes: tuple[int, int, int]
    """Upper garment, sRGB."""
    trousers: tuple[int, int, int]
    skin: tuple[int, int, int]
    hair: tuple[int, int, int]


def _walker(
    number: int,
    height: float,
    gender: Literal["male", "female"],
    age: Literal["adult", "child", "elder"],
    clothes: tuple[int, int, int],
    trousers: tuple[int, int, int],
    skin: tuple[int, int, int],
    hair: tuple[int, int, int],
) -> WalkerSpec:
    return WalkerSpec(
        id=f"walker.pedestrian.{number:04d}",
        height_m=height,
        gender=gender,
        age=age,
        clothes=clothes,
        trousers=trousers,
        skin=skin,
        hair=hair,
    )


WALKERS: tuple[WalkerSpec, ...] = (
    _walker(1, 1.68, "female", "adult", (176, 58, 46), (40, 44, 60), (226, 183, 151), (74, 44, 26)),
    _walker(2, 1.80, "male", "adult", (52, 73, 112), (58, 56, 54), (198, 150, 116), (30, 22, 18)),
    _walker(3, 1.75, "male", "adult", (60, 110, 72), (92, 84, 70), (120, 82, 58), (20, 16, 14)),
    _walker(4, 1.63, "female", "adult", (214, 188, 96), (46, 60, 96), (240, 204, 176), (168, 122, 66)),
    _walker(5, 1.84, "male", "adult", (34, 34, 38), (70, 74, 84), (224, 178, 144), (96, 62, 36)),
    _walker(6, 1.70, "female", "adult", (148, 78, 140), (26, 26, 30), (92, 60, 42), (16, 12, 10)),
    _walker(7, 1.72, "male", "elder", (150, 142, 128), (86, 74, 62), (230, 190, 164), (196, 194, 190)),
    _walker(8, 1.60, "female", "elder", (88, 116, 148), (120, 110, 104), (222, 180, 152), (208, 206, 204)),
    _walker(9, 1.25, "male", "child", (228, 122, 44), (52, 78, 122), (216, 168, 134), (58, 36, 22)),
    _walker(10, 1.18, "female", "child", (236, 140, 170), (84, 90, 140), (150, 104, 76), (26, 18, 14)),
    _walker(11, 1.78, "male", "adult", (196, 200, 204), (38, 46, 66), (208, 162, 128), (44, 30, 22)),
    _walker(12, 1.66, "female", "adult", (52, 128, 124), (150, 136, 112), (196, 146, 112), (24, 18, 16)),
)
