"""Cells that the tables of the page share."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from harness.reporting.driving.outline import DriveOutline, plain
from harness.reporting.outline import interval_text
from harness.reporting.page import Column, TableCell, number_cell, text_cell

Row = Mapping[Any, Any]


def policy_cell(outline: DriveOutline, policy: object, *, anchor: str = "") -> TableCell:
    """A policy with its colour."""
    return text_cell(policy, color=f"var(--{outline.style(policy)})", anchor=anchor)


def condition_columns() -> tuple[Column, ...]:
    """Headings of `condition_cells`."""
    return tuple(Column(name=name, has_choice=True) for name in ("policy", "weather", "size"))


def condition_cells(outline: DriveOutline, row: Row) -> tuple[TableCell, ...]:
    """Policy, weather and size of a row."""
    return policy_cell(outline, row["policy"]), text_cell(row["weather"]), text_cell(outline.view_name(row))


def interval_cell(row: Row, name: str, *, digits: int, scale: float = 1.0) -> TableCell:
    """The interval of a number of a row, sorted by its lower end."""
    low, high = (scale * plain(row[f"{name}_{end}"]) for end in ("low", "high"))
    words = interval_text(low, high, digits=digits)
    return TableCell(text=words or "–", sort_value="" if math.isnan(low) else repr(low))


def percent_cell(share: float, *, digits: int = 0) -> TableCell:
    """A share 0..1 in percent: the larger, the more colour."""
    return number_cell(100 * share, digits=digits, style="share", shade=share)


def score_cell(score: float) -> TableCell:
    """A driving score or a completion, 0..100: the larger, the more colour."""
    return number_cell(score, digits=1, style="share", shade=score / 100 if not math.isnan(score) else None)
