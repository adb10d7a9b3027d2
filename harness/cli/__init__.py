"""The command line: one file a command, each with its options, one library call and a summary.

Nothing here imports torch, carla or h5py at module level, so that ``--help`` answers at once. Libraries do not print;
these files do. What a library raises becomes one message and one exit code here, and nowhere else.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import IO, Any, NoReturn

import click

from harness import __version__
from harness.cli.ablate import ablate
from harness.cli.bench import bench
from harness.cli.check_determinism import check_determinism
from harness.cli.compare import compare
from harness.cli.demo import demo
from harness.cli.doctor import doctor
from harness.cli.drive import drive
from harness.cli.evaluate import evaluate
from harness.cli.export_data import export_data
from harness.cli.import_data import import_data
from harness.cli.inspect import inspect
from harness.cli.mine import mine
from harness.cli.output import flush
from harness.cli.predict import predict
from harness.cli.preview import preview
from harness.cli.record import record
from harness.cli.recover import recover
from harness.cli.replay import replay
from harness.cli.report import report
from harness.cli.scenarios import scenarios
from harness.cli.score import score
from harness.cli.serve import serve
from harness.cli.train import train
from harness.cli.verify import verify
from harness.cli.view import view
from harness.errors import (
    CheckpointError,
    DataError,
    HarnessError,
    OutputInUseError,
    ScenarioFileError,
    ServerLostError,
)

LEAF_EXIT_CODES = {
    "ScenarioError": ScenarioFileError.exit_code,
    "RecordingInUseError": OutputInUseError.exit_code,
    "ShardError": DataError.exit_code,
    "LabelError": DataError.exit_code,
    "NetError": CheckpointError.exit_code,
}
"""Exit codes of the error classes that the leaf packages define themselves, by name: importing them would be slow."""

INTERRUPTED = 130
TERMINATED = 143


class ReportedError(click.ClickException):
    """An error of ours as click shows it: one message on stderr, the exit code of its kind."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code  # type: ignore[misc]  # click reads it from the instance

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message, in red where colours are shown."""
        click.secho("error: ", fg="red", bold=True, nl=False, err=file is None, file=file)
        click.echo(self.message, err=file is None, file=file)


def exit_code_of(error: Exception) -> int | None:
    """The exit code of an error that a user can do something about; None for a bug of ours."""
    if isinstance(error, HarnessError):
        return error.exit_code
    names = (kind.__name__ for kind in type(error).__mro__)
    return next((LEAF_EXIT_CODES[name] for name in names if name in LEAF_EXIT_CODES), None)


class HarnessGroup(click.Group):
    """Turns the error classes of the libraries into exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the story, not of the alphabet."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error of a known kind becomes its message and code, any other keeps its traceback."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.secho("\ninterrupted: what was finished before is kept", fg="yellow", err=True)
            ctx.exit(INTERRUPTED)
        except Exception as error:
            code = exit_code_of(error)
            if code is None:
                raise
            raise ReportedError(str(error), code) from error


@click.group(
    cls=HarnessGroup,
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True, "max_content_width": 110},
)
@click.version_option(__version__, prog_name="harness")
def harness() -> None:
    """Record, train, replay and score segmentation nets in the CARLA driving simulator.

    Without --host and --port, commands start the embedded simulator that comes with this program; with them (or with
    CARLA_HOST and CARLA_PORT) they use the server named. Start with `harness doctor` or `harness demo`.
    """


for _command in (
    demo,
    doctor,
    serve,
    scenarios,
    preview,
    record,
    recover,
    verify,
    import_data,
    inspect,
    view,
    export_data,
    train,
    evaluate,
    replay,
    score,
    drive,
    mine,
    report,
    compare,
    predict,
    ablate,
    bench,
    check_determinism,
):
    harness.add_command(_command)


def _terminate(signal_number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(TERMINATED)


def main() -> None:
    """Entry point of the console command. SIGTERM and a closed terminal unwind like Ctrl-C: nothing outlives us."""
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _terminate)
    try:
        harness()
    except SystemExit as exit_request:
        if exit_request.code == ServerLostError.exit_code:
            # The carla client's threads, still waiting for the lost server, abort the interpreter's orderly exit.
            flush()
            os._exit(ServerLostError.exit_code)
        raise
