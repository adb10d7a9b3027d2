"""The parts that buildings are put together from: walls, roofs, cornices, balconies, doors, awnings, plant.

Frame: the lot's own. The street side looks along +x, y runs along the facade, z is up; 0 is the middle of the plot at
ground height. Facades are laid out in whole bays and storeys, so that no window is ever cut.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sim_scenarios.embedded_simulator.render.mesh import Part
from sim_scenarios.embedded_simulator.render.mesh_builder import WHITE, Color, Finish, MeshBuilder
from sim_scenarios.embedded_simulator.render.mesh_geometry import cross
from sim_scenarios.embedded_simulator.render.models.tags import BUILDING
from sim_scenarios.embedded_simulator.render.textures.facades import BAYS, STOREYS
from sim_scenarios.embedded_simulator.render.textures.lettering import board_uvs

BAY_M = 3.0
"""Preferred distance between windows; stretched a little so that a whole number fits."""
BALCONY_DEPTH_M = 1.15
AWNING_Z_M = 3.05
"""Lower edge of whatever reaches over the pavement: nobody walks into it."""
SIGN_Z_M, SIGN_HEIGHT_M = 3.42, 0.5
"""Lower edge of a shop's board above its floor, and the board's height."""
SIDES = ("front", "left", "back", "right")


def scaled(color: Color, factor: float) -> Color:
    """Return a lighter or darker colour, within 0..1."""
    return (min(1.0, color[0] * factor), min(1.0, color[1] * factor), min(1.0, color[2] * factor))


def plain(material: str, color: Color = WHITE) -> Finish:
    """Return a finish of a building that nobody lights."""
    return Finish(material=material, tag=BUILDING, color=color)


def windowed(material: str, color: Color = WHITE) -> Finish:
    """Return a finish whose panes may be lit at night."""
    return Finish(material=material, tag=BUILDING, color=color, part=Part.WINDOW)


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """An upright box of a building: its footprint and height [m]."""

    back: float
    front: float
    """x of the walls; the street is at the front."""
    low_y: float
    high_y: float
    bottom: float
    top: float

    @property
    def depth(self) -> float:
        """Along x."""
        return self.front - self.back

    @property
    def width(self) -> float:
        """Along y."""
        return self.high_y - self.low_y

    @property
    def middle(self) -> tuple[float, float]:
        """(x, y) of the centre."""
        return (self.back + self.front) / 2, (self.low_y + self.high_y) / 2

    def inset(self, by: float, *, front: float | None = None) -> Block:
        """Return the block with its walls moved inwards; the front one by ``front`` where given."""
        return replace(
            self,
            back=self.back + by,
            front=self.front - (by if front is None else front),
            low_y=self.low_y + by,
            high_y=self.high_y - by,
        )

    def between(self, bottom: float, top: float) -> Block:
        """Return the block's footprint at another height."""
        return replace(self, bottom=bottom, top=top)

    def side(self, name: str) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return the (right, left) foot of a wall as seen from outside."""
        corners = {
            "front": ((self.front, self.low_y), (self.front, self.high_y)),
            "right": ((self.front, self.high_y), (self.back, self.high_y)),
            "back": ((self.back, self.high_y), (self.back, self.low_y)),
            "left": ((self.back, self.low_y), (self.front, self.low_y)),
        }
        return corners[name]

    def bays(self, name: str) -> int:
        """Return how many windows fit along a wall."""
        return max(1, round((self.width if name in ("front", "back") else self.depth) / BAY_M))


def add_wall(
    builder: MeshBuilder, block: Block, side: str, finish: Finish, *, storeys: int, first: tuple[int, int] = (0, 0),
    rows: int = STOREYS, shade: tuple[float, float] = (0.86, 1.0),
) -> None:  # fmt: skip
    """Add one wall of a block, one window to each bay and storey.

    Args:
        builder: Receives it.
        block: The block.
        side: front, left, back or right.
        finish: Facade or plain wall; plain walls ignore bays and are mapped in metres just as well.
        storeys: Rows of windows.
        first: (column, row) of the texture's window grid at the wall's lower left corner.
        rows: Window rows in a tile of the material.
        shade: Brightness at foot and top: streets are darker below.
    """
    (right_x, right_y), (left_x, left_y) = block.side(side)
    u0, v0 = first[0] / BAYS, first[1] / rows
    u1, v1 = u0 + block.bays(side) / BAYS, v0 + storeys / rows
    corners = [(right_x, right_y, block.bottom), (left_x, left_y, block.bottom), (left_x, left_y, block.top),
               (right_x, right_y, block.top)]  # fmt: skip
    points = np.array(corners)
    normal = cross(points[1] - points[0], points[2] - points[0])
    levels = np.repeat(np.array([shade[0], shade[0], shade[1], shade[1]])[:, None], 3, axis=1)
    builder.surface(
        points,
        [[0, 1, 2], [0, 2, 3]],
        finish,
        normals=np.tile(normal, (4, 1)),
        uvs=[(u1, v0), (u0, v0), (u0, v1), (u1, v1)],
        colors=levels,
    )


def add_walls(
    builder: MeshBuilder, block: Block, finish: Finish, *, storeys: int, first: tuple[int, int] = (0, 0),
    blind: Finish | None = None, shade: tuple[float, float] = (0.86, 1.0),
) -> None:  # fmt: skip
    """Add all four walls; with ``blind`` the two side walls have no windows."""
    for index, side in enumerate(SIDES):
        is_blind = blind is not None and side in ("left", "right")
        surface = blind if is_blind and blind is not None else finish
        add_wall(builder, block, side, surface, storeys=storeys, first=(first[0] + index, first[1]), shade=shade)


def add_flat_roof(
    builder: MeshBuilder, block: Block, *, parapet_m: float, finish: Finish, edge_m: float = 0.25
) -> None:
    """Add a flat roof with a parapet round it; the parapet stands on the walls and reaches no further."""
    tile = 6.0
    corners = [
        (block.back, block.low_y),
        (block.front, block.low_y),
        (block.front, block.high_y),
        (block.back, block.high_y),
    ]
    uvs = [(x / tile, y / tile) for x, y in corners]
    builder.quad([(x, y, block.top) for x, y in corners], plain("roof_flat", (0.95, 0.94, 0.92)), uvs=uvs)
    if parapet_m <= 0.0:
        return
    z = block.top + parapet_m / 2
    x, y = block.middle
    for at in (block.back + edge_m / 2, block.front - edge_m / 2):
        builder.box((at, y, z), (edge_m, block.width, parapet_m), finish)
    for at in (block.low_y + edge_m / 2, block.high_y - edge_m / 2):
        builder.box((x, at, z), (block.depth - 2 * edge_m, edge_m, parapet_m), finish, without=("-z", "+x", "-x"))


def add_band(
    builder: MeshBuilder, block: Block, *, z: float, height: float, out: float, finish: Finish, around: bool
) -> None:
    """Add a string course or cornice: a band that stands ``out`` [m] from the front, or from all walls."""
    x, y = block.middle
    if around:
        size = (block.depth + 2 * out, block.width + 2 * out, height)
        builder.box((x, y, z + height / 2), size, finish, without=())
    else:
        center = (block.front + out / 2 - 0.02, y, z + height / 2)
        builder.box(center, (out + 0.04, block.width, height), finish, without=("-x",))


def add_gable_roof(
    builder: MeshBuilder,
    block: Block,
    *,
    rise_m: float,
    eaves_m: float,
    along_street: bool,
    roof: Finish,
    gable: Finish,
) -> None:
    """Add a pitched roof: ridge along the street or across it, eaves standing out, gable walls closed."""
    half_run = (block.depth if along_street else block.width) / 2
    length = (block.width if along_street else block.depth) / 2
    drop = rise_m * eaves_m / half_run
    x, y = block.middle

    def at(across: float, along: float, z: float) -> tuple[float, float, float]:
        return (x + across, y + along, z) if along_street else (x - along, y + across, z)

    tile = 5.0
    slope = float(np.hypot(half_run + eaves_m, rise_m + drop))
    reach = length + eaves_m
    for sign in (-1.0, 1.0):
        run = sign * (half_run + eaves_m)
        low = block.top - drop
        corners = [at(run, -sign * reach, low), at(run, sign * reach, low), at(0, sign * reach, block.top + rise_m),
                   at(0, -sign * reach, block.top + rise_m)]  # fmt: skip
        uvs = [(0, 0), (2 * reach / tile, 0), (2 * reach / tile, slope / tile), (0, slope / tile)]
        builder.quad(corners, roof, uvs=uvs)
        soffit = scaled(roof.color, 0.55)
        builder.quad([corners[1], corners[0], corners[3], corners[2]], plain("painted_metal", scaled(soffit, 0.6)))
        end = sign * length
        triangle = [
            at(-sign * half_run, end, block.top),
            at(sign * half_run, end, block.top),
            at(0, end, block.top + rise_m),
        ]
        if not _winds_outward(triangle, (x, y, block.top)):
            triangle[0], triangle[1] = triangle[1], triangle[0]
        width = 2 * half_run / 8.0
        builder.fan(triangle, gable, uvs=[(0, 0), (width, 0), (width / 2, rise_m / 8.0)])


def _winds_outward(triangle: list[tuple[float, float, float]], inside: tuple[float, float, float]) -> bool:
    p = np.array(triangle)
    normal = cross(p[1] - p[0], p[2] - p[0])
    return bool(np.dot(normal, p.mean(axis=0) - np.array(inside)) > 0.0)


def add_balcony(builder: MeshBuilder, block: Block, *, y: float, z: float, width: float, rail: Finish) -> None:
    """Add a slab with a solid or glazed railing before the front wall."""
    x = block.front + BALCONY_DEPTH_M / 2
    slab = plain("concrete", (0.95, 0.94, 0.92))
    builder.box((x, y, z), (BALCONY_DEPTH_M, width, 0.16), slab, without=("-x",))
    height = 1.0
    front = block.front + BALCONY_DEPTH_M - 0.04
    builder.box((front, y, z + 0.08 + height / 2), (0.05, width, height), rail, without=("-z", "+y", "-y"))
    for side in (-1.0, 1.0):
        at = y + side * (width / 2 - 0.03)
        center = (block.front + BALCONY_DEPTH_M / 2, at, z + 0.08 + height / 2)
        builder.box(center, (BALCONY_DEPTH_M - 0.1, 0.04, height), rail, without=("-z", "+z", "+x", "-x"))


def add_door(
    builder: MeshBuilder, block: Block, *, y: float, width: float, height: float, color: Color, frame: Color
) -> None:
    """Add a door with a light in its upper half, in a surround that hides the window behind it."""
    z, front = block.bottom, block.front
    surround = plain("concrete", frame)
    size = (0.12, width + 0.36, height + 0.24)
    builder.box((front + 0.04, y, z + height / 2 + 0.12), size, surround, without=("-z", "-x"))
    _add_pane(builder, front + 0.105, (y - width / 2, y + width / 2), (z, z + height), plain("painted_metal", color))
    glass = (z + 0.55 * height, z + 0.92 * height)
    _add_pane(builder, front + 0.109, (y - 0.3 * width, y + 0.3 * width), glass, plain("vehicle_glass"))


def _add_pane(builder: MeshBuilder, x: float, y: tuple[float, float], z: tuple[float, float], finish: Finish) -> None:
    """Add an upright rectangle that faces the street."""
    builder.quad([(x, y[0], z[0]), (x, y[1], z[0]), (x, y[1], z[1]), (x, y[0], z[1])], finish)


def add_awning(builder: MeshBuilder, block: Block, *, y: float, width: float, color: Color) -> None:
    """Add a cloth awning, high enough to walk under."""
    reach, low, high = 1.0, AWNING_Z_M, AWNING_Z_M + 0.36
    cloth = plain("cloth", color)
    a, b = y - width / 2, y + width / 2
    x0, x1 = block.front, block.front + reach
    top = [(x1, a, low + 0.14), (x1, b, low + 0.14), (x0, b, high), (x0, a, high)]
    builder.quad(top, cloth)
    builder.quad([top[1], top[0], top[3], top[2]], plain("cloth", scaled(color, 0.6)))
    builder.quad(
        [(x1, a, low), (x1, b, low), (x1, b, low + 0.14), (x1, a, low + 0.14)], plain("cloth", scaled(color, 0.9))
    )


def add_shop_sign(builder: MeshBuilder, block: Block, *, y: float, width: float, number: int) -> None:
    """Add the board over a shop, with the name of that number on it."""
    u0, v0, u1, v1 = board_uvs(number)
    x, low, high = block.front + 0.05, block.bottom + SIGN_Z_M, block.bottom + SIGN_Z_M + SIGN_HEIGHT_M
    a, b = y - width / 2, y + width / 2
    corners = [(x, a, low), (x, b, low), (x, b, high), (x, a, high)]
    builder.quad(corners, windowed("shop_signs"), uvs=[(u1, v0), (u0, v0), (u0, v1), (u1, v1)])


def add_roof_plant(builder: MeshBuilder, block: Block, rng: np.random.Generator, *, count: int) -> None:
    """Add lift houses and air handling units on a flat roof."""
    for index in range(count):
        depth = min(float(rng.uniform(1.2, 3.2)), 0.4 * block.depth)
        width = min(float(rng.uniform(1.4, 3.6)), 0.4 * block.width)
        height = float(rng.uniform(1.0, 2.6)) if index == 0 else float(rng.uniform(0.6, 1.4))
        x = float(
            rng.uniform(block.back + depth / 2 + 0.6, max(block.back + depth / 2 + 0.7, block.front - depth / 2 - 0.6))
        )
        y = float(
            rng.uniform(
                block.low_y + width / 2 + 0.6, max(block.low_y + width / 2 + 0.7, block.high_y - width / 2 - 0.6)
            )
        )
        material, tone = (("concrete", 0.92), ("metal", 0.95), ("painted_metal", 0.62))[int(rng.integers(0, 3))]
        builder.box((x, y, block.top + height / 2), (depth, width, height), plain(material, (tone, tone, tone)))


def add_chimney(builder: MeshBuilder, *, x: float, y: float, bottom: float, top: float) -> None:
    """Add a brick chimney with a cap."""
    builder.box((x, y, (bottom + top) / 2), (0.6, 0.8, top - bottom), plain("brick", (0.9, 0.85, 0.82)))
    builder.box((x, y, top + 0.06), (0.74, 0.94, 0.12), plain("concrete"), without=())


def add_mast(builder: MeshBuilder, *, x: float, y: float, bottom: float, height: float) -> None:
    """Add an aerial."""
    builder.tube([(x, y, bottom), (x, y, bottom + height)], [0.12, 0.03], plain("metal", (0.8, 0.8, 0.82)), sides=5)
