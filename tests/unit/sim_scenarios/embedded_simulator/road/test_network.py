from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.road.blocks import blocks_of
from sim_scenarios.embedded_simulator.road.curves import RoadError, wrap
from sim_scenarios.embedded_simulator.road.layout import build_network
from sim_scenarios.embedded_simulator.road.network import Network
from sim_scenarios.embedded_simulator.road.plan import LANE_WIDTH_M, BlockUse
from sim_scenarios.embedded_simulator.road.plans.town10hd import TOWN10HD
from sim_scenarios.embedded_simulator.road.polygons import signed_area

SMALLEST_TURN_RADIUS_M = 6.0


def test_the_town_is_a_downtown(network: Network) -> None:
    arms = [len(junction.arms) for junction in network.junctions]
    assert len(arms) >= 9
    assert 3 in arms
    assert 4 in arms
    assert {street.profile.lanes for street in network.streets} == {1, 2}
    corners = np.array([[junction.plan.x, junction.plan.y] for junction in network.junctions])
    assert np.all(np.ptp(corners, axis=0) > 350.0)


def test_some_streets_curve_with_moderate_radii(network: Network) -> None:
    radii = [1.0 / abs(p.curvature) for street in network.streets for p in street.path.pieces if p.curvature]
    assert len(radii) >= 6
    assert min(radii) >= 35.0


def test_every_approach_leads_out_of_its_junction_in_every_direction(network: Network) -> None:
    for junction in network.junctions:
        for arm in junction.arms:
            leaving = {c.outgoing.street.road_id for c in junction.connections if c.incoming is arm}
            others = {other.street.road_id for other in junction.arms if other is not arm}
            assert leaving == others
            lanes = {c.incoming_lane for c in junction.connections if c.incoming is arm}
            assert lanes == set(range(arm.profile.lanes))


def test_lanes_across_junctions_join_smoothly_and_are_wide_enough_for_cars(network: Network) -> None:
    for junction in network.junctions:
        for c in junction.connections:
            x, y, yaw = c.path.pose(0.0)
            assert (x, y) == pytest.approx(tuple(c.incoming.point(0.0, -c.incoming_lane * LANE_WIDTH_M)), abs=1e-6)
            assert wrap(yaw - c.incoming.yaw - math.pi) == pytest.approx(0.0, abs=1e-6)
            x, y, yaw = c.path.pose(c.path.length)
            assert (x, y) == pytest.approx(tuple(c.outgoing.point(0.0, c.outgoing_lane * LANE_WIDTH_M)), abs=1e-6)
            assert wrap(yaw - c.outgoing.yaw) == pytest.approx(0.0, abs=1e-6)
            for piece in c.path.pieces:
                if piece.curvature > 0.0:  # the lane lies inside the bend of its left border
                    assert 1.0 / piece.curvature - 0.5 * LANE_WIDTH_M >= SMALLEST_TURN_RADIUS_M
                if piece.curvature < 0.0:
                    assert -1.0 / piece.curvature + 0.5 * LANE_WIDTH_M >= SMALLEST_TURN_RADIUS_M


def test_turns_are_named_by_their_side(network: Network) -> None:
    for junction in network.junctions:
        for c in junction.connections:
            angle = wrap(c.outgoing.yaw - c.incoming.yaw - math.pi)
            assert c.turn == ("straight" if abs(angle) < 0.5 else "right" if angle > 0 else "left")


def test_blocks_use_every_street_side_once(network: Network) -> None:
    blocks = blocks_of(network)
    sides = [(f.arm.street.road_id, f.arm.at_start) for block in blocks for f in block.frontages]
    assert len(sides) == len(set(sides)) == 2 * len(network.streets)
    assert sum(block.is_outside for block in blocks) == 1
    # Euler's formula for a connected plane graph.
    assert len(blocks) == len(network.streets) - len(network.junctions) + 2
    assert sum(block.use is BlockUse.PARK for block in blocks) >= 1


def test_block_outlines_turn_from_x_towards_y_and_face_their_streets(network: Network) -> None:
    for block in blocks_of(network):
        assert signed_area(block.outline) > 1000.0
        for frontage in block.frontages:
            middle = 0.5 * frontage.length
            towards = np.array([math.cos(frontage.facing(middle)), math.sin(frontage.facing(middle))])
            street = frontage.arm.point(middle, 0.0) - frontage.point(middle, 0.0)
            assert street @ towards == pytest.approx(frontage.arm.profile.back_m, abs=1e-6)


def test_parking_bays_open_and_close_continuously(network: Network) -> None:
    street = next(street for street in network.streets if street.profile.parking_m > 0.0)
    knots = street.parking_knots()
    assert [s for s, _ in knots] == sorted(s for s, _ in knots)
    assert knots[0][1] == knots[-1][1] == 0.0
    kerb = street.kerb(np.linspace(0.0, street.length, 300))
    assert kerb.max() == pytest.approx(street.profile.carriageway_m + street.profile.parking_m)
    assert np.abs(np.diff(kerb)).max() < 0.5


def test_a_street_that_just_ends_is_refused() -> None:
    without = replace(TOWN10HD, streets=tuple(s for s in TOWN10HD.streets if (s.start, s.end) != ("C2", "C3")))
    with pytest.raises(RoadError, match="junction C3 has 2 arms"):
        build_network(without)


def test_streets_keep_their_order_as_road_ids(network: Network) -> None:
    ids = [street.road_id for street in network.streets]
    ids += [c.road_id for junction in network.junctions for c in junction.connections]
    ids += [junction.junction_id for junction in network.junctions]
    assert len(ids) == len(set(ids))
    assert all(a < b for a, b in itertools.pairwise(ids))
