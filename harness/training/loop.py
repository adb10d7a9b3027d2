"""The training loop, to be read from top to bottom: ``train``, then ``_train_epoch``, then ``_step``.

Decisions:

* **Recipe:** AdamW, linear warm-up and cosine, cross entropy, clipped gradients, mixed precision, channels last.
* **No waiting for the device in a step.** The loss is summed on the device and its first non-finite step is remembered
  there; the host looks every ``CHECK_EVERY`` steps and at the end of an epoch.
* **An epoch is the unit of saving.** Ctrl-C, a crash or a NaN costs at most the epoch that was running. The training
  state is written last: once it is there, everything else of that epoch is, too.
* **Best is by mean IoU** over the classes present in the validation frames.
* Without a ``val`` scenario the net is validated on its training frames, and the summary and the manifest say so: it
  shows that the net learns, not that it generalises.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from datasets.frame_order import epoch_order
from datasets.recording_dir import RecordingDir
from harness.errors import DataError, TrainingError, UsageError
from harness.run_dir import RunDir, check_output, lock_output, write_json, write_manifest
from harness.scoring.metrics import iou, mean_iou, pixel_accuracy
from harness.training.augment import BatchTransform
from harness.training.checkpoint import CheckpointInfo, save_checkpoint
from harness.training.config import TrainConfig
from harness.training.data import Batch, Note, Progress, loader_death_named
from harness.training.device import Precision, autocast, choose_device, choose_precision
from harness.training.loss import CrossEntropy
from harness.training.loss_watch import LossWatch
from harness.training.metrics_log import EpochMetrics, MetricsLog, read_metrics
from harness.training.recording import TrainingData, open_recording
from harness.training.schedule import learning_rate_at
from harness.training.state import TrainingState, epoch_seed, initial_state
from harness.training.validation import validate
from nets import NetError

__all__ = ["EpochMetrics", "TrainSummary", "train"]

CHECK_EVERY = 50
"""Steps between two looks at whether the loss still is a number."""

FREE_TO_CHANGE = ("device", "workers", "cache")
"""Settings that a resumed run may change: they say where it runs, not what it computes."""


@dataclass(frozen=True, kw_only=True)
class TrainSummary:
    """What a finished run came to."""

    run: Path
    """The run folder."""

    epochs: int
    """Epochs made, those of earlier sessions included."""

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

    validation_split: str
    """``"val"``, or ``"train"`` when the recording has no ``val`` scenario."""

    storage: str
    """Where the training frames were kept: ``"GPU memory"``, ``"memory"`` or ``"read from disk each epoch"``."""

    device: str
    """Where it ran."""

    precision: str
    """Number format of convolutions."""


@dataclass(frozen=True)
class _Setting:
    """What stays the same through a run."""

    run: RunDir
    config: TrainConfig
    data: TrainingData
    loss: CrossEntropy
    transform: BatchTransform
    device: torch.device
    precision: Precision
    progress: Progress

    @property
    def steps_per_epoch(self) -> int:
        return len(self.data.train) // self.config.batch_size


@dataclass(frozen=True)
class _Learnt:
    """What one epoch of steps says about itself."""

    learning_rate: float
    mean_loss: float
    num_images: int
    seconds: float
    wait_seconds: float


def train(
    config: TrainConfig,
    recording: Path,
    out: Path,
    *,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
    on_epoch: Callable[[EpochMetrics], None] | None = None,
    on_note: Note | None = None,
) -> TrainSummary:
    """Train a net from scratch on the ``train`` split of ``recording`` and write the run into ``out``.

    Args:
        config: what to train, and how.
        recording: folder that ``harness record`` wrote.
        out: run folder, new or empty unless ``resume`` or ``overwrite``.
        resume: go on after the last whole epoch in ``out``; with nothing there, start.
        overwrite: empty ``out`` first.
        progress: told (what, done, total) for each decoded frame and each step.
        on_epoch: told the figures of each finished epoch.
        on_note: told in a sentence what is done in another way than was asked for.

    Raises:
        OutputInUseError: ``out`` is used, or another process writes to it.
        UsageError: the configuration cannot be meant, or differs from that of the run to resume.
        DataError: the recording is missing or damaged.
        TrainingError: too few frames, or the loss became NaN or infinite.
        CheckpointError: the state to resume from is damaged.
    """
    check_output(out, resume=resume, overwrite=overwrite)
    RecordingDir.open(recording)  # before an earlier run is deleted for it
    run = RunDir.create(out, resume=resume, overwrite=overwrite)
    with lock_output(run.path), _timed_convolutions(), loader_death_named():
        _check_same_config(run, config)
        setting = _prepare(run, config, recording, progress or _report_nothing, on_note or _note_nothing)
        state = _start(setting)
        finished: list[EpochMetrics] = []
        if run.training_state.is_file():
            state.restore(run)
            finished = read_metrics(run.metrics, last_epoch=state.epoch)
        _record_start(setting, recording)
        with MetricsLog(run, finished) as log:
            while state.epoch < config.epochs:
                learnt = _train_epoch(setting, state)
                metrics = _validated(setting, state, learnt)
                log.append(metrics)
                _save(setting, state, log)
                if on_epoch is not None:
                    on_epoch(metrics)
    return _summary(setting, state, log.best)


def _prepare(run: RunDir, config: TrainConfig, recording: Path, progress: Progress, note: Note) -> _Setting:
    device = choose_device(config.device)
    precision = choose_precision(config.precision, device)
    data = open_recording(recording, config, device=device, progress=progress, note=note)
    loss = CrossEntropy(ignore_id=data.labels.ignore_id, class_weights=data.class_weights).to(device)
    transform = BatchTransform.from_config(config, ignore_id=data.labels.ignore_id)
    return _Setting(run, config, data, loss, transform, device, precision, progress)


def _start(setting: _Setting) -> TrainingState:
    try:
        return initial_state(
            setting.config,
            num_classes=setting.data.labels.num_classes,
            device=setting.device,
            precision=setting.precision,
        )
    except NetError as error:
        raise UsageError(str(error)) from error


def _train_epoch(setting: _Setting, state: TrainingState) -> _Learnt:
    """Show the net every training frame once, in an order and with changes that depend on seed and epoch alone."""
    config, data = setting.config, setting.data
    epoch, steps = state.epoch + 1, setting.steps_per_epoch
    order = epoch_order(len(data.train), seed=config.seed, epoch=epoch)[: steps * config.batch_size]
    torch.manual_seed(epoch_seed(config.seed, epoch))
    generator = torch.Generator(setting.device).manual_seed(epoch_seed(config.seed, epoch))
    watch = LossWatch(setting.device)
    state.net.train()
    started = asked = time.perf_counter()
    waited = rate = 0.0
    for index, batch in enumerate(data.train.batches(order, config.batch_size)):
        waited += time.perf_counter() - asked
        rate = learning_rate_at(
            state.step,
            total_steps=steps * config.epochs,
            peak=config.learning_rate,
            warmup_fraction=config.warmup_fraction,
        )
        state.set_learning_rate(rate)
        watch.add(_step(setting, state, batch, generator), batch.indices)
        state.step += 1
        setting.progress("training", state.step, steps * config.epochs)
        if (index + 1) % CHECK_EVERY == 0 or index + 1 == steps:
            _check_loss(setting, watch, epoch)
        asked = time.perf_counter()
    state.epoch = epoch
    return _Learnt(rate, watch.mean(), len(order), time.perf_counter() - started, waited)


def _step(setting: _Setting, state: TrainingState, batch: Batch, generator: torch.Generator) -> Tensor:
    """Make one optimiser step and return its scalar loss, still on the device."""
    images, labels = setting.transform(batch.rgb, batch.labels, generator)
    with autocast(setting.device, setting.precision):
        logits = state.net(images)
    loss: Tensor = setting.loss(logits, labels)
    state.optimizer.zero_grad(set_to_none=True)
    state.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
    state.scaler.unscale_(state.optimizer)
    torch.nn.utils.clip_grad_norm_(state.net.parameters(), setting.config.clip_norm)
    state.scaler.step(state.optimizer)
    state.scaler.update()
    return loss.detach()


def _check_loss(setting: _Setting, watch: LossWatch, epoch: int) -> None:
    step = watch.first_bad_step()
    if step is None:
        return
    frames = ", ".join(setting.data.train_name_of(index) for index in watch.frames_of(step))
    kept = f"The checkpoints up to epoch {epoch - 1} are kept." if epoch > 1 else "There is no checkpoint yet."
    raise TrainingError(
        f"The loss became NaN or infinite at step {step + 1} of epoch {epoch}, on frames {frames}. {kept} "
        "Try a lower --learning-rate, or --precision float32."
    )


def _validated(setting: _Setting, state: TrainingState, learnt: _Learnt) -> EpochMetrics:
    """Validate the net and put all figures of the epoch together."""
    started = time.perf_counter()
    labels = setting.data.labels
    matrix = validate(
        state.net,
        setting.data.validation,
        num_classes=labels.num_classes,
        batch_size=setting.config.batch_size,
        device=setting.device,
        precision=setting.precision,
    )
    ious = iou(matrix.tp, matrix.fp, matrix.fn)
    return EpochMetrics(
        epoch=state.epoch,
        step=state.step,
        learning_rate=learnt.learning_rate,
        train_loss=learnt.mean_loss,
        pixel_accuracy=pixel_accuracy(matrix.tp, matrix.fn),
        miou=mean_iou(ious),
        iou=dict(zip(labels.names, ious.tolist(), strict=True)),
        seconds=learnt.seconds,
        validation_seconds=time.perf_counter() - started,
        images_per_s=learnt.num_images / learnt.seconds,
        data_wait_share=learnt.wait_seconds / learnt.seconds,
    )


def _save(setting: _Setting, state: TrainingState, log: MetricsLog) -> None:
    """Write the epoch's checkpoints, and last of all the state that makes the epoch count."""
    config, metrics, weights = setting.config, log.epochs[-1], state.net.state_dict()
    figures = {"pixel_accuracy": metrics.pixel_accuracy, "miou": metrics.miou, **metrics.iou}
    info = CheckpointInfo(
        net=config.net,
        net_options=config.net_options,
        label_set=config.label_set.name,
        classes=config.label_set.names,
        labels=config.label_set.to_json(),
        epoch=state.epoch,
        step=state.step,
        metrics={name: None if math.isnan(value) else value for name, value in figures.items()},
    )
    if log.best is metrics:
        save_checkpoint(setting.run, "best", info, weights)
    save_checkpoint(setting.run, "last", info, weights)
    state.save(setting.run)


def _check_same_config(run: RunDir, config: TrainConfig) -> None:
    """Refuse to go on with other settings than those that the run began with."""
    if not run.config.is_file():
        return
    try:
        earlier = TrainConfig.from_json(json.loads(run.config.read_text()))
    except (ValueError, TypeError, UsageError) as error:
        raise DataError(f"{run.config} cannot be read ({error}). Start anew with --overwrite.") from error
    changed = [line for line in earlier.differences(config) if line.split(":")[0] not in FREE_TO_CHANGE]
    if changed:
        raise UsageError(
            f"The run in {run.path} began with other settings ({'; '.join(changed)}). "
            "Give the same ones to resume it, or another output folder."
        )


def _record_start(setting: _Setting, recording: Path) -> None:
    """Write the settings and where everything came from."""
    config = setting.config
    write_json(setting.run.config, config.to_json())
    write_manifest(
        setting.run.manifest,
        seeds={"seed": config.seed},
        inputs={"recording": recording},
        extra={
            "device": _device_name(setting.device),
            "threads": torch.get_num_threads(),
            "precision": setting.precision,
            "num_train_frames": len(setting.data.train),
            "num_validation_frames": len(setting.data.validation),
            "validation_split": setting.data.validation_split,
            "storage": setting.data.train.storage,
        },
    )


def _summary(setting: _Setting, state: TrainingState, best: EpochMetrics) -> TrainSummary:
    return TrainSummary(
        run=setting.run.path,
        epochs=state.epoch,
        best_epoch=best.epoch,
        best_miou=best.miou,
        best_pixel_accuracy=best.pixel_accuracy,
        best_iou=best.iou,
        num_parameters=sum(parameter.numel() for parameter in state.net.parameters()),
        num_train_frames=len(setting.data.train),
        num_validation_frames=len(setting.data.validation),
        validation_split=setting.data.validation_split,
        storage=setting.data.train.storage,
        device=_device_name(setting.device),
        precision=setting.precision,
    )


@contextmanager
def _timed_convolutions() -> Iterator[None]:
    """Let cuDNN time its algorithms once for each size: crops have one size, so it pays."""
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = True
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def _report_nothing(what: str, done: int, total: int) -> None:
    """Stand in for a progress callback that was not given."""


def _note_nothing(sentence: str) -> None:
    """Stand in for a callback for notes that was not given."""
