"""Segmentation nets from scratch, one architecture a file, built from PyTorch layers and without pretrained weights.

Every net takes ``images (B, 3, H, W)`` float, zero-centred RGB, and returns logits ``(B, num_classes, H, W)`` at the
size of its input, whatever that size is: padding to the net's ``stride`` is the net's own affair. A net with deep
supervision names the weights of its further outputs in ``auxiliary_weights``; in training mode, and only there, it
then returns ``(logits, *auxiliary_logits)``, all of one shape. Every net has the option ``base_channels``, the width
of its first stage, to which all others are in proportion.

The table below is explicit on purpose: a net exists when its line does. Every net passes the contract tests in
``tests/unit/nets/test_net_contract.py``. This folder imports torch and nothing of ours.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable
from typing import Any

from torch import nn

from nets.ddrnet import DDRNet
from nets.deeplabv3plus import DeepLabV3Plus
from nets.errors import NetError
from nets.regseg import RegSeg
from nets.segformer import SegFormer
from nets.segnet import SegNet
from nets.unet import UNet

__all__ = [
    "NETS",
    "DDRNet",
    "DeepLabV3Plus",
    "NetError",
    "RegSeg",
    "SegFormer",
    "SegNet",
    "UNet",
    "build_net",
    "net_notation",
    "net_options",
    "parse_net",
]

NETS: dict[str, type[nn.Module]] = {
    "unet": UNet,
    "segnet": SegNet,
    "deeplabv3plus": DeepLabV3Plus,
    "regseg": RegSeg,
    "ddrnet": DDRNet,
    "segformer": SegFormer,
}


def build_net(name: str, num_classes: int, **options: Any) -> nn.Module:
    """Return a freshly initialised net.

    Args:
        name: a key of ``NETS``.
        num_classes: number of output channels K, at least 2.
        **options: keyword-only options of that net's class, for example ``base_channels=32`` for ``unet``.

    Raises:
        NetError: the name or an option does not exist (with a suggestion), or an option is out of range.
    """
    _check_names(name, options)
    return NETS[name](num_classes, **options)


def net_options(name: str) -> dict[str, Any]:
    """Return the options of a net and their default values, in the order of its signature.

    Raises:
        NetError: no net has that name.
    """
    if name not in NETS:
        raise NetError(f"There is no net {name!r}{_suggestion(name, NETS)}. There are: {', '.join(NETS)}.")
    parameters = inspect.signature(NETS[name]).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}


def parse_net(text: str) -> tuple[str, dict[str, Any]]:
    """Return the name and the options of a net in the notation ``NAME[:OPTION=VALUE]...``.

    ``unet:base_channels=16:skip_connections=false`` is ``("unet", {"base_channels": 16, "skip_connections": False})``.
    A value has the type of the option's default. Whether it is in range is known when the net is built.

    Raises:
        NetError: the name or an option does not exist (with a suggestion), an option stands there twice, or a value is
            not of the option's type.
    """
    name, *parts = text.split(":")
    defaults = net_options(name)
    options: dict[str, Any] = {}
    for part in parts:
        option, equals, value = part.partition("=")
        if not equals:
            raise NetError(f"{part!r} in {text!r} has no value; write OPTION=VALUE, for example base_channels=16.")
        if option in options:
            raise NetError(f"{option} stands twice in {text!r}; leave one out.")
        _check_names(name, [option])
        options[option] = _parse_value(option, value, type(defaults[option]))
    return name, options


def net_notation(name: str, options: dict[str, Any]) -> str:
    """Return what ``parse_net`` reads: the name, and the options that are not at their defaults, in a fixed order.

    Two sets of options have one notation exactly when they make one net.

    Raises:
        NetError: the name or an option does not exist (with a suggestion).
    """
    _check_names(name, options)
    changed = [option for option, default in net_options(name).items() if options.get(option, default) != default]
    return ":".join([name, *(f"{option}={_write_value(options[option])}" for option in changed)])


def _parse_value(option: str, text: str, kind: type) -> Any:
    """Return ``text`` as a value of the option's type: bool, int, float or str."""
    try:
        return {"true": True, "false": False}[text] if kind is bool else kind(text)
    except (KeyError, ValueError):
        wanted = {bool: "true or false", int: "a whole number", float: "a number"}[kind]
        raise NetError(f"{option} is {text!r}; it must be {wanted}.") from None


def _write_value(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _check_names(name: str, options: Iterable[str]) -> None:
    """Refuse a net or an option that does not exist."""
    known = net_options(name)
    for option in options:
        if option not in known:
            raise NetError(f"{name} has no option {option!r}{_suggestion(option, known)}. It has: {', '.join(known)}.")


def _suggestion(seen: str, known: dict[str, Any]) -> str:
    """Return ``" (did you mean 'x'?)"`` for the closest known name, or nothing."""
    close = difflib.get_close_matches(seen, known, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
