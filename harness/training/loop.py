"""The training loop, to be read from top to bottom: ``train``, then ``_train_epoch``, then ``_step``.

Decisions:

* **No waiting for the device in a step.** The loss is summed on the device, and the first step that went wrong is
  remembered there; the host looks every ``LOOK_EVERY`` steps and at the end of an epoch.
* **A step's gradient is that of its whole batch,** however the batch is divided: into parts worked through one after
  the other (``accumulate``), and among processes. What the loss is divided by is summed over all parts first.
* **An epoch is the unit of saving.** Ctrl-C, a crash or a NaN costs at most the epoch that was running. The training
  state is written last: once it is there, everything else of that epoch is, too.
* **Best is by mean IoU** over the classes present in the validation frames. Early stopping looks at the same figures,
  which a resumed run reads back, so it stops where it would have.
* **Only the first of several processes writes and tells.** All of them know all figures.
* Without a ``val`` scenario the net is validated on its training frames, and the summary and the manifest say so: it
  shows that the net learns, not that it generalises.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from datasets.frame_order import epoch_order
from harness.errors import TrainingError, UsageError
from harness.run_dir import check_output
from harness.scoring.statistics.metrics import iou, mean_iou, pixel_accuracy
from harness.training.augment import BatchTransform
from harness.training.batch_norm import synchronised
from harness.training.checkpoint import CheckpointInfo, save_checkpoint
from harness.training.compiled import choose_compiled, compile_failure_named
from harness.training.config import TrainConfig
from harness.training.data import Batch, Note, Progress, loader_death_named
from harness.training.device import Precision, choose_device, choose_precision
from harness.training.distributed import data_parallel, joined, local_device_name, without_exchange
from harness.training.epoch_metrics import EpochMetrics, read_metrics
from harness.training.loss_watch import LossWatch
from harness.training.losses import SegmentationLoss, build_loss
from harness.training.memory import check_fits, out_of_memory_named
from harness.training.metrics_log import MetricsLog
from harness.training.objective import Objective
from harness.training.recording import TrainingData, check_recordings, open_recordings
from harness.training.schedule import learning_rate_at
from harness.training.setting import (
    Listener,
    Setting,
    check_batch_divides,
    check_same_config,
    check_same_data,
    device_name,
    output_folder,
    record_start,
    tell_nobody,
)
from harness.training.state import TrainingState, epoch_seed, initial_state
from harness.training.status import StepStatus, peak_memory_bytes
from harness.training.step_clock import StepClock
from harness.training.summary import TrainSummary
from harness.training.trackers import check_trackers, open_trackers
from harness.training.validation import Validation, validate
from nets import NetError

__all__ = ["EpochMetrics", "TrainSummary", "train"]

LOOK_EVERY = 50
"""Steps between two looks at whether the loss still is a number. On a CPU, where looking is free, it is every step."""

ALLOWED_SKIPS = 20
"""Steps in a row that float16 may skip because gradients overflowed; each halves the scale of the loss."""


@dataclass(frozen=True)
class _Learnt:
    """What one epoch of steps says about itself."""

    learning_rate: float
    mean_loss: float
    last_status: StepStatus
    seconds: float


def train(
    config: TrainConfig,
    recording: Path,
    out: Path,
    *,
    added: Sequence[Path] = (),
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress = tell_nobody,
    on_epoch: Callable[[EpochMetrics], None] = tell_nobody,
    on_note: Note = tell_nobody,
    on_status: Callable[[StepStatus], None] = tell_nobody,
) -> TrainSummary:
    """Train a net from scratch on the ``train`` split of ``recording`` and write the run into ``out``.

    Under ``torchrun`` every process calls this; they share each batch, and the first of them writes.

    Args:
        config: what to train, and how.
        recording: folder that ``harness record`` wrote.
        out: run folder, new or empty unless ``resume`` or ``overwrite``.
        added: folders of further recordings, whose frames are learnt from and validated on as well.
        resume: go on after the last whole epoch in ``out``; with nothing there, start.
        overwrite: empty ``out`` first.
        progress: told (what, done, total) of what comes before the first step, such as decoding frames.
        on_epoch: told the figures of each finished epoch.
        on_note: told in a sentence what is done in another way than was asked for.
        on_status: told how the run stands after each step.

    Raises:
        OutputInUseError: ``out`` is used, or another process writes to it.
        UsageError: the configuration cannot be meant, or differs from that of the run to resume.
        DataError: a recording is missing or damaged, or two of them do not go together.
        TrainingError: too few frames, too little memory, or the loss became NaN or infinite.
        CheckpointError: the state to resume from is damaged.
    """
    config, recordings = config.resolved(), (recording, *added)
    check_trackers(config.track)
    with joined(config.device) as ranks:
        listener = Listener(progress=progress, note=on_note, epoch=on_epoch, status=on_status)
        if not ranks.is_first:
            listener = Listener()
        # What can be refused is refused before the run folder is touched.
        check_batch_divides(config, ranks)
        device = choose_device(local_device_name(config.device))
        precision = choose_precision(config.precision, device)
        is_compiled = choose_compiled(config.compile, device, note=listener.note)
        state = _start(config, device, precision)
        if ranks.is_first:
            check_output(out, resume=resume, overwrite=overwrite, inputs=recordings)
        check_recordings(recordings)
        with (
            output_folder(out, ranks, resume=resume, overwrite=overwrite) as run,
            _timed_convolutions(),
            loader_death_named(),
            compile_failure_named(),
        ):
            check_same_config(run, config)
            data = open_recordings(
                recordings, config, device=device, progress=listener.progress, note=listener.note, ranks=ranks
            )
            setting = Setting(
                run=run,
                config=config,
                data=data,
                loss=_loss(config, data, state.net).to(device),
                transform=BatchTransform.from_config(config, ignore_id=data.labels.ignore_id),
                device=device,
                precision=precision,
                ranks=ranks,
                listener=listener,
            )
            check_same_data(run, data)
            finished: list[EpochMetrics] = []
            if run.training_state.is_file():
                state.restore(run)
                finished = read_metrics(run.metrics, last_epoch=state.epoch)
            if ranks.is_first:
                record_start(setting, recordings)
            return _train(setting, state, finished, is_compiled=is_compiled)


def _start(config: TrainConfig, device: torch.device, precision: Precision) -> TrainingState:
    """Return the state before the first step."""
    try:
        return initial_state(config, device=device, precision=precision)
    except NetError as error:
        raise UsageError(str(error)) from error


def _loss(config: TrainConfig, data: TrainingData, net: nn.Module) -> SegmentationLoss:
    return build_loss(
        config.loss,
        num_classes=data.labels.num_classes,
        ignore_id=data.labels.ignore_id,
        class_weights=data.class_weights,
        auxiliary_weights=net.auxiliary_weights,  # type: ignore[arg-type]  # every net has them
    )


def _train(
    setting: Setting, state: TrainingState, finished: Sequence[EpochMetrics], *, is_compiled: bool
) -> TrainSummary:
    """Train epoch by epoch until the last one, or until mIoU has not risen for long enough."""
    config, ranks, listener = setting.config, setting.ranks, setting.listener
    remedy = _check_memory(setting, state.net, is_compiled=is_compiled)
    model = _model(setting, state.net, is_compiled=is_compiled)
    watch = LossWatch(setting.device, allowed_skips=ALLOWED_SKIPS if setting.precision == "float16" else 0)
    width, height = setting.input_size
    with (
        out_of_memory_named(batch_size=config.batch_size, height=height, width=width, remedy=remedy),
        open_trackers(config.track if ranks.is_first else (), setting.run, config, listener.note) as trackers,
        MetricsLog(setting.run if ranks.is_first else None, setting.data.labels, finished) as log,
    ):
        while state.epoch < config.epochs and not _is_stuck(log, config.patience):
            learnt = _train_epoch(setting, state, model, watch, miou=log.epochs[-1].miou if log.epochs else math.nan)
            metrics, validation = _validated(setting, state, learnt)
            log.append(metrics, confusion=validation.confusion, examples=validation.examples)
            trackers.log(metrics)
            if ranks.is_first:
                _save(setting, state, log)
            listener.epoch(metrics)
    return _summary(setting, state, log.best)


def _check_memory(setting: Setting, net: nn.Module, *, is_compiled: bool) -> str:
    """Refuse a batch that is too large, and return what would help should one be too large all the same."""
    width, height = setting.input_size
    return check_fits(
        net,
        setting.loss,
        batch_size=setting.config.batch_size,
        accumulate=setting.config.accumulate,
        ranks=setting.ranks,
        height=height,
        width=width,
        device=setting.device,
        precision=setting.precision,
        num_moments=2 if setting.config.optimizer == "adamw" else 1,
        is_compiled=is_compiled,
    )


def _model(setting: Setting, net: nn.Module, *, is_compiled: bool) -> nn.Module:
    """Return what a step calls: net and loss in one, compiled if wanted, with all processes as one."""
    whole = synchronised(net, setting.ranks)
    objective = Objective(whole, setting.loss, device=setting.device, precision=setting.precision)
    if is_compiled:
        objective.compile(dynamic=False)
    return data_parallel(objective, setting.ranks)


def _train_epoch(setting: Setting, state: TrainingState, model: nn.Module, watch: LossWatch, *, miou: float) -> _Learnt:
    """Show the net every training frame once, in an order and with changes that depend on seed and epoch alone."""
    config, ranks, epoch = setting.config, setting.ranks, state.epoch + 1
    order = epoch_order(len(setting.data.train), seed=config.seed, epoch=epoch)
    drawn = [order[step * config.batch_size :][: config.batch_size] for step in range(setting.steps_per_epoch)]
    own = [frame for batch in drawn for frame in batch[ranks.part_of(config.batch_size)]]
    torch.manual_seed(epoch_seed(config.seed, epoch))
    generator = torch.Generator(setting.device).manual_seed(epoch_seed(config.seed, epoch))
    look_every = 1 if setting.device.type == "cpu" else LOOK_EVERY
    state.net.train()
    watch.begin_epoch()
    clock = StepClock()
    for index, batch in enumerate(clock.timed(setting.data.train.batches(own, config.batch_size // ranks.size))):
        rate = learning_rate_at(
            state.step,
            total_steps=setting.total_steps,
            peak=config.learning_rate,
            warmup_fraction=config.warmup_fraction,
            schedule=config.schedule,
        )
        state.set_learning_rate(rate)
        watch.add(*_step(setting, state, model, batch, generator))
        if index % look_every == 0 or index + 1 == len(drawn):
            _check_numbers(setting, watch, epoch, drawn)
            status = StepStatus(
                epoch=epoch,
                step=state.step,
                total_steps=setting.total_steps,
                loss=watch.recent_mean(),
                miou=miou,
                images_per_s=(index + 1) * config.batch_size / clock.seconds,
                data_wait_share=clock.wait_share,
                memory_bytes=peak_memory_bytes(setting.device),
            )
        setting.listener.status(replace(status, step=state.step))
    state.epoch = epoch
    return _Learnt(rate, watch.mean(), status, clock.seconds)


def _step(
    setting: Setting, state: TrainingState, model: nn.Module, batch: Batch, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Make one optimiser step; return the loss and the gradient's norm of the whole batch, still on the device."""
    config, ranks = setting.config, setting.ranks
    images, labels = setting.transform(
        batch.rgb, batch.labels, generator, part=ranks.part_of(config.batch_size), batch_size=config.batch_size
    )
    total_weights = ranks.sum_(setting.loss.weights(labels))
    state.optimizer.zero_grad()
    losses: list[Tensor] = []
    for part, truth in zip(images.chunk(config.accumulate), labels.chunk(config.accumulate), strict=True):
        is_last = len(losses) + 1 == config.accumulate
        with nullcontext() if is_last else without_exchange(model):
            loss = model(part, truth, total_weights)
            # Processes average their gradients, but the parts of a loss are to be added up.
            state.scaler.scale(loss * ranks.size).backward()
        losses.append(loss.detach())
    state.scaler.unscale_(state.optimizer)
    norm = torch.nn.utils.clip_grad_norm_(state.net.parameters(), config.clip_norm)
    state.scaler.step(state.optimizer)
    state.scaler.update()
    state.step += 1
    if state.average is not None:
        state.average.update(state.step)
    return ranks.sum_(torch.stack(losses).sum()), norm


def _is_stuck(log: MetricsLog, patience: int | None) -> bool:
    """Whether mIoU has not risen for ``patience`` epochs."""
    return patience is not None and bool(log.epochs) and log.epochs[-1].epoch - log.best.epoch >= patience


def _check_numbers(setting: Setting, watch: LossWatch, epoch: int, drawn: Sequence[Sequence[int]]) -> None:
    """End the run if a step's loss or gradient was no number; waits for the device."""
    step = watch.first_bad_step()
    if step is None:
        return
    frames = ", ".join(setting.data.train_name_of(frame) for frame in drawn[step])
    last = setting.run.weights("last")
    kept = f"The last good checkpoint is {last}, of epoch {epoch - 1}." if epoch > 1 else "There is no checkpoint yet."
    raise TrainingError(
        f"The loss or its gradient became NaN or infinite at step {step + 1} of epoch {epoch}, on frames {frames}. "
        f"{kept} Try a lower --learning-rate, or --precision float32."
    )


def _validated(setting: Setting, state: TrainingState, learnt: _Learnt) -> tuple[EpochMetrics, Validation]:
    """Validate the net and put all figures of the epoch together."""
    started = time.perf_counter()
    labels = setting.data.labels
    validation = validate(
        state.best_net,
        setting.loss,
        setting.data.validation,
        num_classes=labels.num_classes,
        batch_size=setting.frames_validated_at_once,
        device=setting.device,
        precision=setting.precision,
        ranks=setting.ranks,
    )
    confusion = validation.confusion
    ious = iou(confusion.tp, confusion.fp, confusion.fn)
    metrics = EpochMetrics(
        epoch=state.epoch,
        step=state.step,
        learning_rate=learnt.learning_rate,
        train_loss=learnt.mean_loss,
        validation_loss=validation.loss,
        pixel_accuracy=pixel_accuracy(confusion.tp, confusion.fn),
        miou=mean_iou(ious),
        iou=dict(zip(labels.names, ious.tolist(), strict=True)),
        seconds=learnt.seconds,
        validation_seconds=time.perf_counter() - started,
        images_per_s=learnt.last_status.images_per_s,
        data_wait_share=learnt.last_status.data_wait_share,
        memory_bytes=peak_memory_bytes(setting.device),
    )
    return metrics, validation


def _save(setting: Setting, state: TrainingState, log: MetricsLog) -> None:
    """Write the epoch's checkpoints, and last of all the state that makes the epoch count."""
    config, metrics, weights = setting.config, log.epochs[-1], state.best_net.state_dict()
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


def _summary(setting: Setting, state: TrainingState, best: EpochMetrics) -> TrainSummary:
    return TrainSummary(
        run=setting.run.path,
        epochs=state.epoch,
        stopped_early=state.epoch < setting.config.epochs,
        best_epoch=best.epoch,
        best_miou=best.miou,
        best_pixel_accuracy=best.pixel_accuracy,
        best_iou=best.iou,
        num_parameters=sum(parameter.numel() for parameter in state.net.parameters()),
        num_train_frames=len(setting.data.train),
        num_validation_frames=len(setting.data.validation),
        damaged=setting.data.damaged,
        validation_split=setting.data.validation_split,
        storage=setting.data.train.storage,
        device=device_name(setting.device),
        precision=setting.precision,
        processes=setting.ranks.size,
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
