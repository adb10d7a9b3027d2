"""Textures of walls: masonry alone, and facades with 4 x 4 different windows to a tile.

A pane has gloss above ``PANE_GLOSS``; nothing else on a facade does. That is how the renderer finds, per texel, what
may be lit at night and what reflects the sky. Windows differ in curtains, blinds and reflections, so that a facade
repeats only after four bays and four storeys.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.textures.canvas import Canvas, Color, Field, gray, tinted, with_gloss

PANE_GLOSS = 0.6
"""Texels of a facade with more gloss than this are window panes."""

WALL_GLOSS = 0.06
_GLASS_GLOSS = 0.9
BAYS, STOREYS = 4, 4
"""Windows to a tile."""


@dataclass(frozen=True, kw_only=True)
class WindowStyle:
    """A window as fractions of its bay (across) and storey (up)."""

    left: float
    right: float
    bottom: float
    top: float
    frame: float = 0.028
    """Width of the frame as a fraction of the bay."""
    frame_color: Color = (0.84, 0.83, 0.80)
    mullion: bool = True
    """A vertical bar in the middle."""
    transom: float | None = 0.70
    """Height of a horizontal bar as a fraction of the window; None for none."""
    arched: bool = False
    sill: bool = True
    curtains: bool = True
    shutters: Color | None = None
    surround: Color | None = None
    """A flat moulding round the window."""


def masonry_brick(canvas: Canvas) -> Field:
    """Return (H, W, 3) of brickwork: 128 courses of 48 bricks to a tile."""
    courses, bricks = 128, 48
    row = (canvas.v * courses).astype(np.int32)
    shifted = canvas.u * bricks + 0.5 * (row % 2)
    across, up = shifted % 1.0, (canvas.v * courses) % 1.0
    tone = canvas.rng.random((courses, bricks), dtype=np.float32)[row % courses, shifted.astype(np.int32) % bricks]
    mortar = np.maximum(1 - np.minimum(up, 1 - up) / 0.16, 1 - np.minimum(across, 1 - across) / 0.05)
    mortar = 0.8 * np.clip(mortar, 0.0, 1.0)[..., None]
    light = (0.84 + 0.32 * tone) * (1.0 + 0.04 * canvas.noise("grain") + 0.04 * canvas.noise("patch"))
    brick = light[..., None] * np.array([0.60, 0.37, 0.29], np.float32)
    return np.asarray(brick * (1.0 - mortar) + np.array([0.64, 0.60, 0.54], np.float32) * mortar, np.float32)


def masonry_plaster(canvas: Canvas) -> Field:
    """Return (H, W, 3) of pale rendered wall with rain stains."""
    stain = 1.0 - 0.035 * np.clip(canvas.streaks(), 0.0, 3.0)
    level = 0.80 + 0.010 * canvas.noise("grain") + 0.018 * canvas.noise("mottle") + 0.018 * canvas.noise("patch")
    return gray((level * stain).astype(np.float32))


def masonry_panels(canvas: Canvas) -> Field:
    """Return (H, W, 3) of precast concrete panels, one to a bay and storey."""
    across, up, column, row = canvas.cells(BAYS, STOREYS)
    tone = canvas.rng.random((STOREYS, BAYS), dtype=np.float32)[row, column] - 0.5
    seam = np.clip(1.0 - np.minimum(np.minimum(across, 1 - across), np.minimum(up, 1 - up)) / 0.012, 0.0, 1.0)
    level = 0.66 + 0.03 * tone + 0.018 * canvas.noise("grain") + 0.025 * canvas.noise("mottle")
    level = level * (1.0 - 0.04 * np.clip(canvas.streaks(), 0.0, 3.0)) * (1.0 - 0.35 * seam)
    return gray(level.astype(np.float32))


def _glass(canvas: Canvas, style: WindowStyle, rise: Field, reach: Field, chance: Field) -> Field:
    """Return (H, W, 3) of what is seen in the panes: a dim room, a sky reflection, curtains or a blind.

    Args:
        canvas: The canvas.
        style: Says whether there are curtains.
        rise: (H, W) 0..1 height within the window.
        reach: (H, W) 0..1 position across the window.
        chance: (H, W) one random number for each window.
    """
    sky = np.stack([0.13 + 0.11 * rise, 0.16 + 0.13 * rise, 0.20 + 0.15 * rise], axis=2)
    glass = sky * (0.7 + 0.6 * chance)[..., None]
    if style.curtains:
        side = np.minimum(reach, 1 - reach) < 0.12 + 0.16 * chance
        blind = rise > 0.45 + 0.5 * chance
        cover = np.where((chance * 7.0) % 1.0 < 0.5, side & (chance > 0.3), blind & (chance > 0.55))
        fold = 0.50 + 0.05 * np.sin(canvas.u * (2 * np.pi * 200))
        cloth = fold[..., None] * np.array([1.0, 0.97, 0.90], np.float32)
        glass = np.where(cover[..., None], cloth, glass)
    return np.asarray(glass, np.float32)


def _ornaments(rgb: Field, style: WindowStyle, across: Field, up: Field, hole: NDArray[np.bool_]) -> None:
    """Paint shutters, surround, sill and their shadows into ``rgb``."""
    width = style.right - style.left
    if style.shutters is not None:
        leaf = 0.42 * width
        beside = (np.abs(across - (style.left + style.right) / 2) < width / 2 + leaf) & ~hole
        beside &= (up > style.bottom) & (up < style.top)
        slat = 0.85 + 0.15 * np.sin(up * (2 * np.pi * 14))
        rgb[beside] = (slat[..., None] * np.asarray(style.shutters, np.float32))[beside]
    if style.surround is not None:
        near = (across > style.left - 0.05) & (across < style.right + 0.05)
        near &= (up > style.bottom) & (up < style.top + 0.06) & ~hole
        rgb[near] = np.asarray(style.surround, np.float32)
    if style.sill:
        span = (across > style.left - 0.03) & (across < style.right + 0.03)
        rgb[span & (up > style.bottom - 0.04) & (up <= style.bottom)] = (0.68, 0.66, 0.62)
        rgb[span & (up > style.bottom - 0.075) & (up <= style.bottom - 0.04)] *= 0.72


def with_windows(canvas: Canvas, wall: Field, style: WindowStyle) -> Field:
    """Return the finished (H, W, 4) facade: ``wall`` with one window of ``style`` in each of 4 x 4 cells."""
    across, up, column, row = canvas.cells(BAYS, STOREYS)
    chance = canvas.rng.random((STOREYS, BAYS), dtype=np.float32)[row, column]
    width, height = style.right - style.left, style.top - style.bottom
    reach, rise = (across - style.left) / width, (up - style.bottom) / height
    hole = (reach > 0) & (reach < 1) & (rise > 0) & (rise < 1)
    # The frame's thickness, as seen from either axis.
    margin_u, margin_v = style.frame / width, style.frame / height
    pane = (reach > margin_u) & (reach < 1 - margin_u) & (rise > margin_v) & (rise < 1 - margin_v)
    if style.arched:
        crown = ((reach - 0.5) / 0.5) ** 2 + (np.clip(rise - 0.72, 0, None) / 0.28) ** 2
        hole &= crown < 1.0
        pane &= crown < 1.0 - 2.5 * margin_u
    if style.mullion:
        pane &= np.abs(reach - 0.5) > 0.5 * margin_u
    if style.transom is not None:
        pane &= np.abs(rise - style.transom) > 0.5 * margin_v
    rgb = wall.copy()
    _ornaments(rgb, style, across, up, hole)
    rgb[hole] = np.asarray(style.frame_color, np.float32)
    glass = _glass(canvas, style, rise, reach, chance)
    # The reveal shades the top of the pane: cheap depth.
    glass *= np.where(rise > 1.0 - 2.2 * margin_v - 0.05, 0.55, 1.0)[..., None]
    rgb[pane] = glass[pane]
    return with_gloss(rgb, np.where(pane, _GLASS_GLOSS, WALL_GLOSS))


def brick(canvas: Canvas) -> Field:
    """Brick wall without windows."""
    return with_gloss(masonry_brick(canvas), WALL_GLOSS)


def plaster(canvas: Canvas) -> Field:
    """Rendered wall without windows."""
    return with_gloss(masonry_plaster(canvas), WALL_GLOSS)


def facade_brick(canvas: Canvas) -> Field:
    """Brick with white sash windows and stone lintels."""
    style = WindowStyle(left=0.27, right=0.73, bottom=0.26, top=0.80, transom=0.5, surround=(0.70, 0.67, 0.61))
    return with_windows(canvas, masonry_brick(canvas), style)


def facade_brick_arched(canvas: Canvas) -> Field:
    """Brick with tall arched windows in dark frames."""
    style = WindowStyle(
        left=0.30, right=0.70, bottom=0.20, top=0.86, frame_color=(0.20, 0.19, 0.18), arched=True, curtains=False
    )
    return with_windows(canvas, masonry_brick(canvas), style)


def facade_plaster(canvas: Canvas) -> Field:
    """Render with upright windows in stone surrounds."""
    style = WindowStyle(left=0.31, right=0.69, bottom=0.22, top=0.80, surround=(0.72, 0.70, 0.66))
    return with_windows(canvas, masonry_plaster(canvas), style)


def facade_shutters(canvas: Canvas) -> Field:
    """Render with shuttered windows."""
    style = WindowStyle(left=0.35, right=0.65, bottom=0.20, top=0.78, shutters=(0.27, 0.36, 0.33))
    return with_windows(canvas, masonry_plaster(canvas), style)


def facade_wide(canvas: Canvas) -> Field:
    """Post-war render with broad low windows in brown frames."""
    style = WindowStyle(
        left=0.14, right=0.86, bottom=0.30, top=0.78, frame=0.022, frame_color=(0.40, 0.34, 0.28), transom=None
    )
    return with_windows(canvas, masonry_plaster(canvas), style)


def facade_panels(canvas: Canvas) -> Field:
    """Concrete panels with strip windows."""
    style = WindowStyle(
        left=0.0,
        right=1.0,
        bottom=0.34,
        top=0.80,
        frame=0.018,
        frame_color=(0.28, 0.28, 0.30),
        transom=None,
        sill=False,
    )
    return with_windows(canvas, masonry_panels(canvas), style)


def facade_grid(canvas: Canvas) -> Field:
    """Office block: deep pale grid with one large pane in each field."""
    style = WindowStyle(
        left=0.09, right=0.91, bottom=0.12, top=0.90, frame=0.03, frame_color=(0.22, 0.23, 0.25), mullion=True,
        transom=None, sill=False,
    )  # fmt: skip
    return with_windows(canvas, masonry_panels(canvas), style)


def facade_curtain(canvas: Canvas) -> Field:
    """Glass curtain wall: spandrel and vision panels between thin mullions."""
    wall = gray(0.34, canvas.size)
    style = WindowStyle(
        left=0.015, right=0.985, bottom=0.22, top=0.985, frame=0.012, frame_color=(0.46, 0.48, 0.50), transom=None,
        sill=False, curtains=False,
    )  # fmt: skip
    texture = with_windows(canvas, wall, style)
    texture[..., :3] *= np.array([0.88, 1.0, 1.08], np.float32)
    return np.clip(texture, 0.0, 1.0)


def facade_siding(canvas: Canvas) -> Field:
    """Weatherboard house with white cross windows."""
    boards = (canvas.v * 96) % 1.0
    level = 0.80 * (0.90 + 0.10 * boards) + 0.012 * canvas.noise("mottle") + 0.012 * canvas.noise("grain")
    style = WindowStyle(left=0.30, right=0.70, bottom=0.30, top=0.78, frame=0.034, surround=(0.92, 0.92, 0.90))
    return with_windows(canvas, gray(level.astype(np.float32)), style)


def facade_warehouse(canvas: Canvas) -> Field:
    """Corrugated sheet over a concrete plinth, a band of small high windows."""
    ribs = 0.78 + 0.07 * np.sin(canvas.u * (2 * np.pi * 64)) + 0.02 * canvas.noise("patch")
    rust = np.clip(canvas.streaks() - 0.8, 0.0, 2.0)[..., None] * np.array([0.02, 0.06, 0.08], np.float32)
    style = WindowStyle(
        left=0.10, right=0.90, bottom=0.62, top=0.86, frame=0.03, frame_color=(0.34, 0.35, 0.36), transom=None,
        sill=False, curtains=False,
    )  # fmt: skip
    return with_windows(canvas, gray(ribs.astype(np.float32)) - rust, style)


def _shop(canvas: Canvas, *, frame: Color, fascia: tuple[Color, ...], bottom: float) -> Field:
    """Paint a ground floor of four shops: stall riser, window with goods, fascia."""
    across, up, column, _ = canvas.cells(BAYS, 1)
    size = canvas.size
    rgb = tinted(gray(0.95 + 0.02 * canvas.noise("mottle")), frame)
    door = (across > 0.72) & (across < 0.94) & (up < 0.70) & (up > 0.02)
    window = (across > 0.06) & (across < 0.68) & (up > bottom) & (up < 0.70)
    pane = door & (np.abs(across - 0.83) < 0.085) & (up > 0.08) & (up < 0.67)
    pane |= window & (np.abs(across - 0.37) > 0.008)
    goods = np.clip(0.45 + 0.25 * canvas.noise("vein"), 0.05, 1.0) * np.clip(1.1 - 1.3 * up, 0.15, 1.0)
    hue = canvas.rng.uniform(0.7, 1.15, (BAYS, 3)).astype(np.float32)[column]
    inside = 0.10 + 0.34 * goods[..., None] * hue
    rgb[pane] = inside[pane]
    lit = canvas.rng.permutation(len(fascia))
    colors = np.asarray(fascia, np.float32)[lit][column % len(fascia)]
    band = (up > 0.76) & (up < 0.95)
    rgb[band] = colors[band]
    rgb[(up > 0.70) & (up < 0.76)] *= 0.5
    assert rgb.shape == (size, size, 3)
    return with_gloss(rgb, np.where(pane, _GLASS_GLOSS, 0.10))


def shop_front(canvas: Canvas) -> Field:
    """Dark timber shop fronts."""
    fascia = ((0.16, 0.28, 0.22), (0.45, 0.12, 0.12), (0.14, 0.18, 0.34), (0.34, 0.27, 0.16))
    return _shop(canvas, frame=(0.24, 0.23, 0.22), fascia=fascia, bottom=0.14)


def shop_front_modern(canvas: Canvas) -> Field:
    """Light aluminium shop fronts, glazed to the ground."""
    fascia = ((0.75, 0.74, 0.72), (0.78, 0.36, 0.14), (0.12, 0.36, 0.52), (0.30, 0.30, 0.32))
    return _shop(canvas, frame=(0.58, 0.58, 0.57), fascia=fascia, bottom=0.05)
