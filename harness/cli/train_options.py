"""The options of ``harness train`` that say what is trained and how, and what they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import Command, apply_options
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.training.config import TrainConfig

_NET_OPTIONS = ("base_channels", "depth", "skip_connections", "upsampling")
"""Options of the command that, where given, are options of the net."""

_OPTIONS = (
    click.option(
        "--net",
        default="unet",
        metavar="NAME[:OPTION=VALUE]...",
        help="unet, segnet, deeplabv3plus, regseg, ddrnet or segformer, and options of it.",
    ),
    click.option("--base-channels", type=click.IntRange(1), help="Channels of the first stage. [default: the net's]"),
    click.option("--depth", type=click.IntRange(1, 6), help="unet: how often the image is halved. [default: 4]"),
    click.option(
        "--skip-connections/--no-skip-connections",
        default=None,
        help="unet: pass encoder features to the decoder. [default: do]",
    ),
    click.option(
        "--upsampling",
        type=click.Choice(["transposed", "bilinear"]),
        help="unet: in the decoder. [default: transposed]",
    ),
    click.option(
        "--labels",
        "--label-set",
        "label_set",
        default="carla29",
        metavar="NAME|YAML",
        help="Label set to learn, such as carla29 or cityscapes19, or a file that groups classes.",
    ),
    click.option("--epochs", default=30, type=click.IntRange(1), help="Passes over the training frames."),
    click.option("--patience", type=click.IntRange(1), help="Stop when mIoU has not risen for so many epochs."),
    click.option("--batch-size", default=8, type=click.IntRange(2), help="Frames a step, over all processes."),
    click.option(
        "--accumulate", default=1, type=click.IntRange(1), help="Work through a step in so many parts, for less memory."
    ),
    click.option(
        "--loss",
        default="cross-entropy",
        metavar="NAME[+FACTOR*NAME]...",
        help="cross-entropy, focal, dice, lovasz, ohem, boundary, or a sum such as cross-entropy+0.5*dice.",
    ),
    click.option(
        "--class-weights",
        default="none",
        type=click.Choice(["none", "median-frequency", "inverse-sqrt", "effective-number"]),
        help="Let rare classes count more in the loss.",
    ),
    click.option("--class-weights-beta", type=float, help="Of effective-number. [default: from the median class]"),
    click.option("--optimizer", default="adamw", type=click.Choice(["adamw", "sgd"]), help="What makes the steps."),
    click.option("--momentum", default=0.9, help="Of sgd."),
    click.option("--learning-rate", default=1e-3, help="Peak of the schedule."),
    click.option(
        "--schedule", default="cosine", type=click.Choice(["cosine", "poly"]), help="How the rate falls from its peak."
    ),
    click.option("--warmup", default=0.1, help="Share of all steps in which the rate climbs to its peak."),
    click.option("--weight-decay", default=1e-2, help="Of convolution weights; with sgd rather 1e-4."),
    click.option("--clip-norm", default=1.0, help="Scale longer gradients down to this norm."),
    click.option("--ema", type=float, metavar="DECAY", help="Keep a moving average of the weights, such as 0.999."),
    click.option("--crop", metavar="WxH", help="Random training crop. [default: whole frames]"),
    click.option("--size", metavar="WxH", help="Resize frames before all else. [default: as recorded]"),
    click.option("--augment/--no-augment", default=True, help="Flip, zoom and change colours at random."),
    click.option("--flip/--no-flip", default=True, help="Mirror half of the frames."),
    click.option("--scale-jitter", default=0.0, help="Zoom at random by up to 1 + this, in or out; 0 to 1."),
    click.option("--color-jitter", default=0.3, help="Strength of random changes of colour, 0 to 1."),
    click.option("--device", default="auto", help="auto, cpu or cuda."),
    click.option(
        "--precision",
        default="auto",
        type=click.Choice(["auto", "float32", "bfloat16", "float16"]),
        help="Of convolutions.",
    ),
    click.option(
        "--compile",
        default="auto",
        type=click.Choice(["auto", "on", "off"]),
        help="Use torch.compile; auto does on a GPU.",
    ),
    click.option(
        "--cache",
        default="auto",
        type=click.Choice(["auto", "gpu", "ram", "none"]),
        help="Where decoded frames are kept between epochs, as far as they fit.",
    ),
    click.option("--workers", default=2, type=click.IntRange(0), help="Loader processes for frames that are not kept."),
    click.option(
        "--corrupt",
        default="raise",
        type=click.Choice(["raise", "skip"]),
        help="A damaged frame ends the run, or is left out and counted.",
    ),
    click.option(
        "--track",
        multiple=True,
        type=click.Choice(["wandb", "mlflow"]),
        help="Report to this tracker as well; may be given twice.",
    ),
)


def training_options(command: Command) -> Command:
    """All that decides what a training run computes, but for its seed; read by ``train_config``."""
    return apply_options(command, *_OPTIONS)


def train_config(options: dict[str, Any], *, seed: int) -> TrainConfig:
    """The settings that click read for ``training_options``.

    Raises:
        UsageError: a value that cannot be meant, or an option that the net does not have.
    """
    from harness.label_sets import choose_label_set
    from harness.training.config import TrainConfig
    from nets import NetError, parse_net
    from sim_scenarios.camera import parse_size

    settings = dict(options)
    of_net = {name: settings.pop(name) for name in _NET_OPTIONS}
    given = [f"{name}={str(value).lower()}" for name, value in of_net.items() if value is not None]
    try:
        settings["net"], settings["net_options"] = parse_net(":".join([settings["net"], *given]))
    except NetError as error:
        raise UsageError(str(error)) from error
    for name in ("crop", "size"):
        settings[name] = parse_size(settings[name]) if settings[name] else None
    settings["label_set"] = choose_label_set(settings["label_set"])
    settings["warmup_fraction"] = settings.pop("warmup")
    settings["ema_decay"] = settings.pop("ema")
    return TrainConfig(**settings, seed=seed)
