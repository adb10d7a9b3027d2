"""The builds of people by gender and age, and where their parts are."""

from __future__ import annotations

from dataclasses import dataclass

from sim_scenarios.embedded_simulator.render.mesh_builder import Point
from sim_scenarios.embedded_simulator.world.walker_catalogue import WalkerSpec


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """Half widths as fractions of body height."""

    shoulder: float
    """To the middle of the joint."""
    chest_depth: float
    waist: float
    hip: float
    limb: float
    """Thickness of arms and legs, 1 for a man's."""
    head: float
    """From chin to crown, the whole of it."""
    stoop: float = 0.0
    """How far the shoulders lie before the hips."""


_BUILDS = {
    ("male", "adult"): Build(shoulder=0.107, chest_depth=0.070, waist=0.086, hip=0.093, limb=1.0, head=0.132),
    ("female", "adult"): Build(shoulder=0.093, chest_depth=0.066, waist=0.074, hip=0.097, limb=0.88, head=0.134),
    ("male", "elder"): Build(
        shoulder=0.104, chest_depth=0.080, waist=0.102, hip=0.097, limb=0.95, head=0.134, stoop=0.045
    ),
    ("female", "elder"): Build(
        shoulder=0.094, chest_depth=0.076, waist=0.094, hip=0.104, limb=0.92, head=0.137, stoop=0.04
    ),
    ("male", "teenager"): Build(shoulder=0.100, chest_depth=0.064, waist=0.080, hip=0.087, limb=0.9, head=0.144),
    ("female", "teenager"): Build(shoulder=0.092, chest_depth=0.062, waist=0.074, hip=0.091, limb=0.85, head=0.146),
    ("male", "child"): Build(shoulder=0.096, chest_depth=0.072, waist=0.088, hip=0.088, limb=0.95, head=0.172),
    ("female", "child"): Build(shoulder=0.092, chest_depth=0.070, waist=0.084, hip=0.089, limb=0.90, head=0.174),
}


def build_of(spec: WalkerSpec) -> Build:
    """Return the build of a row of the walker table."""
    return _BUILDS[spec.gender, "elder" if spec.is_elderly else spec.age]


def at(spec: WalkerSpec, x: float, y: float, z: float) -> Point:
    """Return a place given in fractions of body height above the ground, in the model's frame [m]."""
    return (x * spec.height_m, y * spec.height_m, (z - 0.5) * spec.height_m)
