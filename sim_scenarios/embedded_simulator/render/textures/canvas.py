"""Tileable noise and the canvas that every texture is painted on.

Noise is coloured white noise: a random spectrum shaped by ``frequency ** -slope`` between two frequencies and brought
back by an inverse Fourier transform. What comes out of a Fourier transform repeats, so every texture tiles for free.
Fields are drawn once and shared by all materials, each shifted by its own random offset: a shift of a tileable field is
as good as a new field and costs a tenth of it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
Color = tuple[float, float, float]

# name -> (slope, lowest, highest frequency [cycles per tile])
_FIELDS: dict[str, tuple[float, float, float]] = {
    "grain": (0.3, 30.0, 1e9),
    "fine": (0.0, 60.0, 1e9),
    "mottle": (1.2, 4.0, 80.0),
    "patch": (1.8, 1.0, 12.0),
    "vein": (1.6, 2.0, 40.0),
    "clump": (0.8, 6.0, 1e9),
}


def tileable_noise(rng: np.random.Generator, size: int, *, slope: float, low: float = 0.0, high: float = 1e9) -> Field:
    """Return (size, size) float32 noise of zero mean and unit deviation whose opposite edges meet."""
    white = rng.standard_normal((size, size), dtype=np.float32)
    spectrum = np.fft.rfft2(white)
    rows = np.fft.fftfreq(size)[:, None] * size
    columns = np.fft.rfftfreq(size)[None, :] * size
    frequency = np.hypot(rows, columns)
    frequency[0, 0] = 1.0
    spectrum *= np.where((frequency >= low) & (frequency <= high), frequency**-slope, 0.0)
    spectrum[0, 0] = 0.0
    field = np.fft.irfft2(spectrum, s=(size, size))
    return np.asarray(field / field.std(), np.float32)


class NoiseBank:
    """The shared noise fields of one bake, at full size and at half size."""

    def __init__(self, rng: np.random.Generator, size: int) -> None:
        self._fields = {
            name: tileable_noise(rng, size, slope=slope, low=low, high=high)
            for name, (slope, low, high) in _FIELDS.items()
        }
        self._size = size

    def shifted(self, name: str, size: int, rng: np.random.Generator) -> Field:
        """Return field ``name`` as (size, size) float32, shifted at random.

        A smaller canvas takes every n-th value of a field of stains and patches, and a window into one of grain, so
        that grain stays as fine as a texel; the window's edges are then blended until they meet again.
        """
        row, column = (int(v) for v in rng.integers(0, self._size, 2))
        field = np.roll(self._fields[name], (row, column), axis=(0, 1))
        if _FIELDS[name][2] <= self._size:
            stride = self._size // size
            return np.ascontiguousarray(field[::stride, ::stride])
        return field if size == self._size else _crossfaded(field, size)


def _crossfaded(field: Field, size: int) -> Field:
    """Return a (size, size) window of ``field`` made tileable by blending each edge into what follows the other."""
    margin = size // 8
    weight = np.linspace(0.0, 1.0, margin, dtype=np.float32)
    # sqrt weights keep the deviation of the blend at one.
    up, down = np.sqrt(weight), np.sqrt(1.0 - weight)
    window = field[: size + margin, : size + margin].copy()
    window[:margin] = window[:margin] * up[:, None] + window[size:] * down[:, None]
    window[:, :margin] = window[:, :margin] * up[None, :] + window[:, size:] * down[None, :]
    return np.ascontiguousarray(window[:size, :size])


class Canvas:
    """Coordinates, noise and chance for painting one texture.

    ``u`` and ``v`` are (size, size) float32 in 0..1: columns grow with u, rows with v, and v points up on walls.
    """

    def __init__(self, size: int, bank: NoiseBank, rng: np.random.Generator) -> None:
        self.size = size
        self.rng = rng
        self._bank = bank
        axis = (np.arange(size, dtype=np.float32) + 0.5) / size
        self.u: Field = np.broadcast_to(axis[None, :], (size, size))
        self.v: Field = np.broadcast_to(axis[:, None], (size, size))

    def noise(self, name: str) -> Field:
        """Return a shared field under a fresh random shift."""
        return self._bank.shifted(name, self.size, self.rng)

    def cells(self, columns: int, rows: int) -> tuple[Field, Field, NDArray[np.intp], NDArray[np.intp]]:
        """Split the canvas into a grid: (fraction along u, fraction along v, column index, row index) of each texel."""
        across, up = self.u * columns, self.v * rows
        column, row = across.astype(np.intp), up.astype(np.intp)
        return across - column.astype(np.float32), up - row.astype(np.float32), column % columns, row % rows

    def streaks(self) -> Field:
        """Return vertical rain streaks, unit deviation: one row of noise drawn out over the whole height."""
        return np.broadcast_to(self.noise("mottle")[:1], (self.size, self.size))


def gray(level: Field | float, size: int | None = None) -> Field:
    """Return (H, W, 3) of one grey level, from a field or, with ``size``, from a constant."""
    if size is not None:
        return np.full((size, size, 3), level, np.float32)
    return np.repeat(np.asarray(level, np.float32)[..., None], 3, axis=2)


def tinted(rgb: Field, color: Color) -> Field:
    """Return ``rgb`` (H, W, 3) multiplied by one colour."""
    return rgb * np.asarray(color, np.float32)


def with_gloss(rgb: Field, gloss: Field | float) -> Field:
    """Return the finished (H, W, 4) texture, clipped to 0..1."""
    height, width = rgb.shape[:2]
    plane = np.broadcast_to(np.asarray(gloss, np.float32), (height, width))
    return np.clip(np.dstack([rgb, plane]), 0.0, 1.0).astype(np.float32)
