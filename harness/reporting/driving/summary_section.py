"""``drive_summary.csv`` as tables: policies by weather and size, over all scenarios and by group."""

from __future__ import annotations

import pandas as pd

from harness.reporting.driving.cells import (
    Row,
    condition_cells,
    condition_columns,
    interval_cell,
    percent_cell,
    score_cell,
)
from harness.reporting.driving.outline import FEW, DriveOutline, plain
from harness.reporting.driving.page import DriveSection
from harness.reporting.driving.raw_tables import ALL_GROUPS
from harness.reporting.page import Column, TableCell, TablePart, number_cell, text_cell

_NUMBERS = (
    "success %", "95 % interval", "driving score", "95 % interval", "score 1.0/2.0", "completion %", "reached goal %",
    "collisions /km", "red lights /km", "stop signs /km", "lateral p95 [m]", "off road %", "comfort %",
    "IoU road+lines", "safe stops", "done",
)  # fmt: skip
"""Headings, in the order of `_numbers`."""


def summary_section(outline: DriveOutline, summary: pd.DataFrame) -> DriveSection:
    """All groups together, then each group folded away."""
    is_whole = summary["group"] == ALL_GROUPS
    parts = [_part(outline, summary[is_whole], title="", has_group=False)]
    groups = summary[~is_whole]
    if groups["group"].nunique() > 1:
        parts.append(_part(outline, groups, title="By group of scenarios", has_group=True))
    return DriveSection(
        anchor="summary",
        title="Policies by weather and size",
        text="Every planned policy, weather and size, over the scenarios and repeats that are done. Success: the goal "
        "was reached without an infraction that costs points. Driving score: Leaderboard 2.1; the scores 1.0 and 2.0 "
        f"are equal here. Fewer than {FEW} episodes are marked with an asterisk: their intervals are wide.",
        parts=tuple(part for part in parts if part.rows),
        when_empty="Nothing was driven yet.",
    )


def _part(outline: DriveOutline, rows: pd.DataFrame, *, title: str, has_group: bool) -> TablePart:
    columns = (
        *condition_columns(),
        *((Column(name="group", has_choice=True),) if has_group else ()),
        *(Column(name=name, is_number="interval" not in name) for name in _NUMBERS),
    )
    return TablePart(
        title=title,
        columns=columns,
        rows=tuple(
            (
                *condition_cells(outline, row),
                *((text_cell(row["group"]),) if has_group else ()),
                *_numbers(row),
            )
            for row in rows.to_dict("records")
        ),
        is_filtered=True,
        is_collapsed=has_group,
    )


def _numbers(row: Row) -> tuple[TableCell, ...]:
    done, planned = int(row["done"]), int(row["planned"])
    return (
        percent_cell(plain(row["success_rate"])),
        interval_cell(row, "success_rate", digits=0, scale=100),
        score_cell(plain(row["driving_score_2_1"])),
        interval_cell(row, "driving_score_2_1", digits=1),
        number_cell(plain(row["driving_score_2_0"]), digits=1),
        score_cell(plain(row["completion"])),
        number_cell(100 * plain(row["completed_rate"]), digits=0),
        number_cell(plain(row["collisions_per_km"]), digits=2),
        number_cell(plain(row["red_lights_per_km"]), digits=2),
        number_cell(plain(row["stop_signs_per_km"]), digits=2),
        number_cell(plain(row["lateral_error_p95_m"]), digits=2),
        number_cell(100 * plain(row["off_road_share"]), digits=1),
        number_cell(100 * plain(row["comfort_share"]), digits=0),
        number_cell(plain(row["iou_road_lines"])),
        number_cell(plain(row["safe_stops"]), digits=0),
        TableCell(
            text=f"{done} of {planned}", sort_value=str(done), style="number partial" if done < FEW else "number"
        ),
    )
