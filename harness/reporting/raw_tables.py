"""The single files of a score folder: which columns they have, and what makes one unusable.

Decisions:

* Only an empty cell is missing: pandas' own list would turn a class called "None" into NaN.
* Text that a spreadsheet would run was written behind an apostrophe, which is taken away here.
* ``ticks.parquet`` is the one large table (a row for each frame and class). It is read last, only the columns that are
  asked for, with categories in place of text: a million rows take some 50 MB.

This file does not know how tables belong together; :mod:`harness.reporting.source` does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet
from numpy.typing import NDArray

from harness.errors import DataError

CELL = ["scenario", "weather", "width", "height", "fov", "model", "repeat"]
"""Columns that name a cell."""
CONDITION = ["model", "weather", "width", "height", "fov"]
"""Columns that name what is reported on: cells without scenario and repeat."""
COUNTS = ["tp", "fp", "fn"]
BOUNDARY_COUNTS = [f"boundary_{name}" for name in COUNTS]
INPUT_COUNTS = [f"input_{name}" for name in COUNTS]
ALL_COUNTS = [*COUNTS, *BOUNDARY_COUNTS, *INPUT_COUNTS]
TICK_COLUMNS = (*CELL, "frame", "class_id", "class", *ALL_COUNTS, "iou")
STATUSES = ("done", "partial", "failed", "crashed", "timed out", "not run")

_TEXT = (
    "scenario", "weather", "model", "class", "town", "status", "labels_digest", "message", "kind", "band_name", "rgb",
    "truth", "prediction",
)  # fmt: skip
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "scenarios.csv": (
        *CELL, "town", "status", "retries", "frames", "planned_frames", "label_width", "label_height",
        "pixel_accuracy", "miou", "input_miou", "frequency_weighted_iou", "boundary_iou", "labels_digest", "message",
    ),
    "counts.csv": (*CELL, "class_id", "class", *ALL_COUNTS),
    "bands.csv": (*CELL, "kind", "band", "band_name", "class_id", "class", *COUNTS, "iou"),
    "worst.csv": (*CELL, "class", "rank", "frame", "iou", "rgb", "truth", "prediction"),
    "timing.csv": (*CELL, "frames", "predict_ms_mean", "predict_ms_median", "predict_ms_p95"),
}  # fmt: skip
_KEYS: Mapping[str, list[str]] = {
    "scenarios.csv": CELL,
    "counts.csv": [*CELL, "class"],
    "bands.csv": [*CELL, "kind", "band", "class"],
    "worst.csv": [*CELL, "class", "rank"],
    "timing.csv": CELL,
}
_ESCAPED = re.compile(r"'[=+\-@\t\r]")
"""How text begins that `harness.scoring.spreadsheet.plain_text` has changed."""
_WHOLE = {"width", "height", "repeat", "retries", "frames", "planned_frames", "class_id", "band", *ALL_COUNTS}


def again(folder: Path) -> str:
    """What to do about a table that cannot be used."""
    return f"with `harness score RUN SUITE -o {folder} --resume`"


def read_table(path: Path) -> pd.DataFrame:
    """Read one CSV table: its columns, no row twice, whole numbers of 0 or more where things are counted.

    Raises:
        DataError: otherwise; the message names the file and what to do.
    """
    types = dict.fromkeys(_TEXT, str)
    try:
        columns = pd.read_csv(path, nrows=0).columns
        empty_is_nan = {column: [""] for column in columns if column not in _TEXT}
        table = pd.read_csv(path, dtype=types, keep_default_na=False, na_values=empty_is_nan)
    except FileNotFoundError:
        raise DataError(
            f"{path} is missing: the score did not come that far. Finish it, {again(path.parent)}"
        ) from None
    except (OSError, ValueError) as error:  # pandas' parser errors are ValueErrors
        raise DataError(f"{path} cannot be read ({error}): score again, {again(path.parent)}") from error
    if not _ends_with_a_line(path):
        raise DataError(f"{path} ends in the middle of a row, it is half-written: score again, {again(path.parent)}")
    missing = [column for column in _COLUMNS[path.name] if column not in table.columns]
    if missing:
        raise DataError(f"{path} has no column {', '.join(missing)}: it is cut short or not the table of a score")
    for column in set(_TEXT) & set(table.columns):
        escaped = [text for text in table[column].unique() if _ESCAPED.match(text)]
        table[column] = table[column].replace({text: text[1:] for text in escaped})
    if table.empty:  # without rows pandas takes every column for text
        numbers = [column for column in table.columns if column not in _TEXT]
        table = table.astype({column: np.int64 if column in _WHOLE else np.float64 for column in numbers})
    _check_numbers(path, table)
    repeated = table.duplicated(_KEYS[path.name])
    if repeated.any():
        first = table.loc[repeated, _KEYS[path.name]].iloc[0].to_dict()
        raise DataError(f"{path} has rows that appear twice, such as {first}: remove them, or score again")
    return table


def check_tick_columns(path: Path) -> None:
    """Look at the footer of ``ticks.parquet``, which is written last: without it the file is cut short.

    Raises:
        DataError: it is missing, cut short or has other columns.
    """
    try:
        names = pyarrow.parquet.read_schema(path).names
    except FileNotFoundError:
        raise DataError(
            f"{path} is missing: the score did not come that far. Finish it, {again(path.parent)}"
        ) from None
    except (OSError, pyarrow.ArrowException) as error:
        raise DataError(f"{path} cannot be read ({error}): score again, {again(path.parent)}") from error
    missing = [column for column in TICK_COLUMNS if column not in names]
    if missing:
        raise DataError(f"{path} has no column {', '.join(missing)}: it is not the table of a score")


def read_ticks(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """Read some columns of ``ticks.parquet``, text as categories.

    Raises:
        DataError: the file is cut short.
    """
    text = [column for column in columns if column in _TEXT]
    try:
        table = pyarrow.parquet.read_table(path, columns=list(columns), read_dictionary=text, use_threads=False)
    except (OSError, pyarrow.ArrowException) as error:
        raise DataError(f"{path} cannot be read ({error}): score again, {again(path.parent)}") from error
    ticks: pd.DataFrame = table.to_pandas(ignore_metadata=True, categories=text, self_destruct=True)
    return ticks


def read_confusion(path: Path, num_classes: int) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Read ``confusion.npz``: cells, C rows, and ``(C, K, K)`` counts.

    Raises:
        DataError: it is missing, cut short or of other classes.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
            cells = pd.DataFrame({name: content[name] for name in CELL})
            confusion: NDArray[np.int64] = content["confusion"].astype(np.int64)
    except FileNotFoundError:
        raise DataError(
            f"{path} is missing: the score did not come that far. Finish it, {again(path.parent)}"
        ) from None
    except Exception as error:  # zipfile, zlib and numpy each have errors of their own for a damaged file
        raise DataError(f"{path} cannot be read ({error}): score again, {again(path.parent)}") from error
    if confusion.shape != (len(cells), num_classes, num_classes):
        raise DataError(
            f"{path} holds counts of shape {confusion.shape}, expected {(len(cells), num_classes, num_classes)}: it is "
            f"from another run. Score again, {again(path.parent)}"
        )
    return cells, confusion


def _ends_with_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read() == b"\n"


def _check_numbers(path: Path, table: pd.DataFrame) -> None:
    for column in _COLUMNS[path.name]:
        if column not in _WHOLE:
            continue
        if not pd.api.types.is_integer_dtype(table[column]):
            raise DataError(f"{path} has something else than whole numbers in column {column}: score again")
        if (table[column] < 0).any():
            raise DataError(f"{path} has negative numbers in column {column}: score again")
