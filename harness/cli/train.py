"""``harness train``: a net from scratch on recorded shards."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import INPUT_DIRECTORY, output_options
from harness.cli.output import print_table, progress_bar, say

if TYPE_CHECKING:
    from harness.training.loop import EpochMetrics


@click.command(short_help="Train a net from scratch on shards.")
@click.argument("recording", type=INPUT_DIRECTORY)
@output_options
@click.option("--net", default="unet", help="Architecture.")
@click.option("--base-channels", default=32, type=click.IntRange(1), help="Channels of the first stage.")
@click.option("--depth", default=4, type=click.IntRange(1, 6), help="How often the image is halved.")
@click.option("--skip-connections/--no-skip-connections", default=True, help="Pass encoder features to the decoder.")
@click.option(
    "--upsampling", default="transposed", type=click.Choice(["transposed", "bilinear"]), help="In the decoder."
)
@click.option(
    "--labels",
    "--label-set",
    "label_set",
    default="carla29",
    metavar="NAME|YAML",
    help="Label set to learn, such as carla29 or cityscapes19, or a file that groups classes.",
)
@click.option("--epochs", default=30, type=click.IntRange(1), help="Passes over the training frames.")
@click.option("--batch-size", default=8, type=click.IntRange(2), help="Frames a step.")
@click.option("--learning-rate", default=1e-3, help="Peak of warm-up and cosine.")
@click.option("--weight-decay", default=1e-2, help="Of convolution weights.")
@click.option("--crop", metavar="WxH", help="Random training crop. [default: whole frames]")
@click.option("--size", metavar="WxH", help="Resize frames before all else. [default: as recorded]")
@click.option(
    "--class-weights",
    default="none",
    type=click.Choice(["none", "median-frequency", "inverse-sqrt", "effective-number"]),
    help="Let rare classes count more in the loss.",
)
@click.option("--class-weights-beta", type=float, help="Of effective-number. [default: from the median class]")
@click.option("--augment/--no-augment", default=True, help="Flip and change colours at random.")
@click.option("--seed", default=0, help="Of weights, order and augmentation.")
@click.option("--device", default="auto", help="auto, cpu or cuda.")
@click.option(
    "--precision",
    default="auto",
    type=click.Choice(["auto", "float32", "bfloat16", "float16"]),
    help="Of convolutions.",
)
@click.option(
    "--cache",
    default="auto",
    type=click.Choice(["auto", "gpu", "ram", "none"]),
    help="Where decoded frames are kept between epochs, as far as they fit.",
)
@click.option("--workers", default=2, type=click.IntRange(0), help="Loader processes for frames that are not kept.")
def train(
    recording: Path, output: Path, resume: bool, overwrite: bool, net: str, base_channels: int, depth: int,
    skip_connections: bool, upsampling: str, label_set: str, epochs: int, batch_size: int, learning_rate: float,
    weight_decay: float, crop: str | None, size: str | None, class_weights: str, class_weights_beta: float | None,
    augment: bool, seed: int, device: str, precision: str, cache: str, workers: int,
) -> None:  # fmt: skip
    """Train a segmentation net from scratch on the shards in RECORDING.

    Learns from the split `train` and validates on `val` after each epoch. The output folder receives checkpoints
    (safetensors + JSON), metrics.csv and TensorBoard logs; --resume goes on after its last whole epoch.
    """
    from harness.label_sets import choose_label_set, label_warnings
    from harness.training.config import TrainConfig
    from harness.training.loop import train as train_net
    from sim_scenarios.camera import parse_size

    config = TrainConfig(
        net=net,
        net_options={
            "base_channels": base_channels,
            "depth": depth,
            "skip_connections": skip_connections,
            "upsampling": upsampling,
        },
        label_set=choose_label_set(label_set),
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        weight_decay=weight_decay,
        crop=parse_size(crop) if crop else None,
        size=parse_size(size) if size else None,
        class_weights=class_weights,  # type: ignore[arg-type]  # click has checked it
        class_weights_beta=class_weights_beta,
        augment=augment,
        seed=seed,
        device=device,
        precision=precision,
        cache=cache,  # type: ignore[arg-type]  # click has checked it
        workers=workers,
    )
    for warning in label_warnings(recording, config.label_set, ("train", "val")):
        say(f"note: {warning}")
    with progress_bar() as progress:
        summary = train_net(
            config,
            recording,
            output,
            resume=resume,
            overwrite=overwrite,
            progress=progress,
            on_epoch=_print_epoch,
            on_note=lambda sentence: say(f"note: {sentence}"),
        )
    say(
        f"{summary.num_parameters:,} parameters, {summary.num_train_frames} training frames ({summary.storage}), "
        f"{summary.device}, {summary.precision}"
    )
    if summary.validation_split != "val":
        say("note: the recording has no val scenario, so the figures below are of the training frames")
    print_table(
        f"{summary.validation_split} IoU of the best epoch, {summary.best_epoch}", ("class", "IoU"),
        [(name, iou) for name, iou in summary.best_iou.items() if iou == iou],
    )  # fmt: skip
    say(f"mIoU {summary.best_miou:.3f}, pixel accuracy {summary.best_pixel_accuracy:.3f}; run folder: {summary.run}")


def _print_epoch(metrics: EpochMetrics) -> None:
    say(
        f"epoch {metrics.epoch:3d}  loss {metrics.train_loss:.3f}  val pixel accuracy {metrics.pixel_accuracy:.3f}  "
        f"val mIoU {metrics.miou:.3f}  {metrics.images_per_s:.1f} images/s"
    )
