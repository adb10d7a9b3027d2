"""Textures that lie on the ground: carriageway, pavement, markings and planting soil."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sim_scenarios.embedded_simulator.render.textures.canvas import Canvas, Field, gray, tinted, with_gloss

_ASPHALT_TINT = (1.0, 1.0, 1.015)
_TRACK_FROM_MIDDLE, _TRACK_HALF_WIDTH = 0.22, 0.075
"""Of a lane's width: cars are about 1.55 m wide from wheel to wheel."""
_LEAST_WAVES = 9, 24
"""Along and across a tile of asphalt: shades of a metre by a third of one, and smaller ones, are left."""


def asphalt(canvas: Canvas) -> Field:
    """Worn city asphalt: grain and tarred cracks."""
    patch = canvas.noise("patch")
    level = without_wide_shades(_bitumen(canvas, patch))
    return with_gloss(tinted(gray(level), _ASPHALT_TINT), 0.10 + 0.04 * patch)


def asphalt_lanes(canvas: Canvas) -> Field:
    """Two lanes side by side along u: darker and smoother where tyres run, stained with oil between them."""
    patch = canvas.noise("patch")
    level = _bitumen(canvas, patch)
    across = (canvas.v * 2.0) % 1.0 - 0.5  # of a lane, 0 in its middle
    tracks = np.exp(-(((np.abs(across) - _TRACK_FROM_MIDDLE) / _TRACK_HALF_WIDTH) ** 2))
    tracks = tracks * (0.8 + 0.25 * np.clip(canvas.noise("mottle"), -1.5, 1.5))
    oil = np.exp(-((across / 0.09) ** 2)) * np.clip(0.6 + 0.5 * canvas.noise("vein"), 0.0, 1.6)
    level = without_wide_shades(level - 0.034 * tracks - 0.026 * oil)
    return with_gloss(tinted(gray(level), _ASPHALT_TINT), 0.10 + 0.04 * patch + 0.03 * tracks)


def without_wide_shades(level: Field) -> Field:
    """Return a texture (S, S) without shades that are long along u and wide: they would show it repeat for miles.

    What is the same all along u, as the tracks of tyres are, stays.
    """
    spectrum = np.fft.rfft2(level)
    up, along = np.fft.fftfreq(level.shape[0])[:, None] * level.shape[0], np.arange(spectrum.shape[1])[None, :]
    spectrum[(along > 0) & (along < _LEAST_WAVES[0]) & (np.abs(up) < _LEAST_WAVES[1])] = 0.0
    return np.asarray(np.fft.irfft2(spectrum, s=level.shape), np.float32)


def _bitumen(canvas: Canvas, patch: Field) -> Field:
    """Return the grey level of asphalt."""
    grain = canvas.noise("grain")
    level = 0.335 + 0.026 * grain + 0.010 * canvas.noise("mottle") + 0.010 * patch
    level += np.where(canvas.noise("fine") > 2.6, 0.10, 0.0)  # light stones that lost their bitumen
    crack = np.exp(-((np.abs(canvas.noise("vein")) / 0.010) ** 2)) * np.clip(patch - 0.2, 0.0, 1.0)
    level -= 0.12 * crack
    return np.asarray(level, np.float32)


def gutter(canvas: Canvas) -> Field:
    """Two rows of granite stones along u to 0.165 m, with silt in the joints."""
    across, up, column, row = canvas.cells(12, 16)
    tone = canvas.rng.random((16, 12), dtype=np.float32)[row, column] - 0.5
    edge = np.minimum(np.minimum(across, 1 - across) * 1.4, np.minimum(up, 1 - up))
    joint = np.clip(1.0 - edge / 0.10, 0.0, 1.0)
    level = 0.44 + 0.10 * tone + 0.02 * canvas.noise("grain") - 0.03 * np.abs(canvas.noise("patch")) - 0.20 * joint
    return with_gloss(tinted(gray(level.astype(np.float32)), (1.0, 0.985, 0.95)), 0.10)


def _iron(canvas: Canvas, raised: Field) -> Field:
    """Return worn cast iron, light where it is raised."""
    level = 0.20 + 0.12 * raised + 0.014 * canvas.noise("grain") + 0.02 * canvas.noise("patch")
    return with_gloss(tinted(gray(level.astype(np.float32)), (1.0, 0.97, 0.94)), 0.22 + 0.20 * raised)


def manhole(canvas: Canvas) -> Field:
    """A round cover that fills the tile: rim, ring of lugs, checks in the middle."""
    du, dv = canvas.u - 0.5, canvas.v - 0.5
    radius, angle = 2.0 * np.hypot(du, dv), np.arctan2(dv, du)
    checks = (np.sin(canvas.u * 2 * np.pi * 9) * np.sin(canvas.v * 2 * np.pi * 9) > 0.0) & (radius < 0.60)
    lugs = (np.sin(angle * 16) > 0.1) & (radius > 0.66) & (radius < 0.78)
    raised = (checks | lugs | (radius > 0.88)).astype(np.float32)
    texture = _iron(canvas, raised)
    texture[..., :3] *= np.where(np.abs(radius - 0.84) < 0.03, 0.45, 1.0)[..., None]
    return texture


def drain(canvas: Canvas) -> Field:
    """A drain's grating: a frame and bars over a dark shaft."""
    frame = np.maximum(np.abs(canvas.u - 0.5), np.abs(canvas.v - 0.5)) > 0.44
    bars = np.abs((canvas.u * 9.0) % 1.0 - 0.5) < 0.24
    bars |= np.abs(canvas.v - 0.5) < 0.03
    texture = _iron(canvas, (frame | bars).astype(np.float32))
    texture[..., :3] *= np.where(frame | bars, 1.0, 0.2)[..., None]
    return texture


def ballast(canvas: Canvas) -> Field:
    """Broken stone with concrete sleepers across u, five to a tile of 3 m; v runs across the track's bed of 3 m."""
    stone = 0.36 + 0.05 * canvas.noise("grain") + 0.03 * canvas.noise("mottle") + 0.02 * canvas.noise("patch")
    _, _, column, _ = canvas.cells(5, 1)
    along = (canvas.u * 5.0) % 1.0
    sleeper = (np.abs(along - 0.5) < 0.21) & (np.abs(canvas.v - 0.5) < 0.42)
    tone = canvas.rng.random(5, dtype=np.float32)[column] - 0.5
    level = np.where(sleeper, 0.56 + 0.06 * tone + 0.02 * canvas.noise("mottle"), stone)
    rust = np.exp(-(((np.abs(canvas.v - 0.5) - 0.25) / 0.05) ** 2))[..., None] * np.array(
        [0.02, 0.06, 0.09], np.float32
    )
    return with_gloss(tinted(gray(level.astype(np.float32)), (1.0, 0.96, 0.91)) - rust, 0.04)


def _slabs(canvas: Canvas, count: int, *, joint: float, base: float, contrast: float) -> Field:
    """Return the grey level of a square grid of slabs with dark joints."""
    across, up, column, row = canvas.cells(count, count)
    tone = canvas.rng.random((count, count), dtype=np.float32)[row, column] - 0.5
    edge = np.minimum(np.minimum(across, 1 - across), np.minimum(up, 1 - up))
    seam = np.clip(1.0 - edge / joint, 0.0, 1.0)
    level = base + contrast * tone + 0.020 * canvas.noise("grain") + 0.028 * canvas.noise("mottle") - 0.20 * seam
    return np.asarray(level, np.float32)


def sidewalk(canvas: Canvas) -> Field:
    """Concrete slabs of one metre with stains and chewing gum."""
    level = _slabs(canvas, 4, joint=0.018, base=0.52, contrast=0.05)
    level -= np.where(canvas.noise("mottle") > 2.9, 0.10, 0.0)
    return with_gloss(tinted(gray(level), (1.0, 0.985, 0.95)), 0.10)


def plaza(canvas: Canvas) -> Field:
    """Small warm paving stones, laid in a bond."""
    rows, columns = 16, 8
    shifted = canvas.u * columns + 0.5 * ((canvas.v * rows).astype(np.int32) % 2)
    across, up = shifted % 1.0, (canvas.v * rows) % 1.0
    column, row = shifted.astype(np.int32) % columns, (canvas.v * rows).astype(np.int32) % rows
    tone = canvas.rng.random((rows, columns), dtype=np.float32)[row, column] - 0.5
    seam = np.maximum(1 - np.minimum(across, 1 - across) / 0.03, 1 - np.minimum(up, 1 - up) / 0.06)
    level = 0.56 + 0.10 * tone + 0.02 * canvas.noise("grain") + 0.02 * canvas.noise("mottle")
    level = level - 0.18 * np.clip(seam, 0.0, 1.0)
    return with_gloss(tinted(gray(level.astype(np.float32)), (1.0, 0.94, 0.86)), 0.10)


def kerb(canvas: Canvas) -> Field:
    """Granite kerb stones, two to a tile, with tyre scuffs."""
    across, _, _, _ = canvas.cells(2, 1)
    seam = np.clip(1.0 - np.minimum(across, 1 - across) / 0.012, 0.0, 1.0)
    level = 0.60 + 0.04 * canvas.noise("grain") + 0.03 * canvas.noise("mottle") - 0.25 * seam
    level -= 0.05 * np.clip(canvas.noise("patch"), 0.0, 2.0)
    return with_gloss(gray(level.astype(np.float32)), 0.10)


def grass(canvas: Canvas) -> Field:
    """Mown grass with drier patches."""
    blade, mottle, dry = canvas.noise("clump"), canvas.noise("mottle"), canvas.noise("patch")
    light = 0.055 * blade + 0.025 * mottle
    rgb = np.stack([0.31 + light + 0.030 * dry, 0.40 + light + 0.012 * dry, 0.19 + 0.7 * light], axis=2)
    return with_gloss(rgb.astype(np.float32), 0.03)


def dirt(canvas: Canvas) -> Field:
    """Trodden earth with stones."""
    light = 0.035 * canvas.noise("grain") + 0.045 * canvas.noise("mottle") + 0.02 * canvas.noise("patch")
    light = light + np.where(canvas.noise("clump") > 2.2, 0.10, 0.0)
    rgb = np.stack([0.47 + light, 0.40 + light, 0.30 + 0.8 * light], axis=2)
    return with_gloss(rgb.astype(np.float32), 0.02)


def _road_paint(canvas: Canvas, *, wear: float) -> tuple[Field, Field]:
    """Return (coverage 0..1, grain) of thermoplastic paint worn through to the asphalt in places."""
    coverage = np.clip(0.5 + 0.9 * (canvas.noise("mottle") * 0.6 + canvas.noise("vein") * 0.6 + wear), 0.0, 1.0)
    return coverage.astype(np.float32), 0.018 * canvas.noise("grain")


def paint_white(canvas: Canvas) -> Field:
    """White marking, worn."""
    coverage, grain = _road_paint(canvas, wear=1.25)
    return with_gloss(gray(0.42 + 0.42 * coverage + grain), 0.14)


def paint(color: tuple[float, float, float]) -> Callable[[Canvas], Field]:
    """Return what paints a worn marking of an sRGB colour."""

    def painted(canvas: Canvas) -> Field:
        coverage, grain = _road_paint(canvas, wear=1.25)
        worn, fresh = np.array([0.42, 0.41, 0.38], np.float32), np.array(color, np.float32)
        return with_gloss(worn + coverage[..., None] * (fresh - worn) + grain[..., None], 0.14)

    return painted
