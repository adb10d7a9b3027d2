"""``harness inspect``: what a recording holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import INPUT_DIRECTORY, OUTPUT
from harness.cli.output import print_table, progress_bar, say

if TYPE_CHECKING:
    from harness.inspection.class_shares import ClassShares
    from harness.inspection.survey import Survey


@click.command(short_help="Counts, class shares, repetitions, a contact sheet and a data card of a recording.")
@click.argument("recording", type=INPUT_DIRECTORY)
@click.option("-o", "--output", type=OUTPUT, help="Folder for contact sheet and data card. [default: RECORDING]")
@click.option("--no-card", is_flag=True, help="Print only: write neither contact sheet nor data card.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON, for scripts.")
def inspect(recording: Path, output: Path | None, no_card: bool, as_json: bool) -> None:
    """Count the frames and classes in RECORDING, look for what is missing or there twice, and draw it.

    Writes contact_sheet.png (every scenario with its tags), data_card.md and data_card.png. Numbers are over all
    frames; a few pictures are decoded for the drawings.
    """
    import json

    from harness.inspection.outputs import inspect_recording

    with progress_bar() as progress:
        found = inspect_recording(recording, out=None if no_card else output or recording, progress=progress)
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=1, allow_nan=False))
        return
    _print_streams(recording, found.survey)
    for table in found.survey.classes:
        _print_classes(table)
    _print_findings(found.survey)
    for name, path in found.files.items():
        say(f"{name}: {path}")
    if found.files:
        say(f"{found.decoded_frames} frames were decoded for the pictures; all numbers are over all frames")


def _print_streams(recording: Path, survey: Survey) -> None:
    print_table(
        f"{recording}: {survey.frames} frames",
        (
            "scenario", "split", "town", "weather", "camera", "size", "planes",
            "frames", "seconds", "metres", "still", "missing", "left out", "MB", "ratio",
        ),
        [
            (
                row.scenario, row.split, row.town or None, row.weather, row.camera, row.size, " ".join(row.planes),
                row.frames, f"{row.motion.last_s - row.motion.first_s:.1f}", f"{row.motion.metres:.0f}",
                None if row.motion.still_share is None else f"{row.motion.still_share:.0%}",
                row.holes.missing, row.left_out, f"{row.stored_bytes / 1e6:.1f}", f"{row.ratio:.1f}",
            )
            for row in survey.rows
        ],
    )  # fmt: skip
    for name in ("split", "weather", "town", "size", "camera"):
        counts = survey.frames_by(name)
        if len(counts) > 1:
            say(f"by {name}: " + ", ".join(f"{value or '–'} {frames}" for value, frames in counts.items()))
    print_table(
        "storage",
        ("compression", "shards", "frames", "bytes a frame", "ratio"),
        [
            (
                row.compression if row.is_lossless else f"{row.compression} (lossy)",
                row.shards,
                row.frames,
                f"{row.bytes_per_frame:.0f}",
                f"{row.ratio:.2f}",
            )
            for row in survey.storage
        ],
    )
    mean, std = (", ".join(f"{level:.3f}" for level in levels) for levels in (survey.colours.mean, survey.colours.std))
    say(f"red, green, blue: mean {mean}; standard deviation {std} (of 0..1)")


def _print_classes(table: ClassShares) -> None:
    groups = (table.by_weather, table.by_split)
    print_table(
        f"share of labelled pixels, {table.labels.name}",
        ("class", *(name or "–" for shares in groups for name in shares.groups)),
        [
            *(
                (
                    table.labels.names[number],
                    *(f"{share:.2%}" for shares in groups for share in shares.labelled[:, number]),
                )
                for number in table.present
            ),
            ("(unlabelled, of all)", *(f"{void:.2%}" for shares in groups for void in shares.void)),
        ],
    )


def _print_findings(survey: Survey) -> None:
    found = survey.duplicates
    say(
        f"pictures that occur again: {found.rgb} of {survey.frames} ({found.within_streams} in the same stream, "
        f"{found.across_streams} in another; {found.rgb_and_tags} with equal tags)"
    )
    if found.is_leaking:
        say(f"LEAK: {found.leaked_rgb} frames by picture and {found.leaked_tags} by tags are in more than one split")
    for first, other in (*found.examples, *found.tags_examples):
        say(f"  {first} = {other}")
    for pairing in survey.pairings:
        say(
            f"{pairing.scenario}, {pairing.camera}, {' = '.join(pairing.weathers)}: tags identical in "
            f"{pairing.equal_tags} of {pairing.frames} frames"
        )
    moved = max(survey.rows, key=lambda row: row.motion.largest_step_m)
    if moved.motion.largest_step_m:
        say(
            f"largest step between frames: {moved.motion.largest_step_m:.2f} m in "
            f"{moved.motion.largest_step_s:.2f} s, to frame "
            f"{moved.motion.largest_step_frame} of {moved.scenario}"
        )
    for row in survey.rows:
        if row.holes.missing:
            say(
                f"{row.scenario}, {row.weather}, {row.camera}: {row.holes.missing} frame numbers missing, the longest "
                f"row of {row.holes.longest} after frame {row.holes.longest_after}"
            )
    if survey.omissions:
        print_table(
            "left out by the recorder",
            ("scenario", "weather", "camera", "reason", "frames"),
            [(each.scenario, each.weather, each.camera, each.kind, each.frames) for each in survey.omissions],
        )
    for part in survey.unfinished:
        say(f"unfinished: {part.file}, {part.frames} frames, {part.megabytes:.1f} MB: harness recover brings them back")
