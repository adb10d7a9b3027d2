"""The two splits that training reads, of one recording or of several, and the names of their frames.

Decisions:

* Several recordings are one: the frames of a split are those of all of them, in the order in which they were named.
* A scenario must be in one split throughout: what one recording tests by, another must not teach.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datasets.errors import LabelError, ShardError
from datasets.labelled_frames import LabelledFrames
from datasets.labels import LabelSet
from datasets.recording_dir import RecordingDir, ShardEntry
from datasets.statistics import recording_statistics
from harness.errors import DataError, TrainingError, UsageError
from harness.training.class_weights import class_weights
from harness.training.config import TrainConfig
from harness.training.data import Frames, Note, Progress, open_frames
from harness.training.distributed import Ranks

_SPLITS = ("train", "val")
"""That training reads."""


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

    damaged: tuple[str, ...]
    """Names of the frames of both splits that are damaged and were left out."""

    sha256: str
    """Digest (hex) of what all frames of both splits are: equal for equal recordings in equal order."""


def check_recordings(paths: Sequence[Path]) -> None:
    """Refuse what ``open_recordings`` would refuse without a look at frames.

    Raises:
        UsageError: a recording is named twice.
        DataError: a scenario is in another split in another recording.
        ShardError: one is missing or damaged.
    """
    _Recordings(paths)


def open_recordings(
    paths: Sequence[Path],
    config: TrainConfig,
    *,
    device: torch.device,
    progress: Progress,
    note: Note,
    ranks: Ranks,
) -> TrainingData:
    """Open the splits ``train`` and ``val`` of the recordings; ``note`` is told what is not as asked for.

    Each of several processes opens all of both, and takes its share of the computer's memory for them.

    Raises:
        DataError: a recording or a shard is missing or damaged, or a frame is and ``config.corrupt`` is ``"raise"``;
            or a scenario is in another split in another recording.
        TrainingError: too few frames for one batch, or frames of several sizes.
        UsageError: a crop larger than the frames, or a recording is named twice.
    """
    try:
        return _open(_Recordings(paths), config, device, progress, note, ranks)
    except (ShardError, LabelError) as error:
        raise DataError(str(error)) from error


class _Recordings:
    """Several recordings as one."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Open them and hold them against each other; see ``check_recordings``."""
        if len({path.resolve() for path in paths}) < len(paths):
            raise UsageError(f"A recording is named twice among {', '.join(map(str, paths))}. Name each once.")
        self._parts = tuple(RecordingDir.open(path) for path in paths)
        seen: dict[str, tuple[str, Path]] = {}
        for part in self._parts:
            for entry in part.shards():
                split, root = seen.setdefault(entry.scenario, (entry.split, part.root))
                if split != entry.split and root != part.root:
                    raise DataError(
                        f"scenario {entry.scenario!r} is in split {split!r} in {root}, and in {entry.split!r} in "
                        f"{part.root}, so that a net would be judged by what it learnt: leave one of them out"
                    )

    def __str__(self) -> str:
        return " and ".join(str(part.root) for part in self._parts)

    def shards(self, split: str) -> tuple[ShardEntry, ...]:
        return tuple(entry for part in self._parts for entry in part.shards(split))

    def class_histogram(
        self, split: str, labels: LabelSet, *, progress: Callable[[int, int], None]
    ) -> NDArray[np.int64]:
        """(K,) pixels of each class."""
        histogram = np.zeros(labels.num_classes, np.int64)
        for part in self._parts:
            histogram += recording_statistics(part, split, progress=progress).class_histogram(labels)
        return histogram

    @property
    def sha256(self) -> str:
        digest = hashlib.sha256()
        for split in _SPLITS:
            for entry in self.shards(split):
                facts = (split, entry.path.name, entry.num_frames, entry.header_digest, entry.index_digest)
                digest.update(json.dumps(facts).encode())
        return digest.hexdigest()


def _open(
    recordings: _Recordings, config: TrainConfig, device: torch.device, progress: Progress, note: Note, ranks: Ranks
) -> TrainingData:
    def opened(split: str, what: str) -> _Split:
        recorded = LabelledFrames([entry.path for entry in recordings.shards(split)], label_set=config.label_set)
        frames, kept = open_frames(
            recorded,
            size=config.size,
            device=device,
            cache=config.cache,
            workers=config.workers,
            corrupt=config.corrupt,
            ranks=ranks,
            progress=progress,
            note=note,
            what=what,
        )
        return _Split(recorded, frames, kept)

    _check_enough(recordings, sum(entry.num_frames for entry in recordings.shards("train")), config.batch_size)
    train = opened("train", "training frames")
    _check_enough(recordings, len(train.frames), config.batch_size)
    _check_crop(config, train.frames)
    validation = opened("val", "validation frames") if recordings.shards("val") else None
    return TrainingData(
        labels=config.label_set,
        train=train.frames,
        train_name_of=train.name_of,
        validation=validation.frames if validation else train.frames,
        validation_split="val" if validation else "train",
        class_weights=_class_weights(recordings, config, train, progress) if config.class_weights != "none" else None,
        damaged=train.damaged + (validation.damaged if validation else ()),
        sha256=recordings.sha256,
    )


@dataclass(frozen=True)
class _Split:
    """The frames of a split that are not damaged."""

    recorded: LabelledFrames
    frames: Frames
    kept: Sequence[int]
    """Number in ``recorded`` of each of ``frames``."""

    def name_of(self, number: int) -> str:
        """``<shard>:<frame>`` of one of ``frames``."""
        return self.recorded.name_of(self.kept[number])

    @property
    def damaged(self) -> tuple[str, ...]:
        """Names of those left out."""
        left_out = sorted(set(range(len(self.recorded))) - set(self.kept))
        return tuple(self.recorded.name_of(number) for number in left_out)


def _check_enough(recordings: _Recordings, num_frames: int, batch_size: int) -> None:
    if num_frames < batch_size:
        raise TrainingError(
            f"{recordings} has {num_frames} frames in split 'train', fewer than one batch of {batch_size}. "
            "Record more, or give a smaller --batch-size."
        )


def _class_weights(recordings: _Recordings, config: TrainConfig, train: _Split, progress: Progress) -> Tensor:
    def report(done: int, total: int) -> None:
        progress("counting pixels of classes", done, total)

    if train.damaged:
        histogram = _histogram(train.frames, config, report)
    else:
        histogram = recordings.class_histogram("train", config.label_set, progress=report)
    if not histogram.any():
        raise TrainingError(
            f"{recordings} has no pixel in split 'train' with a class of {config.label_set.name!r}, so there is "
            "nothing to weigh and nothing to learn. Choose another --label-set."
        )
    return class_weights(histogram, config.class_weights, beta=config.class_weights_beta)


def _histogram(frames: Frames, config: TrainConfig, report: Callable[[int, int], None]) -> NDArray[np.int64]:
    """Count the pixels of each class, ``(K,)``; a recording's own statistics know nothing of damaged frames."""
    counts = torch.zeros(256, dtype=torch.int64)
    for batch in frames.batches(range(len(frames)), config.batch_size):
        counts += torch.bincount(batch.labels.flatten(), minlength=256).cpu()
        report(batch.indices[-1] + 1, len(frames))
    return counts[: config.label_set.num_classes].numpy()


def _check_crop(config: TrainConfig, frames: Frames) -> None:
    if config.crop is None:
        return
    (crop_width, crop_height), (width, height) = config.crop, frames.size
    if crop_width > width or crop_height > height:
        raise UsageError(
            f"The crop {crop_width}x{crop_height} is larger than the frames, {width}x{height}. "
            "Give a smaller --crop or a larger --size."
        )
