from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.scoring.statistics.correlation import pearson, ranks, spearman

PAIRS = st.lists(st.tuples(st.integers(-20, 20), st.integers(-20, 20)), min_size=3, max_size=40)


@given(pairs=PAIRS)
def test_they_are_what_pandas_computes(pairs: list[tuple[int, int]]) -> None:
    x, y = np.array(pairs, float).T
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        assert math.isnan(pearson(x, y))
        assert math.isnan(spearman(x, y))
    else:
        assert pearson(x, y) == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-9)
        expected = pd.Series(x).rank().corr(pd.Series(y).rank())
        assert spearman(x, y) == pytest.approx(expected, abs=1e-9)


def test_equal_values_share_their_places() -> None:
    assert ranks(np.array([3.0, 1.0, 3.0, 7.0])).tolist() == [2.5, 1.0, 2.5, 4.0]


def test_ranks_do_not_mind_the_scale() -> None:
    x = np.random.default_rng(1).normal(size=30)
    assert spearman(x, np.exp(x)) == pytest.approx(1.0)
    assert pearson(x, np.exp(x)) < 0.95
    assert spearman(x, -(x**3)) == pytest.approx(-1.0)


@pytest.mark.parametrize("x", [[], [1.0], [1.0, 2.0], [0.1, 0.1, 0.1, 0.1]])
def test_too_few_or_equal_values_have_none(x: list[float]) -> None:
    values = np.array(x)
    assert math.isnan(pearson(values, np.arange(len(values), dtype=float)))
    assert math.isnan(spearman(values, np.arange(len(values), dtype=float)))
