"""Reports a run to Weights & Biases.

Where it goes: to the user's account when ``WANDB_MODE`` says so or the user is logged in (``wandb login``,
``WANDB_API_KEY``); otherwise into ``wandb/`` of the run folder, from where ``wandb sync`` uploads it.
``WANDB_PROJECT``, ``WANDB_ENTITY`` and ``WANDB_BASE_URL`` work as everywhere. Wandb's own error reports are off unless
``WANDB_ERROR_REPORTING`` turns them on.

Each session of a run that was resumed has a folder of its own there, all with one id; ``wandb sync`` uploads them one
after the other, as one run.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

# Read when wandb's own process is started. With it, even an offline run looks up the host of the reports.
os.environ.setdefault("WANDB_ERROR_REPORTING", "false")

import wandb
from wandb import Image, Settings, init, login

from harness.errors import UsageError
from harness.run_dir import RunDir
from harness.training.config import TrainConfig
from harness.training.data import Note
from harness.training.epoch_metrics import EpochMetrics
from harness.training.trackers.run_ids import keep_id, kept_id

PROJECT = "carla-loop-harness"


@contextmanager
def open_wandb(run: RunDir, config: TrainConfig, note: Note) -> Iterator[Callable[[EpochMetrics], None]]:
    """Report a session; see ``trackers.open_trackers``."""
    entry = _begin(run, config)
    keep_id(run, "wandb", entry.id)
    if entry.offline:
        note(f"wandb: written to {Path(entry.dir).parent}; `wandb sync` uploads it.")
    else:
        note(f"wandb: {entry.url}")

    def attempt(report: Callable[[], object]) -> None:
        try:
            report()
        except Exception as error:  # without its second process wandb raises errors of many classes
            note(f"wandb: not reported, but kept in {run.path} ({error})")

    def log(metrics: EpochMetrics) -> None:
        known = {name: value for name, value in metrics.scalars().items() if not math.isnan(value)}
        attempt(lambda: entry.log({**known, "epoch": metrics.epoch}, step=metrics.step))

    exit_code = 1
    try:
        yield log
        exit_code = 0
    finally:
        attempt(lambda: entry.log({f"pictures/{path.stem}": Image(str(path)) for path in run.pictures}))
        attempt(lambda: entry.finish(exit_code=exit_code))


def _begin(run: RunDir, config: TrainConfig) -> wandb.Run:
    try:
        return init(
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            name=os.environ.get("WANDB_NAME", run.path.resolve().name),
            id=kept_id(run, "wandb"),
            resume="allow",
            reinit="create_new",
            mode=_mode(),
            dir=run.path,
            config={**config.to_json(), "label_set": config.label_set.name},
            settings=Settings(silent=True, console="off"),
        )
    except wandb.Error as error:
        raise UsageError(
            f"wandb cannot be reached ({error}). WANDB_MODE=offline keeps it in the run folder."
        ) from error


def _mode() -> Literal["offline"] | None:
    """None lets wandb decide, where the user has told it anything."""
    is_decided = "WANDB_MODE" in os.environ or login(prompt=False, verify=False)
    return None if is_decided else "offline"
