"""What the page says: titles, notices, numbers and figures, put together from the tables of a report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from harness.reporting.bands import band_section
from harness.reporting.cell_tables import cell_anchors, cell_section, summary_section, timing_section
from harness.reporting.confusion_tables import confusion_section
from harness.reporting.definitions import definitions
from harness.reporting.forest import comparison_section, degradation_section
from harness.reporting.gallery import Gallery, build_gallery
from harness.reporting.headline import headlines, worst_weathers
from harness.reporting.heat_maps import class_section, scenario_section
from harness.reporting.outline import Outline, outline_of
from harness.reporting.page import LegendEntry, Page, TableSection
from harness.reporting.source import ScoreData
from harness.reporting.sweeps import sweep_section
from harness.reporting.tables import ReportTables
from harness.reporting.tick_charts import tick_section
from harness.scoring.statistics.bootstrap import Bootstrap

_SHOWN_GATES = 12
"""Failed gates that the page names."""


class Gate(Protocol):
    """What the page has to know of a gate."""

    @property
    def text(self) -> str:
        """What was demanded, and what was found."""

    @property
    def passed(self) -> bool:
        """Whether it was met."""


def build_page(data: ScoreData, tables: ReportTables, *, gates: Sequence[Gate] = ()) -> Page:
    """The whole page; the overlays of all kept frames are written, too.

    Args:
        data: what the score left.
        tables: what the report made of it.
        gates: what was demanded of the numbers.
    """
    outline = outline_of(data, tables.reference_weather, tables.bootstrap)
    gallery = build_gallery(outline, data, cell_anchors(data))
    return Page(
        title=f"Segmentation under weather: {data.description.get('suite', data.folder.name)}",
        lead=_lead(outline, data),
        notices=(*_gate_notices(gates), *notices_of(data)),
        headline=headlines(outline, tables),
        tables=_results(outline, data, tables, gallery),
        gallery_text=_gallery_text(gallery),
        gallery=gallery.groups,
        legend=_legend(outline, tables),
        details=(
            confusion_section(outline, data, worst_weathers(outline, tables.degradation)),
            timing_section(outline, data.timing),
        ),
        definitions=_definitions(data, tables.bootstrap),
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
            "the table of cells, scenarios.csv, says which are missing and why."
        )
    whole = data.scenarios[data.scenarios["status"] == "done"]
    view = ["scenario", "label_width", "label_height", "fov"]
    digests = whole.groupby(view, sort=False)["labels_digest"].nunique(dropna=False)
    for scenario, width, height, fov in digests[digests > 1].index:
        notices.append(
            f"The ground truth of scenario {scenario} at {width:.0f} × {height:.0f}, {fov:g}°, is not the same in all "
            "cells: a difference between them is not the weather's alone."
        )
    return tuple(notices)


def _gate_notices(gates: Sequence[Gate]) -> list[str]:
    failed = [f"A gate was not met: {gate.text}" for gate in gates if not gate.passed]
    more = len(failed) - _SHOWN_GATES
    return [*failed[:_SHOWN_GATES], *([f"{more} more gates were not met."] if more > 0 else [])]


def _lead(outline: Outline, data: ScoreData) -> str:
    done = int((data.scenarios["status"] == "done").sum())
    repeats = data.scenarios["repeat"].nunique()
    parts = [
        _count(len(outline.scenarios), "scenario"),
        _count(data.scenarios["weather"].nunique(), "weather"),
        _count(len(outline.views), "image size" if len(outline.largest) == 1 else "view"),
        _count(len(outline.models), "model"),
        *([_count(repeats, "repeat")] if repeats > 1 else []),
    ]
    return (
        f"{', '.join(parts)}: {done} of {len(data.scenarios)} planned cells were scored completely, "
        f"{int(data.scenarios['frames'].sum())} frames in all. Reference weather: {outline.reference_weather}."
    )


def _results(outline: Outline, data: ScoreData, tables: ReportTables, gallery: Gallery) -> tuple[TableSection, ...]:
    """The sections before the gallery; those that a score of this kind cannot have are left out."""
    return (
        class_section(outline, tables, gallery.of_class),
        scenario_section(outline, data, gallery.of_scenario),
        degradation_section(outline, tables),
        *((sweep_section(outline, tables),) if outline.sweeps else ()),
        band_section(outline, data, worst_weathers(outline, tables.degradation)),
        *((comparison_section(outline, tables.comparison),) if len(outline.models) > 1 else ()),
        summary_section(outline, tables.summary),
        cell_section(outline, data, gallery.of_cell),
        tick_section(outline, data),
    )


def _gallery_text(gallery: Gallery) -> str:
    if gallery.kept == 0:
        return "No frames were kept."
    text = (
        "What the camera saw, the truth, the prediction, and the error map (orange: wrong; dark: right; grey: not "
        "scored), for the worst frames of each scenario, class and weather."
    )
    if gallery.shown == gallery.kept:
        return text
    return f"{text} Shown are {gallery.shown} of {gallery.kept}; all are in the folder overlays beside this file."


def _legend(outline: Outline, tables: ReportTables) -> tuple[LegendEntry, ...]:
    """Colours of the classes that occur."""
    present = set(tables.classes.dropna(subset=["iou"])["class"])
    entries = [LegendEntry(name=name, color=color) for name, color in outline.colors.items() if name in present]
    return (*entries, LegendEntry(name="not scored", color="#000000"))


def _definitions(data: ScoreData, bootstrap: Bootstrap) -> tuple[tuple[str, str], ...]:
    labels = data.description["labels"]
    words = {**data.description.get("definitions", {}), **definitions(bootstrap)}
    return (
        *((str(name).replace("_", " "), str(text)) for name, text in words.items()),
        ("labels", f"{labels.get('name')}: {len(data.labels)} classes"),
        ("not scored", str(labels.get("ignore_rule", ""))),
    )


def _environment(data: ScoreData) -> tuple[tuple[str, str], ...]:
    """Server, models, seeds and versions as lines."""
    description, environment = data.description, data.environment
    models = description.get("models") or {}
    lines = [("server", _in_words(description["server"]))] if description.get("server") else []
    lines += [(f"model {name}", _in_words(origin)) for name, origin in models.items()]
    if description.get("seeds"):
        lines.append(("seeds", _in_words(description["seeds"])))
    lines.append(("drives", str(description.get("drives") or "driven for this score")))
    if environment.get("packages"):
        lines.append(("packages", _in_words(environment["packages"])))
    lines += [
        (name.replace("_", " "), _in_words(environment[name]))
        for name in ("command", "harness_version", "git_commit", "python", "platform")
        if environment.get(name)
    ]
    return tuple(lines)


def _in_words(content: object) -> str:
    if isinstance(content, dict):
        return ", ".join(f"{key} {_in_words(value)}" for key, value in content.items() if value is not None)
    return " ".join(str(part) for part in content) if isinstance(content, list) else str(content)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
