"""The two splits of a recording that training reads, and the names of their frames."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from datasets.class_statistics import class_histogram
from datasets.errors import LabelError, ShardError
from datasets.labels import LabelSet, label_set
from datasets.recording_dir import RecordingDir
from datasets.shard import ShardReader
from datasets.torch_dataset import ShardDataset
from harness.errors import DataError, TrainingError, UsageError
from harness.training.config import TrainConfig
from harness.training.data import Frames, Pair, Progress, open_frames
from harness.training.loss import capped_class_weights


@dataclass(frozen=True)
class TrainingData:
    """What a run learns from and is validated on."""

    labels: LabelSet
    """Meaning of the class ids."""

    train: Frames
    """Frames to learn from."""

    train_names: Sequence[str]
    """Their names, ``<scenario>:<frame id>``, for messages."""

    validation: Frames
    """Frames to validate on."""

    validation_split: str
    """``"val"``, or ``"train"`` when the recording has no ``val`` scenario."""

    class_weights: Tensor | None
    """``(K,)`` float32 weights of the loss, or None."""


class RecordedFrames:
    """The frames of some shards, one after the other; sizes and tag tables may differ from shard to shard.

    Can be sent to worker processes. Whatever is wrong with a shard is a DataError.
    """

    def __init__(self, paths: Sequence[Path], labels: LabelSet) -> None:
        self._shards = [ShardDataset([path], label_set=labels) for path in paths]
        self._ends = list(accumulate(len(shard) for shard in self._shards))

    def __len__(self) -> int:
        return self._ends[-1]

    def __getitem__(self, index: int) -> Pair:
        number = bisect_right(self._ends, index)
        shard = self._shards[number]
        try:
            return shard[index - self._ends[number] + len(shard)]
        except (ShardError, LabelError) as error:
            raise DataError(str(error)) from error


def open_recording(path: Path, config: TrainConfig, *, device: torch.device, progress: Progress) -> TrainingData:
    """Open the splits ``train`` and ``val`` of the recording at ``path``.

    Raises:
        DataError: the recording or a shard is missing or damaged.
        TrainingError: too few frames for one batch, or frames of several sizes.
        UsageError: an unknown label set, or a crop larger than the frames.
    """
    try:
        labels = label_set(config.label_set)
    except LabelError as error:
        raise UsageError(str(error)) from error
    try:
        return _open(path, config, labels, device, progress)
    except (ShardError, LabelError) as error:
        raise DataError(str(error)) from error


def _open(path: Path, config: TrainConfig, labels: LabelSet, device: torch.device, progress: Progress) -> TrainingData:
    recording = RecordingDir.open(path)
    train_paths, val_paths = ([entry.path for entry in recording.shards(split)] for split in ("train", "val"))
    names = _frame_names(train_paths)
    if len(names) < config.batch_size:
        raise TrainingError(
            f"{path} has {len(names)} frames in split 'train', fewer than one batch of {config.batch_size}. "
            "Record more, or give a smaller --batch-size."
        )
    train = _open_split(train_paths, labels, config, device, progress, "decoding training frames")
    _check_crop(config, train)
    validation = train
    if val_paths:
        validation = _open_split(val_paths, labels, config, device, progress, "decoding validation frames")
    weights = None
    if config.class_weights == "median-frequency":
        weights = capped_class_weights(class_histogram(train_paths, labels))
    return TrainingData(labels, train, names, validation, "val" if val_paths else "train", weights)


def _frame_names(paths: Sequence[Path]) -> list[str]:
    names = []
    for path in paths:
        with ShardReader(path) as reader:
            names += [f"{reader.header.scenario}:{frame}" for frame in np.asarray(reader.frames).tolist()]
    return names


def _open_split(
    paths: Sequence[Path], labels: LabelSet, config: TrainConfig, device: torch.device, progress: Progress, what: str
) -> Frames:
    return open_frames(
        RecordedFrames(paths, labels),
        size=config.size,
        device=device,
        cache_gib=config.cache_gib,
        workers=config.workers,
        progress=progress,
        what=what,
    )


def _check_crop(config: TrainConfig, frames: Frames) -> None:
    if config.crop is None:
        return
    (crop_width, crop_height), (width, height) = config.crop, frames.size
    if crop_width > width or crop_height > height:
        raise UsageError(
            f"The crop {crop_width}x{crop_height} is larger than the frames, {width}x{height}. "
            "Give a smaller --crop or a larger --size."
        )
