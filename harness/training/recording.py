"""The two splits of a recording that training reads, and the names of their frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from datasets.errors import LabelError, ShardError
from datasets.labelled_frames import LabelledFrames
from datasets.labels import LabelSet
from datasets.recording_dir import RecordingDir
from datasets.statistics import recording_statistics
from harness.errors import DataError, TrainingError, UsageError
from harness.training.config import TrainConfig
from harness.training.data import Frames, Note, Progress, open_frames
from harness.training.loss import class_weights


@dataclass(frozen=True)
class TrainingData:
    """What a run learns from and is validated on."""

    labels: LabelSet
    """Meaning of the class ids."""

    train: Frames
    """Frames to learn from."""

    train_name_of: Callable[[int], str]
    """The name of one, ``<shard>:<frame>``, for messages."""

    validation: Frames
    """Frames to validate on."""

    validation_split: str
    """``"val"``, or ``"train"`` when the recording has no ``val`` scenario."""

    class_weights: Tensor | None
    """``(K,)`` float32 weights of the loss, or None."""


def open_recording(
    path: Path, config: TrainConfig, *, device: torch.device, progress: Progress, note: Note
) -> TrainingData:
    """Open the splits ``train`` and ``val`` of the recording at ``path``; ``note`` is told what is not as asked for.

    Raises:
        DataError: the recording or a shard is missing or damaged.
        TrainingError: too few frames for one batch, or frames of several sizes.
        UsageError: a crop larger than the frames.
    """
    try:
        return _open(RecordingDir.open(path), config, device, progress, note)
    except (ShardError, LabelError) as error:
        raise DataError(str(error)) from error


def _open(
    recording: RecordingDir, config: TrainConfig, device: torch.device, progress: Progress, note: Note
) -> TrainingData:
    def recorded(split: str) -> LabelledFrames | None:
        paths = [entry.path for entry in recording.shards(split)]
        return LabelledFrames(paths, label_set=config.label_set) if paths else None

    def opened(frames: LabelledFrames, what: str) -> Frames:
        return open_frames(
            frames,
            size=config.size,
            device=device,
            cache=config.cache,
            workers=config.workers,
            progress=progress,
            note=note,
            what=what,
        )

    recorded_train, recorded_val = recorded("train"), recorded("val")
    if recorded_train is None or len(recorded_train) < config.batch_size:
        raise TrainingError(
            f"{recording.root} has {len(recorded_train or ())} frames in split 'train', fewer than one batch of "
            f"{config.batch_size}. Record more, or give a smaller --batch-size."
        )
    train = opened(recorded_train, "training frames")
    _check_crop(config, train)
    return TrainingData(
        labels=config.label_set,
        train=train,
        train_name_of=recorded_train.name_of,
        validation=opened(recorded_val, "validation frames") if recorded_val else train,
        validation_split="val" if recorded_val else "train",
        class_weights=_class_weights(recording, config, progress) if config.class_weights != "none" else None,
    )


def _class_weights(recording: RecordingDir, config: TrainConfig, progress: Progress) -> Tensor:
    statistics = recording_statistics(
        recording, "train", progress=lambda done, total: progress("counting pixels of classes", done, total)
    )
    histogram = statistics.class_histogram(config.label_set)
    if not histogram.any():
        raise TrainingError(
            f"{recording.root} has no pixel in split 'train' with a class of {config.label_set.name!r}, so there is "
            "nothing to weigh and nothing to learn. Choose another --label-set."
        )
    return class_weights(histogram, config.class_weights, beta=config.class_weights_beta)


def _check_crop(config: TrainConfig, frames: Frames) -> None:
    if config.crop is None:
        return
    (crop_width, crop_height), (width, height) = config.crop, frames.size
    if crop_width > width or crop_height > height:
        raise UsageError(
            f"The crop {crop_width}x{crop_height} is larger than the frames, {width}x{height}. "
            "Give a smaller --crop or a larger --size."
        )
