"""Tables in which each cell is shaded by its number: classes and scenarios by weather and by image size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pandas as pd

from harness.reporting.outline import Outline, View, interval_text, number, select
from harness.reporting.page import Column, TableCell, TablePart, TableSection, number_cell, share_cell, text_cell
from harness.reporting.raw_tables import COUNTS
from harness.reporting.source import ScoreData
from harness.reporting.tables import ReportTables
from harness.scoring.statistics.metrics import MEAN, iou

MakeCell = Callable[[Mapping[str, object]], TableCell]

_PARTIAL = (
    " An asterisk: some of the planned scenarios were not scored completely, and the column is over other frames than "
    "those beside it; the section on degradation compares equal frames only."
)


def grid_part(
    rows: pd.DataFrame,
    *,
    row_key: str,
    column_key: str,
    heads: Mapping[str, TableCell],
    columns: Mapping[object, str],
    cell: MakeCell,
    title: str = "",
    is_collapsed: bool = False,
    is_whole: bool = False,
) -> TablePart:
    """Long rows as a grid: one row for each of ``heads``, one column for each of ``columns``.

    Args:
        rows: no more than one for each pair of keys.
        row_key: column of ``rows`` that says which row of the grid.
        column_key: column of ``rows`` that says which column of the grid.
        heads: first cell of each row by its key.
        columns: heading of each column by its key.
        cell: makes a cell of one of ``rows``.
        title: of the table.
        is_collapsed: whether it must be opened to be seen.
        is_whole: whether rows of which nothing is known are shown, too.
    """
    found: dict[object, dict[object, TableCell]] = {}
    for row in rows.to_dict("records"):
        found.setdefault(row[row_key], {})[row[column_key]] = cell({str(key): value for key, value in row.items()})
    absent = number_cell(float("nan"))
    grid = [
        (head, *(found[name].get(column, absent) for column in columns))
        for name, head in heads.items()
        if is_whole or any(each.sort_value for each in found.get(name, {}).values())
    ]
    return TablePart(
        title=title,
        columns=(Column(name=row_key), *(Column(name=name, is_number=True) for name in columns.values())),
        rows=tuple(grid),
        is_heat_map=True,
        is_collapsed=is_collapsed,
    )


def iou_cell(row: Mapping[str, object]) -> TableCell:
    """The IoU of one class, with its interval where the mouse rests."""
    words = interval_text(number(row.get("iou_low")), number(row.get("iou_high")), digits=3)
    return share_cell(number(row["iou"]), hint=f"interval {words}" if words else "")


def class_section(outline: Outline, tables: ReportTables, frames: Mapping[tuple[str, str], str]) -> TableSection:
    """IoU of classes by weather at the largest size, and by size in the reference weather, for each model.

    Args:
        outline: of the score.
        tables: of the report.
        frames: anchor of the gallery's worst frame by model and class.
    """
    known = set(tables.classes.dropna(subset=["iou"])["class"])
    absent = [name for name in outline.class_names if name not in known]
    text = (
        "Intersection over union (IoU), pixel counts pooled over all scenarios that were scored; the more "
        "colour, the better. A class leads to its worst frame."
    )
    if (tables.summary["status"] == "partial").any():
        text += _PARTIAL
    if absent:
        text += f" In no scored frame, and not listed: {', '.join(absent)}."
    parts = []
    for model in outline.models:
        parts.append(_linked_part(outline, tables, model, frames, known))
        parts += [_by_weather(outline, tables, model, view) for view in outline.largest[1:]]
        if len(outline.views) > 1:
            parts.append(_by_size(outline, tables, model))
    return TableSection(
        anchor="classes",
        title="Classes by weather and size",
        text=text,
        parts=tuple(part for part in parts if part.rows),
        when_empty="Nothing was scored yet.",
    )


def class_heads(outline: Outline) -> dict[str, TableCell]:
    """First cells of the rows of a grid of classes."""
    heads = {MEAN: text_cell("mIoU", style="total")}
    return heads | {name: text_cell(name, color=outline.colors[name]) for name in outline.class_names}


def _linked_part(
    outline: Outline, tables: ReportTables, model: str, frames: Mapping[tuple[str, str], str], known: set[str]
) -> TablePart:
    """The first grid of a model: a row for each class that occurs anywhere, which the gallery leads back to."""
    heads = {name: head for name, head in class_heads(outline).items() if name in known or name == MEAN}
    for name in known:
        heads[name] = replace(heads[name], anchor=outline.class_anchor(model, name), link=frames.get((model, name), ""))
    part = _by_weather(outline, tables, model, outline.largest[0], heads=heads)
    return part if known else replace(part, rows=())


def _by_weather(
    outline: Outline, tables: ReportTables, model: str, view: View, *, heads: Mapping[str, TableCell] | None = None
) -> TablePart:
    rows = with_mean(select(tables.classes, view, model=model), select(tables.summary, view, model=model))
    return grid_part(
        rows,
        row_key="class",
        column_key="weather",
        heads=class_heads(outline) if heads is None else heads,
        columns=_weathers(outline, select(tables.summary, view, model=model)),
        cell=iou_cell,
        title=of_model(outline, model, f"Class by weather at {view.name}"),
        is_whole=heads is not None,
    )


def _weathers(outline: Outline, summary: pd.DataFrame) -> dict[object, str]:
    """Headings of weathers, with an asterisk where the plan was scored in part only."""
    partial = set(summary.loc[summary["status"] == "partial", "weather"])
    return {name: f"{name} *" if name in partial else name for name in outline.weathers}


def _by_size(outline: Outline, tables: ReportTables, model: str) -> TablePart:
    wanted = {"model": model, "weather": outline.reference_weather}
    rows = with_mean(select(tables.classes, **wanted), select(tables.summary, **wanted))
    return grid_part(
        rows.assign(view=view_keys(rows)),
        row_key="class",
        column_key="view",
        heads=class_heads(outline),
        columns={(view.width, view.height, view.fov): view.name for view in outline.views},
        cell=iou_cell,
        title=of_model(outline, model, f"Class by image size in {outline.reference_weather}"),
    )


def with_mean(classes: pd.DataFrame, summary: pd.DataFrame) -> pd.DataFrame:
    """Rows of classes, and those of the summary as rows of the class "(mean)"."""
    names = {"miou": "iou", "miou_low": "iou_low", "miou_high": "iou_high"}
    means = summary.rename(columns=names).assign(**{"class": MEAN})
    columns = ["weather", "width", "height", "fov", "class", "iou", "iou_low", "iou_high"]
    joined: pd.DataFrame = pd.concat([means[columns], classes[columns]], ignore_index=True)
    return joined


def scenario_section(outline: Outline, data: ScoreData, groups: Mapping[str, str]) -> TableSection:
    """Mean IoU of scenarios by weather at the largest size.

    Args:
        outline: of the score.
        data: of the score.
        groups: anchor of the gallery's group by scenario.
    """
    parts = []
    for model in outline.models:
        is_first = model == outline.models[0]
        heads = {
            name: text_cell(name, anchor=outline.scenario_anchor(name) if is_first else "", link=groups.get(name, ""))
            for name in outline.scenarios
        }
        cells = _scenario_means(data, outline.largest[0], model)
        parts.append(
            grid_part(
                cells,
                row_key="scenario",
                column_key="weather",
                heads=heads,
                columns={name: name for name in outline.weathers},
                cell=_scenario_cell,
                title=of_model(outline, model, f"mIoU at {outline.largest[0].name}"),
                is_whole=True,
            )
        )
    return TableSection(
        anchor="scenarios",
        title="Scenarios by weather",
        text="Mean IoU of each scenario, pixel counts pooled over its repeats; an asterisk: scored in part only. A "
        "scenario leads to its worst frames.",
        parts=tuple(part for part in parts if part.rows),
        when_empty="Nothing was scored yet.",
    )


def _scenario_means(data: ScoreData, view: View, model: str) -> pd.DataFrame:
    """Mean IoU of each scenario under each weather, and whether each repeat of it is done."""
    keys = ["scenario", "weather"]
    counts = select(data.counts, view, model=model).groupby([*keys, "class_id"])[COUNTS].sum()
    ious = pd.Series(iou(*(counts[name] for name in COUNTS)), index=counts.index)
    means = ious.groupby(level=keys).mean().rename("miou")  # over the classes that have one
    cells = select(data.scenarios, view, model=model)
    done = (cells["status"] == "done").groupby([cells[key] for key in keys]).all().rename("done")
    joined: pd.DataFrame = done.to_frame().join(means).reset_index()
    return joined


def view_keys(rows: pd.DataFrame) -> pd.Series:
    """Width, height and field of view of each row as one value."""
    keys = list(zip(rows["width"], rows["height"], rows["fov"], strict=True))
    return pd.Series(keys, index=rows.index, dtype=object)


def _scenario_cell(row: Mapping[str, object]) -> TableCell:
    value = number(row["miou"])
    return number_cell(value, style="share" if row["done"] else "share partial", shade=value)


def of_model(outline: Outline, model: str, title: str) -> str:
    """A title that names the model where there are several; its first word is no name."""
    if len(outline.models) == 1:
        return title
    first, *rest = title.split(" ")
    return f"{model}: {' '.join([first if first == 'IoU' else first.lower(), *rest])}"
