"""Numbers over all of a policy, sweeps by name, and words: small tables with known answers."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from harness.reporting.driving.film import worst_episode
from harness.reporting.driving.link_section import limit_words
from harness.reporting.driving.outline import sweeps_of
from harness.reporting.driving.pooled import paired_loss, policy_result
from harness.scoring.statistics.bootstrap import Bootstrap
from harness.scoring.statistics.wilson import wilson_interval


def episodes(*rows: tuple[str, int, str, float, float]) -> pd.DataFrame:
    """Policy, repeat, status, success and driving score of each."""
    table = pd.DataFrame(rows, columns=["policy", "repeat", "status", "success", "driving_score_2_1"])
    return table.assign(scenario="a", weather="b", width=1, height=1, fov=90.0, completion=50.0)


TABLE = episodes(
    ("mask", 1, "done", 1.0, 100.0), ("mask", 2, "done", 0.0, 40.0), ("mask", 3, "failed", 0.0, 0.0),
    ("truth", 1, "done", 1.0, 100.0), ("truth", 2, "done", 1.0, 90.0), ("truth", 3, "done", 1.0, 100.0),
)  # fmt: skip


def test_a_policy_is_judged_by_what_is_done() -> None:
    result = policy_result(TABLE, "mask", Bootstrap())
    assert (result.planned, result.done) == (3, 2)
    assert result.success_rate.value == 0.5
    assert (result.success_rate.low, result.success_rate.high) == wilson_interval(1, 2, 0.95)
    assert result.driving_score.value == 70.0
    assert (result.driving_score.low, result.driving_score.high) == (40.0, 100.0)


def test_a_loss_is_over_pairs_of_the_same_episode() -> None:
    loss = paired_loss(TABLE, "mask", "truth", Bootstrap())
    assert loss is not None
    assert loss.pairs == 2
    assert loss.driving_score.value == 25.0
    assert loss.success_rate.value == 50.0
    assert paired_loss(TABLE, "mask", "route", Bootstrap()) is None
    assert paired_loss(TABLE, "truth", "truth", Bootstrap()) is None


def test_nothing_done_is_no_number() -> None:
    result = policy_result(TABLE, "route", Bootstrap())
    assert result.done == 0
    assert math.isnan(result.success_rate.value)
    assert math.isnan(result.driving_score.low)


def test_sweeps_are_weathers_that_differ_in_one_number() -> None:
    sweeps = sweeps_of(
        (
            "ClearNoon:fog_density=80", "ClearNoon", "ClearNoon:fog_density=5.5", "HardRainNoon:fog_density=3",
            "ClearNoon:wetness=10:sun_altitude_angle=-20", "ClearNoon:wetness=10:sun_altitude_angle=15",
            "ClearNoon->DenseFog",
        )
    )  # fmt: skip
    assert [(sweep.name, sweep.field, sweep.values) for sweep in sweeps] == [
        ("ClearNoon:fog_density", "fog_density", (5.5, 80.0)),
        ("ClearNoon:wetness=10:sun_altitude_angle", "sun_altitude_angle", (-20.0, 15.0)),
    ]
    assert sweeps[0].weathers == ("ClearNoon:fog_density=5.5", "ClearNoon:fog_density=80")


def test_of_equal_scores_the_shorter_way_is_worse_then_the_larger_error() -> None:
    table = pd.DataFrame(
        {
            "policy": ["mask"] * 4 + ["truth"],
            "driving_score_2_1": [10.0, 5.0, 5.0, 5.0, 0.0],
            "completion": [10.0, 50.0, 20.0, 20.0, 0.0],
            "lateral_error_p95_m": [9.0, 9.0, 1.0, 2.0, 9.0],
        }
    )
    worst = worst_episode(table, "mask")
    assert worst is not None
    assert worst["lateral_error_p95_m"] == 2.0
    assert worst_episode(table, "route") is None


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        (0.61234, "0.612"),
        (math.nan, "completion never falls below 90 %"),
        (math.inf, "below 90 % at every IoU"),
    ],
)
def test_a_limit_is_a_number_or_the_reason_why_there_is_none(limit: float, words: str) -> None:
    assert limit_words(limit, 90.0) == words
