"""The report's tables as pandas frames, and how they are put together.

Decisions of all of them:

* **Count first, divide last.** Counts are summed over scenarios and repeats, then the one IoU formula is applied.
* **Compared like with like.** A comparison is over the frames of the scenarios that are complete on both sides.
* **Absent is empty.** A class that is in neither truth nor prediction has no IoU, no drop and no retention.

Each table has its own file: :mod:`~harness.reporting.pooled` (classes and summary),
:mod:`~harness.reporting.degradation`, :mod:`~harness.reporting.limits` and :mod:`~harness.reporting.comparison`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.scoring.statistics.bootstrap import Bootstrap


@dataclass(frozen=True, kw_only=True, eq=False)
class ReportTables:
    """The tables that are made of a score; the columns stand in the file of each."""

    classes: pd.DataFrame
    summary: pd.DataFrame
    degradation: pd.DataFrame
    limits: pd.DataFrame
    comparison: pd.DataFrame
    reference_weather: str
    bootstrap: Bootstrap
    """How the intervals were made."""


def table_of(blocks: Iterable[Mapping[str, object]], columns: Sequence[str]) -> pd.DataFrame:
    """Put blocks of rows under each other.

    Args:
        blocks: values by column; an array lies along the block's rows, anything else stands in each of them. A block
            has at least one array.
        columns: of the table, in order; each block has all of them.
    """
    parts: dict[str, list[NDArray[Any]]] = {column: [] for column in columns}
    for block in blocks:
        num_rows = next(len(value) for value in block.values() if isinstance(value, np.ndarray))
        for column in columns:
            value = block[column]
            if not isinstance(value, np.ndarray):
                value = np.full(num_rows, value, dtype=object if isinstance(value, str) else None)
            parts[column].append(value)
    table: pd.DataFrame = pd.DataFrame(
        {column: np.concatenate(arrays) if arrays else np.zeros(0) for column, arrays in parts.items()}
    )
    return table
