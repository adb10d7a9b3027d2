"""Experiment trackers that a run can report to besides its own folder: Weights & Biases and MLflow.

Decisions:

* A tracker's package is imported only when it is asked for (extra ``track``), and nothing uses a network before that.
* **Local unless told otherwise.** Without an account or a server in the user's own environment both write into the run
  folder. See ``wandb_tracker`` and ``mlflow_tracker`` for what sends it elsewhere.
* The run folder is the record. A tracker that cannot be opened is an error; one that fails later is a note, because a
  training of hours is worth more than a line in a tracker.
* A run has one entry in each tracker, however often it is resumed: see ``run_ids``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager

from datasets.labels.label_set import suggestion
from harness.errors import UsageError
from harness.run_dir import RunDir
from harness.training.config import TrainConfig
from harness.training.data import Note
from harness.training.epoch_metrics import EpochMetrics

TRACKERS = ("mlflow", "wandb")

Log = Callable[[EpochMetrics], None]
"""Reports the figures of an epoch."""

Opener = Callable[[RunDir, TrainConfig, Note], AbstractContextManager[Log]]
"""Opens a tracker for a session. At the end it reports the pictures of the run folder and how the session ended."""


class Trackers:
    """The open trackers of a run; there may be none."""

    def __init__(self, logs: Sequence[Log]) -> None:
        self._logs = logs

    def log(self, metrics: EpochMetrics) -> None:
        """Report an epoch to all of them."""
        for log in self._logs:
            log(metrics)


def check_trackers(names: Sequence[str]) -> None:
    """Import what these trackers need, which is to be found out before a run has begun.

    Raises:
        UsageError: a tracker that is not known, or whose package is not installed.
    """
    for name in names:
        _opener(name)


@contextmanager
def open_trackers(names: Sequence[str], run: RunDir, config: TrainConfig, note: Note) -> Iterator[Trackers]:
    """Report a session of a run to these trackers.

    Args:
        names: of ``TRACKERS``.
        run: its folder, written to already when the block ends, so that its pictures can be reported.
        config: the run's settings.
        note: told where the entries are, and of a tracker that failed.

    Raises:
        UsageError: a tracker that is not known, not installed, or cannot be reached.
    """
    with ExitStack() as opened:
        yield Trackers([opened.enter_context(_opener(name)(run, config, note)) for name in dict.fromkeys(names)])


def _opener(name: str) -> Opener:
    try:
        if name == "mlflow":
            from harness.training.trackers.mlflow_tracker import open_mlflow

            return open_mlflow
        if name == "wandb":
            from harness.training.trackers.wandb_tracker import open_wandb

            return open_wandb
    except ImportError as error:
        raise UsageError(
            f"--track {name} needs a package that is not installed ({error.name}): "
            "pip install 'carla-loop-harness[track]'"
        ) from error
    raise UsageError(f"There is no tracker {name!r}.{suggestion(name, TRACKERS)}")
