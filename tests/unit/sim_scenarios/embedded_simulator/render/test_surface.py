from __future__ import annotations

from typing import Any

import numpy as np

from sim_scenarios.embedded_simulator.render.renderer import Renderer
from sim_scenarios.embedded_simulator.render.surface import ALBEDO, TERRAIN_TAG


def test_a_lawn_becomes_one_even_green_little_by_little(renderer: Renderer, stage: Any) -> None:
    """Its texture's contrast fades with distance, and nowhere does it jump to another mean."""
    view = stage.view(y=-40.0, z=1.6, pitch=-15.0, width=320, height=180)
    frame = renderer.render(view, stage.snapshot(), color=True)
    is_lawn, depth = frame.tag == TERRAIN_TAG, frame.depth_m
    green = renderer._canvases.canvas(180, 320).surface[..., ALBEDO + 1]
    edges = [2.5, 4.0, 8.0, 16.0, 32.0, 64.0]
    rings = [green[is_lawn & (depth > low) & (depth < 1.3 * low)] for low in edges]
    contrast = np.array([ring.std() / ring.mean() for ring in rings])
    assert contrast[0] > 0.02
    assert contrast[-1] < 0.1 * contrast[0]
    means = np.array([ring.mean() for ring in rings])
    np.testing.assert_allclose(means, means.mean(), rtol=0.03)
