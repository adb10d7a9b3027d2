from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.closed_loop.metrics.driving_score import (
    COEFFICIENTS,
    FACTORS,
    completion_percent,
    driving_scores,
    is_success,
)
from tests.unit.harness.closed_loop.made_logs import make_log

KINDS = tuple(FACTORS)


@pytest.mark.parametrize(
    ("completion", "counts", "outside", "factors", "fraction"),
    [
        (100, {}, 0.0, 100.0, 100.0),
        (80, {"collision vehicle": 1}, 0.0, 48.0, 80 / 1.7),
        (100, {"collision pedestrian": 2, "red light": 1}, 0.0, 17.5, 100 / 3.4),
        (50, {"collision static": 1, "stop sign": 2}, 0.1, 50 * 0.9 * 0.65 * 0.64, 50 * 0.9 / 2.1),
        (100, {"lane invasion": 9, "hit while standing": 3, "time limit": 1}, 0.0, 100.0, 100.0),
        (100, {}, 1.0, 0.0, 0.0),
    ],
)
def test_scores_by_hand(
    completion: float, counts: dict[str, int], outside: float, factors: float, fraction: float
) -> None:
    found = driving_scores(completion, counts, outside)
    assert found.leaderboard_1_0 == pytest.approx(factors)
    assert found.leaderboard_2_0 == pytest.approx(factors)
    assert found.leaderboard_2_1 == pytest.approx(fraction)


@given(
    completion=st.floats(0, 100), outside=st.floats(0, 1),
    counts=st.dictionaries(st.sampled_from(KINDS), st.integers(0, 5)), kind=st.sampled_from(KINDS),
)  # fmt: skip
def test_one_more_infraction_never_helps(completion: float, outside: float, counts: dict[str, int], kind: str) -> None:
    before = driving_scores(completion, counts, outside)
    after = driving_scores(completion, counts | {kind: counts.get(kind, 0) + 1}, outside)
    assert 0 <= after.leaderboard_2_0 <= before.leaderboard_2_0 <= completion
    assert 0 <= after.leaderboard_2_1 <= before.leaderboard_2_1 <= completion


def test_both_rules_know_the_same_kinds() -> None:
    assert FACTORS.keys() == COEFFICIENTS.keys()


def test_completion_is_the_share_of_the_way_and_all_of_it_at_the_goal() -> None:
    log = make_log(moves=[{"ticks": 101, "speed": 10.0}], reason="blocked")
    assert completion_percent(log) == pytest.approx(50.0)
    assert completion_percent(make_log(moves=[{"ticks": 101, "speed": 10.0}], reason="goal")) == 100.0


@pytest.mark.parametrize("reason", ["goal", "blocked", "collision"])
def test_success_is_the_goal_without_an_infraction_that_costs(reason: str) -> None:
    log = make_log(reason=reason)
    assert is_success(log, {}, 0.0) == (reason == "goal")
    assert is_success(log, {"lane invasion": 3, "hit while standing": 1}, 0.0) == (reason == "goal")
    assert not is_success(log, {}, 0.01)
    assert not any(is_success(log, {kind: 1}, 0.0) for kind in KINDS)


def test_progress_beyond_the_route_is_no_more_than_all() -> None:
    log = make_log(moves=[{"ticks": 10, "speed": 1.0}], reason="blocked")
    far = np.full(10, 101.0, np.float32)
    assert completion_percent(replace(log, route_progress_m=far)) == 100.0
