from __future__ import annotations

import itertools

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.road.markings import centre_marks, edge_marks, lane_marks
from sim_scenarios.embedded_simulator.road.network import Network
from sim_scenarios.embedded_simulator.road.paint import BAY_LENGTH_M, arrow_triangles, bays

TURNS = [frozenset(turns) for n in (1, 2, 3) for turns in itertools.combinations(("left", "straight", "right"), n)]


def test_marks_cover_each_street_without_gaps(network: Network) -> None:
    for street in network.streets:
        for marks in (
            centre_marks(street),
            edge_marks(street),
            lane_marks(street, toward_start=True),
            lane_marks(street, toward_start=False),
        ):
            assert marks[0].start == 0.0
            assert marks[-1].end == street.length
            assert all(a.end == b.start for a, b in itertools.pairwise(marks))
            assert all(mark.start < mark.end for mark in marks)


def test_lane_changes_are_forbidden_on_the_approach(network: Network) -> None:
    street = next(street for street in network.streets if street.profile.lanes == 2)
    assert lane_marks(street, toward_start=False)[-1].lane_change == "none"
    assert lane_marks(street, toward_start=True)[0].lane_change == "none"
    assert lane_marks(street, toward_start=False)[0].lane_change == "both"


@pytest.mark.parametrize("turns", TURNS, ids=lambda turns: "+".join(sorted(turns)))
def test_an_arrow_fits_its_lane_and_points_where_it_says(turns: frozenset[str]) -> None:
    triangles = arrow_triangles(turns)
    points = triangles.reshape(-1, 2)
    assert np.all(np.abs(points[:, 1]) <= 1.25)
    assert (points[:, 0].max() > 3.0) == ("straight" in turns)
    assert (points[:, 1].min() < -1.0) == ("left" in turns)
    assert (points[:, 1].max() > 1.0) == ("right" in turns)


def test_bays_lie_side_by_side_where_the_kerb_is_back(network: Network) -> None:
    for street in network.streets:
        middles = bays(street)
        assert bool(middles) == (street.profile.parking_m > 0.0)
        for a, b in itertools.pairwise(middles):
            assert b - a == pytest.approx(BAY_LENGTH_M)
        for s in middles:
            full = street.profile.carriageway_m + street.profile.parking_m
            assert street.kerb(s - 0.5 * BAY_LENGTH_M) == pytest.approx(full)
            assert street.kerb(s + 0.5 * BAY_LENGTH_M) == pytest.approx(full)
