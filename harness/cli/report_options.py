"""Options that the commands with a report share: demands on it, how its intervals are made, how it is printed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from harness.cli.output import FORMATS

Command = TypeVar("Command", bound=Callable[..., Any])


def format_option(command: Command) -> Command:
    """Add --format: ``output_format``."""
    return click.option(
        "--format",
        "output_format",
        default="table",
        type=click.Choice(FORMATS),
        help="How to print the result; but for tables, it is alone on stdout.",
    )(command)


def fail_under_option(command: Command) -> Command:
    """Add --fail-under: ``fail_under``."""
    return click.option(
        "--fail-under",
        multiple=True,
        metavar="[CLASS=]IOU",
        help="Exit with 12 where mIoU, or the IoU of a class, is lower in any row of the summary. Repeatable.",
    )(command)


def max_drop_option(command: Command) -> Command:
    """Add --max-drop: ``max_drop``."""
    return click.option(
        "--max-drop",
        multiple=True,
        metavar="[CLASS=]POINTS",
        help="Exit with 12 where more percentage points of IoU are lost against the reference. Repeatable.",
    )(command)


def junit_option(command: Command) -> Command:
    """Add --junit: ``junit``."""
    return click.option(
        "--junit",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Write cells and demands as a JUnit file.",
    )(command)


def gate_options(command: Command) -> Command:
    """Add --fail-under, --max-drop and --junit: ``fail_under``, ``max_drop``, ``junit``."""
    return fail_under_option(max_drop_option(junit_option(command)))


def bootstrap_options(command: Command) -> Command:
    """Add --resamples, --resample, --level and --seed: ``resamples``, ``resample``, ``level``, ``seed``."""
    for option in (
        click.option("--seed", default=0, type=click.IntRange(0), help="Of the bootstrap."),
        click.option("--level", default=0.95, type=float, help="Share of the resamples inside an interval."),
        click.option(
            "--resample", default="frames", type=click.Choice(["frames", "scenarios"]), help="What is drawn anew."
        ),
        click.option(
            "--resamples", default=1000, type=click.IntRange(0), help="Of the bootstrap; 0 gives no intervals."
        ),
    ):
        command = option(command)
    return command
