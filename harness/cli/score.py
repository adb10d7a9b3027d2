"""``harness score``: trained nets live in the simulator, under many weathers and sizes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import INPUT_DIRECTORY, choose_suite, output_options, server_options
from harness.cli.output import OutputTable, notes_to, print_formatted, print_table, progress_bar, say
from harness.cli.report_options import format_option, gate_options
from harness.cli.score_options import plan_options, read_models, read_plan
from harness.cli.several_servers import choose_servers, several_servers_options
from harness.errors import GateError, IncompleteError, ServerLostError, ServerNotFoundError, UsageError

if TYPE_CHECKING:
    from harness.gates.gate import Gate
    from harness.scoring.plan import ScorePlan
    from harness.scoring.score import Nets
    from harness.scoring.summary import ScoredCell, ScoreSummary
    from harness.workers.servers import Servers

MAX_CELLS = 60
"""More are counted, not listed."""
MAX_COLUMNS = 12
"""Of the table of classes; with more weathers and sizes it is better read in the report."""
MAX_INCOMPLETE = 20
"""Lines about what is missing."""


@click.command(short_help="Score nets live under many weathers and sizes.")
@click.argument("run", type=INPUT_DIRECTORY)
@click.argument("suite")
@output_options
@plan_options
@server_options
@several_servers_options(retries=3, what="a pass")
@click.option("--dry-run", is_flag=True, help="Print the cells and the expected time; start nothing.")
@click.option("--report/--no-report", "with_report", default=True, help="Write derived tables and report.html.")
@gate_options
@format_option
def score(
    run: Path, suite: str, output: Path, resume: bool, overwrite: bool, weathers: str | None, sizes: str,
    fovs: str | None, repeats: int, models: tuple[str, ...], reference_model: str | None, splits: tuple[str, ...],
    drives: Path | None, reference_weather: str | None, warmup_frames: int, checkpoint: str, device: str,
    host: str | None, port: int | None, seed: int, named: tuple[str, ...], num_servers: int, retries: int,
    tick_timeout: float, hang_timeout: float, reconnect: float, dry_run: bool, with_report: bool,
    fail_under: tuple[str, ...], max_drop: tuple[str, ...], junit: Path | None, output_format: str,
) -> None:  # fmt: skip
    """Replay the drives of SUITE under every weather, size and field of view, run the net in RUN live, and count.

    Each scenario is driven once (or its drive log is taken from --drives) and then replayed kinematically, so that
    every weather and size sees the identical scene and identical labels. A server that crashes or hangs costs one retry
    of one replay. Finished replays stand in journal.jsonl; --resume goes on after them. Writes the tables and
    report.html into the output folder; `harness report` makes the report anew.
    """
    from harness.gates.gate import check_classes, parse_gates
    from harness.run_dir import check_output
    from harness.scoring.score import Nets
    from harness.scoring.score import score as score_plan

    note = notes_to(output_format)
    gates = parse_gates(fail_under, max_drop)
    if not with_report and (gates or junit):
        raise UsageError("--fail-under, --max-drop and --junit are judged by the report: leave out --no-report")
    chosen = choose_suite(suite, seed=seed, splits=splits)
    runs = read_models(run, models)
    nets = Nets(runs=runs, checkpoint=checkpoint, device=device, reference=reference_model)
    plan = read_plan(
        chosen, weathers=weathers, sizes=sizes, fovs=fovs, models=tuple(runs), repeats=repeats,
        reference_weather=reference_weather, warmup_frames=warmup_frames,
    )  # fmt: skip
    servers = choose_servers(
        host, port, named, num_servers, seed=seed, retries=retries, tick_timeout=tick_timeout,
        hang_timeout=hang_timeout, reconnect=reconnect,
    )  # fmt: skip
    if dry_run:
        print_plan(plan, nets, servers, output, resume=resume)
        return
    read = [*runs.values(), *([] if drives is None else [drives])]
    check_output(output, resume=resume, overwrite=overwrite, inputs=read)
    try:
        with progress_bar() as progress:
            summary = score_plan(
                plan, nets, servers, suite=chosen.name, out=output, drives=drives, resume=resume, overwrite=overwrite,
                check_classes=partial(check_classes, gates), progress=progress, say=note,
            )  # fmt: skip
    except (ServerLostError, ServerNotFoundError, KeyboardInterrupt, SystemExit):
        if (output / "scenarios.csv").exists():
            note(f"what was finished, and what was not run, stands in {output}/scenarios.csv")
        raise
    tell_missing = partial(
        tell_what_is_missing, summary, remedy="Run the same command with --resume to try them again.", note=note,
        labels_must_agree=not servers.named,
    )  # fmt: skip
    try:
        _print_results(summary, output_format, with_report=with_report)
        if with_report:
            _report(output, gates, junit, output_format)
    except GateError:
        tell_missing()  # cells that are missing may be why
        raise
    tell_missing()


def print_ious(summary: ScoreSummary) -> None:
    """Print the IoU of each class under each weather at each size."""
    print_table("IoU, counts pooled over scenarios", summary.columns, summary.rows)


def tell_what_is_missing(
    summary: ScoreSummary, *, remedy: str, note: Callable[[str], None] = say, labels_must_agree: bool = False
) -> None:
    """Print what a reader of the numbers must know.

    Args:
        summary: What was scored.
        remedy: What to do about cells that are not complete.
        note: Prints a line.
        labels_must_agree: Whether labels that differ between weathers are an error.

    Raises:
        IncompleteError: not every planned cell was scored, or not on the same labels.
    """
    for warning in summary.warnings:
        note(f"warning: {warning}")
    if summary.incomplete:
        raise IncompleteError(
            f"{len(summary.incomplete)} of {len(summary.cells)} cells are not complete, so the numbers above are "
            f"partial:\n{_listed(summary.incomplete)}\n{remedy}"
        )
    if summary.warnings and labels_must_agree:
        raise IncompleteError(
            "labels are not the same under all weathers, as they must be in the embedded simulator: see the warnings "
            "above. Score again with --overwrite, and please report it if it happens again."
        )


def print_plan(plan: ScorePlan, nets: Nets, servers: Servers, output: Path, *, resume: bool) -> None:
    """Print what would be scored, and how long that may take."""
    from harness.scoring.estimate import estimate, needs_nets
    from harness.workers.loaded_nets import load_nets

    cells = list(plan.cells())
    if len(cells) <= MAX_CELLS:
        print_table(
            f"would be scored into {output}",
            ("scenario", "weather", "size", "fov", "model", "repeat"),
            [
                (each.scenario, each.weather, f"{each.width}x{each.height}", f"{each.fov:g}", each.model, each.repeat)
                for each in cells
            ],
        )
    views = len(cells) // (plan.num_passes * len(plan.models))
    say(
        f"cells: {len(cells)}, in passes: {plan.num_passes} (scenarios: {len(plan.scenarios)}, weathers: "
        f"{len(plan.weathers)}, sizes and fields of view: {views}, models: {len(plan.models)}, repeats: {plan.repeats})"
    )
    runs = {name: str(run) for name, run in nets.runs.items()}
    loaded = load_nets(runs, checkpoint=nets.checkpoint, device=nets.device) if needs_nets(plan, output) else None
    left = estimate(plan, output, loaded, num_servers=servers.number, resume=resume)
    say(f"to be run: passes: {left.passes}, frames of each camera: {left.frames}")
    say(f"expected: {duration_text(left.seconds)}, from {left.basis}; the drives and the start of servers come on top")


def _print_results(summary: ScoreSummary, output_format: str, *, with_report: bool) -> None:
    if output_format == "table":
        if len(summary.columns) <= MAX_COLUMNS or not with_report:
            print_ious(summary)
        say(f"tables: {summary.paths[0].parent}/*.csv")
    elif not with_report:
        table = OutputTable(name="iou", title="IoU", columns=summary.columns, rows=summary.rows)
        print_formatted([table], output_format)


def _report(output: Path, gates: Sequence[Gate], junit: Path | None, output_format: str) -> None:
    from harness.cli.report import print_report
    from harness.reporting.report import report as write_report

    print_report(write_report(output, gates=gates, junit=junit), output_format)


def _listed(incomplete: tuple[ScoredCell, ...]) -> str:
    """One line for each pass: all its cells ended alike, or the first one speaks for them."""
    lines: dict[tuple[str, str, int], str] = {}
    for each in incomplete:
        cell = each.cell
        text = f"  {cell.scenario} under {cell.weather} at {cell.width}x{cell.height}: {each.status}, {each.message}"
        lines.setdefault((cell.scenario, cell.weather, cell.repeat), text.rstrip(", "))
    shown = list(lines.values())[:MAX_INCOMPLETE]
    more = [f"  and {len(lines) - len(shown)} more, see scenarios.csv"] if len(lines) > len(shown) else []
    return "\n".join([*shown, *more])


def duration_text(seconds: float) -> str:
    """So many seconds, minutes or hours."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
