"""How much work goes into the colours of a picture; tags, instances, depth, normals and flow are always the same."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Quality:
    """What is drawn beyond plain light and shade, and how finely."""

    town_shadow_px: int
    """Side of the shadow map of the whole town."""
    near_shadow_px: int
    """Of the standing things around a camera."""
    moving_shadow_px: int
    """Of the actors near it."""
    darkens_creases: bool
    """Whether the sky's light is weaker in corners and creases; the ground under cars is dark either way."""
    mirror_steps: int
    """How far a mirrored ray is followed over the screen; 0: wet ground mirrors the sky alone."""
    smooths_edges: bool
    shades_every_pixel: bool
    """Otherwise every second pixel of a row that shows the triangle of the one before is a mean of its neighbours."""


HIGH = Quality(
    town_shadow_px=2048, near_shadow_px=1536, moving_shadow_px=768, darkens_creases=True, mirror_steps=11,
    smooths_edges=True, shades_every_pixel=True,
)  # fmt: skip
LOW = Quality(
    town_shadow_px=1024, near_shadow_px=640, moving_shadow_px=320, darkens_creases=False, mirror_steps=0,
    smooths_edges=False, shades_every_pixel=False,
)  # fmt: skip
QUALITIES = {"low": LOW, "high": HIGH}
