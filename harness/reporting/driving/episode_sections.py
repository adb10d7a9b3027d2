"""Every planned episode as a row, the unfinished and the worst first; every infraction as a row that leads there."""

from __future__ import annotations

import pandas as pd

from harness.reporting.driving.cells import Row, condition_cells, condition_columns, policy_cell, score_cell
from harness.reporting.driving.outline import DriveOutline, plain
from harness.reporting.driving.page import DriveSection
from harness.reporting.driving.pooled import SCORE
from harness.reporting.driving.raw_tables import COLLISIONS
from harness.reporting.page import Column, TableCell, TablePart, number_cell, text_cell

_NUMBERS = (
    "completion %", "score", "score 1.0/2.0", "collisions", "red lights", "stop signs", "lane invasions", "off road %",
    "wrong way %", "lateral p95 [m]", "comfort %", "min TTC [s]", "speed [m/s]", "duration [s]", "IoU road+lines",
    "safe stops", "emergency brakes", "retries",
)  # fmt: skip
MAX_INFRACTIONS = 2000
"""Rows of the table of infractions; the rest is in ``infractions.csv``."""


def episode_section(outline: DriveOutline, episodes: pd.DataFrame, maps: frozenset[str]) -> DriveSection:
    """A row for each planned episode.

    Args:
        outline: of the run.
        episodes: all of them.
        maps: scenarios that have a map to lead to.
    """
    order = episodes.assign(is_done=episodes["status"] == "done").sort_values(
        ["is_done", SCORE, "completion"], kind="stable", na_position="first"
    )
    columns = (
        Column(name="scenario", has_choice=True),
        *condition_columns(),
        Column(name="repeat", is_number=True),
        Column(name="status", has_choice=True),
        Column(name="ended by", has_choice=True),
        Column(name="success", has_choice=True),
        *(Column(name=name, is_number=True) for name in _NUMBERS),
        Column(name="message"),
    )
    return DriveSection(
        anchor="episodes",
        title="Episodes, worst first",
        text="Every planned episode; a scenario leads to its map. Those that are not done come first, then the lowest "
        "driving scores.",
        parts=(
            TablePart(
                title="",
                columns=columns,
                rows=tuple(_episode(outline, row, maps) for row in order.to_dict("records")),
                is_filtered=True,
            ),
        ),
    )


def infraction_section(outline: DriveOutline, infractions: pd.DataFrame) -> DriveSection:
    """How many of each kind, by policy, then each of them."""
    shown = infractions.head(MAX_INFRACTIONS)
    columns = (
        Column(name="kind", has_choice=True),
        Column(name="scenario", has_choice=True),
        *condition_columns(),
        Column(name="repeat", is_number=True),
        *(Column(name=name, is_number=True) for name in ("tick", "x [m]", "y [m]")),
        Column(name="what"),
    )
    rows = tuple(
        (
            text_cell(row["kind"]),
            text_cell(row["scenario"], link=outline.episode_anchor(row)),
            *condition_cells(outline, row),
            number_cell(plain(row["repeat"]), digits=0),
            number_cell(plain(row["tick"]), digits=0),
            number_cell(plain(row["x"]), digits=1),
            number_cell(plain(row["y"]), digits=1),
            text_cell(row["what"]),
        )
        for row in shown.to_dict("records")
    )
    more = len(infractions) - len(shown)
    title = (
        f"Every infraction ({len(shown)})" if more <= 0 else f"The first {len(shown)} of {len(infractions)} infractions"
    )
    parts = (
        _count_part(outline, infractions),
        TablePart(title=title, columns=columns, rows=rows, is_filtered=True, is_collapsed=len(rows) > 40),
    )
    return DriveSection(
        anchor="infractions",
        title="Infractions",
        text="What went wrong, in the order of the episodes; a scenario leads to the row of its episode. Lane "
        "invasions cost no points. Places are on the maps.",
        parts=tuple(part for part in parts if part.rows) if len(infractions) else (),
        when_empty="No infraction was noted.",
    )


def _episode(outline: DriveOutline, row: Row, maps: frozenset[str]) -> tuple[TableCell, ...]:
    scenario = str(row["scenario"])
    success = plain(row["success"])
    is_done = row["status"] == "done"
    return (
        text_cell(
            scenario,
            anchor=outline.episode_anchor(row),
            link=outline.map_anchor(scenario) if scenario in maps else "",
        ),
        *condition_cells(outline, row),
        number_cell(plain(row["repeat"]), digits=0),
        text_cell(row["status"], style="" if is_done else "bad"),
        text_cell(row["reason"]),
        text_cell({1.0: "yes", 0.0: "no"}.get(success, "")),
        score_cell(plain(row["completion"])),
        score_cell(plain(row[SCORE])),
        number_cell(plain(row["driving_score_2_0"]), digits=1),
        number_cell(sum(plain(row[name]) for name in COLLISIONS), digits=0),
        *(number_cell(plain(row[name]), digits=0) for name in ("red_lights", "stop_signs", "lane_invasions")),
        *(number_cell(100 * plain(row[name]), digits=1) for name in ("off_road_share", "wrong_way_share")),
        number_cell(plain(row["lateral_error_p95_m"]), digits=2),
        number_cell(100 * plain(row["comfort_share"]), digits=0),
        *(number_cell(plain(row[name]), digits=1) for name in ("min_ttc_s", "mean_speed_mps", "duration_s")),
        number_cell(plain(row["iou_road_lines"])),
        *(number_cell(plain(row[name]), digits=0) for name in ("safe_stops", "emergency_brakes", "retries")),
        text_cell(row["message"], style="long" if row["message"] else ""),
    )


def _count_part(outline: DriveOutline, infractions: pd.DataFrame) -> TablePart:
    kinds = sorted(infractions["kind"].unique())
    counts = infractions.groupby(["policy", "kind"]).size()
    return TablePart(
        title="How many, by policy",
        columns=(Column(name="policy"), *(Column(name=str(kind), is_number=True) for kind in kinds)),
        rows=tuple(
            (
                policy_cell(outline, policy),
                *(number_cell(float(counts.get((policy, kind), 0)), digits=0) for kind in kinds),
            )
            for policy in outline.policies
        ),
    )
