"""Options that the commands with a report share: demands on it, how its intervals are made, how it is printed."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import Command, apply_options
from harness.cli.output import FORMATS

format_option = click.option(
    "--format",
    "output_format",
    default="table",
    type=click.Choice(FORMATS),
    help="How to print the result; but for tables, it is alone on stdout.",
)
max_drop_option = click.option(
    "--max-drop",
    multiple=True,
    metavar="[CLASS=]POINTS",
    help="Exit with 12 where more percentage points of IoU are lost against the reference. Repeatable.",
)
junit_option = click.option(
    "--junit",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write cells and demands as a JUnit file.",
)


def gate_options(command: Command) -> Command:
    """``--fail-under``, ``--max-drop`` and ``--junit``."""
    return apply_options(
        command,
        click.option(
            "--fail-under",
            multiple=True,
            metavar="[CLASS=]IOU",
            help="Exit with 12 where mIoU, or the IoU of a class, is lower in any row of the summary. Repeatable.",
        ),
        max_drop_option,
        junit_option,
    )


def bootstrap_options(command: Command) -> Command:
    """``--resamples``, ``--resample``, ``--level`` and ``--seed``."""
    return apply_options(
        command,
        click.option(
            "--resamples", default=1000, type=click.IntRange(0), help="Of the bootstrap; 0 gives no intervals."
        ),
        click.option(
            "--resample", default="frames", type=click.Choice(["frames", "scenarios"]), help="What is drawn anew."
        ),
        click.option("--level", default=0.95, type=float, help="Share of the resamples inside an interval."),
        click.option("--seed", default=0, type=click.IntRange(0), help="Of the bootstrap."),
    )
