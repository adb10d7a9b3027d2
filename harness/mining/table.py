"""Chosen frames as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import pandas as pd

from harness.closed_loop.episode_log import KEY_COLUMNS
from harness.mining.mine import MinedFrame

FRAME_COLUMNS = (*KEY_COLUMNS, "split", "tick", "time_s", "iou", "reason")


def frame_table(frames: Sequence[MinedFrame]) -> pd.DataFrame:
    """One row for each, in their order; columns ``FRAME_COLUMNS``."""
    rows = [{**asdict(each.key), **{name: getattr(each, name) for name in FRAME_COLUMNS[-5:]}} for each in frames]
    table: pd.DataFrame = pd.DataFrame(rows, columns=list(FRAME_COLUMNS))
    return table
