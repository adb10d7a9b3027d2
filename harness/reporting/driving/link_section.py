"""What IoU is worth on the road: points of episodes and weathers, the fitted steps, the limit, and the losses.

The charts show what ``iou_vs_driving.csv`` says in numbers. The steps are fitted here again, by the same function over
the same episodes, because the table holds the limit only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from harness.reporting.charts import NUM_STYLES
from harness.reporting.driving.axes import Cloud, Points, cloud, round_up
from harness.reporting.driving.cells import (
    Row,
    condition_cells,
    condition_columns,
    interval_cell,
    policy_cell,
    score_cell,
)
from harness.reporting.driving.outline import TRUTH, DriveOutline, plain
from harness.reporting.driving.page import DriveSection
from harness.reporting.driving.raw_tables import LINKED
from harness.reporting.forest import Scale
from harness.reporting.page import Column, TableCell, TablePart, number_cell, share_cell
from harness.scoring.statistics.isotonic import isotonic

IOU = "iou_road_lines"
_MEASURES = (
    ("driving_score_2_1", "driving score", "driving score 2.1", True),
    ("completion", "route completion", "completion [%]", True),
    ("lateral_error_p95_m", "lateral error", "lateral error, p95 [m]", False),
)
"""Column, name in the title, title of the axis, and whether a better mask should make it larger."""


def loss_section(outline: DriveOutline, link: pd.DataFrame) -> DriveSection:
    """How much worse than the truth each policy with masks drives, by weather and size."""
    rows = [row for row in link.to_dict("records") if row["policy"] != TRUTH and plain(row["loss_episodes"]) > 0]
    ends = [plain(row[f"loss_driving_score_2_1{end}"]) for row in rows for end in ("", "_low", "_high")]
    scale = Scale(ends)
    columns = (
        *condition_columns(),
        scale.column,
        *(
            column
            for name in ("score lost", "completion lost", "success lost")
            for column in (Column(name=name, is_number=True), Column(name="95 % interval"))
        ),
        Column(name="pairs", is_number=True),
    )
    return DriveSection(
        anchor="losses",
        title="What the mask loses",
        text=f"Points that a policy loses against {TRUTH}, the same driver on the simulator's own tags, in the same "
        "scenario, weather, size and repeat. The dot is the driving score lost, the whisker its 95 % interval by a "
        "paired bootstrap over episodes, the line marks no loss. Grey with an open dot: not significant, or no "
        "interval.",
        parts=(TablePart(title="", columns=columns, rows=_loss_rows(outline, rows, scale), is_filtered=True),)
        if rows
        else (),
        when_empty=f"No episode was done both by {TRUTH} and by a policy that drives by a mask.",
    )


def link_section(outline: DriveOutline, episodes: pd.DataFrame, link: pd.DataFrame) -> DriveSection:
    """Clouds of each policy with masks, then its correlations, then the points."""
    shown = [policy for policy in outline.policies if (link["policy"] == policy).any() and policy != TRUTH]
    clouds = [each for policy in shown for each in _clouds(outline, episodes, link, policy)]
    parts = (_correlation_part(outline, link, shown), _point_part(outline, link, shown))
    return DriveSection(
        anchor="iou",
        title="Driving against IoU",
        text="IoU of road and lane markings (the mean of the two) of the masks that were driven by, against how they "
        "drove. Large points: means of a weather at one size; small ones: single episodes. The line is the best fit "
        "that never falls (isotonic regression over episodes); for the lateral error, that never rises. The limit is "
        "the IoU under which the fitted completion falls below its target. What goes together need not be cause and "
        "effect: fog spoils the mask and the view of everything else alike.",
        clouds=tuple(clouds),
        parts=tuple(part for part in parts if part.rows),
        when_empty="No episode has both an IoU and a driving score.",
    )


def limit_words(limit: float, target: float) -> str:
    """The IoU under which completion falls below its target, in words."""
    if math.isnan(limit):
        return f"completion never falls below {target:g} %"
    return f"below {target:g} % at every IoU" if math.isinf(limit) else f"{limit:.3f}"


def _loss_rows(outline: DriveOutline, rows: Sequence[Row], scale: Scale) -> tuple[tuple[TableCell, ...], ...]:
    return tuple(
        (*condition_cells(outline, row), *_loss_cells(row, scale), number_cell(plain(row["loss_episodes"]), digits=0))
        for row in rows
    )


def _loss_cells(row: Row, scale: Scale) -> tuple[TableCell, ...]:
    low, middle, high = (plain(row[f"loss_driving_score_2_1{end}"]) for end in ("_low", "", "_high"))
    significant = low > 0 or high < 0
    names = ("loss_driving_score_2_1", "loss_completion", "loss_success")
    numbers = [cell for name in names for cell in (_points_cell(row, name), interval_cell(row, name, digits=1))]
    return scale.whisker(low=low, middle=middle, high=high, is_significant=significant), *numbers


def _points_cell(row: Row, name: str) -> TableCell:
    points, low, high = (plain(row[f"{name}{end}"]) for end in ("", "_low", "_high"))
    if not (low > 0 or high < 0):
        return number_cell(points, digits=1, style="number weak")
    return number_cell(points, digits=1, style="drop" if points >= 0 else "gain", shade=abs(points) / 60)


def _clouds(outline: DriveOutline, episodes: pd.DataFrame, link: pd.DataFrame, policy: str) -> list[Cloud]:
    rows = episodes[(episodes["policy"] == policy) & (episodes["status"] == "done")].dropna(subset=[IOU])
    means = link[link["policy"] == policy]
    low = min(float(rows[IOU].min()), float(means[IOU].min()), 0.9)
    x_range = (math.floor(low * 10) / 10, 1.0)
    first = means.iloc[0]
    target, limit = plain(first["target_completion"]), plain(first["completion_limit_iou"])
    made = []
    for column, name, y_title, rises in _MEASURES:
        there = rows.dropna(subset=[column])
        highest = float(there[column].max()) if len(there) else 1.0
        is_completion = column == "completion"
        made.append(
            cloud(
                [*_points(outline, there, column, is_small=True), *_points(outline, means, column, is_small=False)],
                title=f"{policy}: {name} against IoU",
                text=f"{policy}: {name} against IoU, by weather; the means are in the table of this section.",
                x_title="IoU of road and lane markings",
                y_title=y_title,
                x_range=x_range,
                y_max=100.0 if rises else round_up(highest),
                curve=_fit(there, column, rises=rises),
                curve_text="isotonic fit over episodes",
                limit=limit if is_completion and math.isfinite(limit) and limit >= x_range[0] else None,
                target=target if is_completion else None,
            )
        )
    return made


def _fit(rows: pd.DataFrame, column: str, *, rises: bool) -> list[tuple[float, float]]:
    """The fitted line, through the middle of its steps; none of fewer than three episodes."""
    if len(rows) < 3:
        return []
    sign = 1.0 if rises else -1.0
    places, fitted = isotonic(rows[IOU].to_numpy(np.float64), sign * rows[column].to_numpy(np.float64))
    return [(float(x), sign * float(y)) for x, y in zip(places, fitted, strict=True)]


def _points(outline: DriveOutline, rows: pd.DataFrame, column: str, *, is_small: bool) -> list[Points]:
    """One group for each weather that stands for itself and for each sweep."""
    family = {weather: sweep.name for sweep in outline.sweeps for weather in sweep.weathers}
    names = list(dict.fromkeys(family.get(weather, weather) for weather in outline.weathers))
    found = []
    for place, name in enumerate(names):
        of = rows[[family.get(str(weather), str(weather)) == name for weather in rows["weather"]]]
        records = of.to_dict("records")
        found.append(
            Points(
                name=name,
                style=f"series{place % NUM_STYLES}",
                shape=place // NUM_STYLES,
                xs=[plain(row[IOU]) for row in records],
                ys=[plain(row[column]) for row in records],
                titles=[_point_title(outline, row, column, is_small=is_small) for row in records],
                is_small=is_small,
            )
        )
    return found


def _point_title(outline: DriveOutline, row: Row, column: str, *, is_small: bool) -> str:
    which = (
        f"{row['scenario']}, {outline.episode_words(row)}"
        if is_small
        else f"mean of {row['weather']}, {outline.view_name(row)}"
    )
    return f"{which}: IoU {plain(row[IOU]):.3f}, {plain(row[column]):.2f}"


def _correlation_part(outline: DriveOutline, link: pd.DataFrame, shown: Sequence[str]) -> TablePart:
    columns = (
        Column(name="policy"),
        *(
            Column(name=f"{kind} of {measure}", is_number=True)
            for measure in ("completion", "driving score", "lateral error")
            for kind in ("Spearman's ρ", "Pearson's r")
        ),
        Column(name="IoU limit of completion", is_number=True),
        Column(name="target %", is_number=True),
        Column(name="episodes", is_number=True),
    )
    names = [f"{kind}_{measure}" for measure in LINKED for kind in ("spearman", "pearson")]
    rows = []
    for policy in shown:
        row = link[link["policy"] == policy].iloc[0].to_dict()
        limit, target = plain(row["completion_limit_iou"]), plain(row["target_completion"])
        rows.append(
            (
                policy_cell(outline, policy),
                *(number_cell(plain(row[name]), digits=2) for name in names),
                TableCell(text=limit_words(limit, target), sort_value=repr(limit), style="number"),
                number_cell(target, digits=0),
                number_cell(plain(row["correlation_episodes"]), digits=0),
            )
        )
    return TablePart(title="How strongly they go together, over all episodes", columns=columns, rows=tuple(rows))


def _point_part(outline: DriveOutline, link: pd.DataFrame, shown: Sequence[str]) -> TablePart:
    columns = (
        *condition_columns(),
        *(
            Column(name=name, is_number=True)
            for name in (
                "IoU road+lines", "IoU road", "IoU lines", "driving score", "completion %", "success %",
                "lateral p95 [m]", "episodes",
            )
        ),
    )  # fmt: skip
    rows = tuple(
        (
            *condition_cells(outline, row),
            *(share_cell(plain(row[name])) for name in (IOU, "iou_road", "iou_lines")),
            score_cell(plain(row["driving_score_2_1"])),
            score_cell(plain(row["completion"])),
            number_cell(100 * plain(row["success_rate"]), digits=0),
            number_cell(plain(row["lateral_error_p95_m"]), digits=2),
            number_cell(plain(row["episodes"]), digits=0),
        )
        for row in link[link["policy"].isin(shown)].to_dict("records")
    )
    return TablePart(title="Means of each weather and size", columns=columns, rows=rows, is_filtered=True)
