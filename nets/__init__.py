"""Segmentation nets from scratch, one architecture a file, built from PyTorch layers and without pretrained weights.

Every net takes ``images (B, 3, H, W)`` float, zero-centred RGB, and returns logits ``(B, num_classes, H, W)`` at the
size of its input, whatever that size is: padding to the net's stride is the net's own affair. The table below is
explicit on purpose: a net exists when its line does. Every net passes the contract tests in
``tests/unit/nets/test_net_contract.py``. This folder imports torch and nothing of ours.
"""

from __future__ import annotations

import difflib
import inspect
from typing import Any

from torch import nn

from nets.errors import NetError
from nets.unet import UNet

__all__ = ["NETS", "NetError", "UNet", "build_net", "net_options"]

NETS: dict[str, type[nn.Module]] = {
    "unet": UNet,
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
    known = net_options(name)
    for option in options:
        if option not in known:
            raise NetError(f"{name} has no option {option!r}{_suggestion(option, known)}. It has: {', '.join(known)}.")
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


def _suggestion(seen: str, known: dict[str, Any]) -> str:
    """Return ``"; did you mean 'x'?"`` for the closest known name, or nothing."""
    close = difflib.get_close_matches(seen, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
