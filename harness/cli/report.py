"""``harness report``: tables and one HTML page from what ``harness score`` wrote."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from harness.cli.options import INPUT_DIRECTORY
from harness.cli.output import OutputTable, notes_to, print_formatted, print_json
from harness.cli.report_options import bootstrap_options, format_option, gate_options

if TYPE_CHECKING:
    import pandas as pd

    from harness.reporting.report import ReportSummary


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

    Exits with 12 where a demand (--fail-under, --max-drop) is not met. Cells that were not scored completely are named,
    and rows that lack some of them are called partial.
    """
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


def print_report(summary: ReportSummary, output_format: str) -> None:
    """Print what a report says, and name the demands that it does not meet.

    Args:
        summary: what `harness.reporting.report.report` gave.
        output_format: one of `FORMATS`; JSON is the content of report.json, CSV the summary.

    Raises:
        GateError: a demand is not met.
    """
    from harness.gates.verdict import raise_if_failed

    note = notes_to(output_format)
    for notice in summary.notices:
        note(f"warning: {notice}")
    if output_format == "json":
        print_json(summary.content)
    else:
        print_formatted([table for table in _tables(summary) if table.rows or table.name == "summary"], output_format)
    for path in summary.paths:
        note(str(path))
    raise_if_failed(summary.gates)


def comparison_rows(comparison: pd.DataFrame) -> tuple[tuple[object, ...], ...]:
    """Rows of `COMPARISON` columns: what b gains on a; classes that are nowhere are left out."""
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

COMPARISON = ("A", "B", "weather", "size", "class", "frames", "IoU of A", "IoU of B", "B - A", "interval", "difference")
"""Columns of a printed comparison; differences are percentage points."""


def _tables(summary: ReportSummary) -> list[OutputTable]:
    """What a terminal or a merge request shows: summary, and the rows of the mean."""
    tables = summary.tables
    reference = summary.reference_weather
    losses = _means(tables.degradation).sort_values("drop_points", ascending=False, kind="stable")
    shown = losses.head(_MAX_LOSSES)
    more = "" if len(shown) == len(losses) else f" (the {len(shown)} largest of {len(losses)}: degradation.csv has all)"
    return [
        OutputTable(
            name="summary",
            title="mIoU, counts pooled over scenarios",
            columns=("model", "weather", "size", "status", "frames", "mIoU", "interval", "boundary", "pixel accuracy"),
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
            title=f"points of mIoU lost against {reference}, or the largest size{more}",
            columns=("model", "axis", "weather", "size", "frames", "lost", "interval", "difference", "retention"),
            rows=tuple(
                (
                    row["model"], row["axis"], row["weather"], row["size"], row["frames"], _points(row["drop_points"]),
                    _between(row["drop_low"], row["drop_high"]), _verdict(row), row["retention"],
                )
                for row in _rows(shown)
            ),
        ),
        OutputTable(
            name="limits",
            title="operating limits of mIoU",
            columns=("model", "sweep", "size", "target", "from", "to"),
            rows=tuple(
                (
                    row["model"], row["sweep"], row["size"], row["target_iou"], _limit(row, "low"), _limit(row, "high"),
                )
                for row in _rows(_means(tables.limits))
            ),
        ),
        OutputTable(
            name="comparison",
            title="models compared on the same frames",
            columns=COMPARISON,
            rows=comparison_rows(_means(tables.comparison)),
        ),
        OutputTable(
            name="gates",
            title="demands",
            columns=("demand", "where", "found", "outcome"),
            rows=tuple((each.gate.text, each.where, each.value, each.outcome) for each in summary.gates),
        ),
    ]  # fmt: skip


def _means(table: pd.DataFrame) -> pd.DataFrame:
    means: pd.DataFrame = table[table["class"] == "(mean)"]
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
