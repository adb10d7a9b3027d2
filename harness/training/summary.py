"""What a finished training run came to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class TrainSummary:
    """What a finished run came to."""

    run: Path
    """The run folder."""

    epochs: int
    """Epochs made, those of earlier sessions included."""

    stopped_early: bool
    """Whether mIoU had not risen for ``patience`` epochs, so that the rest of the epochs was not made."""

    best_epoch: int
    """The epoch of highest validation mIoU; its weights are ``best.safetensors``."""

    best_miou: float
    """Validation mIoU of that epoch."""

    best_pixel_accuracy: float
    """Validation pixel accuracy of that epoch."""

    best_iou: dict[str, float]
    """Validation IoU of each class in that epoch, NaN where absent."""

    num_parameters: int
    """Of the net."""

    num_train_frames: int
    """Frames that were learnt from."""

    num_validation_frames: int
    """Frames that were validated on."""

    damaged: tuple[str, ...]
    """Names of damaged frames that were left out of both."""

    validation_split: str
    """``"val"``, or ``"train"`` when the recording has no ``val`` scenario."""

    storage: str
    """Where the training frames were kept: ``"GPU memory"``, ``"memory"`` or ``"read from disk each epoch"``."""

    device: str
    """Where it ran."""

    precision: str
    """Number format of convolutions."""

    processes: int
    """How many of them shared each batch."""
