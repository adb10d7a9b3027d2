"""The command line is a reviewed list, and `--help` is quick because it loads nothing heavy."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from harness.cli import exit_code_of, harness
from harness.errors import HarnessError, UsageError

SURFACE = Path(__file__).with_name("command_line.txt")


def commands(group: click.Group = harness, prefix: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command with the words that call it."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix}{name} ")
        else:
            yield prefix + name, command


def surface() -> str:
    """One line a command: its arguments and options."""
    lines = []
    for name, command in commands():
        words = [
            f"[{parameter.name}]" if isinstance(parameter, click.Argument) else "/".join(parameter.opts)
            for parameter in command.params
        ]
        lines.append(" ".join([name, *words]))
    return "\n".join(lines) + "\n"


def test_the_command_line_is_the_reviewed_one() -> None:
    """A change of an option is a change for every user: put the new list into command_line.txt knowingly."""
    assert surface() == SURFACE.read_text()


def test_every_command_and_option_says_what_it_does() -> None:
    for name, command in commands():
        assert command.help, name
        for parameter in command.params:
            assert not isinstance(parameter, click.Option) or parameter.help, (name, parameter.name)


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys\nfrom harness.cli import harness\nharness(['--help'], standalone_mode=False)\n"
        "heavy = {'torch', 'carla', 'h5py', 'numba', 'pandas', 'cv2', 'numpy', 'pydantic'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_every_kind_of_error_has_an_exit_code_of_its_own() -> None:
    kinds = HarnessError.__subclasses__()
    assert len({kind.exit_code for kind in kinds}) == len(kinds)


def test_leaf_errors_are_mapped_by_their_class() -> None:
    from datasets.errors import LabelError, RecordingInUseError, ShardError
    from nets.errors import NetError
    from sim_scenarios.errors import ScenarioError

    found = [exit_code_of(kind("x")) for kind in (ScenarioError, ShardError, LabelError, NetError, RecordingInUseError)]
    assert found == [6, 7, 7, 8, 9]


@pytest.mark.parametrize("error", [ValueError("a bug"), KeyError("another")])
def test_a_bug_keeps_its_traceback(error: Exception) -> None:
    assert exit_code_of(error) is None


def test_our_own_errors_carry_their_code() -> None:
    assert exit_code_of(UsageError("x")) == 2
