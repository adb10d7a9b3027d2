"""``harness drive``: policies drive the ego through a suite, closed loop, and the table says how well."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.drive_options import plan_options, read_plan, read_rules, read_run
from harness.cli.driven_recording import check_recording_folder, record_driven
from harness.cli.options import OUTPUT, choose_suite, output_options, server_options
from harness.cli.output import OutputTable, notes_to, print_formatted, print_table, progress_bar, say
from harness.cli.report_options import format_option
from harness.cli.several_servers import choose_servers, several_servers_options
from harness.errors import IncompleteError, ServerLostError, ServerNotFoundError

if TYPE_CHECKING:
    import pandas as pd

    from harness.closed_loop.drive_run import DriveNet, DriveSummary
    from harness.closed_loop.plan import DrivePlan
    from harness.workers.servers import Servers

MAX_EPISODES = 60
"""More are counted, not listed."""
MAX_INCOMPLETE = 20
"""Lines about what is missing."""


@click.command(short_help="Let policies drive, closed loop, and score the driving.")
@click.argument("run")
@click.argument("suite")
@output_options
@plan_options
@server_options
@several_servers_options(retries=1, what="an episode")
@click.option(
    "--record",
    type=OUTPUT,
    metavar="DIR",
    help="Afterwards, replay the episodes into a recording: what was seen at each decision, with tags.",
)
@click.option("--dry-run", is_flag=True, help="Print the episodes and the expected time; start nothing.")
@click.option("--report/--no-report", "with_report", default=True, help="Write report.html.")
@format_option
def drive(
    run: str, suite: str, output: Path, resume: bool, overwrite: bool, policies: str, weathers: str | None,
    sizes: str, fovs: str | None, repeats: int, splits: tuple[str, ...], decide_every: int, latency: str,
    time_limit: float | None, checkpoint: str, device: str, host: str | None, port: int | None, seed: int,
    named: tuple[str, ...], num_servers: int, retries: int, tick_timeout: float, hang_timeout: float,
    reconnect: float, record: Path | None, dry_run: bool, with_report: bool, output_format: str,
) -> None:  # fmt: skip
    """Let each policy drive every scenario of SUITE under every weather, at every size, and score the driving.

    RUN is the folder of the net that the policy `mask` drives by, or `none` where no policy needs a net. An episode
    ends at its goal, by what happens on the road, or at its time limit; everything that happened is kept in its log,
    and the tables are made from the logs alone (`harness report` makes them anew). A collision is a result, not an
    error. A server that is lost costs one retry of one episode. Finished episodes stand in journal.jsonl; --resume goes
    on after them.
    """
    from harness.closed_loop.drive_run import DriveNet, drive_suite, setups
    from harness.run_dir import check_output

    note = notes_to(output_format)
    chosen = choose_suite(suite, seed=seed, splits=splits)
    net = DriveNet(run=read_run(run), checkpoint=checkpoint, device=device)
    rules = read_rules(decide_every=decide_every, latency=latency, time_limit=time_limit)
    plan = read_plan(chosen, policies=policies, weathers=weathers, sizes=sizes, fovs=fovs, repeats=repeats, rules=rules)
    servers = choose_servers(
        host, port, named, num_servers, seed=seed, retries=retries, tick_timeout=tick_timeout,
        hang_timeout=hang_timeout, reconnect=reconnect,
    )  # fmt: skip
    setups(plan, net, servers)  # refuses a plan that lacks a net
    if dry_run:
        print_plan(plan, net, servers, output, resume=resume)
        if record is not None:
            say(f"then the episodes are replayed once more, on one server, into {record}")
        return
    read = [*([] if net.run is None else [net.run]), *plan.policy_files]
    check_output(output, resume=resume, overwrite=overwrite, inputs=read)
    if record is not None:
        check_recording_folder(record, output, resume=resume, overwrite=overwrite, inputs=read)
    try:
        with progress_bar() as progress:
            summary = drive_suite(
                plan, net, servers, suite=chosen.name, out=output, resume=resume, overwrite=overwrite,
                progress=progress, say=note,
            )  # fmt: skip
    except (ServerLostError, ServerNotFoundError, KeyboardInterrupt, SystemExit):
        if (output / "episodes.csv").exists():
            note(f"what was finished, and what was not run, stands in {output}/episodes.csv")
        raise
    print_summary(summary, output_format)
    if with_report:
        write_page(output, note)
    if record is not None:
        record_all(output, record, servers, resume=resume, overwrite=overwrite, note=note)
    tell_missing(summary)


def record_all(
    folder: Path, record: Path, servers: Servers, *, resume: bool, overwrite: bool, note: Callable[[str], None]
) -> None:
    """Record all that the driving cameras of a drive have seen, on the first of the servers.

    Args:
        folder: of the drive.
        record: the folder to record into.
        servers: that were driven on.
        resume: go on with what ``record`` holds.
        overwrite: delete it.
        note: prints a line.
    """
    from harness.mining.episode_drives import driven_suite

    first = servers.places()[0]
    record_driven(
        driven_suite(folder), record, frames=None, host=first.host, port=first.port, resume=resume,
        overwrite=overwrite, note=note,
    )  # fmt: skip


def write_page(folder: Path, note: Callable[[str], None]) -> None:
    """Make the page of a drive, and say what its reader must know, and where it is.

    Args:
        folder: of the drive, with its tables.
        note: prints a line.
    """
    from harness.reporting.driving.report import drive_report

    report = drive_report(folder)
    for notice in report.notices:
        note(f"warning: {notice}")
    note(str(report.page))


def print_plan(plan: DrivePlan, net: DriveNet, servers: Servers, output: Path, *, resume: bool) -> None:
    """Print what would be driven, and how long that may take."""
    from harness.cli.score import duration_text
    from harness.closed_loop.estimate import estimate, needs_net
    from harness.workers.loaded_nets import load_nets

    if plan.num_episodes <= MAX_EPISODES:
        print_table(
            f"would be driven into {output}",
            ("scenario", "weather", "size", "fov", "policy", "repeat", "seed"),
            [
                (
                    key.scenario, key.weather, f"{key.width}x{key.height}", f"{key.fov:g}", key.policy, key.repeat,
                    plan.scenario_of(key).seed,
                )
                for key in plan.episodes()
            ],
        )  # fmt: skip
    say(
        f"episodes: {plan.num_episodes} (scenarios: {len(plan.scenarios)}, weathers: {len(plan.weathers)}, sizes: "
        f"{len(plan.sizes)}, fields of view: {max(1, len(plan.fovs))}, policies: {len(plan.policies)}, repeats: "
        f"{plan.repeats})"
    )
    loaded = None
    if net.run is not None and needs_net(plan, output):
        nets = load_nets({"net": str(net.run)}, checkpoint=net.checkpoint, device=net.device)
        loaded = nets["net"]
    left = estimate(plan, output, loaded, num_servers=servers.number, resume=resume)
    say(f"to be run: episodes: {left.episodes}, ticks at most: {left.ticks}")
    say(f"expected at most: {duration_text(left.seconds)}, from {left.basis}; the start of servers comes on top")


def print_summary(summary: DriveSummary, output_format: str) -> None:
    """Print how each policy drove under each weather and size, over all scenarios; CSV and JSON have all columns."""
    if output_format in ("json", "csv"):
        rows = tuple(summary.table.itertuples(index=False, name=None))
        print_formatted(
            [OutputTable(name="drive_summary", title="", columns=tuple(summary.table.columns), rows=rows)],
            output_format,
        )
        return
    print_formatted([summary_table(summary.table)], output_format)
    notes_to(output_format)(f"tables: {summary.paths[0].parent}/*.csv")


def summary_table(table: pd.DataFrame) -> OutputTable:
    """The columns that fit a terminal, of the rows that are over all groups."""
    from harness.closed_loop.drive_summary import ALL_GROUPS

    return OutputTable(
        name="drive_summary",
        title="driving, over all scenarios (95 % intervals)",
        columns=(
            "policy", "weather", "size", "done", "success", "interval", "completion %", "driving score", "interval ",
            "collisions /km", "lateral error p95 m", "IoU road+lines",
        ),
        rows=tuple(
            (
                row["policy"], row["weather"], row["size"], f"{row['done']}/{row['planned']}",
                row["success_rate"], _between(row["success_rate_low"], row["success_rate_high"], digits=2),
                _rounded(row["completion"], 1), _rounded(row["driving_score_2_1"], 1),
                _between(row["driving_score_2_1_low"], row["driving_score_2_1_high"], digits=1),
                row["collisions_per_km"], row["lateral_error_p95_m"], row["iou_road_lines"],
            )
            for row in _rows(table[table["group"] == ALL_GROUPS])
        ),
    )  # fmt: skip


def tell_missing(summary: DriveSummary) -> None:
    """Say which episodes were not driven to their end.

    Raises:
        IncompleteError: there are such.
    """
    from harness.closed_loop.episode_names import episode_text

    missing = summary.incomplete
    if not missing:
        return
    lines = [f"  {episode_text(each.key)}: {each.status}, {each.message}".rstrip(", ") for each in missing]
    more = [f"  and {len(lines) - MAX_INCOMPLETE} more, see episodes.csv"] if len(lines) > MAX_INCOMPLETE else []
    listed = "\n".join([*lines[:MAX_INCOMPLETE], *more])
    raise IncompleteError(
        f"{len(missing)} of {len(summary.episodes)} episodes are not done, so the numbers above are over the others:\n"
        f"{listed}\nRun the same command with --resume to try them again."
    )


def _rows(table: pd.DataFrame) -> Iterator[Mapping[str, Any]]:
    """Rows with a "size" each, which has the field of view where there are several."""
    has_fov = table["fov"].nunique() > 1
    for row in table.to_dict("records"):
        fov = f" fov {row['fov']:g}" if has_fov else ""
        yield {**{str(name): value for name, value in row.items()}, "size": f"{row['width']}x{row['height']}{fov}"}


def _rounded(value: float, digits: int) -> str:
    return "–" if value != value else f"{value:.{digits}f}"


def _between(low: float, high: float, *, digits: int) -> str:
    return "–" if low != low else f"{low:.{digits}f} to {high:.{digits}f}"
