"""Rows of episodes.csv to reason about, for the tests of what is said of many episodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from harness.closed_loop.metrics.tables import Row, episode_row
from tests.unit.harness.closed_loop.made_logs import make_log

PLAIN: Row = episode_row(make_log(moves=[{"ticks": 201, "speed": 10.0}]))
KEPT = (
    "scenario", "weather", "width", "height", "fov", "policy", "repeat", "group", "town", "seed", "status", "message",
    "retries",
)  # fmt: skip


def make_episodes(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """A clean drive each, with the given columns changed; measures of those that are not done are NaN."""
    made = []
    for changes in rows:
        row = {**PLAIN, "status": "done", "message": "", "retries": 0, **changes}
        if row["status"] != "done":
            row = {name: value if name in KEPT else float("nan") for name, value in row.items()}
        made.append(row)
    return pd.DataFrame(made, columns=[*PLAIN, "status", "message", "retries"])
