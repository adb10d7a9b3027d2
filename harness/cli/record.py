"""``harness record``: drive a suite's scenarios and write what the cameras see into shards."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import SPLITS, choose_endpoint, choose_suite, output_options, server_options
from harness.cli.output import print_table, progress_bar, say
from harness.cli.record_options import adapt_suite, read_options, read_weathers, recording_options
from harness.errors import IncompleteError, ServerLostError

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

    SUITE is the name of a suite of the catalogue (smoke, demo, city) or a YAML file. A pair is written only when its
    images carry the same frame number, time and camera pose. What is missing is listed in gaps.jsonl, what cannot be
    true (black, frozen, half-filled images) in quarantine.jsonl. Beside the shards lies the drive log of each
    scenario, from which `harness score --drives` renders the same drive again.

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
        _print_rows(output, ended + rows_after(lost, suite.scenarios, weathers, ended))

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
    _print_rows(output, summary.rows, ended_by=summary.ended_by)
    if summary.ended_by is not None:
        raise summary.ended_by
    failed = [f"{row.scenario} in {row.weather}" for row in summary.rows if row.status != "done"]
    if failed:
        raise IncompleteError(
            f"{len(failed)} of {len(summary.rows)} were not recorded to their end ({', '.join(failed)}); "
            "what was recorded is kept. Run the same command with --resume to try them again."
        )


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


def _print_rows(output: Path, rows: Sequence[RecordRow], *, ended_by: Exception | None = None) -> None:
    """Print what became of each scenario; not ``ended_by``, which is told at the very end."""
    columns: dict[str, list[object]] = {
        "scenario": [row.scenario for row in rows],
        "weather": [row.weather for row in rows],
        "split": [row.split for row in rows],
        "status": [row.status for row in rows],
        "frames": [row.frames for row in rows],
        "frames/s": [f"{row.frames_per_s:.1f}" if row.frames_per_s else None for row in rows],
        "gaps": [row.gaps for row in rows],
    }
    if any(row.idle for row in rows):
        columns["idle"] = [row.idle for row in rows]
    if any(row.quarantined for row in rows):
        columns["quarantined"] = [row.quarantined for row in rows]
    if any(row.other_labels is not None for row in rows):
        columns["labels differ"] = [row.other_labels for row in rows]
    print_table(f"recorded into {output}", tuple(columns), list(zip(*columns.values(), strict=True)))
    _print_remarks(output, rows, ended_by)


def _print_remarks(output: Path, rows: Sequence[RecordRow], ended_by: Exception | None) -> None:
    from datasets.omissions import GAPS_NAME, QUARANTINE_FOLDER, QUARANTINE_NAME
    from harness.recording.scenario_recorder import RECORDED_BEFORE

    for row in rows:
        if row.note not in ("", RECORDED_BEFORE) and row.note not in str(ended_by):
            say(f"{row.scenario} in {row.weather}: {row.note}")
    before = sum(row.note == RECORDED_BEFORE for row in rows)
    if before:
        say(f"{before} of {len(rows)} were recorded before.")
    if any(row.gaps for row in rows):
        say(f"Gaps, with the reason of each: {output / GAPS_NAME}")
    if any(row.quarantined for row in rows):
        say(f"Quarantined frames: {output / QUARANTINE_NAME}; images of some: {output / QUARANTINE_FOLDER}")
    if any(row.other_labels for row in rows):
        say("Labels differ: frames whose tags, depth or instances are not those of the first weather.")
