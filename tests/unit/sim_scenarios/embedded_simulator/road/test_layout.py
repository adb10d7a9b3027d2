"""Streets with heights, one direction, parting lanes: the plans of Town03, Town04 and Town05."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import shapely

from sim_scenarios.embedded_simulator.road.curves import RoadError, wrap
from sim_scenarios.embedded_simulator.road.layout import build_network
from sim_scenarios.embedded_simulator.road.network import Network
from sim_scenarios.embedded_simulator.road.plan import LANE_WIDTH_M, Control
from sim_scenarios.embedded_simulator.road.plans import PLANS
from sim_scenarios.embedded_simulator.road.signals import must_wait

RELIEF = ("Town03", "Town04", "Town05")
STEEPEST = 0.09
CLEARANCE_M = 5.9
SMALLEST_TURN_RADIUS_M = 6.0


@cache
def network_of(name: str) -> Network:
    return build_network(PLANS[name])


@pytest.mark.parametrize("name", RELIEF)
def test_streets_meet_their_junctions_at_the_same_height_and_are_not_too_steep(name: str) -> None:
    network = network_of(name)
    for street in network.streets:
        ends = [network.junction_at(street, start=start).plan.z for start in (True, False)]
        assert street.elevation.at(np.array([0.0, street.length])) == pytest.approx(ends)
        slopes = street.elevation.slope(np.linspace(0.0, street.length, 400))
        assert np.abs(slopes).max() < STEEPEST
    heights = [height for street in network.streets for height in street.elevation.heights]
    assert max(heights) - min(heights) > 6.0


@pytest.mark.parametrize("name", RELIEF)
def test_streets_that_cross_without_a_junction_leave_room_for_lorries(name: str) -> None:
    streets = network_of(name).streets
    lines = [shapely.LineString(street.path.at(np.linspace(0.0, street.length, 200))[0]) for street in streets]
    num_crossings = 0
    for i, j in itertools.combinations(range(len(streets)), 2):
        for point in shapely.get_parts(shapely.intersection(lines[i], lines[j])):
            if point.is_empty:
                continue
            heights = [float(streets[k].elevation.at(lines[k].project(point))) for k in (i, j)]
            assert abs(heights[0] - heights[1]) > CLEARANCE_M
            num_crossings += 1
    assert num_crossings == {"Town03": 1, "Town04": 4, "Town05": 2}[name]


@pytest.mark.parametrize("name", RELIEF)
def test_lanes_across_junctions_join_smoothly(name: str) -> None:
    for junction in network_of(name).junctions:
        for c in junction.connections:
            x, y, yaw = c.path.pose(0.0)
            assert (x, y) == pytest.approx(tuple(c.incoming.point(0.0, -c.incoming_lane * LANE_WIDTH_M)), abs=1e-6)
            assert wrap(yaw - c.incoming.yaw - math.pi) == pytest.approx(0.0, abs=1e-6)
            x, y, yaw = c.path.pose(c.path.length)
            assert (x, y) == pytest.approx(tuple(c.outgoing.point(0.0, c.outgoing_lane * LANE_WIDTH_M)), abs=1e-6)
            assert wrap(yaw - c.outgoing.yaw) == pytest.approx(0.0, abs=1e-6)
            for piece in c.path.pieces:
                if piece.curvature != 0.0:
                    middle = 1.0 / abs(piece.curvature) - math.copysign(0.5 * LANE_WIDTH_M, piece.curvature)
                    assert middle >= SMALLEST_TURN_RADIUS_M


def test_where_carriageways_part_or_join_every_lane_has_one_that_follows_and_nobody_waits() -> None:
    parting = [j for j in network_of("Town04").junctions if j.plan.control is Control.LANES]
    assert len(parting) == 8
    for junction in parting:
        into = [(c.incoming.street.road_id, c.incoming_lane) for c in junction.connections]
        out = [(c.outgoing.street.road_id, c.outgoing_lane) for c in junction.connections]
        assert len(into) == len(set(into)) == len(set(out)) == 4
        assert not any(must_wait(junction, arm) for arm in junction.arms)
        for a, b in itertools.combinations(junction.connections, 2):
            lines = [shapely.LineString(c.path.offset(np.linspace(0, c.path.length, 40), 1.75)) for c in (a, b)]
            assert shapely.distance(*lines) > 3.0


def test_lanes_without_a_follower_are_refused() -> None:
    plan = PLANS["Town04"]
    three = next(street.profile for street in plan.streets if street.profile.lanes == 3)
    streets = tuple(replace(s, profile=three) if s.profile.lanes == 4 else s for s in plan.streets)
    with pytest.raises(RoadError, match="lanes lead to where"):
        build_network(replace(plan, streets=streets))


def test_on_the_roundabout_who_enters_waits_and_one_drives_round_counter_clockwise() -> None:
    mouths = [j for j in network_of("Town03").junctions if j.plan.control is Control.ROUNDABOUT]
    assert len(mouths) == 4
    for junction in mouths:
        waiting = [arm for arm in junction.arms if must_wait(junction, arm)]
        assert [arm.profile.is_one_way for arm in waiting] == [False]
        assert len(junction.connections) == 3
        for c in junction.connections:
            if c.incoming.profile.is_one_way and c.outgoing.profile.is_one_way:
                x, y, yaw = c.path.pose(0.5 * c.path.length)
                turning = x * math.sin(yaw) - y * math.cos(yaw)  # of the place about the middle, clockwise
                assert turning == pytest.approx(-math.hypot(x, y), rel=1e-6)


def test_one_way_streets_have_lanes_of_one_direction() -> None:
    for street in network_of("Town04").streets:
        if street.profile.is_one_way:
            lanes = [c for j in network_of("Town04").junctions for c in j.connections if c.incoming.street is street]
            assert all(not c.incoming.at_start for c in lanes)
            assert {c.incoming_lane for c in lanes} == set(range(street.profile.lanes))
