from __future__ import annotations

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.road.elevation import Elevation

HILL = Elevation((0.0, 40.0, 100.0, 130.0), (1.0, 6.0, 6.0, -2.0))


def test_it_passes_its_knots_and_is_level_there() -> None:
    assert HILL.at(np.array(HILL.stations)) == pytest.approx(HILL.heights)
    assert HILL.slope(np.array(HILL.stations)) == pytest.approx(0.0)
    assert HILL.at(np.array([-5.0, 140.0])) == pytest.approx([1.0, -2.0])


def test_slope_is_the_derivative() -> None:
    s = np.linspace(0.5, 129.5, 400)
    numeric = (HILL.at(s + 1e-4) - HILL.at(s - 1e-4)) / 2e-4
    assert HILL.slope(s) == pytest.approx(numeric, abs=1e-5)


def test_the_cubics_are_the_same_function() -> None:
    cubics = list(HILL.cubics())
    for s in np.linspace(0.0, 129.9, 300):
        start, a, b, c, d = max(cubic for cubic in cubics if cubic[0] <= s)
        u = s - start
        assert a + u * (b + u * (c + u * d)) == pytest.approx(float(HILL.at(s)), abs=1e-9)


def test_a_level_street_is_one_constant() -> None:
    level = Elevation((0.0, 50.0), (3.0, 3.0))
    assert level.is_level
    assert list(level.cubics()) == [(0.0, 3.0, 0.0, 0.0, 0.0)]
    assert not HILL.is_level


def test_one_place_is_as_high_as_among_many() -> None:
    s = np.linspace(-5.0, 135.0, 281)
    assert [HILL.height(float(one)) for one in s] == HILL.at(s).tolist()
