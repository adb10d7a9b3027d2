"""Shop signs and number plates that can be read, painted from a bitmap alphabet of five by seven.

One texture holds all boards, ``COLUMNS`` beside one another in ``ROWS`` rows, the first at its lower left; another one
all plates likewise, ``PLATE_COLUMNS`` by ``PLATE_ROWS``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.textures.canvas import Canvas, Color, Field, with_gloss

NAMES = (
    "BAKERY", "BOOKS", "CAFE LUNA", "PHARMACY", "SHOES", "FLORIST", "PIZZERIA", "HAIR & CO",
    "TAILOR", "OPTICIAN", "BUTCHER", "TOYS", "HARDWARE", "MUSIC", "WINES", "ELECTRO",
    "BIKE SHOP", "NOODLES", "LAUNDRY", "DELI", "ANTIQUES", "PHOTO", "JEWELS", "FISH BAR",
    "PAPER INK", "GARDEN", "CARPETS", "TEA ROOM", "SPORTS", "TRAVEL", "BANK", "MARKET",
)  # fmt: skip
"""What the boards say, in the order of their places."""
COLUMNS, ROWS = 2, 16
LONGEST = 10
"""Letters that a board has room for."""

# Seven rows from the top, each five bits with the leftmost highest.
_GLYPHS = {
    "A": (14, 17, 17, 31, 17, 17, 17), "B": (30, 17, 17, 30, 17, 17, 30), "C": (14, 17, 16, 16, 16, 17, 14),
    "D": (30, 17, 17, 17, 17, 17, 30), "E": (31, 16, 16, 30, 16, 16, 31), "F": (31, 16, 16, 30, 16, 16, 16),
    "G": (14, 17, 16, 23, 17, 17, 15), "H": (17, 17, 17, 31, 17, 17, 17), "I": (14, 4, 4, 4, 4, 4, 14),
    "J": (7, 2, 2, 2, 2, 18, 12), "K": (17, 18, 20, 24, 20, 18, 17), "L": (16, 16, 16, 16, 16, 16, 31),
    "M": (17, 27, 21, 21, 17, 17, 17), "N": (17, 25, 21, 19, 17, 17, 17), "O": (14, 17, 17, 17, 17, 17, 14),
    "P": (30, 17, 17, 30, 16, 16, 16), "Q": (14, 17, 17, 17, 21, 18, 13), "R": (30, 17, 17, 30, 20, 18, 17),
    "S": (15, 16, 16, 14, 1, 1, 30), "T": (31, 4, 4, 4, 4, 4, 4), "U": (17, 17, 17, 17, 17, 17, 14),
    "V": (17, 17, 17, 17, 17, 10, 4), "W": (17, 17, 17, 21, 21, 27, 17), "X": (17, 17, 10, 4, 10, 17, 17),
    "Y": (17, 17, 10, 4, 4, 4, 4), "Z": (31, 1, 2, 4, 8, 16, 31), "&": (12, 18, 20, 8, 21, 18, 13),
    "0": (14, 17, 19, 21, 25, 17, 14), "1": (4, 12, 4, 4, 4, 4, 14), "2": (14, 17, 1, 2, 4, 8, 31),
    "3": (31, 2, 4, 2, 1, 17, 14), "4": (2, 6, 10, 18, 31, 2, 2), "5": (31, 16, 30, 1, 1, 17, 14),
    "6": (6, 8, 16, 30, 17, 17, 14), "7": (31, 1, 2, 4, 8, 8, 8), "8": (14, 17, 17, 14, 17, 17, 14),
    "9": (14, 17, 17, 15, 1, 2, 12), " ": (0, 0, 0, 0, 0, 0, 0),
}  # fmt: skip
_SCHEMES: tuple[tuple[Color, Color], ...] = (
    ((0.13, 0.26, 0.20), (0.93, 0.88, 0.70)), ((0.46, 0.10, 0.11), (0.95, 0.92, 0.86)),
    ((0.90, 0.88, 0.82), (0.16, 0.16, 0.18)), ((0.12, 0.18, 0.36), (0.94, 0.90, 0.62)),
    ((0.78, 0.40, 0.12), (0.98, 0.96, 0.92)), ((0.16, 0.16, 0.17), (0.92, 0.92, 0.90)),
    ((0.10, 0.40, 0.46), (0.96, 0.96, 0.94)),
)  # fmt: skip
"""Ground and letters; seven of them, so that neighbouring places differ in both directions."""


PLATE_COLUMNS, PLATE_ROWS = 4, 16
PLATE_SCALE = 2
"""Texels of a dot on a plate, each way."""
_PLATE_LETTERS = "ABCDEFGHJKLMNPRSTVWXYZ"
_PLATE_GROUND, _PLATE_INK, _PLATE_BAND = (0.90, 0.90, 0.87), (0.10, 0.10, 0.12), (0.10, 0.22, 0.55)


def glyph_rows(text: str) -> NDArray[np.bool_]:
    """(7, 6 N - 1) of a text of N letters: True where a letter is, the first row on top."""
    rows = ["0".join(format(_GLYPHS[letter][row], "05b") for letter in text) for row in range(7)]
    return np.array([[bit == "1" for bit in row] for row in rows])


def board_uvs(number: int) -> tuple[float, float, float, float]:
    """(u0, v0, u1, v1) of a board, a texel inside its place so that its neighbours do not bleed in."""
    column, row = number % COLUMNS, number // COLUMNS
    margin = 1.0 / 512.0
    return (
        column / COLUMNS + margin, row / ROWS + margin, (column + 1) / COLUMNS - margin, (row + 1) / ROWS - margin,
    )  # fmt: skip


def shop_signs(canvas: Canvas) -> Field:
    """All boards: letters shine like panes, so that some are lit at night."""
    height, width = canvas.size // ROWS, canvas.size // COLUMNS
    rgb = np.empty((canvas.size, canvas.size, 3), np.float32)
    gloss = np.full((canvas.size, canvas.size), 0.12, np.float32)
    for number, name in enumerate(NAMES):
        ground, ink = _SCHEMES[number % len(_SCHEMES)]
        rows = glyph_rows(name)
        letters = np.kron(rows[::-1], np.ones((3 * height // 32, 4 * width // 256), bool))  # v points up
        low, left = (height - letters.shape[0]) // 2, (width - letters.shape[1]) // 2
        face = np.zeros((height, width), bool)
        face[low : low + letters.shape[0], left : left + letters.shape[1]] = letters
        part = (
            slice(number // COLUMNS * height, (number // COLUMNS + 1) * height),
            slice(number % COLUMNS * width, (number % COLUMNS + 1) * width),
        )
        rgb[part] = np.where(face[..., None], np.asarray(ink, np.float32), np.asarray(ground, np.float32))
        gloss[part] = np.where(face, 0.65, gloss[part])
    weather = 1.0 + 0.02 * canvas.noise("mottle")
    return with_gloss(rgb * weather[..., None], gloss)


def plate_texts() -> tuple[str, ...]:
    """What the plates say, in the order of their places: two letters, two digits, three letters."""
    rng = np.random.default_rng(16)
    texts = []
    for _ in range(PLATE_COLUMNS * PLATE_ROWS):
        letters = [_PLATE_LETTERS[place] for place in rng.integers(0, len(_PLATE_LETTERS), 5)]
        texts.append(f"{''.join(letters[:2])}{rng.integers(10, 100)} {''.join(letters[2:])}")
    return tuple(texts)


def number_plates(canvas: Canvas) -> Field:
    """All plates: dark on white in a dark frame, with a blue band on the left."""
    height, width = canvas.size // PLATE_ROWS, canvas.size // PLATE_COLUMNS
    rgb = np.empty((canvas.size, canvas.size, 3), np.float32)
    blank = np.full((height, width, 3), _PLATE_GROUND, np.float32)
    blank[:, : width // 10] = _PLATE_BAND
    blank[[0, 1, -2, -1]] = _PLATE_INK
    blank[:, [0, 1, -2, -1]] = _PLATE_INK
    for number, text in enumerate(plate_texts()):
        letters = np.kron(glyph_rows(text)[::-1], np.ones((PLATE_SCALE, PLATE_SCALE), bool))  # v points up
        low, left = (height - letters.shape[0]) // 2, (width + width // 10 - letters.shape[1]) // 2
        face = blank.copy()
        face[low : low + letters.shape[0], left : left + letters.shape[1]][letters] = _PLATE_INK
        row, column = divmod(number, PLATE_COLUMNS)
        rgb[row * height : (row + 1) * height, column * width : (column + 1) * width] = face
    return with_gloss(rgb, np.full((canvas.size, canvas.size), 0.2, np.float32))
