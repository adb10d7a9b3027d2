"""``harness train``: a net from scratch on recorded shards."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import INPUT_DIRECTORY, output_options
from harness.cli.output import print_table, say, training_bar
from harness.cli.train_options import train_config, training_options

if TYPE_CHECKING:
    from harness.training.loop import EpochMetrics, TrainSummary


@click.command(short_help="Train a net from scratch on shards.")
@click.argument("recording", type=INPUT_DIRECTORY)
@click.option(
    "--add",
    "added",
    multiple=True,
    type=INPUT_DIRECTORY,
    metavar="DIR",
    help="Another recording to learn from as well, such as one of `harness mine`; may be given several times.",
)
@output_options
@training_options
@click.option("--seed", default=0, help="Of weights, order and augmentation.")
def train(
    recording: Path, added: tuple[Path, ...], output: Path, resume: bool, overwrite: bool, seed: int, **training: Any
) -> None:
    """Train a segmentation net from scratch on the shards in RECORDING, and in the folders of --add.

    Learns from the split `train` and validates on `val` after each epoch. The output folder receives checkpoints
    (safetensors + JSON), metrics.csv, curves and TensorBoard logs; --resume goes on after its last whole epoch. For
    several GPUs start it as `torchrun --nproc-per-node N -m harness train ...`.
    """
    from harness.label_sets import label_warnings
    from harness.training.loop import train as train_net

    config = train_config(training, seed=seed)
    is_first = _is_first_process()
    folders = (recording, *added) if is_first else ()
    found = (label_warnings(folder, config.label_set, ("train", "val")) for folder in folders)
    for warning in dict.fromkeys(itertools.chain.from_iterable(found)):
        say(f"note: {warning}")
    with training_bar() as bar:
        summary = train_net(
            config,
            recording,
            output,
            added=added,
            resume=resume,
            overwrite=overwrite,
            progress=bar.progress,
            on_epoch=_print_epoch,
            on_note=lambda sentence: say(f"note: {sentence}"),
            on_status=bar.status,
        )
    if is_first:
        _print_summary(summary)


def _is_first_process() -> bool:
    """Whether this is the process that prints: of several, torchrun numbers it 0."""
    return os.environ.get("RANK", "0") == "0"


def _print_epoch(metrics: EpochMetrics) -> None:
    say(
        f"epoch {metrics.epoch:3d}  loss {metrics.train_loss:.3f}  val pixel accuracy {metrics.pixel_accuracy:.3f}  "
        f"val mIoU {metrics.miou:.3f}  {metrics.images_per_s:.1f} images/s"
    )


def _print_summary(summary: TrainSummary) -> None:
    several = f" in {summary.processes} processes" if summary.processes > 1 else ""
    say(
        f"{summary.num_parameters:,} parameters, {summary.num_train_frames} training frames ({summary.storage}), "
        f"{summary.device}, {summary.precision}{several}"
    )
    if summary.damaged:
        say(f"note: damaged frames left out: {len(summary.damaged)}; manifest.json names them")
    if summary.stopped_early:
        say(f"note: stopped after epoch {summary.epochs}, since mIoU no longer rose")
    if summary.validation_split != "val":
        say("note: there is no recorded val scenario, so the figures below are of the training frames")
    print_table(
        f"{summary.validation_split} IoU of the best epoch, {summary.best_epoch}", ("class", "IoU"),
        [(name, iou) for name, iou in summary.best_iou.items() if iou == iou],
    )  # fmt: skip
    say(f"mIoU {summary.best_miou:.3f}, pixel accuracy {summary.best_pixel_accuracy:.3f}; run folder: {summary.run}")
