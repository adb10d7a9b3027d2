from __future__ import annotations

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.road.blocks import Block, blocks_of
from sim_scenarios.embedded_simulator.road.network import Network
from sim_scenarios.embedded_simulator.road.terrain import LEVEL_M, land_place
from sim_scenarios.embedded_simulator.road.town import SIDEWALK_HEIGHT_M, Town
from sim_scenarios.embedded_simulator.world.ground import Ground


@pytest.fixture(scope="module")
def outside(network: Network) -> Block:
    return next(block for block in blocks_of(network) if block.is_outside)


def test_the_land_starts_at_the_sidewalk_and_stays_level_behind_it(outside: Block) -> None:
    point, height = land_place(outside, 5, 0.0, 0.0)
    assert point == pytest.approx(outside.outline[5])
    assert height == pytest.approx(SIDEWALK_HEIGHT_M)
    for distance in (10.0, 40.0, LEVEL_M):
        assert land_place(outside, 40, 0.3, distance)[1] == pytest.approx(SIDEWALK_HEIGHT_M)


def test_trees_of_the_woods_stand_on_the_mesh(town: Town) -> None:
    land = np.concatenate([s.positions[s.triangles] for s in town.surfaces if s.material == "grass"]).astype(float)
    land = land[np.ptp(land[:, :, 2], axis=1) > 0.0]
    low, high = land[:, :, :2].min(axis=1), land[:, :, :2].max(axis=1)
    num_checked = 0
    for placement in town.placements:
        x, y, z = placement.location
        if z < 1.0:
            continue
        for a, b, c in land[np.all((low <= (x, y)) & (high >= (x, y)), axis=1)]:
            u, v = np.linalg.solve(np.stack([b - a, c - a], axis=1)[:2], np.array([x, y]) - a[:2])
            if min(u, v, 1.0 - u - v) >= 0.0:
                assert z == pytest.approx((a + u * (b - a) + v * (c - a))[2], abs=1e-3)
                num_checked += 1
    assert num_checked > 200


def test_everything_stands_on_the_ground_that_the_world_knows(town: Town) -> None:
    ground = Ground(town)
    feet = [lot.center for lot in town.lots] + [placement.location for placement in town.placements]
    errors = np.array([abs(ground.height(foot.x, foot.y, foot.z) - foot.z) for foot in feet])
    on_hills = np.array([foot.z > 0.16 for foot in feet])
    assert errors[~on_hills].max() < 0.03
    assert errors[on_hills].max() < 0.05
    assert all(ground.tag(foot.x, foot.y, foot.z) in (1, 2, 10, 25) for foot in feet)
