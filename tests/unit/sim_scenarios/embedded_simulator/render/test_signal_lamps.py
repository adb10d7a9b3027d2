from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.render.models.traffic_lights import traffic_light_model
from sim_scenarios.embedded_simulator.render.renderer import Renderer
from sim_scenarios.embedded_simulator.render.scene import blank_rows
from sim_scenarios.embedded_simulator.render.signal_lamps import SignalHeads, signal_heads, signals_in_view
from sim_scenarios.embedded_simulator.render.view import camera_record
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, TrafficLightState, Vector, Weather


def heads_of(stage: Any, *, yaw: float = 180.0, arm_m: float = 4.0) -> SignalHeads:
    (light,) = stage.town().traffic_lights
    site = replace(light, pose=Pose(Vector(25.0, 9.0, 1.0), Rotation(yaw=yaw)), arm_m=arm_m)
    return signal_heads([site], {"7": 0}, traffic_light_model)


def rows_of(stage: Any, heads: SignalHeads, signal: int, *, levels: int = 1) -> np.ndarray:
    objects = blank_rows(1)
    objects["num_levels"] = levels
    return signals_in_view(heads, stage.snapshot(signal=signal), camera_record(stage.view(z=1.6)), objects)


def test_each_head_glows_where_its_lit_lens_is(stage: Any) -> None:
    """The arm reaches along the site's +y, which is the world's -y: over the road."""
    heads = heads_of(stage)
    heights = []
    for state in (TrafficLightState.RED, TrafficLightState.YELLOW, TrafficLightState.GREEN):
        rows = rows_of(stage, heads, state)
        np.testing.assert_allclose(np.sort(rows[:, 1]), [5.0, 9.0], atol=0.05)
        np.testing.assert_allclose(rows[:, 0], 24.7, atol=0.15)
        assert (rows[:, 7] == 1.0).all()
        heights.append(np.sort(rows[:, 2]))
    assert (np.diff(heights, axis=0) < -0.3).all()


def test_the_glow_has_the_colour_of_the_phase(stage: Any) -> None:
    red, green = (rows_of(stage, heads_of(stage), state)[:, 3:6] for state in (0, 2))
    assert (red[:, 0] > 5 * red[:, 1]).all()
    assert (green[:, 1] > 5 * green[:, 0]).all()
    assert len(rows_of(stage, heads_of(stage), TrafficLightState.OFF)) == 0


def test_signals_seen_from_behind_and_hidden_ones_do_not_glow(stage: Any) -> None:
    assert len(rows_of(stage, heads_of(stage, yaw=0.0), 0)) == 0
    assert len(rows_of(stage, heads_of(stage), 0, levels=0)) == 0
    assert len(rows_of(stage, heads_of(stage, arm_m=0.0), 0)) == 1


@pytest.mark.parametrize(("signal", "channel"), [(0, 0), (2, 1)])
def test_wet_ground_shows_the_phase_by_night(renderer: Renderer, stage: Any, signal: int, channel: int) -> None:
    weather = Weather(sun_altitude_angle=-90.0, fog_density=0.0, wetness=100.0)
    pictures = []
    for state in (signal, int(TrafficLightState.OFF)):
        frame = renderer.render(stage.view(), stage.snapshot(signal=state, weather=weather), color=True)
        assert frame.rgb is not None
        pictures.append(frame.rgb.astype(int))
    more = (pictures[0] - pictures[1])[50:]
    column = stage.pixel(stage.view(), 25.0, 9.0, 0.0)[1]
    assert more[:, column - 3 : column + 4, channel].max() > 8
    assert more[..., channel].sum() > 2 * more[..., 1 - channel].sum()
