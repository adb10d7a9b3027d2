"""The materials of the town and the texture atlas they are baked into.

Decisions:

- A material is a small square texture painted by a function of ``render/textures`` from a seed; there are no image
  files. Texels are sRGB; the fourth channel is gloss (0 dull, 1 mirror), except for materials with ``alpha``, where it
  is coverage for an alpha test at one half.
- All mip levels of all materials lie in one flat array, because a kernel can index that with two small tables and no
  Python object. Level k + 1 is the 2 x 2 box mean of level k.
- Windows: in triangles of ``Part.WINDOW`` a texel with gloss above ``PANE_GLOSS`` is a pane. ``window_grid`` says how
  many windows a tile holds (across, up), so that ``floor(uv * window_grid)`` names one window: hash it with the
  object's id and light a share of them at night.
- Texel (row, column) of level k covers ``v`` in [row, row + 1) / size and ``u`` likewise. ``v`` grows with the row and
  points up on walls. Textures repeat.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.textures import facades, ground, lettering, plain
from sim_scenarios.embedded_simulator.render.textures.canvas import Canvas, Field, NoiseBank, tileable_noise
from sim_scenarios.embedded_simulator.render.textures.facades import PANE_GLOSS

__all__ = ["MATERIALS", "PANE_GLOSS", "Material", "MaterialAtlas", "bake_materials", "material_index"]

NOISE_SIZE_PX = 512
MAX_LEVELS = 10
"""Mip levels of the largest texture, 512 px: 512, 256 ... 1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Material:
    """One row of the material table."""

    name: str
    paint: Callable[[Canvas], Field]
    """Paints the (size, size, 4) texture, 0..1."""
    tile_m: float
    """Side of the square that one tile covers when texture coordinates are in metres."""
    size_px: int = 256
    """Side of the largest mip level, a power of two."""
    alpha: bool = False
    """The fourth channel is coverage instead of gloss."""
    window_grid: tuple[int, int] = (0, 0)
    """Windows in a tile (across, up); (0, 0) for a material without windows."""


def _facade(name: str, paint: Callable[[Canvas], Field], *, rows: int = facades.STOREYS) -> Material:
    return Material(name=name, paint=paint, tile_m=12.0, size_px=512, window_grid=(facades.BAYS, rows))


MATERIALS: tuple[Material, ...] = (
    Material(name="asphalt", paint=ground.asphalt, tile_m=8.0, size_px=512),
    Material(name="sidewalk", paint=ground.sidewalk, tile_m=4.0, size_px=512),
    Material(name="kerb", paint=ground.kerb, tile_m=2.0),
    Material(name="grass", paint=ground.grass, tile_m=6.0, size_px=512),
    Material(name="dirt", paint=ground.dirt, tile_m=6.0),
    Material(name="plaza", paint=ground.plaza, tile_m=4.0, size_px=512),
    Material(name="paint_white", paint=ground.paint_white, tile_m=3.0),
    Material(name="paint_yellow", paint=ground.paint((0.82, 0.63, 0.15)), tile_m=3.0),
    _facade("facade_brick", facades.facade_brick),
    _facade("facade_brick_arched", facades.facade_brick_arched),
    _facade("facade_plaster", facades.facade_plaster),
    _facade("facade_shutters", facades.facade_shutters),
    _facade("facade_wide", facades.facade_wide),
    _facade("facade_panels", facades.facade_panels),
    _facade("facade_grid", facades.facade_grid),
    _facade("facade_curtain", facades.facade_curtain),
    _facade("facade_siding", facades.facade_siding),
    _facade("facade_warehouse", facades.facade_warehouse),
    _facade("shop_front", facades.shop_front, rows=1),
    _facade("shop_front_modern", facades.shop_front_modern, rows=1),
    Material(name="brick", paint=facades.brick, tile_m=12.0, size_px=512),
    Material(name="plaster", paint=facades.plaster, tile_m=8.0),
    Material(name="concrete", paint=plain.concrete, tile_m=4.0),
    Material(name="roof_tiles", paint=plain.roof_tiles, tile_m=5.0),
    Material(name="roof_flat", paint=plain.roof_flat, tile_m=6.0),
    Material(name="roof_metal", paint=plain.roof_metal, tile_m=4.0),
    Material(name="painted_metal", paint=plain.painted_metal, tile_m=2.0, size_px=64),
    Material(name="metal", paint=plain.metal, tile_m=1.0, size_px=128),
    Material(name="car_paint", paint=plain.car_paint, tile_m=2.0, size_px=64),
    Material(name="vehicle_glass", paint=plain.vehicle_glass, tile_m=2.0, size_px=64),
    Material(name="rubber", paint=plain.rubber, tile_m=1.0, size_px=64),
    Material(name="wheel", paint=plain.wheel, tile_m=0.7),
    Material(name="cloth", paint=plain.cloth, tile_m=0.8, size_px=128),
    Material(name="skin", paint=plain.skin, tile_m=0.5, size_px=64),
    Material(name="wood", paint=plain.wood, tile_m=0.8),
    Material(name="bark", paint=plain.bark, tile_m=1.2),
    Material(name="leaf", paint=plain.leaf, tile_m=1.0, alpha=True),
    Material(name="needles", paint=plain.needles, tile_m=1.0, alpha=True),
    Material(name="foliage", paint=plain.foliage, tile_m=1.5),
    Material(name="flowers", paint=plain.flowers, tile_m=1.5),
    Material(name="sign_face", paint=plain.sign_face, tile_m=1.0, size_px=64),
    Material(
        name="shop_signs", paint=lettering.shop_signs, tile_m=1.0, size_px=512,
        window_grid=(lettering.COLUMNS, lettering.ROWS),
    ),
    Material(name="asphalt_lanes", paint=ground.asphalt_lanes, tile_m=7.0, size_px=512),
    Material(name="gutter", paint=ground.gutter, tile_m=1.32, size_px=128),
    Material(name="manhole", paint=ground.manhole, tile_m=1.0, size_px=64),
    Material(name="drain", paint=ground.drain, tile_m=1.0, size_px=64),
    Material(name="water", paint=plain.water, tile_m=4.0, size_px=128),
    Material(name="ballast", paint=ground.ballast, tile_m=3.0, size_px=256),
    Material(name="paint_orange", paint=ground.paint((0.85, 0.42, 0.10)), tile_m=3.0, size_px=64),
    Material(name="paint_red", paint=ground.paint((0.66, 0.13, 0.12)), tile_m=3.0, size_px=64),
    Material(name="paint_green", paint=ground.paint((0.14, 0.47, 0.27)), tile_m=3.0, size_px=64),
    Material(name="paint_blue", paint=ground.paint((0.12, 0.30, 0.62)), tile_m=3.0, size_px=64),
    Material(name="number_plates", paint=lettering.number_plates, tile_m=1.0, size_px=512),
)  # fmt: skip
"""Every material; a mesh refers to one by its position here."""

_INDEX = {material.name: index for index, material in enumerate(MATERIALS)}


def material_index(name: str) -> int:
    """Return the position of material ``name`` in ``MATERIALS``."""
    assert name in _INDEX, f"no material {name!r}; the table has {sorted(_INDEX)}"
    return _INDEX[name]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class MaterialAtlas:
    """All textures with all their mip levels, flat."""

    texels: NDArray[np.uint8]
    """(N, 4) sRGB + gloss (or coverage); a level is ``size * size`` consecutive rows, row-major with v outermost."""
    offsets: NDArray[np.int64]
    """(M, 10) first texel of each material's level; beyond a material's last level it repeats the 1 x 1 one."""
    sizes: NDArray[np.int32]
    """(M,) side of level 0 [px], a power of two; level k has side ``max(1, size >> k)``."""
    noise: NDArray[np.uint8]
    """(512, 512, 4) tileable noise around 128: clouds, cloud detail, grain, wide patches (wear and puddles)."""


def _mip_chain(texture: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Return the levels of one (S, S, 4) texture, largest first, down to (1, 1, 4)."""
    levels = [texture]
    while levels[-1].shape[0] > 1:
        previous = levels[-1].astype(np.uint16)
        total = previous[0::2, 0::2] + previous[1::2, 0::2] + previous[0::2, 1::2] + previous[1::2, 1::2]
        levels.append(((total + 2) >> 2).astype(np.uint8))
    return levels


def _quantised(texture: Field) -> NDArray[np.uint8]:
    return np.asarray(texture * 255.0 + 0.5).astype(np.uint8)


def _bake_noise(rng: np.random.Generator) -> NDArray[np.uint8]:
    spectra = ((1.5, 2.0, 200.0), (1.2, 4.0, 200.0), (0.5, 20.0, 1e9), (1.9, 1.0, 60.0))
    fields = [tileable_noise(rng, NOISE_SIZE_PX, slope=slope, low=low, high=high) for slope, low, high in spectra]
    return _quantised(np.clip(0.5 + 0.18 * np.dstack(fields), 0.0, 1.0))


@functools.lru_cache(maxsize=2)
def bake_materials(seed: int = 7) -> MaterialAtlas:
    """Paint every material and pack the atlas; kept in memory, so the second call is free.

    Args:
        seed: Of everything random in the textures. Each material draws from a stream of its own, so that adding one at
            the table's end leaves the others as they were.
    """
    bank = NoiseBank(np.random.default_rng([seed, 0]), NOISE_SIZE_PX)
    chunks: list[NDArray[np.uint8]] = []
    offsets = np.zeros((len(MATERIALS), MAX_LEVELS), np.int64)
    used = 0
    for index, material in enumerate(MATERIALS):
        canvas = Canvas(material.size_px, bank, np.random.default_rng([seed, 1, index]))
        levels = _mip_chain(_quantised(material.paint(canvas)))
        for level in range(MAX_LEVELS):
            if level < len(levels):
                offsets[index, level] = used
                chunks.append(levels[level].reshape(-1, 4))
                used += len(chunks[-1])
            else:
                offsets[index, level] = offsets[index, level - 1]
    atlas = MaterialAtlas(
        texels=np.concatenate(chunks),
        offsets=offsets,
        sizes=np.array([material.size_px for material in MATERIALS], np.int32),
        noise=_bake_noise(np.random.default_rng([seed, 2])),
    )
    for array in (atlas.texels, atlas.offsets, atlas.sizes, atlas.noise):
        array.flags.writeable = False
    return atlas
