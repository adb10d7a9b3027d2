"""Low quality changes colours a little, and nothing else at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.render.quality import LOW
from sim_scenarios.embedded_simulator.render.renderer import Renderer
from sim_scenarios.embedded_simulator.world.snapshot import Weather

NOON = Weather(sun_altitude_angle=45.0, sun_azimuth_angle=-1.0)
RAIN = replace(NOON, cloudiness=100, precipitation=80, precipitation_deposits=90)


@pytest.fixture(scope="module")
def low_renderer(stage: Any) -> Renderer:
    return Renderer(stage.town(), threads=1, models=stage.models(), quality=LOW)


@pytest.mark.parametrize("weather", [NOON, RAIN], ids=["noon", "rain"])
def test_low_quality_changes_colours_alone(
    renderer: Renderer, low_renderer: Renderer, stage: Any, weather: Weather
) -> None:
    snapshot = stage.snapshot(stage.car(12.0, 4.0), stage.walker(8.0, -3.0), weather=weather)
    high = renderer.render(stage.view(), snapshot, color=True, normals=True)
    low = low_renderer.render(stage.view(), snapshot, color=True, normals=True)
    for image in ("tag", "instance", "depth_m", "normal"):
        assert getattr(high, image).tobytes() == getattr(low, image).tobytes()
    assert high.rgb is not None
    assert low.rgb is not None
    difference = np.abs(high.rgb.astype(int) - low.rgb.astype(int)).mean(axis=2)
    assert 0.1 < difference.mean() < 8.0
    assert np.median(difference) < 5.0


def test_low_quality_does_not_depend_on_who_else_looks(low_renderer: Renderer, stage: Any) -> None:
    snapshot = stage.snapshot(stage.car(12.0, 4.0), weather=RAIN)
    alone = low_renderer.render(stage.view(), snapshot, color=True).rgb
    assert alone is not None
    alone = alone.copy()
    low_renderer.render(stage.view(y=3.0), snapshot, color=True)
    beside_normals = low_renderer.render(stage.view(), snapshot, color=True, normals=True).rgb
    assert beside_normals is not None
    assert alone.tobytes() == beside_normals.tobytes()
