"""``harness report``: tables and one HTML page from what ``harness score`` or ``harness drive`` wrote."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
from click.core import ParameterSource

from harness.cli.options import INPUT_DIRECTORY
from harness.cli.output import OutputTable, notes_to, print_formatted, print_json
from harness.cli.report_options import bootstrap_options, format_option, gate_options
from harness.errors import IncompleteError, UsageError

if TYPE_CHECKING:
    import pandas as pd

    from harness.gates.verdict import GateResult
    from harness.reporting.report import ReportSummary
    from harness.scoring.statistics.bootstrap import Bootstrap


@click.command(short_help="CSV tables and one HTML page from scores.")
@click.argument("scores", type=INPUT_DIRECTORY)
@click.option(
    "--reference-weather", default=None, help="Weather that the others are compared with. [default: that of the score]"
)
@click.option("--reference-model", default=None, help="Net that CD and rCD are relative to. [default: of the score]")
@click.option(
    "--target", type=float, default=None, metavar="IOU",
    help="What a net has to reach in a sweep. [default: 90 % of its IoU under the reference weather]",
)  # fmt: skip
@bootstrap_options
@gate_options
@format_option
def report(
    scores: Path, reference_weather: str | None, reference_model: str | None, target: float | None, resamples: int,
    resample: Literal["frames", "scenarios"], level: float, seed: int, fail_under: tuple[str, ...],
    max_drop: tuple[str, ...], junit: Path | None, output_format: str,
) -> None:  # fmt: skip
    """Turn the counts in the folder SCORES into CSV tables, report.json and one self-contained report.html.

    Exits with 12 where a demand (--fail-under, --max-drop) is not met, and with 10 where cells were not scored
    completely: rows that lack some of them are called partial. In a folder of `harness drive` the tables are made anew
    from the logs of its episodes; options for scores mean nothing there and are refused.
    """
    if (scores / DRIVE_FILE).is_file():
        refuse_options_of_scores()
        report_drive(scores, output_format)
        return
    from harness.gates.gate import parse_gates
    from harness.reporting.report import report as write_report
    from harness.scoring.statistics.bootstrap import Bootstrap

    summary = write_report(
        scores,
        reference_weather=reference_weather,
        reference_model=reference_model,
        target=target,
        bootstrap=Bootstrap(resamples=resamples, seed=seed, level=level, unit=resample),
        gates=parse_gates(fail_under, max_drop),
        junit=junit,
    )
    print_report(summary, output_format)
    if summary.incomplete:
        raise IncompleteError(
            f"{summary.incomplete} planned cells were not scored completely, so the rows called partial are over the "
            "others: repeat the score with --resume to try them again"
        )


DRIVE_FILE = "drive.json"
"""What a folder of ``harness drive`` has, and one of ``harness score`` has not."""


def refuse_options_of_scores() -> None:
    """Refuse what was asked of a drive and can only be asked of a score.

    Raises:
        UsageError: there is such an option.
    """
    context = click.get_current_context()
    given = [
        parameter.opts[0]
        for parameter in context.command.params
        if parameter.name not in ("scores", "output_format")
        and context.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE
    ]
    if given:
        raise UsageError(
            f"the folder is of `harness drive`, and {', '.join(given)} can only be asked of scores: leave it out"
        )


def report_drive(folder: Path, output_format: str) -> None:
    """Make the tables of a drive anew from its logs, print how it was driven, and make the page.

    Raises:
        DataError: what the folder holds cannot be read.
        IncompleteError: not every planned episode is done.
    """
    from harness.cli.drive import print_summary, tell_missing, write_page
    from harness.closed_loop.drive_run import summarize
    from harness.run_dir import MARKER, lock_output

    # One that was copied without its mark belongs to nobody else; one that is being written has its lock held.
    with lock_output(folder) if (folder / MARKER).exists() else nullcontext():
        summary = summarize(folder)
        print_summary(summary, output_format)
        write_page(folder, notes_to(output_format))
    tell_missing(summary)


def print_report(summary: ReportSummary, output_format: str) -> None:
    """Print what a report says, and name the demands that it does not meet.

    Args:
        summary: what `harness.reporting.report.report` gave.
        output_format: one of `FORMATS`; JSON is the content of report.json, CSV that of summary.csv.

    Raises:
        GateError: a demand is not met.
    """
    from harness.gates.verdict import raise_if_failed

    note = notes_to(output_format)
    for notice in summary.notices:
        note(f"warning: {notice}")
    if output_format == "json":
        print_json(summary.content)
    elif output_format == "csv":
        print_formatted([_file("summary", summary.tables.summary)], output_format)
    else:
        print_formatted([table for table in _tables(summary) if table.rows or table.name == "summary"], output_format)
    for path in summary.paths:
        note(str(path))
    raise_if_failed(summary.gates)


def comparison_rows(comparison: pd.DataFrame) -> tuple[tuple[object, ...], ...]:
    """Rows of `comparison_columns`: what b gains on a; classes that are nowhere are left out."""
    return tuple(
        (
            row["model_a"], row["model_b"], row["weather"], row["size"], row["class"], row["frames"], row["iou_a"],
            row["iou_b"], _points(row["difference_points"]), _between(row["low"], row["high"]), _verdict(row),
        )
        for row in _rows(comparison)
        if row["iou_a"] == row["iou_a"] or row["iou_b"] == row["iou_b"]
    )  # fmt: skip


_MAX_LOSSES = 20
"""Rows of the degradation that are printed; the file has them all."""


def comparison_columns(bootstrap: Bootstrap) -> tuple[str, ...]:
    """Columns of a printed comparison; differences are percentage points."""
    names = (
        "A",
        "B",
        "weather",
        "size",
        "class",
        "frames",
        "IoU of A",
        "IoU of B",
        "B\N{NO-BREAK SPACE}-\N{NO-BREAK SPACE}A",
    )
    return (*names, _interval_name(bootstrap), "difference")


def _tables(summary: ReportSummary) -> list[OutputTable]:
    """What a terminal or a merge request shows: summary, and the rows of the mean."""
    tables = summary.tables
    interval = _interval_name(tables.bootstrap)
    losses = _means(tables.degradation).sort_values("drop_points", ascending=False, kind="stable")
    shown = losses.head(_MAX_LOSSES)
    more = "" if len(shown) == len(losses) else f" (the {len(shown)} largest of {len(losses)}: degradation.csv has all)"
    return [
        OutputTable(
            name="summary",
            title="mIoU, counts pooled over scenarios",
            columns=("model", "weather", "size", "status", "frames", "mIoU", interval, "boundary", "pixel accuracy"),
            rows=tuple(
                (
                    row["model"], row["weather"], row["size"], row["status"], row["frames"], row["miou"],
                    _between(row["miou_low"], row["miou_high"], digits=3), row["boundary_iou"], row["pixel_accuracy"],
                )
                for row in _rows(tables.summary)
            ),
        ),
        OutputTable(
            name="degradation",
            title=f"points of mIoU lost on the same frames{more}",
            columns=("model", "weather", "size", "against", "frames", "lost", interval, "difference", "retention"),
            rows=tuple(
                (
                    row["model"], row["weather"], row["size"], _reference(row), row["frames"],
                    _points(row["drop_points"]), _between(row["drop_low"], row["drop_high"]), _verdict(row),
                    row["retention"],
                )
                for row in _rows(shown)
            ),
        ),
        OutputTable(
            name="limits",
            title="operating limits: where mIoU falls below its target",
            columns=("model", "sweep", "size", "frames", "target", "from", "to"),
            rows=tuple(
                (
                    row["model"], row["sweep"], row["size"], row["frames"], row["target_iou"],
                    _limit(row, "low"), _limit(row, "high"),
                )
                for row in _rows(_means(tables.limits))
            ),
        ),
        OutputTable(
            name="comparison",
            title="models compared on the same frames",
            columns=comparison_columns(tables.bootstrap),
            rows=comparison_rows(_means(tables.comparison)),
        ),
        OutputTable(
            name="gates",
            title="demands",
            columns=("demand", "rows", "not met", "worst", "where"),
            rows=_gate_rows(summary.gates),
        ),
    ]  # fmt: skip


def _file(name: str, table: pd.DataFrame) -> OutputTable:
    """A table as it is in its file."""
    rows = tuple(table.itertuples(index=False, name=None))
    return OutputTable(name=name, title="", columns=tuple(map(str, table.columns)), rows=rows)


def _gate_rows(results: Sequence[GateResult]) -> tuple[tuple[object, ...], ...]:
    """One row for each demand: of how many rows it was made, how many do not meet it, and the worst of them."""
    by_demand: dict[str, list[GateResult]] = {}
    for result in results:
        by_demand.setdefault(result.gate.text, []).append(result)
    return tuple(
        (demand, len(found), sum(not each.passed for each in found), worst.found, worst.where)
        for demand, found in by_demand.items()
        for worst in [min(found, key=lambda each: each.rank)]
    )


def _interval_name(bootstrap: Bootstrap) -> str:
    return f"{bootstrap.level * 100:g}\N{NO-BREAK SPACE}% interval"  # a heading is broken at its first plain space


def _reference(row: Mapping[str, Any]) -> str:
    """What a loss is counted from."""
    return f"{row['reference_weather']} {row['reference_width']}x{row['reference_height']}"


def _means(table: pd.DataFrame) -> pd.DataFrame:
    from harness.scoring.statistics.metrics import MEAN

    means: pd.DataFrame = table[table["class"] == MEAN]
    return means


def _rows(table: pd.DataFrame) -> Iterator[Mapping[str, Any]]:
    """Rows with a "size" each, which has the field of view where there are several."""
    has_fov = table["fov"].nunique() > 1
    for row in table.to_dict("records"):
        fov = f" fov {row['fov']:g}" if has_fov else ""
        yield {**{str(name): value for name, value in row.items()}, "size": f"{row['width']}x{row['height']}{fov}"}


def _points(value: float) -> str:
    return "–" if value != value else f"{value:.2f}"


def _between(low: float, high: float, *, digits: int = 2) -> str:
    return "–" if low != low else f"{low:.{digits}f} to {high:.{digits}f}"


def _verdict(row: Mapping[str, Any]) -> str:
    return {"yes": "significant", "no": "not significant"}.get(row["significant"], "–")


def _limit(row: Mapping[str, Any], side: str) -> str:
    """Where a sweep's target is first missed on one side."""
    if row[f"{side}_limit"] == row[f"{side}_limit"]:
        return f"{row[f'{side}_limit']:.4g}"
    return {"yes": "holds", "no": "missed", "unknown": "unknown"}.get(row[f"{side}_holds"], "–")
