"""What the page says: titles, notices, numbers and figures, put together from the tables of a report."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from harness.reporting.figures import heat_map, mean_iou_bars
from harness.reporting.page import GalleryFrame, Headline, LegendEntry, Page, Picture, hex_color, inline
from harness.reporting.sections import class_section, degradation_section, scenario_section
from harness.reporting.source import ScoreData
from harness.reporting.tables import pivot_iou

_NARROW_WEATHERS = 8
"""With more weathers than these, a figure needs the whole width of the page."""


@dataclass(frozen=True, kw_only=True)
class ReportTables:
    """The tables of a report; columns as in :mod:`harness.reporting.tables`."""

    classes: pd.DataFrame
    summary: pd.DataFrame
    degradation: pd.DataFrame
    reference_weather: str


def build_page(data: ScoreData, tables: ReportTables, gallery: tuple[GalleryFrame, ...]) -> Page:
    """The whole page.

    Args:
        data: what the score left.
        tables: what the report made of it.
        gallery: frames to show, in this order.
    """
    reference = tables.reference_weather
    scenarios = data.scenarios["scenario"].nunique()
    done = int((data.scenarios["status"] == "done").sum())
    return Page(
        title=f"Segmentation under weather: {data.description.get('suite', data.folder.name)}",
        lead=f"{_count(scenarios, 'scenario')}, {_count(len(data.weathers), 'weather')}, "
        f"{_count(len(data.sizes), 'image size')}: {done} of {len(data.scenarios)} planned cells were scored "
        f"completely, {int(data.scenarios['frames'].sum())} frames in all. Reference weather: {reference}.",
        notices=notices_of(data),
        headline=_headline(data, tables),
        figures=_figures(data, tables),
        tables=(
            class_section(data, tables.classes, tables.summary),
            degradation_section(data, tables.degradation, reference),
            scenario_section(data),
        ),
        gallery_text=_gallery_text(len(gallery), len(data.worst)),
        gallery=gallery,
        legend=_legend(data, tables),
        definitions=_definitions(data),
        environment=_environment(data),
    )


def notices_of(data: ScoreData) -> tuple[str, ...]:
    """What a reader must know before believing a number: missing cells, and labels that are not the same."""
    notices = []
    unfinished = data.scenarios[data.scenarios["status"] != "done"]
    if len(unfinished):
        kinds = ", ".join(f"{count} {status}" for status, count in unfinished["status"].value_counts().items())
        notices.append(
            f"Incomplete: of {len(data.scenarios)} planned cells {kinds}. Means are over what was scored; "
            "the table of scenarios says which cells are missing and why."
        )
    whole = data.scenarios[data.scenarios["status"] == "done"]
    digests = whole.groupby(["scenario", "width", "height"], sort=False)["labels_digest"].nunique(dropna=False)
    for scenario, width, height in digests[digests > 1].index:
        notices.append(
            f"The ground truth of scenario {scenario} at {width} × {height} is not the same under all weathers: "
            "a difference between them is not the weather's alone."
        )
    return tuple(notices)


def _headline(data: ScoreData, tables: ReportTables) -> tuple[Headline, ...]:
    """MIoU of every weather at the largest size."""
    width, height = data.sizes[0]
    here = tables.summary[(tables.summary["width"] == width) & (tables.summary["height"] == height)]
    figures = []
    for row in here.to_dict("records"):
        miou = float(row["miou"])
        kind = "reference, " if row["weather"] == tables.reference_weather else ""
        figures.append(
            Headline(
                label=f"{row['weather']}",
                value="–" if math.isnan(miou) else f"{miou:.3f}",
                note=f"mIoU at {width} × {height}, {kind}"
                f"{row['scenarios_done']} of {row['scenarios_planned']} scenarios",
            )
        )
    return tuple(figures)


def _figures(data: ScoreData, tables: ReportTables) -> tuple[Picture, ...]:
    """Bars of mIoU, and one heat map for each size that has a score."""
    is_wide = len(data.weathers) > _NARROW_WEATHERS
    pictures = [
        Picture(
            source=inline(mean_iou_bars(tables.summary), kind="png"),
            text="Bar chart: mean IoU by weather and image size; the values are in the table of classes.",
            is_wide=is_wide,
        )
    ]
    for size in data.sizes:
        wide = pivot_iou(tables.classes, data, size)
        if not wide.empty:
            title = f"IoU by class and weather at {size[0]} × {size[1]}"
            source = inline(heat_map(wide, title=title), kind="png")
            text = f"Heat map: {title}; the values are in the table of classes."
            pictures.append(Picture(source=source, text=text, is_wide=is_wide))
    return tuple(pictures)


def _gallery_text(shown: int, kept: int) -> str:
    if kept == 0:
        return "No frames were kept."
    text = (
        "The frames with the lowest mean IoU of each weather: what the camera saw, the truth, the prediction, and the "
        "error map (orange: wrong; dark: right; grey: not scored)."
    )
    return text if shown == kept else f"{text} Shown are {shown} of {kept}; all are in the folder overlays."


def _legend(data: ScoreData, tables: ReportTables) -> tuple[LegendEntry, ...]:
    """Colours of the classes that occur."""
    present = set(tables.classes.dropna(subset=["iou"])["class"])
    entries = [LegendEntry(name=each.name, color=hex_color(each.color)) for each in data.labels if each.name in present]
    return (*entries, LegendEntry(name="not scored", color="#000000"))


def _definitions(data: ScoreData) -> tuple[tuple[str, str], ...]:
    labels = data.description["labels"]
    words = data.description.get("definitions", {})
    return (
        *((str(name), str(text)) for name, text in words.items()),
        ("labels", f"{labels.get('name')}: {len(data.labels)} classes"),
        ("not scored", str(labels.get("ignore_rule", ""))),
    )


def _environment(data: ScoreData) -> tuple[tuple[str, str], ...]:
    """Server, model, seeds and versions as lines."""
    description, environment = data.description, data.environment
    groups = {
        "server": description.get("server"),
        "model": description.get("model"),
        "seeds": description.get("seeds"),
        "packages": environment.get("packages"),
    }
    lines = [(name, _in_words(content)) for name, content in groups.items() if content]
    lines.append(("drives", str(description.get("drives") or "driven for this score")))
    lines += [
        (name.replace("_", " "), _in_words(environment[name]))
        for name in ("command", "started_utc", "harness_version", "git_commit", "python", "platform")
        if environment.get(name)
    ]
    return tuple(lines)


def _in_words(content: object) -> str:
    if isinstance(content, dict):
        return ", ".join(f"{key} {value}" for key, value in content.items() if value is not None)
    return " ".join(str(part) for part in content) if isinstance(content, list) else str(content)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
