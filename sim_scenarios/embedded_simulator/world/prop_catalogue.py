"""The props that can be spawned, with their sizes and weights.

Light things (cones, boxes, bins) stand loose and are knocked about from the start; heavy or fixed ones stay where they
are until a client gives them physics, as everything does in CARLA.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class PropSpec:
    """A prop as the world needs it; its origin is in the middle of its underside."""

    id: str
    length_m: float
    width_m: float
    height_m: float
    mass_kg: float
    is_loose: bool
    """Whether it has physics from the start."""


def _loose(name: str, length_m: float, width_m: float, height_m: float, mass_kg: float) -> PropSpec:
    return PropSpec(
        id=f"static.prop.{name}", length_m=length_m, width_m=width_m, height_m=height_m, mass_kg=mass_kg, is_loose=True
    )


def _fixed(name: str, length_m: float, width_m: float, height_m: float, mass_kg: float) -> PropSpec:
    return PropSpec(
        id=f"static.prop.{name}", length_m=length_m, width_m=width_m, height_m=height_m, mass_kg=mass_kg, is_loose=False
    )


PROPS: tuple[PropSpec, ...] = (
    _loose("constructioncone", 0.35, 0.35, 0.7, 4.5),
    _loose("streetbarrier", 0.4, 1.5, 1.0, 25.0),
    _fixed("bench01", 0.6, 1.6, 0.9, 80.0),
    _loose("bin", 0.6, 0.6, 1.0, 25.0),
    _loose("box01", 0.5, 0.5, 0.5, 8.0),
)
PROP_SPECS: Mapping[str, PropSpec] = {spec.id: spec for spec in PROPS}
"""By blueprint."""
