"""``harness record``: drive a suite's scenarios and write what the cameras see into shards."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import SPLITS, choose_endpoint, choose_suite, output_options, server_options
from harness.cli.output import print_table, progress_bar, say
from harness.cli.record_options import adapt_suite, read_options, read_weathers, recording_options
from harness.cli.recorded_rows import end_with, print_rows
from harness.errors import ServerLostError

if TYPE_CHECKING:
    from harness.recording.plan import RecordingOptions
    from harness.recording.rows import RecordRow
    from sim_scenarios.scenario import Suite
    from sim_scenarios.weather_timeline import WeatherTimeline


@click.command(short_help="Drive scenarios and write RGB + tag pairs into shards.")
@click.argument("suite")
@output_options
@click.option(
    "--split",
    "splits",
    multiple=True,
    type=click.Choice(SPLITS),
    help="Only these; may be given more than once. [default: all]",
)
@recording_options
@click.option(
    "--dry-run", is_flag=True, help="Only print what would be recorded and how large it would be; needs no server."
)
@server_options
def record(
    suite: str,
    output: Path,
    resume: bool,
    overwrite: bool,
    splits: tuple[str, ...],
    weather: str | None,
    cameras: str | None,
    rig: Path | None,
    size: str | None,
    fov: str | None,
    planes: str | None,
    every: int | None,
    min_motion: float | None,
    compression: str,
    jpeg_quality: int | None,
    shard_size: int | None,
    durable: bool,
    durable_every: int | None,
    dry_run: bool,
    host: str | None,
    port: int | None,
    seed: int,
) -> None:
    """Drive the scenarios of SUITE and record RGB and semantic images as HDF5 shards.

    SUITE is the name of a suite (`harness scenarios list` shows them) or a YAML file. A pair is written only when its
    images carry the same frame number, time and camera pose. What is missing is listed in gaps.jsonl, what cannot be
    true (black, frozen, half-filled images) in quarantine.jsonl. Beside the shards lies the drive log of each
    scenario, from which `harness replay` and `harness score --drives` render the same drive again.

    A recording that was stopped, by whatever, goes on with --resume at the first frame that is missing.
    """
    from harness.recording.recorder import check_names

    options = read_options(
        compression=compression,
        jpeg_quality=jpeg_quality,
        shard_size=shard_size,
        min_motion=min_motion,
        durable=durable,
        durable_every=durable_every,
    )
    chosen = choose_suite(suite, seed=seed, splits=splits)
    chosen = adapt_suite(chosen, cameras=cameras, rig=rig, size=size, fov=fov, planes=planes, every=every)
    weathers = read_weathers(weather)
    check_names(chosen.scenarios, weathers)
    if dry_run:
        _print_estimate(output, chosen, weathers, options)
    else:
        _record(output, chosen, weathers, options, resume=resume, overwrite=overwrite, host=host, port=port, seed=seed)


def _record(
    output: Path,
    suite: Suite,
    weathers: Sequence[WeatherTimeline],
    options: RecordingOptions,
    *,
    resume: bool,
    overwrite: bool,
    host: str | None,
    port: int | None,
    seed: int,
) -> None:
    from harness.carla_client.preflight import check_scenarios
    from harness.recording.recorder import record as record_suite
    from harness.recording.recorder import rows_after
    from harness.run_dir import check_output, lock_output, prepare_output

    check_output(output, resume=resume, overwrite=overwrite)
    ended: list[RecordRow] = []

    def print_what_there_is() -> None:
        lost = ServerLostError("the server was lost")
        print_rows("recorded", output, ended + rows_after(lost, suite.scenarios, weathers, ended))

    with (
        choose_endpoint(host, port, seed=seed, if_lost=print_what_there_is) as endpoint,
        progress_bar() as progress,
    ):
        say(endpoint.describe())
        check_scenarios(endpoint, suite.scenarios)
        prepare_output(output, resume=resume, overwrite=overwrite)
        with lock_output(output):  # against --overwrite of another one
            summary = record_suite(
                endpoint,
                suite,
                output,
                weathers=weathers,
                options=options,
                resume=resume,
                progress=progress,
                on_row=ended.append,
            )
    print_rows("recorded", output, summary.rows, ended_by=summary.ended_by)
    end_with(summary, done="recorded")


def _print_estimate(output: Path, suite: Suite, weathers: Sequence[WeatherTimeline], options: RecordingOptions) -> None:
    from harness.recording.estimate import estimate

    rows = estimate(suite.scenarios, weathers, options)
    total = [sum(column) for column in zip(*((row.streams, row.frames, row.shards) for row in rows), strict=True)]
    print_table(
        f"would be recorded into {output}",
        ("scenario", "split", "streams", "frames", "shards", "MB"),
        [
            *((row.scenario, row.split, row.streams, row.frames, row.shards, _mb(row.num_bytes)) for row in rows),
            ("total", "", *total, _mb(sum(row.num_bytes for row in rows))),
        ],
    )
    say("Frames and shards: if nothing is lost or left out. MB: estimated from frames of the embedded simulator.")
    if options.min_motion_m:
        say(f"With --min-motion {options.min_motion_m:g} there will be fewer; how many, the drive decides.")


def _mb(num_bytes: int) -> str:
    return f"{num_bytes / 1e6:.1f}"
