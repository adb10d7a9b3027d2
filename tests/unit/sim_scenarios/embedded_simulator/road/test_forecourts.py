from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import shapely

from sim_scenarios.embedded_simulator.road.forecourts import FORECOURT, forecourts, pave_land
from sim_scenarios.embedded_simulator.road.ground import TAG_GROUND, TAG_TERRAIN, GroundMesh
from sim_scenarios.embedded_simulator.road.town import Lot, Town
from sim_scenarios.embedded_simulator.world.ground import Ground
from sim_scenarios.embedded_simulator.world.snapshot import Vector

SHOP = Lot(
    center=Vector(10.0, 20.0, 0.0), yaw_deg=90.0, depth_m=14.0, width_m=10.0, storeys=2, style="shop", seed=1
)  # fmt: skip


def test_paving_reaches_farthest_to_the_street_and_houses_have_none() -> None:
    plan = forecourts([SHOP])
    low_x, low_y, high_x, high_y = plan.bounds
    assert high_y - 27.0 > 3.0 > 13.0 - low_y > 0.5
    assert 5.0 - low_x == pytest.approx(high_x - 15.0)
    assert not plan.contains(shapely.Point(10.0, 20.0))
    assert forecourts([replace(SHOP, style="house")]).is_empty


def test_paving_lies_evenly_on_a_slope() -> None:
    """The land is a plane of two triangles."""
    land, paving = GroundMesh(), GroundMesh()
    corners = np.array([[-40.0, -40.0], [60.0, -40.0], [60.0, 70.0], [-40.0, 70.0]])
    heights = 0.1 * corners[:, :1] - 0.05 * corners[:, 1:]
    land.add("grass", TAG_TERRAIN, np.hstack([corners, heights]), np.array([[0, 1, 2], [0, 2, 3]]))
    plan = forecourts([SHOP])
    pave_land(paving, land.surfaces(), plan)
    surfaces = paving.surfaces()
    points = np.concatenate([surface.positions for surface in surfaces]).astype(float)
    above = points[:, 2] - (0.1 * points[:, 0] - 0.05 * points[:, 1])
    np.testing.assert_allclose(above, 0.02, atol=1e-4)
    area = sum(_plan_area(surface.positions[surface.triangles]) for surface in surfaces)
    assert area == pytest.approx(plan.area, rel=1e-4)


@pytest.mark.parametrize("name", ["Town02", "Town03"])
def test_in_front_of_the_doors_of_shops_there_is_no_grass(town_named: Callable[[str], Town], name: str) -> None:
    town = town_named(name)
    ground = Ground(town)
    tags = []
    for lot in town.lots:
        if lot.style == "shop":
            yaw, reach = np.radians(lot.yaw_deg), 0.5 * lot.depth_m + 0.6
            x, y = lot.center.x + reach * np.cos(yaw), lot.center.y + reach * np.sin(yaw)
            tags.append(ground.tag(float(x), float(y), lot.center.z + 2.0))
    assert len(tags) > 10
    assert tags.count(TAG_TERRAIN) == 0
    assert any(surface.material == FORECOURT and surface.tag == TAG_GROUND for surface in town.surfaces)


def _plan_area(corners: np.ndarray) -> float:
    a, b = (corners[:, i, :2].astype(float) - corners[:, 0, :2] for i in (1, 2))
    return float(np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum() / 2.0)
