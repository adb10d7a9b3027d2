"""CSV files that people open in a spreadsheet: text in them is never run as a formula."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from harness.run_dir import write_bytes

_RUN = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that a spreadsheet runs, or drops and then runs (OWASP, CSV injection)."""


def plain_text(text: str) -> str:
    """Text that no spreadsheet takes for a formula: one that would be begins with an apostrophe."""
    return f"'{text}" if text.startswith(_RUN) else text


def one_line(text: str) -> str:
    """A message on one line, with single spaces."""
    return " ".join(text.split())


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as CSV, whole or not at all: numbers at full precision, an empty cell for NaN, text escaped."""
    escaped = table.rename(columns=plain_text)
    for column in escaped.select_dtypes(exclude=["number", "bool", "boolean"]):
        values = escaped[column]
        escaped[column] = values.map({value: plain_text(value) for value in values.unique()})
    write_bytes(path, escaped.to_csv(index=False, lineterminator="\n").encode())
