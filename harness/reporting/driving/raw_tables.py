"""The single files of a drive folder: which columns they have, and what makes one unusable.

Decisions:

- As for scores (:mod:`harness.reporting.raw_tables`): only an empty cell is missing, text that a spreadsheet would run
  lies behind an apostrophe, a table that ends in the middle of a row is refused.
- Columns that this page does not know are left alone: a new metric does not break an old report.

This file does not know how tables belong together; :mod:`harness.reporting.driving.source` does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet

from harness.closed_loop.episode_log import KEY_COLUMNS
from harness.errors import DataError

KEY = list(KEY_COLUMNS)
"""Columns that name an episode."""
CONDITION = ["policy", "weather", "width", "height", "fov"]
"""Columns that name what a summary is about."""
STATUSES = ("done", "partial", "failed", "crashed", "timed out", "not run")
TICK_COLUMNS = (*KEY, "tick", "x", "y", "lateral_error_m")
"""Those of ``ticks.parquet`` that the page needs."""

_TICK_NUMBERS = {
    "width": np.int64, "height": np.int64, "fov": np.float64, "repeat": np.int64, "tick": np.int64, "x": np.float64,
    "y": np.float64, "lateral_error_m": np.float64,
}  # fmt: skip

_TEXT = (
    "scenario", "weather", "policy", "group", "town", "status", "message", "ending", "reason", "kind", "what",
)  # fmt: skip
ALL_GROUPS = "(all)"
"""What ``drive_summary.csv`` names in place of a group where all of them are meant."""
LINKED = ("completion", "driving_score_2_1", "lateral_error_mean_m")
"""What is held against IoU."""
COLLISIONS = ("collisions_pedestrian", "collisions_vehicle", "collisions_static")


def _with_ends(name: str) -> tuple[str, str, str]:
    """A number and the ends of its interval."""
    return name, f"{name}_low", f"{name}_high"


_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "episodes.csv": (
        *KEY, "group", "town", "status", "message", "retries", "ending", "reason", "success", "completed",
        "duration_s", "route_length_m", "completion", "driving_score_1_0", "driving_score_2_0", "driving_score_2_1",
        *COLLISIONS, "red_lights", "stop_signs", "lane_invasions", "off_road_share", "wrong_way_share",
        "lateral_error_mean_m", "lateral_error_p95_m", "comfort_share", "min_ttc_s", "mean_speed_mps", "safe_stops",
        "emergency_brakes", "iou_road", "iou_lines", "iou_road_lines", "miou",
    ),
    "infractions.csv": (*KEY, "tick", "kind", "x", "y", "what"),
    "drive_summary.csv": (
        *CONDITION, "group", "planned", "done", *_with_ends("success_rate"), "completed_rate", "completion",
        "driving_score_1_0", "driving_score_2_0", *_with_ends("driving_score_2_1"), "driven_km", "collisions_per_km",
        "red_lights_per_km", "stop_signs_per_km", "lateral_error_mean_m", "lateral_error_p95_m", "off_road_share",
        "comfort_share", "iou_road_lines", "safe_stops",
    ),
    "iou_vs_driving.csv": (
        *CONDITION, "episodes", "iou_road", "iou_lines", "iou_road_lines", "lateral_error_p95_m", "completion",
        "driving_score_2_1", "success_rate", "loss_episodes", *_with_ends("loss_completion"),
        *_with_ends("loss_driving_score_2_1"), *_with_ends("loss_success"), "correlation_episodes",
        *(f"{kind}_{measure}" for kind in ("pearson", "spearman") for measure in LINKED),
        "target_completion", "completion_limit_iou",
    ),
}  # fmt: skip
_ESCAPED = re.compile(r"'[=+\-@\t\r]")
"""How text begins that `harness.scoring.spreadsheet.plain_text` has changed."""
_WHOLE = ("width", "height", "repeat", "tick", "retries")


def columns_of(name: str) -> tuple[str, ...]:
    """The columns that the page needs of a CSV table, by the name of its file."""
    return _COLUMNS[name]


def again(folder: Path) -> str:
    """What to do about a table that cannot be used."""
    return f"with `harness drive RUN SUITE -o {folder} --resume`"


def read_table(path: Path) -> pd.DataFrame:
    """Read one CSV table: its columns, its last row whole, whole numbers where things are counted.

    Raises:
        DataError: otherwise; the message names the file and what to do.
    """
    try:
        columns = pd.read_csv(path, nrows=0).columns
        empty_is_nan = {column: [""] for column in columns if column not in _TEXT}
        types = dict.fromkeys(_TEXT, str)
        table = pd.read_csv(path, dtype=types, keep_default_na=False, na_values=empty_is_nan)
    except FileNotFoundError:
        raise DataError(f"{path} is missing: the run did not come that far. Finish it, {again(path.parent)}") from None
    except (OSError, ValueError) as error:  # pandas' parser errors are ValueErrors
        raise DataError(f"{path} cannot be read ({error}): drive again, {again(path.parent)}") from error
    if not path.read_bytes().endswith(b"\n"):
        raise DataError(f"{path} ends in the middle of a row, it is half-written: drive again, {again(path.parent)}")
    missing = [column for column in columns_of(path.name) if column not in table.columns]
    if missing:
        raise DataError(
            f"{path} has no column {', '.join(missing)}: it is cut short or not the table of a drive. Drive again, "
            f"{again(path.parent)}"
        )
    for column in set(_TEXT) & set(table.columns):
        table[column] = [text[1:] if _ESCAPED.match(text) else text for text in table[column]]
    for column in set(_WHOLE) & set(table.columns):
        numbers = table[column] if len(table) else table[column].astype(np.int64)
        if not pd.api.types.is_integer_dtype(numbers):
            raise DataError(f"{path} has something else than whole numbers in column {column}: drive again")
        table[column] = numbers
    return table


def read_ticks(path: Path) -> pd.DataFrame:
    """Read what the page needs of ``ticks.parquet``, text as categories.

    Raises:
        DataError: it is missing, cut short or has other columns.
    """
    text = [column for column in TICK_COLUMNS if column in _TEXT]
    try:
        names = pyarrow.parquet.read_schema(path).names
        if not pyarrow.parquet.read_metadata(path).num_rows:  # without an episode there is nothing but the key
            ticks = pd.DataFrame(columns=list(TICK_COLUMNS))
        else:
            missing = [column for column in TICK_COLUMNS if column not in names]
            if missing:
                raise DataError(f"{path} has no column {', '.join(missing)}: it is not the table of a drive")
            table = pyarrow.parquet.read_table(
                path, columns=list(TICK_COLUMNS), read_dictionary=text, use_threads=False
            )
            ticks = table.to_pandas(ignore_metadata=True, categories=text)
    except FileNotFoundError:
        raise DataError(f"{path} is missing: the run did not come that far. Finish it, {again(path.parent)}") from None
    except (OSError, pyarrow.ArrowException) as error:
        raise DataError(f"{path} cannot be read ({error}): drive again, {again(path.parent)}") from error
    # Numbers of the key may be stored as categories, too, which compare with nothing.
    whole: pd.DataFrame = ticks.astype(_TICK_NUMBERS)
    return whole
