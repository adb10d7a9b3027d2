"""Drops on the lens: in rain only, more in more rain, the same at the same place, upside down."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.render.lens_drops import LIFE_M, wet_lens
from sim_scenarios.embedded_simulator.render.renderer import Renderer
from sim_scenarios.embedded_simulator.render.view import View, camera_record
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Vector, Weather

DRY = Weather(sun_azimuth_angle=-1.0, cloudiness=80.0)
RAIN = replace(DRY, precipitation=100.0, precipitation_deposits=50.0, wetness=100.0)
HEIGHT, WIDTH = 180, 320


def drops(rain: float, x: float = 0.0, *, flip: bool = False) -> np.ndarray:
    """What drops make of a black picture when all that they show is bright above and dark below."""
    camera = camera_record(View(pose=Pose(Vector(x, 0.0, 1.6)), width=WIDTH, height=HEIGHT, fov_deg=90.0))
    small = np.zeros((HEIGHT // 4, WIDTH // 4, 3), np.float32)
    small[: HEIGHT // 8] = 1.0
    light = np.zeros((HEIGHT, WIDTH, 4), np.float32)
    wet_lens(0, 1, camera, np.float32(rain), small[::-1].copy() if flip else small, light)
    return light[..., 0]


def test_more_rain_makes_more_drops() -> None:
    covered = [float(((drops(rain) + drops(rain, flip=True)) > 0.0).mean()) for rain in (0.05, 0.4, 1.0)]
    assert covered == sorted(covered)
    assert 0.02 < covered[2] < 0.3
    assert drops(0.0).max() == 0.0


def test_a_drop_shows_the_scene_upside_down() -> None:
    """With the light above, the lower halves of drops shine."""
    shines, dark = drops(1.0) > 0.0, drops(1.0, flip=True) > 0.0
    rows = np.arange(HEIGHT)[:, None]
    columns = np.flatnonzero(shines.any(axis=0) & dark.any(axis=0))
    assert len(columns) > 20
    lower = upper = 0
    for column in columns:
        for row in rows[shines[:, column], 0]:
            above, below = dark[max(0, row - 12) : row, column].any(), dark[row + 1 : row + 13, column].any()
            lower, upper = lower + (above and not below), upper + (below and not above)
    assert lower > 5 * upper


def test_drops_stay_while_the_camera_stands_and_change_on_the_way() -> None:
    np.testing.assert_array_equal(drops(1.0, 3.0), drops(1.0, 3.0))
    shares = [float((drops(1.0, 3.0 + way) != drops(1.0, 3.0)).mean()) for way in (0.05, 1.0, LIFE_M)]
    assert shares == sorted(shares)
    assert shares[0] < 0.02
    assert shares[2] > 0.04


@pytest.mark.parametrize("threads", [2])
def test_only_rgb_in_rain_changes(stage: Any, renderer: Renderer, threads: int) -> None:
    wet = Renderer(stage.town(), threads=threads, models=stage.models(), lens_drops=True)
    for weather, changes in ((DRY, False), (RAIN, True)):
        scene = stage.snapshot(stage.car(10.0, 3.0), weather=weather)
        plain, dropped = (each.render(stage.view(), scene, color=True) for each in (renderer, wet))
        for name in ("tag", "instance", "depth_m"):
            np.testing.assert_array_equal(getattr(plain, name), getattr(dropped, name), err_msg=name)
        assert plain.rgb is not None
        assert (plain.rgb != dropped.rgb).any() == changes
