"""One building on each lot, in six styles, varied by the lot's seed in material, colour, windows, base, roof and trim.

Decisions:

- A building is 60-400 triangles: its windows are texture, what breaks its silhouette or casts a shadow is geometry.
- Walls stand ``WALL_INSET_M`` inside the plot. Only balconies and awnings reach further, and only above 3 m.
- The mesh comes in world coordinates, since no building is drawn twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from sim_scenarios.embedded_simulator.render.mesh import Mesh
from sim_scenarios.embedded_simulator.render.mesh_builder import Finish, MeshBuilder
from sim_scenarios.embedded_simulator.render.mesh_geometry import yaw_matrix
from sim_scenarios.embedded_simulator.render.models import building_parts as parts
from sim_scenarios.embedded_simulator.render.models.building_looks import (
    AWNINGS,
    DOORS,
    ROOFS,
    Look,
    choice,
    masonry_look,
)
from sim_scenarios.embedded_simulator.render.models.building_parts import Block, plain, scaled, windowed
from sim_scenarios.embedded_simulator.render.textures.lettering import NAMES
from sim_scenarios.embedded_simulator.road.town import Lot

WALL_INSET_M = 0.35
STOREY_M = 3.2
SHOP_M = 4.2
"""Height of a ground floor with shops or a lobby."""


def _first(rng: np.random.Generator) -> tuple[int, int]:
    """Return where in the texture's grid of windows a facade begins."""
    return int(rng.integers(0, 4)), int(rng.integers(0, 4))


def _plot(lot: Lot, *, inset: float = WALL_INSET_M) -> Block:
    return Block(
        back=-lot.depth_m / 2 + inset,
        front=lot.depth_m / 2 - inset,
        low_y=-lot.width_m / 2 + inset,
        high_y=lot.width_m / 2 - inset,
        bottom=0.0,
        top=0.0,
    )


# -- styles ------------------------------------------------------------------------------------------------------


def _house(builder: MeshBuilder, lot: Lot, rng: np.random.Generator) -> None:
    """Detached house: pitched roof, door, chimney, and on wide plots a lower wing with a garage."""
    look = masonry_look(rng, ("facade_siding", "facade_plaster", "facade_shutters", "facade_brick", "facade_siding"))
    plot = _plot(lot, inset=0.75)
    roof = plain("roof_tiles", choice(rng, ROOFS))
    along_street = bool(rng.random() < 0.6)
    height = 0.3 + 2.9 * max(1, lot.storeys)
    main = plot.between(0.0, height)
    has_wing = plot.width > 11.0
    if has_wing:
        cut = plot.low_y + plot.width * float(rng.uniform(0.58, 0.68))
        main = replace(main, high_y=cut)
        wing = replace(plot.between(0.0, 3.0), low_y=cut, front=plot.front - float(rng.uniform(0.8, 2.0)))
        _garage(builder, wing, look, roof)
    parts.add_walls(builder, main, look.facade, storeys=max(1, lot.storeys), first=_first(rng))
    run = (main.depth if along_street else main.width) / 2
    rise = run * float(rng.uniform(0.62, 0.88))
    parts.add_gable_roof(
        builder, main, rise_m=rise, eaves_m=0.4, along_street=along_street, roof=roof, gable=look.blind
    )
    bays = main.bays("front")
    door_y = main.low_y + main.width * (int(rng.integers(0, bays)) + 0.5) / bays
    parts.add_door(builder, main, y=door_y, width=1.05, height=2.2, color=choice(rng, DOORS), frame=(1.0, 1.0, 0.98))
    builder.box((main.front + 0.28, door_y, 0.07), (0.5, 1.7, 0.14), plain("concrete"))
    x, y = main.middle
    ridge = main.top + rise
    parts.add_chimney(builder, x=x - 0.2 * main.depth, y=y + 0.22 * main.width, bottom=main.top, top=ridge + 0.5)
    if along_street and lot.storeys > 1 and rng.random() < 0.7:
        _dormer(builder, main, rise, look, roof, y=y - 0.15 * main.width)


def _garage(builder: MeshBuilder, wing: Block, look: Look, roof: Finish) -> None:
    parts.add_walls(builder, wing, look.blind, storeys=1)
    parts.add_gable_roof(
        builder, wing, rise_m=0.28 * wing.width, eaves_m=0.25, along_street=False, roof=roof, gable=look.blind
    )
    width = min(2.6, wing.width - 0.8)
    y = (wing.low_y + wing.high_y) / 2
    x = wing.front + 0.02
    leaf = [(x, y - width / 2, 0.0), (x, y + width / 2, 0.0), (x, y + width / 2, 2.2), (x, y - width / 2, 2.2)]
    builder.quad(leaf, plain("roof_metal", (0.86, 0.86, 0.85)), uvs=[(0, 0), (0, 0.6), (0.5, 0.6), (0.5, 0)])


def _dormer(builder: MeshBuilder, main: Block, rise: float, look: Look, roof: Finish, *, y: float) -> None:
    """Add a window with a small roof of its own in the street-side slope."""
    run = main.depth / 2
    front = main.front - 0.28 * run
    bottom = main.top + 0.30 * rise
    block = Block(back=front - 0.5 * run, front=front, low_y=y - 0.9, high_y=y + 0.9, bottom=bottom, top=bottom + 1.5)
    pane = look.facade
    corners = [(front, block.low_y, bottom), (front, block.high_y, bottom), (front, block.high_y, block.top),
               (front, block.low_y, block.top)]  # fmt: skip
    builder.quad(corners, pane, uvs=[(0.20, 0.05), (0.05, 0.05), (0.05, 0.21), (0.20, 0.21)])
    for side in ("left", "right"):
        parts.add_wall(builder, block, side, look.blind, storeys=1)
    parts.add_gable_roof(builder, block, rise_m=0.7, eaves_m=0.12, along_street=False, roof=roof, gable=look.blind)


def _ground_floor(builder: MeshBuilder, block: Block, look: Look, rng: np.random.Generator, *, shops: bool) -> None:
    """Add the walls of a ground floor, its front with shops or with an entrance."""
    others = replace(look.facade, color=scaled(look.facade.color, 0.92))
    for side in ("left", "back", "right"):
        parts.add_wall(builder, block, side, others if side == "back" else look.blind, storeys=1, first=_first(rng))
    if shops:
        material = ("shop_front", "shop_front_modern")[int(rng.integers(0, 2))]
        first = (int(rng.integers(0, 4)), 0)
        parts.add_wall(builder, block, "front", windowed(material), storeys=1, first=first, rows=1, shade=(0.95, 1.0))
        _shop_signs(builder, block, rng)
        return
    parts.add_wall(builder, block, "front", others, storeys=1, first=_first(rng))
    bays = block.bays("front")
    y = block.low_y + block.width * (bays // 2 + 0.5) / bays
    parts.add_door(builder, block, y=y, width=1.5, height=2.6, color=choice(rng, DOORS), frame=(0.92, 0.90, 0.86))
    canopy = plain("concrete", (0.85, 0.85, 0.84))
    builder.box((block.front + 0.5, y, parts.AWNING_Z_M + 0.06), (1.0, 2.6, 0.12), canopy, without=())


def _shop_signs(builder: MeshBuilder, block: Block, rng: np.random.Generator) -> None:
    """Add a board over each shop; no two of a building say the same."""
    (own,) = rng.spawn(1)
    numbers = own.permutation(len(NAMES))
    bays = block.bays("front")
    pitch = block.width / bays
    for bay, number in zip(range(bays), numbers, strict=False):
        y = block.low_y + (bay + 0.5) * pitch
        parts.add_shop_sign(builder, block, y=y, width=0.86 * pitch, number=int(number))


def _awnings(builder: MeshBuilder, block: Block, rng: np.random.Generator) -> None:
    """Add an awning over some of the shops."""
    color = choice(rng, AWNINGS)
    bays = block.bays("front")
    pitch = block.width / bays
    for bay in range(bays):
        if rng.random() < 0.45:
            y = block.low_y + (bay + 0.5) * pitch
            parts.add_awning(builder, block, y=y, width=0.9 * pitch, color=color)


def _shop(builder: MeshBuilder, lot: Lot, rng: np.random.Generator) -> None:
    """Low shop building: shop fronts and awnings below, a flat or pitched roof above."""
    look = masonry_look(
        rng, ("facade_brick", "facade_brick_arched", "facade_plaster", "facade_shutters", "facade_wide")
    )
    plot = _plot(lot)
    ground = plot.between(0.0, SHOP_M)
    upper_storeys = max(0, lot.storeys - 1)
    upper = plot.between(SHOP_M, SHOP_M + STOREY_M * upper_storeys)
    _ground_floor(builder, ground, look, rng, shops=True)
    _awnings(builder, ground, rng)
    parts.add_band(builder, plot, z=SHOP_M - 0.05, height=0.22, out=0.22, finish=look.trim, around=False)
    if upper_storeys:
        parts.add_walls(
            builder, upper, look.facade, storeys=upper_storeys, first=_first(rng), blind=_sometimes(rng, look.blind)
        )
    if rng.random() < 0.4:
        roof = plain("roof_tiles", choice(rng, ROOFS))
        rise = 0.3 * upper.depth
        parts.add_gable_roof(builder, upper, rise_m=rise, eaves_m=0.3, along_street=True, roof=roof, gable=look.blind)
        return
    parts.add_flat_roof(builder, upper, parapet_m=float(rng.uniform(0.5, 1.1)), finish=look.trim)
    parts.add_roof_plant(builder, upper, rng, count=int(rng.integers(1, 3)))


def _sometimes(rng: np.random.Generator, finish: Finish) -> Finish | None:
    return finish if rng.random() < 0.4 else None


def _apartment(builder: MeshBuilder, lot: Lot, rng: np.random.Generator) -> None:
    """Block of flats: base with shops or an entrance, string courses, balconies, cornice or mansard roof."""
    look = masonry_look(
        rng,
        ("facade_brick", "facade_brick_arched", "facade_plaster", "facade_shutters", "facade_wide", "facade_plaster"),
    )
    plot = _plot(lot)
    upper_storeys = max(1, lot.storeys - 1)
    ground, upper = plot.between(0.0, SHOP_M), plot.between(SHOP_M, SHOP_M + STOREY_M * upper_storeys)
    shops = bool(rng.random() < 0.5)
    _ground_floor(builder, ground, look, rng, shops=shops)
    if shops:
        _awnings(builder, ground, rng)
    parts.add_walls(
        builder, upper, look.facade, storeys=upper_storeys, first=_first(rng), blind=_sometimes(rng, look.blind)
    )
    parts.add_band(builder, plot, z=SHOP_M - 0.08, height=0.30, out=0.20, finish=look.trim, around=False)
    if rng.random() < 0.6:
        _balconies(builder, upper, look, rng, storeys=upper_storeys)
    elif rng.random() < 0.7:
        for storey in range(2, upper_storeys, 2):
            z = SHOP_M + storey * STOREY_M - 0.1
            parts.add_band(builder, plot, z=z, height=0.18, out=0.10, finish=look.trim, around=False)
    parts.add_band(builder, upper, z=upper.top - 0.15, height=0.35, out=0.30, finish=look.trim, around=True)
    if rng.random() < 0.4:
        _mansard(builder, upper.between(upper.top + 0.2, upper.top + 2.9), rng, look)
        return
    parts.add_flat_roof(
        builder, upper.between(0.0, upper.top + 0.2), parapet_m=float(rng.uniform(0.4, 0.9)), finish=look.trim
    )
    parts.add_roof_plant(builder, upper.between(0.0, upper.top + 0.2), rng, count=int(rng.integers(1, 4)))


def _balconies(builder: MeshBuilder, block: Block, look: Look, rng: np.random.Generator, *, storeys: int) -> None:
    """Add balconies in columns, at most twelve of them."""
    bays = block.bays("front")
    pitch = block.width / bays
    columns = list(range(int(rng.integers(0, min(3, bays))), bays, 3))[: max(1, 12 // storeys)]
    rails = (plain("painted_metal", (0.24, 0.25, 0.27)), plain("vehicle_glass"), look.trim)
    rail = rails[int(rng.integers(0, len(rails)))]
    for bay in columns:
        for storey in range(0, storeys, 1 + storeys // 12):
            y = block.low_y + (bay + 0.5) * pitch
            z = block.bottom + storey * STOREY_M + 0.12
            parts.add_balcony(builder, block, y=y, z=z, width=0.92 * pitch, rail=rail)


def _mansard(builder: MeshBuilder, block: Block, rng: np.random.Generator, look: Look) -> None:
    """Add a steep roof with dormer windows under a flat top."""
    roof = plain("roof_tiles", choice(rng, ((0.52, 0.55, 0.62), (0.50, 0.50, 0.52), (0.8, 0.7, 0.66))))
    x, y = block.middle
    height = block.top - block.bottom
    lean = 0.9
    taper = 1.0 - 2.0 * lean / min(block.depth, block.width)
    builder.box((x, y, block.bottom + height / 2), (block.depth, block.width, height), roof, taper=taper)
    bays = block.bays("front")
    pitch = block.width * taper / bays
    for bay in range(0, bays, 2):
        at = y - block.width * taper / 2 + (bay + 0.5) * pitch
        front = block.front - 0.25
        dormer = Block(
            back=front - 1.3,
            front=front,
            low_y=at - 0.7,
            high_y=at + 0.7,
            bottom=block.bottom + 0.3,
            top=block.bottom + 2.0,
        )
        corners = [(front, dormer.low_y, dormer.bottom), (front, dormer.high_y, dormer.bottom),
                   (front, dormer.high_y, dormer.top), (front, dormer.low_y, dormer.top)]  # fmt: skip
        builder.quad(corners, look.facade, uvs=[(0.185, 0.04), (0.065, 0.04), (0.065, 0.21), (0.185, 0.21)])
        center = ((dormer.back + front) / 2, at, dormer.top + 0.05)
        builder.box(center, (1.5, 1.6, 0.1), plain("metal", (0.7, 0.72, 0.75)), without=())
        for side in ("left", "right"):
            parts.add_wall(builder, dormer, side, plain("metal", (0.62, 0.64, 0.68)), storeys=1)


def _office(builder: MeshBuilder, lot: Lot, rng: np.random.Generator) -> None:
    """Office block: glazed lobby, strip, grid or curtain facade, pilasters, plant on the roof."""
    look = masonry_look(rng, ("facade_panels", "facade_grid", "facade_curtain", "facade_wide", "facade_brick_arched"))
    plot = _plot(lot)
    upper_storeys = max(1, lot.storeys - 1)
    ground, upper = plot.between(0.0, SHOP_M), plot.between(SHOP_M, SHOP_M + STOREY_M * upper_storeys)
    recess = float(rng.choice([0.0, 1.6]))
    lobby = ground.inset(0.0, front=recess)
    for side in ("left", "back", "right"):
        parts.add_wall(builder, ground, side, look.blind, storeys=1)
    parts.add_wall(builder, lobby, "front", windowed("facade_curtain"), storeys=1, rows=4)
    if recess:
        _columns(builder, ground, recess, look)
    parts.add_walls(builder, upper, look.facade, storeys=upper_storeys, first=_first(rng))
    if rng.random() < 0.5:
        _pilasters(builder, upper, look)
    parts.add_band(builder, plot, z=SHOP_M - 0.25, height=0.5, out=0.12, finish=look.trim, around=False)
    parts.add_flat_roof(builder, upper, parapet_m=float(rng.uniform(0.6, 1.3)), finish=look.trim)
    parts.add_roof_plant(builder, upper, rng, count=int(rng.integers(2, 5)))
    if rng.random() < 0.4:
        parts.add_mast(
            builder, x=upper.middle[0], y=upper.middle[1], bottom=upper.top, height=float(rng.uniform(4.0, 8.0))
        )


def _columns(builder: MeshBuilder, block: Block, recess: float, look: Look) -> None:
    """Add the columns and the ceiling of a recessed lobby."""
    bays = max(2, block.bays("front") // 2)
    for k in range(bays + 1):
        y = block.low_y + 0.3 + k * (block.width - 0.6) / bays
        builder.box((block.front - 0.3, y, SHOP_M / 2), (0.5, 0.5, SHOP_M), look.trim, without=("-z", "+z"))
    ceiling = [(block.front - recess, block.high_y, SHOP_M), (block.front, block.high_y, SHOP_M),
               (block.front, block.low_y, SHOP_M), (block.front - recess, block.low_y, SHOP_M)]  # fmt: skip
    builder.quad(ceiling, plain("plaster", (0.6, 0.6, 0.6)))


def _pilasters(builder: MeshBuilder, block: Block, look: Look) -> None:
    """Add upright ribs between every other pair of bays."""
    bays = block.bays("front")
    for bay in range(0, bays + 1, 2):
        y = np.clip(block.low_y + bay * block.width / bays, block.low_y + 0.2, block.high_y - 0.2)
        center = (block.front + 0.10, float(y), (block.bottom + block.top) / 2)
        builder.box(center, (0.24, 0.36, block.top - block.bottom), look.trim, without=("-z", "-x"))


def _tower(builder: MeshBuilder, lot: Lot, rng: np.random.Generator) -> None:
    """High-rise: a podium over the whole plot, then shafts that step back, and a crown."""
    look = masonry_look(rng, ("facade_curtain", "facade_grid", "facade_curtain", "facade_panels", "facade_brick"))
    plot = _plot(lot)
    podium_storeys = min(2, max(1, lot.storeys // 4))
    ground = plot.between(0.0, SHOP_M)
    _ground_floor(builder, ground, look, rng, shops=True)
    podium = plot.between(SHOP_M, SHOP_M + podium_storeys * STOREY_M)
    parts.add_walls(builder, podium, look.facade, storeys=podium_storeys, first=_first(rng))
    parts.add_band(builder, podium, z=podium.top - 0.3, height=0.45, out=0.2, finish=look.trim, around=True)
    parts.add_flat_roof(builder, podium.between(0.0, podium.top + 0.15), parapet_m=0.7, finish=look.trim)
    rest = max(1, lot.storeys - 1 - podium_storeys)
    steps = [rest] if rest < 6 else [rest - rest // 3, rest // 3]
    shaft = podium
    for index, storeys in enumerate(steps):
        step = min(float(rng.uniform(1.2, 2.6)), 0.14 * min(shaft.depth, shaft.width))
        shaft = shaft.inset(step).between(shaft.top + (0.15 if index == 0 else 0.0), shaft.top + storeys * STOREY_M)
        parts.add_walls(builder, shaft, look.facade, storeys=storeys, first=_first(rng), shade=(0.92, 1.0))
        parts.add_flat_roof(builder, shaft, parapet_m=1.0, finish=look.trim)
    crown = shaft.inset(0.22 * min(shaft.depth, shaft.width)).between(
        shaft.top, shaft.top + float(rng.uniform(2.5, 5.0))
    )
    parts.add_walls(builder, crown, look.trim, storeys=1)
    parts.add_flat_roof(builder, crown, parapet_m=0.0, finish=look.trim)
    if rng.random() < 0.7:
        parts.add_mast(
            builder, x=crown.middle[0], y=crown.middle[1], bottom=crown.top, height=float(rng.uniform(5.0, 12.0))
        )


def _warehouse(builder: MeshBuilder, lot: Lot, rng: np.random.Generator) -> None:
    """Shed: corrugated walls on a plinth, loading doors, a low pitched or saw-tooth roof."""
    tint = choice(
        rng, ((0.92, 0.93, 0.94), (0.66, 0.74, 0.80), (0.78, 0.76, 0.68), (0.70, 0.80, 0.72), (0.85, 0.60, 0.50))
    )
    wall = windowed("facade_warehouse", tint)
    sheet = plain("roof_metal", scaled(tint, 0.9))
    plot = _plot(lot, inset=0.5)
    storeys = max(1, lot.storeys)
    hall = plot.between(0.0, 1.2 + 4.2 * storeys)
    parts.add_walls(builder, hall, wall, storeys=storeys, first=_first(rng))
    parts.add_band(builder, hall, z=0.0, height=0.9, out=0.04, finish=plain("concrete"), around=True)
    if rng.random() < 0.5:
        _saw_tooth(builder, hall, sheet)
    else:
        rise = 0.12 * hall.depth
        parts.add_gable_roof(builder, hall, rise_m=rise, eaves_m=0.25, along_street=True, roof=sheet, gable=sheet)
    doors = max(1, int(hall.width // 6))
    for k in range(doors):
        y = hall.low_y + (k + 0.5) * hall.width / doors
        x = hall.front + 0.06
        frame = plain("concrete", (0.55, 0.55, 0.55))
        builder.box((x - 0.02, y, 1.95), (0.10, 3.6, 3.9), frame, without=("-z", "-x"))
        leaf = [
            (x + 0.035, y - 1.6, 0.0),
            (x + 0.035, y + 1.6, 0.0),
            (x + 0.035, y + 1.6, 3.7),
            (x + 0.035, y - 1.6, 3.7),
        ]
        builder.quad(leaf, plain("roof_metal", (0.72, 0.74, 0.76)), uvs=[(0, 0), (0, 0.8), (0.9, 0.8), (0.9, 0)])


def _saw_tooth(builder: MeshBuilder, hall: Block, sheet: Finish) -> None:
    """Add a saw-tooth roof: slopes of sheet, each ending in an upright band of glass."""
    teeth = max(2, int(hall.width // 7))
    pitch, rise = hall.width / teeth, 1.9
    x0, x1, z = hall.back, hall.front, hall.top
    for k in range(teeth):
        a, b = hall.low_y + k * pitch, hall.low_y + (k + 1) * pitch
        slope = [(x0, a, z), (x1, a, z), (x1, b, z + rise), (x0, b, z + rise)]
        builder.quad(slope, sheet, uvs=[(0, 0), (hall.depth / 4, 0), (hall.depth / 4, pitch / 4), (0, pitch / 4)])
        glass = [(x1, b, z), (x0, b, z), (x0, b, z + rise), (x1, b, z + rise)]
        builder.quad(glass, plain("vehicle_glass"))
        builder.fan([(x1, a, z), (x1, b, z), (x1, b, z + rise)], sheet)
        builder.fan([(x0, b, z), (x0, a, z), (x0, b, z + rise)], sheet)


_STYLES: dict[str, Callable[[MeshBuilder, Lot, np.random.Generator], None]] = {
    "house": _house,
    "shop": _shop,
    "apartment": _apartment,
    "office": _office,
    "tower": _tower,
    "warehouse": _warehouse,
}


def building_mesh(lot: Lot) -> Mesh:
    """Return the building of one lot in world coordinates, tagged as a building."""
    assert lot.style in _STYLES, f"no building of style {lot.style!r}; there are {sorted(_STYLES)}"
    builder = MeshBuilder()
    _STYLES[lot.style](builder, lot, np.random.default_rng([lot.seed, 3]))
    mesh = builder.build()
    turn = yaw_matrix(lot.yaw_deg).T.astype(np.float32)
    return replace(
        mesh,
        positions=np.ascontiguousarray(mesh.positions @ turn + np.asarray(lot.center, np.float32)),
        normals=np.ascontiguousarray(mesh.normals @ turn),
    )
