"""Options that several commands share, and what they mean."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from harness.cli.output import flush
from harness.errors import OutputInUseError, ServerLostError, UsageError

if TYPE_CHECKING:
    from harness.carla_client.endpoint import Endpoint
    from sim_scenarios.scenario import Suite

Command = TypeVar("Command", bound=Callable[..., Any])

OUTPUT = click.Path(path_type=Path)
INPUT_DIRECTORY = click.Path(path_type=Path, file_okay=False)

SPLITS = ("train", "val", "test")
COMPRESSIONS = ("residual", "plain", "gzip", "jpeg")
"""Of shards. Both stand here a second time, because importing `datasets` would make ``--help`` slow."""


def apply_options(command: Command, *options: Callable[[Command], Command]) -> Command:
    """Add options to a command, which lists them in this order."""
    for option in reversed(options):
        command = option(command)
    return command


def address_options(command: Command) -> Command:
    """``--host`` and ``--port``."""
    return apply_options(
        command,
        click.option("--host", envvar="CARLA_HOST", help="Server to use. [default: the embedded simulator]"),
        click.option(
            "--port",
            envvar="CARLA_PORT",
            type=click.IntRange(1, 65535),
            help="Its RPC port; 2000 if only --host is given.",
        ),
    )


def server_options(command: Command) -> Command:
    """``--host``, ``--port`` and ``--seed``."""
    return apply_options(
        command,
        address_options,
        click.option("--seed", default=0, type=click.IntRange(0), help="Added to every scenario's own seed."),
    )


output_option = click.option("-o", "--output", type=OUTPUT, required=True, help="Folder to write to.")
resume_option = click.option("--resume", is_flag=True, help="Go on in a folder that an earlier, unfinished run left.")
overwrite_option = click.option("--overwrite", is_flag=True, help="Delete what the folder holds and start anew.")


def output_options(command: Command) -> Command:
    """``--output``, ``--resume`` and ``--overwrite``."""
    return apply_options(command, output_option, resume_option, overwrite_option)


def check_output_file(output: Path | None, *, overwrite: bool, kind: str = "CSV") -> None:
    """Refuse a file of ``-o`` that could not be written or must not be replaced, before any work is done.

    Args:
        output: The file; nothing is checked where there is none.
        overwrite: Whether it may be replaced.
        kind: What is in it, for the message.

    Raises:
        UsageError: it is a folder, or in none that exists.
        OutputInUseError: it exists.
    """
    if output is None:
        return
    if output.is_dir() or not output.absolute().parent.is_dir():
        raise UsageError(f"{output} cannot be written: -o takes the name of a {kind} file in a folder that exists.")
    if output.exists() and not overwrite:
        raise OutputInUseError(f"{output} exists. Choose another name with -o, or replace it with --overwrite.")


@contextmanager
def choose_endpoint(
    host: str | None, port: int | None, *, seed: int, if_lost: Callable[[], None] = lambda: None
) -> Iterator[Endpoint]:
    """The server that the options name: that one, or the embedded simulator as a child process.

    Args:
        host: Of ``--host``.
        port: Of ``--port``.
        seed: For the embedded simulator.
        if_lost: Prints what was done, should the server end while this process waits inside the carla client.
    """
    from harness.carla_client.endpoint import open_endpoint

    with open_endpoint(host, port, seed=seed) as endpoint:
        if endpoint.lifeline is not None:
            endpoint.lifeline.if_stuck = lambda: _leave(endpoint, if_lost)
        yield endpoint


def _leave(endpoint: Endpoint, if_lost: Callable[[], None]) -> NoReturn:
    """End the process from another thread: the main one waits for a server that will not answer.

    Nothing is lost by it: frames are on the disk before they count, and tables are saved after each pass.
    """
    from harness.carla_client.session import server_lost

    try:
        if_lost()
        error = server_lost(endpoint, "waiting for its answer", seen="its connection broke")
        click.echo(f"error: {error}", err=True)
        flush()
    finally:
        os._exit(ServerLostError.exit_code)


def choose_suite(name_or_path: str, *, seed: int, splits: tuple[str, ...] = ()) -> Suite:
    """Load a suite, add ``seed`` to every scenario's own, and keep the scenarios of ``splits`` (all if empty)."""
    from sim_scenarios.load import load_suite
    from sim_scenarios.scenario import MAX_SEED

    suite = load_suite(name_or_path)
    largest = max(scenario.seed for scenario in suite.scenarios)
    if largest + seed > MAX_SEED:
        raise UsageError(
            f"--seed {seed} is too large: it is added to the scenarios' own, of which the largest is {largest}, and "
            f"the sum may be {MAX_SEED} at most"
        )
    scenarios = [
        scenario.model_copy(update={"seed": scenario.seed + seed})
        for scenario in suite.scenarios
        if not splits or scenario.split in splits
    ]
    if not scenarios:
        present = ", ".join(sorted({scenario.split for scenario in suite.scenarios}))
        raise UsageError(f"suite {suite.name!r} has no scenario of split {', '.join(splits)}: it has {present}")
    return suite.model_copy(update={"scenarios": tuple(scenarios)})
