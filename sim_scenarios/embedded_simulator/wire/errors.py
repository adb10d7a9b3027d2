"""What can be wrong with bytes from the other side."""

from __future__ import annotations


class WireError(ValueError):
    """Bytes or fields that are not what the protocol says; names what was expected."""
