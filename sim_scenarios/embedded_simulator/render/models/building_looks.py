"""What buildings are faced with: colours of walls, roofs, doors and awnings, and facades with trim to go with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim_scenarios.embedded_simulator.render.mesh_builder import Color, Finish
from sim_scenarios.embedded_simulator.render.models.building_parts import plain, scaled, windowed

_PLASTERS: tuple[Color, ...] = (
    (1.0, 0.98, 0.93), (0.98, 0.90, 0.74), (0.88, 0.92, 0.95), (0.96, 0.82, 0.72), (0.84, 0.88, 0.80),
    (0.80, 0.74, 0.68), (0.93, 0.78, 0.58), (0.76, 0.80, 0.86), (0.90, 0.72, 0.66), (1.0, 1.0, 1.0),
)  # fmt: skip
_BRICKS: tuple[Color, ...] = (
    (1.0, 1.0, 1.0), (0.86, 0.80, 0.78), (1.0, 0.92, 0.80), (0.72, 0.68, 0.68), (0.95, 0.84, 0.74),
    (1.0, 1.0, 0.92),
)  # fmt: skip
_CONCRETES: tuple[Color, ...] = (
    (1.0, 1.0, 1.0),
    (0.90, 0.86, 0.80),
    (0.82, 0.86, 0.90),
    (0.74, 0.74, 0.76),
    (1.0, 0.96, 0.88),
)
ROOFS: tuple[Color, ...] = (
    (1.0, 1.0, 1.0),
    (0.74, 0.66, 0.64),
    (0.60, 0.66, 0.76),
    (0.90, 0.82, 0.70),
    (0.52, 0.50, 0.52),
)
DOORS: tuple[Color, ...] = (
    (0.36, 0.16, 0.12), (0.14, 0.24, 0.20), (0.16, 0.20, 0.34), (0.42, 0.30, 0.20), (0.20, 0.20, 0.21),
    (0.55, 0.52, 0.48),
)  # fmt: skip
AWNINGS: tuple[Color, ...] = (
    (0.62, 0.13, 0.12), (0.12, 0.32, 0.20), (0.14, 0.20, 0.44), (0.82, 0.72, 0.46), (0.86, 0.84, 0.80),
    (0.75, 0.38, 0.14),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Look:
    """The face of a building: its facade, a wall without windows to go with it, and its trim."""

    facade: Finish
    blind: Finish
    trim: Finish


def choice(rng: np.random.Generator, options: tuple[Color, ...]) -> Color:
    """Return one of ``options``, a shade lighter or darker."""
    return scaled(options[int(rng.integers(len(options)))], float(rng.uniform(0.90, 1.04)))


def masonry_look(rng: np.random.Generator, facades: tuple[str, ...]) -> Look:
    """Return a look with one of the ``facades``, each material with tints and trim of its own."""
    material = facades[int(rng.integers(len(facades)))]
    if "brick" in material:
        tint = choice(rng, _BRICKS)
        return Look(windowed(material, tint), plain("brick", tint), plain("concrete", (1.0, 0.97, 0.90)))
    if material in ("facade_panels", "facade_grid"):
        tint = choice(rng, _CONCRETES)
        return Look(windowed(material, tint), plain("concrete", tint), plain("concrete", scaled(tint, 0.9)))
    if material == "facade_curtain":
        tone = (float(rng.uniform(0.75, 1.0)), float(rng.uniform(0.85, 1.0)), 1.0)
        return Look(
            windowed(material, tone),
            plain("painted_metal", (0.42, 0.45, 0.48)),
            plain("painted_metal", (0.36, 0.38, 0.40)),
        )
    tint = choice(rng, _PLASTERS)
    trim = plain("plaster", scaled(tint, float(rng.choice([0.78, 1.08]))))
    return Look(windowed(material, tint), plain("plaster", tint), trim)
