"""``harness record``: drive a suite's scenarios and write RGB + tag pairs into shards."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import choose_endpoint, choose_suite, output_options, server_options
from harness.cli.output import print_table, progress_bar, say
from harness.errors import IncompleteError

if TYPE_CHECKING:
    from harness.recording import RecordRow


@click.command(short_help="Drive scenarios and write RGB + tag pairs into shards.")
@click.argument("suite")
@output_options
@click.option(
    "--split",
    "splits",
    multiple=True,
    type=click.Choice(["train", "val", "test"]),
    help="Only these; may be given more than once. [default: all]",
)
@server_options
def record(
    suite: str,
    output: Path,
    resume: bool,
    overwrite: bool,
    splits: tuple[str, ...],
    host: str | None,
    port: int | None,
    seed: int,
) -> None:
    """Drive the scenarios of SUITE and record RGB and semantic images as HDF5 shards.

    SUITE is the name of a suite of the catalogue (smoke, demo, city) or a YAML file. A pair is written only when
    both images carry the same frame number and camera pose. Beside the shards lies the drive log of each scenario,
    from which `harness score --drives` renders the same drive again.
    """
    from harness.carla_client.preflight import check_scenarios
    from harness.recording import record as record_suite
    from harness.recording import unfinished
    from harness.run_dir import check_output, prepare_output

    chosen = choose_suite(suite, seed=seed, splits=splits)
    check_output(output, resume=resume, overwrite=overwrite)
    ended: list[RecordRow] = []
    with (
        choose_endpoint(
            host, port, seed=seed, if_lost=lambda: _print_rows(output, ended + unfinished(chosen.scenarios, ended))
        ) as endpoint,
        progress_bar() as progress,
    ):
        say(endpoint.describe())
        check_scenarios(endpoint, chosen.scenarios)
        prepare_output(output, resume=resume, overwrite=overwrite)
        summary = record_suite(endpoint, chosen, output, resume=resume, progress=progress, on_row=ended.append)
    _print_rows(output, summary.rows)
    if summary.server_lost is not None:
        raise summary.server_lost
    failed = [row.scenario for row in summary.rows if row.status != "done"]
    if failed:
        raise IncompleteError(
            f"{len(failed)} of {len(summary.rows)} scenarios were not recorded to their end ({', '.join(failed)}); "
            "what was recorded is kept. Run the same command with --resume to try them again."
        )


def _print_rows(output: Path, rows: Sequence[RecordRow]) -> None:
    print_table(
        f"recorded into {output}",
        ("scenario", "split", "status", "frames", "frames/s", "gaps"),
        [(row.scenario, row.split, row.status, row.frames, f"{row.frames_per_s:.1f}", row.gaps) for row in rows],
    )
    for row in rows:
        if row.note:
            say(f"{row.scenario}: {row.note}")
