from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.render.culling import Culler, view_planes
from sim_scenarios.embedded_simulator.render.mesh import Model
from sim_scenarios.embedded_simulator.render.model_table import ModelTable
from sim_scenarios.embedded_simulator.render.scene import blank_rows
from sim_scenarios.embedded_simulator.render.view import camera_record


def rows_at(*centers: tuple[float, float, float], half: float = 0.5, levels: int = 1) -> Any:
    rows = blank_rows(len(centers))
    rows["center"], rows["half"], rows["num_levels"] = centers, half, levels
    rows["origin"] = centers
    return rows


@pytest.fixture
def culler(stage: Any) -> Culler:
    """One model with a fine and a coarse level, the coarse one from 30 m."""
    box = stage.box_mesh((-0.5, -0.5, -0.5), (0.5, 0.5, 0.5), tag=14)
    models = ModelTable()
    models.add([Model(levels=((30.0, box), (math.inf, box)), radius_m=1.0)])
    return Culler(models)


@pytest.mark.parametrize(
    ("center", "is_seen"),
    [
        ((10, 0, 0), True), ((-10, 0, 0), False), ((10, 9.9, 0), True), ((10, 12.0, 0), False),
        ((10, -12.0, 0), False), ((10, 0, 7), False), ((10, 0, 5.9), True), ((-0.2, 0, 0), True),
    ],
)  # fmt: skip
def test_only_boxes_that_touch_the_view_are_kept(
    culler: Culler, stage: Any, center: tuple[float, float, float], is_seen: bool
) -> None:
    camera = camera_record(stage.view(z=0.0))  # 90 degrees across, 16:9
    draws = culler.draws(rows_at(center), camera)
    assert (len(draws) == 2) == is_seen


def test_planes_point_inwards(stage: Any) -> None:
    planes = view_planes(camera_record(stage.view(x=3.0, y=-2.0, z=1.0, yaw=30.0, pitch=10.0)))
    ahead = np.array([3 + 10 * math.cos(math.radians(30)), -2 + 10 * math.sin(math.radians(30)), 2.7, 1.0])
    assert (planes @ ahead > 0).all()


def test_draws_are_near_to_far_with_running_offsets(culler: Culler, stage: Any) -> None:
    draws = culler.draws(rows_at((50, 0, 0), (10, 0, 0), (25, 0, 0)), camera_record(stage.view(z=0.0)))
    assert list(draws["object"][:-1]) == [1, 2, 0]
    assert list(draws["first_vertex"]) == [0, 24, 48, 72]
    assert list(draws["first_triangle"]) == [0, 12, 24, 36]


def test_level_of_detail_follows_distance(culler: Culler, stage: Any) -> None:
    rows = rows_at((29, 0, 0), (31, 0, 0), levels=2)
    draws = culler.draws(rows, camera_record(stage.view(z=0.0)))
    assert list(draws["mesh"][:-1]) == [0, 1]


def test_specks_are_not_drawn(culler: Culler, stage: Any) -> None:
    camera = camera_record(stage.view(z=0.0))  # 80 px a radian
    assert len(culler.draws(rows_at((90, 0, 0), half=0.5), camera)) == 2
    assert len(culler.draws(rows_at((90, 0, 0), half=0.1), camera)) == 1


def test_shadow_lists_split_standing_from_moving(culler: Culler, stage: Any) -> None:
    rows = rows_at((1, 0, 0), (2, 0, 0), (3, 0, 0))
    rows["moves"] = [0, 1, 0]
    rows["casts_shadow"] = [1, 1, 0]
    camera = camera_record(stage.view(z=0.0))
    standing = culler.draws(rows, camera, parallel=True, shadows_of=1)
    moving = culler.draws(rows, camera, parallel=True, shadows_of=2)
    assert list(standing["object"][:-1]) == [0]
    assert list(moving["object"][:-1]) == [1]
