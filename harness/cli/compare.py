"""``harness compare``: is one net better than another, on the same frames?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from harness.cli.options import OUTPUT, check_output_file
from harness.cli.output import OutputTable, notes_to, print_formatted
from harness.cli.report import comparison_columns, comparison_rows
from harness.cli.report_options import bootstrap_options, format_option, junit_option, max_drop_option
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.reporting.compare import Scored


@click.command(short_help="Compare two scored nets on the same frames.")
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.option("-o", "--output", type=OUTPUT, metavar="FILE.csv", help="Write the table there. [default: print only]")
@click.option("--overwrite", is_flag=True, help="Replace the file of -o.")
@bootstrap_options
@max_drop_option
@junit_option
@format_option
def compare(
    a: str, b: str, output: Path | None, overwrite: bool, resamples: int, resample: Literal["frames", "scenarios"],
    level: float, seed: int, max_drop: tuple[str, ...], junit: Path | None, output_format: str,
) -> None:  # fmt: skip
    """Compare the scores B with the scores A: for each weather, size and class, what B gains, with an interval.

    A and B are folders that `harness score` or `harness evaluate` wrote, or FOLDER:MODEL where a folder has several
    models; both may be of one folder. Frames count only where both sides have the same scenario, tick and ground truth;
    the same frames are drawn for both (paired bootstrap). --max-drop is what B may lose against A.
    """
    from harness.gates.gate import check_classes, parse_gates
    from harness.gates.junit import write_junit
    from harness.gates.verdict import judge_comparison, raise_if_failed
    from harness.reporting.compare import compare as compare_scores
    from harness.scoring.spreadsheet import write_table
    from harness.scoring.statistics.bootstrap import Bootstrap

    check_output_file(output, overwrite=overwrite)
    gates = parse_gates((), max_drop)
    bootstrap = Bootstrap(resamples=resamples, seed=seed, level=level, unit=resample)
    comparison = compare_scores(_scored(a), _scored(b), bootstrap=bootstrap)
    check_classes(gates, comparison.class_names)
    results = judge_comparison(gates, comparison.table, absent=comparison.absent)
    note = notes_to(output_format)
    for notice in comparison.notices:
        note(f"note: {notice}")
    rows = comparison_rows(comparison.table)
    if output_format in ("json", "csv"):  # for programs: as it is in a file
        columns = tuple(str(name) for name in comparison.table.columns)
        rows = tuple(comparison.table.itertuples(index=False, name=None))
        print_formatted([OutputTable(name="comparison", title="", columns=columns, rows=rows)], output_format)
    else:
        title = f"{b} compared with {a}: percentage points of IoU gained"
        columns = comparison_columns(bootstrap)
        print_formatted([OutputTable(name="comparison", title=title, columns=columns, rows=rows)], output_format)
    if output is not None:
        write_table(output, comparison.table)
        note(f"table: {output}")
    if junit is not None:
        note(str(write_junit(junit, None, results)))
    raise_if_failed(results)


def _scored(text: str) -> Scored:
    """FOLDER, or FOLDER:MODEL."""
    from harness.reporting.compare import Scored

    if Path(text).is_dir():
        return Scored(folder=Path(text))
    folder, colon, model = text.rpartition(":")
    if not colon or not Path(folder).is_dir():
        raise UsageError(f"{folder if colon else text} is not a folder; expected a folder of scores, or FOLDER:MODEL")
    return Scored(folder=Path(folder), model=model)
