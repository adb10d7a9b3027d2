"""The one error a client's request may cause in the world."""

from __future__ import annotations


class WorldError(Exception):
    """A request that cannot be granted; its text becomes the client's ``RuntimeError``."""
