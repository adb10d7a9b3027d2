"""The product: records, trains, replays, scores and reports; it imports the other folders and nobody imports it."""

from __future__ import annotations

__version__ = "0.1.0"
