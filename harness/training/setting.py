"""What stays the same through a training run, put together and checked before the first step."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from harness.errors import DataError, UsageError
from harness.run_dir import RunDir, lock_output, write_json, write_manifest
from harness.training.augment import BatchTransform
from harness.training.config import TrainConfig
from harness.training.data import Note, Progress
from harness.training.device import Precision
from harness.training.distributed import Ranks
from harness.training.epoch_metrics import EpochMetrics
from harness.training.losses import SegmentationLoss
from harness.training.recording import TrainingData
from harness.training.status import StepStatus

FREE_TO_CHANGE = ("device", "compile", "workers", "cache", "track")
"""Settings that a resumed run may change: they say where it runs and who is told, not what it computes."""
_DATA_KEY = "frames_sha256"
"""In the manifest of a run: what it learns from and is validated on."""


def tell_nobody(*_: object) -> None:
    """Stand in for a callback that was not given."""


@dataclass(frozen=True, kw_only=True)
class Listener:
    """Whom a run tells what, in its first process."""

    progress: Progress = tell_nobody
    """Told (what, done, total) of what comes before the first step, such as decoding frames."""

    note: Note = tell_nobody
    """Told in a sentence what is done in another way than was asked for."""

    status: Callable[[StepStatus], None] = tell_nobody
    """Told how it stands after each step."""

    epoch: Callable[[EpochMetrics], None] = tell_nobody
    """Told the figures of each finished epoch."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What stays the same through a run."""

    run: RunDir
    """Where it is written, by the first process."""

    config: TrainConfig
    """What was asked for."""

    data: TrainingData
    """What it learns from and is validated on."""

    loss: SegmentationLoss
    """On the device."""

    transform: BatchTransform
    """What makes the net's input of stored frames."""

    device: torch.device
    """Where this process computes."""

    precision: Precision
    """Of convolutions."""

    ranks: Ranks
    """The processes of the run."""

    listener: Listener
    """Whom it tells what."""

    @property
    def input_size(self) -> tuple[int, int]:
        """(width, height) [px] of what the net learns from."""
        return self.config.crop or self.data.train.size

    @property
    def steps_per_epoch(self) -> int:
        """Optimiser steps in an epoch."""
        return len(self.data.train) // self.config.batch_size

    @property
    def total_steps(self) -> int:
        """Optimiser steps of the whole run."""
        return self.steps_per_epoch * self.config.epochs

    @property
    def frames_validated_at_once(self) -> int:
        """Whole frames that one process validates at once.

        No more pixels than it learns from at once, since that is what is known to fit into memory: a crop may be a
        small part of a frame.
        """
        frames = self.config.batch_size // (self.ranks.size * self.config.accumulate)
        return max(1, frames * math.prod(self.input_size) // math.prod(self.data.validation.size))


@contextmanager
def output_folder(out: Path, ranks: Ranks, *, resume: bool, overwrite: bool) -> Iterator[RunDir]:
    """Make the run folder ready and hold it: the first process does, the others wait until it is.

    Raises:
        OutputInUseError: ``out`` is used, or another command writes to it.
    """
    if not ranks.is_first:
        ranks.barrier()
        yield RunDir(out)
        return
    run = RunDir.create(out, resume=resume, overwrite=overwrite)
    with lock_output(run.path):
        ranks.barrier()
        yield run


def check_batch_divides(config: TrainConfig, ranks: Ranks) -> None:
    """Refuse a batch that the processes, and their parts of a step, cannot share alike.

    Raises:
        UsageError: they cannot.
    """
    parts = ranks.size * config.accumulate
    if config.batch_size % parts:
        raise UsageError(
            f"A batch of {config.batch_size} frames cannot be divided alike among {ranks.size} processes with "
            f"{config.accumulate} parts each. Give a --batch-size that is a multiple of {parts}."
        )


def check_same_config(run: RunDir, config: TrainConfig) -> None:
    """Refuse to go on with other settings than those that the run began with.

    Raises:
        UsageError: some differ; they are named.
        DataError: the earlier ones cannot be read.
    """
    if not run.config.is_file():
        return
    try:
        earlier = TrainConfig.from_json(json.loads(run.config.read_text())).resolved()
    except (ValueError, TypeError, UsageError) as error:
        raise DataError(f"{run.config} cannot be read ({error}). Start anew with --overwrite.") from error
    changed = [line for line in earlier.differences(config) if line.split(":")[0] not in FREE_TO_CHANGE]
    if changed:
        raise UsageError(
            f"The run in {run.path} began with other settings ({'; '.join(changed)}). "
            "Give the same ones to resume it, or another output folder."
        )


def check_same_data(run: RunDir, data: TrainingData) -> None:
    """Refuse to go on with other frames than those that the run began with.

    Raises:
        UsageError: they are others.
        DataError: what is known of the earlier ones cannot be read.
    """
    if not run.manifest.is_file():
        return
    try:
        sessions = json.loads(run.manifest.read_text())["sessions"]
        before = [session[_DATA_KEY] for session in sessions if _DATA_KEY in session]  # older runs did not note it
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{run.manifest} cannot be read ({error!r}). Start anew with --overwrite.") from error
    if before and before[-1] != data.sha256:
        raise UsageError(
            f"The run in {run.path} began with other frames: a recording is another one, or has changed since. "
            "Give the same recordings in the same order to resume it, or another output folder."
        )


def record_start(setting: Setting, recordings: Sequence[Path]) -> None:
    """Write the settings and where everything came from."""
    config, data = setting.config, setting.data
    write_json(setting.run.config, config.to_json())
    write_manifest(
        setting.run.manifest,
        seeds={"seed": config.seed},
        inputs={"recording" if not number else f"added_{number}": each for number, each in enumerate(recordings)},
        extra={
            "device": device_name(setting.device),
            "processes": setting.ranks.size,
            "threads": torch.get_num_threads(),
            "precision": setting.precision,
            _DATA_KEY: data.sha256,
            "num_train_frames": len(data.train),
            "num_validation_frames": len(data.validation),
            "damaged_frames": list(data.damaged),
            "validation_split": data.validation_split,
            "storage": data.train.storage,
        },
    )


def device_name(device: torch.device) -> str:
    """Return the name of the GPU, or ``"cpu"``."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
