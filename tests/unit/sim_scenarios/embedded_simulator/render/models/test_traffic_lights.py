from __future__ import annotations

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.render.mesh import Part
from sim_scenarios.embedded_simulator.render.models.traffic_lights import traffic_light_model
from tests.unit.sim_scenarios.embedded_simulator.render.models.mesh_checks import check_model

POLE, TRAFFIC_LIGHT = 6, 7
LENSES = (Part.SIGNAL_RED, Part.SIGNAL_YELLOW, Part.SIGNAL_GREEN)


@pytest.mark.parametrize("arm_m", [4.0, -4.0, 7.5, 0.0])
def test_sound_at_every_level(arm_m: float) -> None:
    model = traffic_light_model(arm_m)
    check_model(model, allowed_tags={POLE, TRAFFIC_LIGHT})
    assert len(model.levels[0][1].triangles) < 800


@pytest.mark.parametrize("arm_m", [4.0, -6.0])
def test_one_head_at_the_end_of_the_arm_and_one_on_the_pole(arm_m: float) -> None:
    for _, mesh in traffic_light_model(arm_m).levels:
        for part in LENSES:
            middles = mesh.positions[mesh.triangles[mesh.parts == part]].mean(axis=1)
            at_arm = np.abs(middles[:, 1] - arm_m) < 0.3
            at_pole = np.abs(middles[:, 1]) < 0.3
            assert (at_arm ^ at_pole).all()
            assert at_arm.any()
            assert at_pole.any()
            assert middles[at_arm][:, 2].min() > 4.8, "lorries pass below"


def test_red_is_above_yellow_is_above_green_and_all_face_forward() -> None:
    for _, mesh in traffic_light_model(5.0).levels:
        heights = []
        for part in LENSES:
            corners = mesh.triangles[mesh.parts == part].reshape(-1)
            assert (mesh.normals[corners][:, 0] > 0.99).all()
            heights.append(float(mesh.positions[corners][:, 2].max()))
        assert heights == sorted(heights, reverse=True)


def test_lenses_are_boxes_and_the_rest_of_the_tags_are_right() -> None:
    mesh = traffic_light_model(5.0).levels[0][1]
    assert set(mesh.tags[np.isin(mesh.parts, LENSES)].tolist()) == {TRAFFIC_LIGHT}
    low = mesh.positions[mesh.triangles].mean(axis=1)[:, 2] < 2.0
    assert set(mesh.tags[low].tolist()) == {POLE}
