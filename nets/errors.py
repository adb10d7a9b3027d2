"""The one error of this folder."""

from __future__ import annotations


class NetError(ValueError):
    """A net, or an option of a net, that does not exist or is out of range; the message says what does."""
