"""Everything that can go wrong for a user, and the exit code of each kind.

::

    HarnessError                 1   (never raised itself)
    ├── UsageError               2   an option or argument that cannot be meant (click's own code)
    ├── ServerNotFoundError      3   nothing answers at the host and port
    ├── ServerVersionError       4   it answers, but is not CARLA 0.9.16
    ├── ServerLostError          5   it answered before and no longer does
    │   └── ServerHungError      5   it still listens, but a tick did not end in time
    ├── ScenarioFileError        6   a suite, scenario, weather, town, blueprint or size that does not exist
    ├── DataError                7   a shard or recording that is missing, cut short or damaged
    ├── CheckpointError          8   a run that is missing, incomplete, or for other classes
    ├── OutputInUseError         9   the output folder already holds something
    ├── IncompleteError         10   the run ended, but some scenarios failed: the tables say which
    ├── TrainingError           11   the loss became NaN, or there is nothing to train on
    ├── GateError               12   a score is below what was asked of it (--fail-under, --max-drop)
    └── DeterminismError        13   the server did not repeat itself (check-determinism)

Ctrl-C is 130, as in every shell. A message says what was seen, what was expected and what to do.
"""

from __future__ import annotations

from typing import ClassVar


class HarnessError(Exception):
    """Base of all: carries the exit code of its kind."""

    exit_code: ClassVar[int] = 1


class UsageError(HarnessError):
    """An option or argument that cannot be meant."""

    exit_code = 2


class ServerNotFoundError(HarnessError):
    """Nothing answers at the host and port."""

    exit_code = 3


class ServerVersionError(HarnessError):
    """The server answers, but is of another version."""

    exit_code = 4


class ServerLostError(HarnessError):
    """The server answered before and no longer does."""

    exit_code = 5


class ServerHungError(ServerLostError):
    """The server still listens, but a tick did not end in time."""


class ScenarioFileError(HarnessError):
    """A suite, scenario, weather, town, blueprint or size that does not exist or is misspelt."""

    exit_code = 6


class DataError(HarnessError):
    """A shard or recording that is missing, cut short or damaged."""

    exit_code = 7


class CheckpointError(HarnessError):
    """A run that is missing, incomplete, or for other classes."""

    exit_code = 8


class OutputInUseError(HarnessError):
    """The output folder already holds something, or another process writes to it."""

    exit_code = 9


class IncompleteError(HarnessError):
    """The command ran to its end, but not every planned scenario succeeded."""

    exit_code = 10


class TrainingError(HarnessError):
    """The loss became NaN, or there is nothing to train on."""

    exit_code = 11


class GateError(HarnessError):
    """A score is below what was asked of it."""

    exit_code = 12


class DeterminismError(HarnessError):
    """The same drive, twice on the same server, was not the same."""

    exit_code = 13
