"""``harness replay``: logged drives rendered again, as PNG frames, videos or a recording."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import address_options, choose_endpoint, output_options
from harness.cli.output import print_table, progress_bar, say
from harness.cli.record_options import adapt_suite, camera_options, read_weathers
from harness.cli.recorded_rows import end_with, print_rows
from harness.errors import ServerLostError

if TYPE_CHECKING:
    from harness.recording.rows import RecordRow
    from harness.replaying.drives import LoggedDrive
    from harness.replaying.replay import OutputKind

OUTPUT_KINDS = ("frames", "video", "shards")
"""They stand here a second time, because importing `harness.replaying` would make ``--help`` slow."""
WHERE_GAPS_ARE = {
    "frames": "the column gap of each index.csv",
    "video": "not listed in a video, where the picture before stands still; --write frames lists them",
    "shards": None,
}


@click.command(short_help="Render logged drives again: frames, videos or shards.")
@click.argument("log", type=click.Path(path_type=Path))
@output_options
@click.option(
    "--write",
    "kind",
    type=click.Choice(OUTPUT_KINDS),
    default="frames",
    help="frames: PNG files of pictures, raw tags and coloured labels, with a table of ticks and poses. video: an mp4 "
    "of the pictures. shards: a recording, as `harness record` makes it.",
)
@click.option(
    "--weather",
    metavar="A,B,'C->D'",
    help="Weathers to show each drive in; 'C->D' changes during the drive. [default: the one it was driven in]",
)
@camera_options
@click.option("--dry-run", is_flag=True, help="Only print what would be written and how large it would be.")
@address_options
@click.option("--seed", type=click.IntRange(0), help="Of the embedded simulator's towns. [default: that of the drive]")
def replay(
    log: Path,
    output: Path,
    resume: bool,
    overwrite: bool,
    kind: OutputKind,
    weather: str | None,
    cameras: str | None,
    rig: Path | None,
    size: str | None,
    fov: str | None,
    dry_run: bool,
    host: str | None,
    port: int | None,
    seed: int | None,
) -> None:
    """Render the drive in LOG again, in other weathers, at other sizes, through other cameras.

    LOG is a drive log (drives/NAME.npz of a recording or of a score), or a folder with several: a recording, a score,
    or their folder drives. Every actor is where it was and does what it did, so the labels of all weathers are the
    same.

    Frames lie in one folder for each scenario, weather and camera, named as shards are; videos last as long as the
    drive. What was stopped goes on with --resume: frames and videos with the first drive and weather that is not
    complete, shards with the first frame that is missing.
    """
    from harness.replaying.drives import as_suite, load_drives, seen_otherwise, simulator_seed

    logged = load_drives(log)
    suite = adapt_suite(as_suite(logged), cameras=cameras, rig=rig, size=size, fov=fov, planes=None, every=None)
    drives = seen_otherwise(logged, suite, read_weathers(weather))
    if dry_run:
        _print_estimate(output, drives, kind)
    else:
        seed = simulator_seed(drives) if seed is None else seed
        _replay(output, drives, kind, resume=resume, overwrite=overwrite, host=host, port=port, seed=seed)


def _replay(
    output: Path,
    drives: Sequence[LoggedDrive],
    kind: OutputKind,
    *,
    resume: bool,
    overwrite: bool,
    host: str | None,
    port: int | None,
    seed: int,
) -> None:
    from harness.replaying.drives import check_replayable
    from harness.replaying.replay import replay_drives, rows_not_ended
    from harness.run_dir import check_output, lock_output, prepare_output

    check_output(output, resume=resume, overwrite=overwrite, inputs=[drive.path for drive in drives])
    ended: list[RecordRow] = []

    def print_what_there_is() -> None:
        lost = ServerLostError("the server was lost")
        print_rows("replayed", output, ended + rows_not_ended(lost, drives, ended), gaps=WHERE_GAPS_ARE[kind])

    with (
        choose_endpoint(host, port, seed=seed, if_lost=print_what_there_is) as endpoint,
        progress_bar() as progress,
    ):
        say(endpoint.describe())
        check_replayable(endpoint, drives)
        prepare_output(output, resume=resume, overwrite=overwrite)
        with lock_output(output):  # against --overwrite of another one
            summary = replay_drives(endpoint, drives, output, kind=kind, progress=progress, on_row=ended.append)
    print_rows("replayed", output, summary.rows, ended_by=summary.ended_by, gaps=WHERE_GAPS_ARE[kind])
    end_with(summary, done="replayed")


def _print_estimate(output: Path, drives: Sequence[LoggedDrive], kind: OutputKind) -> None:
    from harness.replaying.estimate import estimate

    rows = estimate(drives, kind)
    total = [sum(column) for column in zip(*((row.streams, row.frames, row.files) for row in rows), strict=True)]
    print_table(
        f"would be replayed into {output} as {kind}",
        ("scenario", "streams", "frames", "files", "MB"),
        [
            *((row.scenario, row.streams, row.frames, row.files, f"{row.num_bytes / 1e6:.1f}") for row in rows),
            ("total", *total, f"{sum(row.num_bytes for row in rows) / 1e6:.1f}"),
        ],
    )
    say("Frames: if none is lost. MB: estimated from frames of the embedded simulator.")
