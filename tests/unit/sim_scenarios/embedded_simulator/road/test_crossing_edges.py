from __future__ import annotations

import pytest

from sim_scenarios.embedded_simulator.road.crossing_edges import edges_of
from sim_scenarios.embedded_simulator.road.layout import build_network
from sim_scenarios.embedded_simulator.road.plan import Control
from sim_scenarios.embedded_simulator.road.plans import PLANS


@pytest.mark.parametrize("name", ["Town03", "Town05"])
def test_a_sidewalk_goes_round_every_corner_between_streets_that_have_one(name: str) -> None:
    for junction in build_network(PLANS[name]).junctions:
        round_corners = [
            c for c in junction.connections if (edge := edges_of(junction, c).right) and edge.kind == "sidewalk"
        ]
        found = {(c.outgoing.street.road_id, c.incoming.street.road_id) for c in round_corners}
        wanted = {
            (corner.arm.street.road_id, corner.following.street.road_id)
            for corner in junction.corners()
            if corner.arm.lanes(incoming=False) and corner.following.lanes(incoming=True)
            if corner.arm.profile.sidewalk_m > 0.0 and corner.following.profile.sidewalk_m > 0.0
        }
        assert found == wanted
        for connection in round_corners:
            edge = edges_of(junction, connection).right
            assert edge is not None
            ends = [
                arm.profile.parking_m + arm.profile.sidewalk_m for arm in (connection.incoming, connection.outgoing)
            ]
            assert [edge.start_m, edge.end_m] == ends


def test_shoulders_go_on_where_carriageways_part() -> None:
    for junction in build_network(PLANS["Town04"]).junctions:
        if junction.plan.control is not Control.LANES:
            continue
        edges = {c.road_id: edges_of(junction, c) for c in junction.connections}
        shoulders = [side for edge in edges.values() for side in (edge.left, edge.right) if side is not None]
        for arm in junction.arms:
            widths = [side.end_m if arm.at_start else side.start_m for side in shoulders]
            assert arm.profile.shoulder_m in widths
            assert arm.profile.left_shoulder_m in widths
        assert sorted(edge.mark.kind for edge in edges.values() if edge.mark) == ["broken", "broken", "solid", "solid"]
