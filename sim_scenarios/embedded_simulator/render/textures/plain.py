"""Textures of things: metal, cloth, bark, leaves, roofing, masonry without windows."""

from __future__ import annotations

import numpy as np

from sim_scenarios.embedded_simulator.render.textures.canvas import Canvas, Field, gray, tinted, with_gloss


def painted_metal(canvas: Canvas) -> Field:
    """Near-white coat that takes the vertex colour."""
    return with_gloss(gray(0.96 + 0.008 * canvas.noise("grain") + 0.010 * canvas.noise("mottle")), 0.30)


def car_paint(canvas: Canvas) -> Field:
    """White clear-coated paint with a film of dust."""
    return with_gloss(gray(0.965 + 0.006 * canvas.noise("patch") + 0.004 * canvas.noise("fine")), 0.62)


def metal(canvas: Canvas) -> Field:
    """Galvanised steel."""
    return with_gloss(gray(0.62 + 0.015 * canvas.noise("grain") + 0.03 * canvas.noise("vein")), 0.45)


def rubber(canvas: Canvas) -> Field:
    """Tyres, seals, bumpers and everything black under a car."""
    return with_gloss(gray(0.15 + 0.012 * canvas.noise("grain")), 0.06)


def wheel(canvas: Canvas) -> Field:
    """A wheel seen from its side, filling the tile: tyre, rim with five double spokes, hub."""
    du, dv = canvas.u - 0.5, canvas.v - 0.5
    radius, angle = 2.0 * np.hypot(du, dv), np.arctan2(dv, du)
    spoke = np.cos(angle * 5.0) + 0.25 * np.cos(angle * 10.0) > -0.1
    rim = (radius < 0.66) & (spoke | (radius < 0.20) | (radius > 0.58))
    level = np.where(rim, 0.66 - 0.10 * radius, np.where(radius < 0.66, 0.07, 0.15)) + 0.008 * canvas.noise("grain")
    groove = np.exp(-(((radius - 0.80) / 0.015) ** 2)) * 0.05
    return with_gloss(gray(np.asarray(level - groove, np.float32)), np.where(rim, 0.55, 0.06))


def vehicle_glass(canvas: Canvas) -> Field:
    """Tinted glass over a dark cabin."""
    mottle = 0.012 * canvas.noise("mottle")
    return with_gloss(np.stack([0.115 + mottle, 0.135 + mottle, 0.15 + mottle], axis=2), 0.95)


def water(canvas: Canvas) -> Field:
    """Still, murky water; its surface mirrors the sky."""
    ripple = 0.012 * canvas.noise("mottle") + 0.010 * canvas.noise("patch")
    return with_gloss(np.stack([0.17 + ripple, 0.25 + ripple, 0.25 + ripple], axis=2), 0.90)


def cloth(canvas: Canvas) -> Field:
    """Woven cloth that takes the vertex colour."""
    fold = canvas.noise("mottle") * 0.6 + canvas.noise("patch") * 0.4
    return with_gloss(gray(np.asarray(0.90 + 0.025 * canvas.noise("fine") + 0.045 * fold, np.float32)), 0.02)


def skin(canvas: Canvas) -> Field:
    """Skin that takes the vertex colour."""
    return with_gloss(gray(0.95 + 0.012 * canvas.noise("mottle")), 0.12)


def wood(canvas: Canvas) -> Field:
    """Planks along u, four to a tile."""
    _, up, _, row = canvas.cells(1, 4)
    tone = canvas.rng.random(4, dtype=np.float32)[row] - 0.5
    fibre = np.broadcast_to(canvas.noise("grain")[:, :1], up.shape) * 0.03 + 0.02 * canvas.noise("mottle")
    seam = np.clip(1.0 - np.minimum(up, 1 - up) / 0.03, 0.0, 1.0)
    level = 0.92 + 0.12 * tone + fibre - 0.35 * seam
    return with_gloss(tinted(gray(level.astype(np.float32)), (0.80, 0.62, 0.44)), 0.10)


def bark(canvas: Canvas) -> Field:
    """Furrowed bark, furrows along v."""
    furrow = canvas.streaks() * 0.05 + canvas.noise("clump") * 0.05
    return with_gloss(tinted(gray((0.36 + furrow).astype(np.float32)), (1.05, 0.94, 0.80)), 0.03)


def foliage(canvas: Canvas) -> Field:
    """Closed foliage: hedges and the far crowns of trees."""
    leaf = canvas.noise("clump")
    rgb = np.stack([0.24 + 0.065 * leaf, 0.345 + 0.085 * leaf, 0.14 + 0.045 * leaf], axis=2)
    return with_gloss(rgb.astype(np.float32), 0.03)


def _leaf_cutout(canvas: Canvas, *, count: int, length: float, width: float, spread: float) -> tuple[Field, Field]:
    """Scatter elliptical leaves in a disc: (rgb (H, W, 3), coverage (H, W) of 0 and 1).

    Texels between the leaves keep a leaf colour, so that filtered edges do not turn grey.
    """
    rng = canvas.rng
    rgb = np.empty((canvas.size, canvas.size, 3), np.float32)
    rgb[:] = (0.25, 0.35, 0.15)
    coverage = np.zeros((canvas.size, canvas.size), np.float32)
    reach = max(length, width)
    for _ in range(count):
        radius, angle, turn = spread * np.sqrt(rng.random()), rng.uniform(0, 2 * np.pi), rng.uniform(0, 2 * np.pi)
        center = 0.5 + radius * np.array([np.cos(angle), np.sin(angle)])
        low = np.clip(((center - reach) * canvas.size).astype(int), 0, canvas.size - 1)
        high = np.clip(((center + reach) * canvas.size).astype(int) + 1, 1, canvas.size)
        window = (slice(low[1], high[1]), slice(low[0], high[0]))
        du, dv = canvas.u[window] - center[0], canvas.v[window] - center[1]
        along = du * np.cos(turn) + dv * np.sin(turn)
        across = -du * np.sin(turn) + dv * np.cos(turn)
        inside = (along / length) ** 2 + (across / width) ** 2 < 1.0
        shade = rng.uniform(0.65, 1.30) * (1.0 - 0.18 * np.abs(across / width))
        color = np.array([0.29 + 0.08 * rng.random(), 0.42, 0.17], np.float32)
        rgb[window] = np.where(inside[..., None], shade[..., None] * color, rgb[window])
        coverage[window] = np.where(inside, 1.0, coverage[window])
    return rgb, coverage


def leaf(canvas: Canvas) -> Field:
    """A clump of broad leaves; the fourth channel is coverage, not gloss."""
    rgb, coverage = _leaf_cutout(canvas, count=330, length=0.050, width=0.022, spread=0.44)
    return with_gloss(rgb, coverage)


def needles(canvas: Canvas) -> Field:
    """A conifer branch: narrow leaves; the fourth channel is coverage, not gloss."""
    rgb, coverage = _leaf_cutout(canvas, count=420, length=0.060, width=0.010, spread=0.43)
    return with_gloss(tinted(rgb, (0.78, 0.88, 0.95)), coverage)


def flowers(canvas: Canvas) -> Field:
    """Low planting seen from above: leaves with blossoms in four colours."""
    leafy = foliage(canvas)[..., :3]
    blossom = np.array([(0.85, 0.25, 0.30), (0.92, 0.80, 0.25), (0.90, 0.88, 0.90), (0.62, 0.35, 0.72)], np.float32)
    bloom = canvas.noise("clump") > 1.35
    band = (np.abs(canvas.noise("patch")) * 2.5).astype(np.int32) % len(blossom)
    rgb = np.where(bloom[..., None], blossom[band], leafy)
    return with_gloss(rgb, 0.03)


def concrete(canvas: Canvas) -> Field:
    """Cast concrete with rain stains."""
    stain = 1.0 - 0.05 * np.clip(canvas.streaks(), 0.0, 3.0)
    level = 0.60 + 0.02 * canvas.noise("grain") + 0.03 * canvas.noise("mottle") + 0.03 * canvas.noise("patch")
    return with_gloss(gray(np.asarray(level * stain, np.float32)), 0.08)


def roof_tiles(canvas: Canvas) -> Field:
    """Clay pantiles; v runs up the slope."""
    courses = 24
    row = (canvas.v * courses).astype(np.int32)
    across, up = (canvas.u * 16 + 0.5 * (row % 2)) % 1.0, (canvas.v * courses) % 1.0
    column = (canvas.u * 16 + 0.5 * (row % 2)).astype(np.int32) % 16
    tone = canvas.rng.random((courses, 16), dtype=np.float32)[row % courses, column]
    shade = (0.68 + 0.32 * np.sin(np.pi * across)) * (0.72 + 0.28 * (1.0 - up)) * (0.86 + 0.28 * tone)
    shade = shade * (1.0 + 0.05 * canvas.noise("mottle"))
    return with_gloss(tinted(gray(shade.astype(np.float32)), (0.62, 0.37, 0.28)), 0.06)


def roof_flat(canvas: Canvas) -> Field:
    """Bitumen felt with gravel and lap joints."""
    across, _, _, _ = canvas.cells(6, 1)
    seam = np.clip(1.0 - np.minimum(across, 1 - across) / 0.02, 0.0, 1.0)
    level = 0.43 + 0.035 * canvas.noise("grain") + 0.035 * canvas.noise("mottle") - 0.05 * seam
    return with_gloss(gray((level + 0.03 * canvas.noise("patch")).astype(np.float32)), 0.05)


def roof_metal(canvas: Canvas) -> Field:
    """Standing-seam or corrugated sheet, ribs along v; takes the vertex colour."""
    across, _, _, _ = canvas.cells(24, 1)
    level = 0.82 + 0.10 * np.sin(2 * np.pi * across) + 0.02 * canvas.noise("patch") - 0.02 * canvas.streaks()
    return with_gloss(gray(level.astype(np.float32)), 0.25)


def sign_face(canvas: Canvas) -> Field:
    """Reflective sheeting that takes the vertex colour."""
    return with_gloss(gray(0.97 + 0.006 * canvas.noise("mottle")), 0.20)
