"""The one error of this folder, and the check of the two numbers that every net is given."""

from __future__ import annotations


class NetError(ValueError):
    """A net, or an option of a net, that does not exist or is out of range; the message says what does."""


def check_widths(num_classes: int, base_channels: int, *, paper: int, multiple: int = 1) -> None:
    """Refuse widths that a net cannot have.

    Args:
        num_classes: output channels K, at least 2.
        base_channels: width of the first stage, a positive multiple of ``multiple``.
        paper: what the paper has for ``base_channels``; named in the message.
        multiple: what the net's other widths divide ``base_channels`` by.

    Raises:
        NetError: one of the two is out of range.
    """
    if num_classes < 2:
        raise NetError(f"num_classes is {num_classes}; a segmentation net needs at least 2.")
    if base_channels < multiple or base_channels % multiple != 0:
        wanted = "at least 1" if multiple == 1 else f"a multiple of {multiple}"
        raise NetError(f"base_channels is {base_channels}; it must be {wanted} (the paper has {paper}).")
