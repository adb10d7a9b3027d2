"""drive_summary.csv: what the episodes of each policy, weather, size and field of view say together.

Decisions:

- **What was planned is the list of rows, what counts is done.** Episodes that failed, crashed or were never run have no
  measures; they lower ``done`` beside ``planned`` and nothing else.
- **Rates have Wilson intervals, scores percentile bootstraps.** The unit of both is one episode: repeats of a scenario
  have seeds, and with them traffic, of their own.
- **What happened per kilometre is pooled** (all events over all kilometres). Everything else is the mean of the
  episodes' own values, those without a value left out; that holds for the 95th percentile of the lateral error and for
  IoU, too, whose ticks and counts are not in ``episodes.csv``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from harness.scoring.statistics.bootstrap import Bootstrap, interval, resampled_means
from harness.scoring.statistics.wilson import wilson_interval

CONDITION = ("policy", "weather", "width", "height", "fov")
"""What one row is about, beside its group."""
ALL_GROUPS = "(all)"
SCORES = ("driving_score_1_0", "driving_score_2_0", "driving_score_2_1")
COLLISIONS = ("collisions_pedestrian", "collisions_vehicle", "collisions_static")
MEANS = (
    "lateral_error_mean_m", "lateral_error_p95_m", "off_road_share", "comfort_share", "iou_road", "iou_lines",
    "iou_road_lines",
)  # fmt: skip
DONE = "done"
"""The status of an episode whose measures count."""


def drive_summary(episodes: pd.DataFrame, *, bootstrap: Bootstrap | None = None) -> pd.DataFrame:
    """A row for each condition with all its groups, and one for each group, in the order of the episodes.

    Args:
        episodes: columns of ``metrics.tables.episode_row`` and ``status``; a row for each planned episode.
        bootstrap: how the intervals of the scores are made; 1,000 resamples of 95 % by default.
    """
    how = bootstrap or Bootstrap()
    rows: list[dict[str, Any]] = []
    for condition, planned in episodes.groupby(list(CONDITION), sort=False):
        named = dict(zip(CONDITION, condition, strict=True))
        rows.append(named | {"group": ALL_GROUPS} | _summary(planned, how))
        for group, part in planned.groupby("group", sort=False):
            if group:  # scenarios without one are in the row of all groups only
                rows.append(named | {"group": group} | _summary(part, how))
    table: pd.DataFrame = pd.DataFrame(rows, columns=list(_columns()))
    return table


def _columns() -> Sequence[str]:
    """The columns in order."""
    return (
        *CONDITION, "group", "planned", "done",
        *_with_ends("success_rate"), *_with_ends("completed_rate"), "completion",
        *(name for score in SCORES for name in _with_ends(score)),
        "driven_km", "collisions_per_km", "red_lights_per_km", "stop_signs_per_km",
        *MEANS, "safe_stops",
    )  # fmt: skip


def _with_ends(name: str) -> tuple[str, str, str]:
    return name, f"{name}_low", f"{name}_high"


def _summary(planned: pd.DataFrame, bootstrap: Bootstrap) -> dict[str, Any]:
    done = planned[planned["status"] == DONE]
    km = float(done["driven_m"].sum()) / 1000.0
    return {
        "planned": len(planned),
        "done": len(done),
        **_rate("success_rate", done["success"], bootstrap.level),
        **_rate("completed_rate", done["completed"], bootstrap.level),
        "completion": mean_there(done["completion"]),
        **{name: value for score in SCORES for name, value in _score(score, done[score], bootstrap).items()},
        "driven_km": km,
        "collisions_per_km": _each_km(done[list(COLLISIONS)].to_numpy(np.float64), km),
        "red_lights_per_km": _each_km(done["red_lights"].to_numpy(np.float64), km),
        "stop_signs_per_km": _each_km(done["stop_signs"].to_numpy(np.float64), km),
        **{name: mean_there(done[name]) for name in MEANS},
        "safe_stops": int(done["safe_stops"].sum()),
    }


def _rate(name: str, outcomes: pd.Series, level: float) -> dict[str, float]:
    """Share of episodes, with its Wilson interval; NaN without episodes."""
    successes, trials = int(outcomes.astype(bool).sum()), len(outcomes)
    share = successes / trials if trials else float("nan")
    return dict(zip(_with_ends(name), (share, *wilson_interval(successes, trials, level)), strict=True))


def _score(name: str, scores: pd.Series, bootstrap: Bootstrap) -> dict[str, float]:
    """Mean, with its bootstrap interval; no interval of fewer than two episodes."""
    values = scores.to_numpy(np.float64)
    return dict(zip(_with_ends(name), (mean_there(scores), *mean_interval(values, bootstrap)), strict=True))


def mean_interval(values: np.ndarray[Any, np.dtype[np.float64]], bootstrap: Bootstrap) -> tuple[float, float]:
    """Percentile interval of the mean of N values ``(N,)`` without NaN; NaN where N is under two."""
    if len(values) < 2:
        return float("nan"), float("nan")
    low, high = interval(resampled_means(values, bootstrap), bootstrap.level)
    return float(low), float(high)


def mean_there(values: pd.Series) -> float:
    """Mean of those that are there; NaN without any."""
    there = values.to_numpy(np.float64)
    there = there[~np.isnan(there)]
    return float(there.mean()) if there.size else float("nan")


def _each_km(events: np.ndarray[Any, np.dtype[np.float64]], km: float) -> float:
    return float(events.sum()) / km if km > 0 else float("nan")
