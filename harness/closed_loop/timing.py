"""``timing.csv``: what deciding took by the clock, for each policy and size; the one table with a clock in it.

A decision that takes longer than the simulated time until the next one would come too late on a road: the ratio of both
is ``share_of_interval``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

COLUMNS = (
    "policy", "width", "height", "episodes", "decisions", "act_ms_mean", "act_ms_p95", "tick_ms_mean", "interval_ms",
    "share_of_interval", "share_of_interval_p95",
)  # fmt: skip

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class EpisodeTiming:
    """One episode by the clock."""

    policy: str
    width: int
    """[px]"""
    height: int
    """[px]"""
    interval_s: float
    """Simulated time between two decisions [s]."""
    act_s: Floats
    """(D,) wall clock of each decision [s]."""
    tick_s: Floats
    """(T,) wall clock of each tick, decision included [s]."""


def timing_table(timings: Iterable[EpisodeTiming]) -> pd.DataFrame:
    """One row for each policy and size, in the order in which they first come."""
    groups: dict[tuple[str, int, int], list[EpisodeTiming]] = {}
    for each in timings:
        groups.setdefault((each.policy, each.width, each.height), []).append(each)
    table: pd.DataFrame = pd.DataFrame([_row(*key, group) for key, group in groups.items()], columns=list(COLUMNS))
    return table


def _row(policy: str, width: int, height: int, group: list[EpisodeTiming]) -> dict[str, Any]:
    acts = np.concatenate([each.act_s for each in group])
    ticks = np.concatenate([each.tick_s for each in group])
    shares = np.concatenate([each.act_s / each.interval_s for each in group])
    intervals = np.concatenate([np.full(len(each.act_s), each.interval_s) for each in group])
    return {
        "policy": policy,
        "width": width,
        "height": height,
        "episodes": len(group),
        "decisions": len(acts),
        "act_ms_mean": _mean(1000 * acts),
        "act_ms_p95": _p95(1000 * acts),
        "tick_ms_mean": _mean(1000 * ticks),
        "interval_ms": _mean(1000 * intervals),
        "share_of_interval": _mean(shares),
        "share_of_interval_p95": _p95(shares),
    }


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _p95(values: Floats) -> float:
    return float(np.quantile(values, 0.95)) if len(values) else float("nan")
