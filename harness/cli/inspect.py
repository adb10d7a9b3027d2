"""``harness inspect``: what a recording holds."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import INPUT_DIRECTORY
from harness.cli.output import print_table, progress_bar, say


@click.command(short_help="Counts, class shares and a contact sheet of a recording.")
@click.argument("recording", type=INPUT_DIRECTORY)
def inspect(recording: Path) -> None:
    """Count the frames and classes in RECORDING and write a contact sheet to look at."""
    from harness.inspection import inspect_recording

    with progress_bar() as progress:
        found = inspect_recording(recording, progress=progress)
    print_table(
        f"{recording}: {sum(row.frames for row in found.scenarios)} frames",
        ("scenario", "split", "town", "weather", "size", "frames", "seconds", "MB", "compression"),
        [
            (
                row.scenario,
                row.split,
                row.town,
                row.weather,
                row.size,
                row.frames,
                f"{row.seconds:.1f}",
                f"{row.megabytes:.1f}",
                f"{row.ratio:.1f}x",
            )
            for row in found.scenarios
        ],
    )
    print_table(
        "share of labelled pixels",
        ("class", *found.splits),
        [(name, *(f"{share:.2%}" for share in shares)) for name, shares in found.class_shares],
    )
    say(f"contact sheet: {found.contact_sheet}")
