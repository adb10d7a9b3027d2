"""Numbers over all weathers, sizes and scenarios of a policy, which no table of the run has a row for.

As in ``drive_summary.csv``: what counts is done, a rate has a Wilson interval, a score a percentile bootstrap over
episodes, and a loss is over pairs of the same episode.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from harness.reporting.driving.raw_tables import KEY
from harness.scoring.statistics.bootstrap import Bootstrap, interval, resampled_means
from harness.scoring.statistics.wilson import wilson_interval

SCORE = "driving_score_2_1"
"""The driving score that the page leads with."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number with its interval; NaN where there is none."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class PolicyResult:
    """What one policy reached over everything that it drove."""

    policy: str
    planned: int
    done: int
    success_rate: Estimate
    """0..1"""
    driving_score: Estimate
    """0..100, Leaderboard 2.1."""
    completion: float
    """0..100"""


@dataclass(frozen=True, kw_only=True)
class Loss:
    """What one policy reaches less than another in the same episodes, in points of 100."""

    policy: str
    reference: str
    pairs: int
    success_rate: Estimate
    driving_score: Estimate


def policy_result(episodes: pd.DataFrame, policy: str, bootstrap: Bootstrap) -> PolicyResult:
    """Over all episodes of a policy."""
    planned = episodes[episodes["policy"] == policy]
    done = planned[planned["status"] == "done"]
    successes = int(done["success"].sum())
    low, high = wilson_interval(successes, len(done), bootstrap.level)
    return PolicyResult(
        policy=policy,
        planned=len(planned),
        done=len(done),
        success_rate=Estimate(value=successes / len(done) if len(done) else math.nan, low=low, high=high),
        driving_score=_mean(done[SCORE].to_numpy(np.float64), bootstrap),
        completion=float(done["completion"].mean()),
    )


def paired_loss(episodes: pd.DataFrame, policy: str, reference: str, bootstrap: Bootstrap) -> Loss | None:
    """How much worse a policy is than another; None where no episode was done by both."""
    same = [name for name in KEY if name != "policy"]
    done = episodes.loc[episodes["status"] == "done", [*KEY, "success", SCORE]]
    pairs = done[done["policy"] == policy].merge(
        done[done["policy"] == reference], on=same, suffixes=("", "_reference")
    )
    if pairs.empty or policy == reference:
        return None

    def lost(name: str, points: float) -> Estimate:
        values = points * (pairs[f"{name}_reference"] - pairs[name]).to_numpy(np.float64)
        return _mean(values, bootstrap)

    return Loss(
        policy=policy,
        reference=reference,
        pairs=len(pairs),
        success_rate=lost("success", 100.0),
        driving_score=lost(SCORE, 1.0),
    )


def _mean(values: npt.NDArray[np.float64], bootstrap: Bootstrap) -> Estimate:
    if len(values) < 2:
        return Estimate(value=float(values.mean()) if len(values) else math.nan, low=math.nan, high=math.nan)
    low, high = interval(resampled_means(values, bootstrap), bootstrap.level)
    return Estimate(value=float(values.mean()), low=float(low), high=float(high))
