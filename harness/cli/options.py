"""Options that several commands share, and what they mean."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from harness.errors import UsageError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from harness.carla_client.endpoint import Endpoint
    from sim_scenarios.scenario import Suite

Command = TypeVar("Command", bound=Callable[..., Any])

OUTPUT = click.Path(path_type=Path)
INPUT_DIRECTORY = click.Path(path_type=Path, file_okay=False)


def _apply(command: Command, *options: Callable[[Command], Command]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


def server_options(command: Command) -> Command:
    """``--host``, ``--port`` and ``--seed``."""
    return _apply(
        command,
        click.option("--host", envvar="CARLA_HOST", help="Server to use. [default: the embedded simulator]"),
        click.option(
            "--port",
            envvar="CARLA_PORT",
            type=click.IntRange(1, 65535),
            help="Its RPC port; 2000 if only --host is given.",
        ),
        click.option("--seed", default=0, help="Added to every scenario's own seed."),
    )


output_option = click.option("-o", "--output", type=OUTPUT, required=True, help="Folder to write to.")
resume_option = click.option("--resume", is_flag=True, help="Go on in a folder that an earlier, unfinished run left.")
overwrite_option = click.option("--overwrite", is_flag=True, help="Delete what the folder holds and start anew.")


def output_options(command: Command) -> Command:
    """``--output``, ``--resume`` and ``--overwrite``."""
    return _apply(command, output_option, resume_option, overwrite_option)


def choose_endpoint(host: str | None, port: int | None, *, seed: int) -> AbstractContextManager[Endpoint]:
    """The server that the options name: that one, or the embedded simulator as a child process."""
    from harness.carla_client.endpoint import open_endpoint

    if host is None and port is not None:
        host = "127.0.0.1"
    if host is not None and port is None:
        port = 2000
    return open_endpoint(host, port, seed=seed)


def choose_suite(name_or_path: str, *, seed: int, splits: tuple[str, ...] = ()) -> Suite:
    """Load a suite, add ``seed`` to every scenario's own, and keep the scenarios of ``splits`` (all if empty)."""
    from sim_scenarios.load import load_suite

    suite = load_suite(name_or_path)
    scenarios = [
        scenario.model_copy(update={"seed": scenario.seed + seed})
        for scenario in suite.scenarios
        if not splits or scenario.split in splits
    ]
    if not scenarios:
        present = ", ".join(sorted({scenario.split for scenario in suite.scenarios}))
        raise UsageError(f"suite {suite.name!r} has no scenario of split {', '.join(splits)}: it has {present}")
    return suite.model_copy(update={"scenarios": tuple(scenarios)})
