"""``harness report``: tables, figures, overlays and one HTML page out of what a score left behind.

Everything is written beside that: ``classes.csv``, ``summary.csv``, ``degradation.csv``, ``limits.csv``,
``comparison.csv``, ``report.json``, ``overlays/`` and ``report.html``. Running it again replaces them.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from harness.errors import UsageError
from harness.gates.gate import Gate, check_classes
from harness.gates.junit import write_junit
from harness.gates.verdict import GateResult, judge_report
from harness.reporting.comparison import comparison_table
from harness.reporting.contents import build_page, notices_of
from harness.reporting.degradation import degradation_table
from harness.reporting.frames import FrameTable
from harness.reporting.intervals import Intervals
from harness.reporting.limits import limit_table
from harness.reporting.page import render
from harness.reporting.pooled import class_table, summary_table
from harness.reporting.report_json import report_json
from harness.reporting.source import ScoreData, read_score
from harness.reporting.tables import ReportTables
from harness.run_dir import MARKER, lock_output, write_bytes, write_json
from harness.scoring.spreadsheet import write_table
from harness.scoring.statistics.bootstrap import Bootstrap

TABLES = ("classes", "summary", "degradation", "limits", "comparison")
"""Those that are written, each as ``<name>.csv``."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ReportSummary:
    """What a report says, for a terminal or another program."""

    reference_weather: str
    """What the others are compared with."""
    tables: ReportTables
    content: dict[str, object]
    """What ``report.json`` holds."""
    notices: tuple[str, ...]
    """What a reader must know before believing a number."""
    incomplete: int
    """Planned cells that are not done."""
    gates: tuple[GateResult, ...]
    """One for each gate and row."""
    paths: tuple[Path, ...]
    """The files that were written, the page last."""


def report(
    out: Path,
    *,
    reference_weather: str | None = None,
    reference_model: str | None = None,
    target: float | None = None,
    bootstrap: Bootstrap | None = None,
    gates: Sequence[Gate] = (),
    junit: Path | None = None,
) -> ReportSummary:
    """Write tables and page into ``out``, the folder of a score.

    Args:
        out: what ``harness score`` wrote.
        reference_weather: weather to compare the others with; the one that the score names when omitted.
        reference_model: net that CD and rCD are relative to; the one that the score names, or none, when omitted.
        target: IoU, 0..1, that ends the operating limits of sweeps; 90 % of the reference's when omitted.
        bootstrap: how intervals are made, and what is drawn for them; 1000 resamples of frames when omitted.
        gates: demands, judged here and raised by nobody: see `GateResult.passed`.
        junit: where to write them, and every planned cell, as a JUnit file.

    Raises:
        DataError: a table is missing, half-written or inconsistent.
        UsageError: the reference was not scored, the target is no IoU, or a gate names an unknown class.
        OutputInUseError: a score, or another report, is being written there.
    """
    with _held(out):
        data = read_score(out)
        check_classes(gates, data.class_names)
        if target is not None and not 0 < target <= 1:
            raise UsageError(f"the target is {target:g}; it must be an IoU above 0 and at most 1")
        bootstrap = bootstrap or Bootstrap()
        model = _reference_model(data, reference_model)
        tables = make_tables(
            data,
            bootstrap=bootstrap,
            reference_weather=_reference_weather(data, reference_weather),
            reference_model=model,
            target=target,
        )
        results = judge_report(gates, classes=tables.classes, summary=tables.summary, degradation=tables.degradation)
        content = report_json(data, tables, reference_model=model, target=target, gates=results)
        paths = _write(out, tables, content)
        if junit is not None:
            paths.append(write_junit(junit, data.scenarios, results))
        page = build_page(_with_reference(data, tables, model), tables, gates=results)
        write_bytes(out / "report.html", render(page).encode("utf-8"))
        return ReportSummary(
            reference_weather=tables.reference_weather,
            tables=tables,
            content=content,
            notices=notices_of(data),
            incomplete=int((data.scenarios["status"] != "done").sum()),
            gates=results,
            paths=(*paths, out / "report.html"),
        )


def make_tables(
    data: ScoreData,
    *,
    bootstrap: Bootstrap,
    reference_weather: str,
    reference_model: str | None = None,
    target: float | None = None,
) -> ReportTables:
    """Every table of a report; arguments as for `report`."""
    frames, intervals = FrameTable(data), Intervals(bootstrap)
    return ReportTables(
        classes=class_table(data, frames, intervals),
        summary=summary_table(data, frames, intervals),
        degradation=degradation_table(
            data, frames, intervals, reference_weather=reference_weather, reference_model=reference_model
        ),
        limits=limit_table(
            data, frames, reference_weather=reference_weather, reference_model=reference_model, target=target
        ),
        comparison=comparison_table(data, frames, intervals),
        reference_weather=reference_weather,
        bootstrap=bootstrap,
    )


def _held(out: Path) -> AbstractContextManager[None]:
    """The lock of a folder that a score has prepared; one that carries no mark of ours is not given one."""
    return lock_output(out) if (out / MARKER).exists() else nullcontext()


def _reference_weather(data: ScoreData, wanted: str | None) -> str:
    reference = str(data.description.get("reference_weather")) if wanted is None else wanted
    if reference not in data.weathers:
        raise UsageError(f"the reference weather {reference!r} was not scored; there are: {', '.join(data.weathers)}")
    return reference


def _reference_model(data: ScoreData, wanted: str | None) -> str | None:
    named = data.description.get("reference_model") if wanted is None else wanted
    if named is not None and named not in data.models:
        raise UsageError(f"the reference model {named!r} was not scored; there are: {', '.join(data.models)}")
    return None if named is None else str(named)


def _with_reference(data: ScoreData, tables: ReportTables, model: str | None) -> ScoreData:
    """The score as this report sees it: its page names the references that were chosen here."""
    chosen = {"reference_weather": tables.reference_weather, "reference_model": model}
    return replace(data, description={**data.description, **chosen})


def _write(out: Path, tables: ReportTables, content: dict[str, object]) -> list[Path]:
    paths = []
    for name in TABLES:
        table: pd.DataFrame = getattr(tables, name)
        write_table(out / f"{name}.csv", table)
        paths.append(out / f"{name}.csv")
    write_json(out / "report.json", content)
    return [*paths, out / "report.json"]
