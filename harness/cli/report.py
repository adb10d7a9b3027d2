"""``harness report``: tables and one HTML page from what ``harness score`` wrote."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import INPUT_DIRECTORY
from harness.cli.output import print_table, say


@click.command(short_help="CSV tables and one HTML page from scores.")
@click.argument("scores", type=INPUT_DIRECTORY)
@click.option(
    "--reference-weather", default=None, help="Weather that the others are compared with. [default: that of the score]"
)
def report(scores: Path, reference_weather: str | None) -> None:
    """Turn the counts in the folder SCORES into CSV tables, figures and one self-contained report.html."""
    from harness.reporting.report import report as write_report

    summary = write_report(scores, reference_weather=reference_weather)
    for notice in summary.notices:
        say(f"warning: {notice}")
    if summary.rows:
        print_table(f"compared with {summary.reference_weather}", summary.columns, summary.rows)
    for path in summary.paths:
        say(str(path))
