"""Everything that decides what a training run computes, checked before it starts and saved beside its results."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, get_args

from datasets.labels import CARLA_29, LABEL_SETS, LabelError, LabelSet, label_set
from harness.errors import UsageError
from harness.training.cache import CacheSetting
from harness.training.device import PRECISIONS
from harness.training.losses import parse_loss
from nets import NetError, net_options

ClassWeights = Literal["none", "median-frequency", "inverse-sqrt", "effective-number"]
Optimizer = Literal["adamw", "sgd"]
Schedule = Literal["cosine", "poly"]
Compile = Literal["auto", "on", "off"]
Corrupt = Literal["raise", "skip"]

_CHOICES: dict[str, Any] = {
    "optimizer": Optimizer,
    "schedule": Schedule,
    "class_weights": ClassWeights,
    "compile": Compile,
    "corrupt": Corrupt,
    "cache": CacheSetting,
}
"""Settings that are one of a few words."""

_TUPLES = ("crop", "size", "track")
"""Settings that JSON gives back as lists."""


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """The settings of one run; sizes are (width, height) [px], as everywhere on the command line.

    Raises:
        UsageError: a value out of range; the message names the field and the rule.
    """

    net: str = "unet"
    """Key of ``nets.NETS``."""

    net_options: dict[str, Any] = field(default_factory=dict)
    """Keyword options of that net."""

    label_set: LabelSet = CARLA_29
    """Label set to learn; recorded tags are mapped to it on load."""

    epochs: int = 30
    """Passes over the training frames."""

    batch_size: int = 8
    """Frames a step, over all processes. An epoch drops the frames that do not fill a last batch."""

    accumulate: int = 1
    """Parts that a step's frames are worked through in, one after the other, for less memory; divides ``batch_size``.

    Losses and gradients are those of the whole batch. Batch norm alone sees each part by itself.
    """

    loss: str = "cross-entropy"
    """What is made small: a loss or a weighted sum of losses; see ``harness.training.losses``."""

    optimizer: Optimizer = "adamw"
    """``"adamw"``, or ``"sgd"`` with ``momentum``, as in most segmentation papers (there with rates near 0.01)."""

    momentum: float = 0.9
    """Of ``"sgd"``, 0 to below 1."""

    learning_rate: float = 1e-3
    """Peak of the schedule."""

    schedule: Schedule = "cosine"
    """From the peak down to zero: half a cosine, or ``"poly"``, the power 0.9 of what is left of the run."""

    weight_decay: float = 1e-2
    """Of convolution weights, not of biases and batch norm. AdamW applies it to the weights, SGD adds it to the
    gradient; papers that use SGD have 1e-4 to 5e-4."""

    warmup_fraction: float = 0.1
    """Share of all steps in which the rate climbs from near zero to its peak, 0 to 0.5."""

    ema_decay: float | None = None
    """Decay a step of a moving average of the weights, which is then what is validated and saved; None is off."""

    patience: int | None = None
    """Stop when mIoU has not risen for so many epochs; None never stops early."""

    clip_norm: float = 1.0
    """Largest norm of the whole gradient; longer ones are scaled down to it."""

    crop: tuple[int, int] | None = None
    """Random crop for training, after resizing; None trains on whole frames. Validation always sees whole frames."""

    size: tuple[int, int] | None = None
    """Resize frames and labels to this on load; None keeps them as recorded."""

    class_weights: ClassWeights = "none"
    """How much rarer classes of the training labels count more in the loss; see ``datasets.class_weights``."""

    class_weights_beta: float | None = None
    """Of ``"effective-number"``, 0 to below 1; None lets the median class decide."""

    augment: bool = True
    """Flip, scale and change colours at random. A crop is taken either way, at its centre when this is off."""

    flip: bool = True
    """Mirror half of the frames left to right. (A town of right-hand traffic then shows left-hand traffic too.)"""

    scale_jitter: float = 0.0
    """Zoom by a random factor in ``1 / (1 + s) .. 1 + s``, 0 to 1; 0 is off, 1 the usual half to twice the size."""

    color_jitter: float = 0.3
    """Strength of random changes of brightness, contrast, saturation, hue and gamma, 0 to 1; 0 is off.

    See ``harness.training.augment.jitter_colors``.
    """

    seed: int = 0
    """Of initial weights, order of frames and augmentation."""

    device: str = "auto"
    """``auto``, ``cpu``, ``cuda`` or ``cuda:N``."""

    precision: str = "auto"
    """``auto``, ``float32``, ``bfloat16`` or ``float16``; see ``harness.training.device``."""

    compile: Compile = "auto"
    """Compile the training step with ``torch.compile``: ``"auto"`` does on a GPU; see ``harness.training.compiled``."""

    cache: CacheSetting = "auto"
    """Where decoded frames are kept between epochs, as far as they fit; see ``harness.training.cache``."""

    workers: int = 2
    """Loader processes, used only for frames that are not kept; 0 reads in the training process."""

    corrupt: Corrupt = "raise"
    """What a damaged frame does: end the run, or ``"skip"``: be left out, counted and named before training starts."""

    track: tuple[str, ...] = ()
    """Experiment trackers to write to besides the run folder; see ``harness.training.trackers``."""

    def __post_init__(self) -> None:
        self._check("epochs", self.epochs >= 1, "at least 1")
        self._check("batch_size", self.batch_size >= 2, "at least 2, since batch norm needs more than one frame")
        parts = self.accumulate
        is_dividing = parts >= 1 and self.batch_size % parts == 0 and self.batch_size // parts >= 2
        rule = f"a divisor of batch_size, {self.batch_size}, that leaves 2 or more frames a part"
        self._check("accumulate", is_dividing, rule)
        self._check("momentum", 0 <= self.momentum < 1, "0 or more and below 1")
        self._check("ema_decay", self.ema_decay is None or 0 < self.ema_decay < 1, "None, or above 0 and below 1")
        self._check("patience", self.patience is None or self.patience >= 1, "None, or at least 1")
        self._check("learning_rate", 0 < self.learning_rate < math.inf, "above 0")
        self._check("weight_decay", 0 <= self.weight_decay < 1, "0 or more and below 1")
        self._check("warmup_fraction", 0 <= self.warmup_fraction <= 0.5, "0 to 0.5")
        self._check("clip_norm", 0 < self.clip_norm < math.inf, "above 0")
        self._check("scale_jitter", 0 <= self.scale_jitter <= 1, "0 to 1")
        self._check("color_jitter", 0 <= self.color_jitter <= 1, "0 to 1")
        self._check("seed", 0 <= self.seed < 2**32, "0 to 2**32 - 1")
        self._check("workers", self.workers >= 0, "0 or more")
        for name, words in _CHOICES.items():
            self._check(name, getattr(self, name) in get_args(words), " or ".join(get_args(words)))
        parse_loss(self.loss)
        beta = self.class_weights_beta
        self._check("class_weights_beta", beta is None or 0 <= beta < 1, "None, or 0 to below 1")
        self._check("precision", self.precision in PRECISIONS, f"one of {', '.join(PRECISIONS)}")
        for name in ("crop", "size"):
            pair = getattr(self, name)
            is_size = pair is None or (len(pair) == 2 and all(isinstance(n, int) and n >= 1 for n in pair))
            self._check(name, is_size, "None or (width, height) in whole pixels")

    def to_json(self) -> dict[str, Any]:
        """Return the settings as JSON values; ``from_json`` is the way back.

        A built-in label set is its name; one's own is written out, so that its file may change or go.
        """
        is_built_in = LABEL_SETS.get(self.label_set.name) == self.label_set
        return {**asdict(self), "label_set": self.label_set.name if is_built_in else self.label_set.to_json()}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> TrainConfig:
        """Return the settings that ``to_json`` wrote.

        Raises:
            UsageError: a key that is no setting, or a value out of range.
        """
        known = {setting.name for setting in fields(cls)}
        unknown = sorted(set(content) - known)
        if unknown:
            raise UsageError(f"config has unknown settings {', '.join(unknown)}; known are {', '.join(sorted(known))}.")
        tuples = {name: tuple(content[name]) for name in _TUPLES if content.get(name) is not None}
        return cls(**{**content, **tuples, **_label_set(content)})

    def resolved(self) -> TrainConfig:
        """Return the same settings with all options of the net written out, so that a default may change later.

        Raises:
            UsageError: there is no such net.
        """
        try:
            return replace(self, net_options={**net_options(self.net), **self.net_options})
        except NetError as error:
            raise UsageError(str(error)) from error

    def differences(self, other: TrainConfig) -> list[str]:
        """Return ``"name: mine -> theirs"`` for each setting that differs, through JSON, as they are stored.

        Long values, such as a label set of one's own, are cut.
        """
        mine, theirs = (json.loads(json.dumps(config.to_json())) for config in (self, other))
        return [f"{name}: {mine[name]!r:.60} -> {theirs[name]!r:.60}" for name in mine if mine[name] != theirs[name]]

    def _check(self, name: str, is_right: bool, rule: str) -> None:
        if not is_right:
            raise UsageError(f"{name} is {getattr(self, name)!r}; it must be {rule}.")


def _label_set(content: dict[str, Any]) -> dict[str, LabelSet]:
    """The setting ``label_set`` as an object; nothing when it is not given."""
    if "label_set" not in content:
        return {}
    stored = content["label_set"]
    try:
        return {"label_set": label_set(stored) if isinstance(stored, str) else LabelSet.from_json(stored)}
    except LabelError as error:
        raise UsageError(str(error)) from error
