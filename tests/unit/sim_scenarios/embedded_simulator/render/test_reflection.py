from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.render.reflection import mirror_light, soften_light
from sim_scenarios.embedded_simulator.render.view import camera_record
from sim_scenarios.embedded_simulator.render.weather_look import look_of
from sim_scenarios.embedded_simulator.world.snapshot import Weather

WET = Weather(wetness=100.0, precipitation_deposits=100.0, wind_intensity=0.0, sun_altitude_angle=40.0)
STEPS = 12


def mirrored_red(stage: Any, wall_m: float, *, columns: slice) -> np.ndarray:
    """Red (90, 160) that still water shows of a red wall across the view, of which only ``columns`` are red."""
    camera = camera_record(stage.view(z=1.6))
    rows = (np.arange(90) + 0.5 - 45.0) / 80.0
    nearness = np.repeat(np.maximum(1.0 / wall_m, rows / 1.6)[:, None], 160, axis=1).astype(np.float32)
    is_ground = nearness > np.float32(1.0 / wall_m)
    light, surface = np.zeros((90, 160, 4), np.float32), np.zeros((90, 160, 9), np.float32)
    light[:, columns, 0] = np.where(is_ground, 0.0, 1.0)[:, columns]
    light[..., 3], surface[..., 3] = is_ground, is_ground
    soft, out = np.zeros((23, 40, 3), np.float32), np.zeros_like(light)
    noise = np.full((4, 512, 512), 128, np.uint8)
    soften_light(0, 1, light, soft)
    mirror_light(0, 1, camera, look_of(WET), noise, 0, STEPS, nearness, surface, light, soft, out)
    return out[..., 0] - out[..., 2]  # the sky's own light is not red


@pytest.mark.parametrize("wall_m", [15.0, 200.0])
def test_water_mirrors_walls_near_and_beyond_the_reach_of_the_steps(stage: Any, wall_m: float) -> None:
    red = mirrored_red(stage, wall_m, columns=slice(60, 100))
    row = 60  # mirrors row 29
    assert red[row, 80] > 0.15
    assert red[row, 80] > 4 * np.abs(red[row, [20, 140]]).max()


def test_a_far_image_fades_towards_the_edge_of_the_picture(stage: Any) -> None:
    """Row 89 mirrors the uppermost one: what is beyond it nobody knows."""
    red = mirrored_red(stage, 200.0, columns=slice(0, 160))[:, 80] / 0.8
    grazing = 1.0 - (np.arange(45, 90) - 44.5) / np.hypot(80.0, np.arange(45, 90) - 44.5)
    share = red[45:] / (0.03 + grazing**4)
    assert share[-10] > 1.2 * share[-4] > 1.4 * share[-1] > 0.0
