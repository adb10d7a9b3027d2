"""What verification found wrong: one line for a person, its parts for a script."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is not as it should be."""

    severity: Severity
    """An error: something that was recorded is damaged, missing or contradicts the rest. A warning: something that a
    user should know, while all that is there is right."""
    file: str
    """Relative to the folder verified, with ``/``."""
    frame: int | None
    """The frame it is about; None when it is about the whole file."""
    detail: str


def error(file: str, detail: str, *, frame: int | None = None) -> Finding:
    """A finding that makes the recording damaged."""
    return Finding(severity="error", file=file, frame=frame, detail=detail)


def warning(file: str, detail: str, *, frame: int | None = None) -> Finding:
    """A finding that does not."""
    return Finding(severity="warning", file=file, frame=frame, detail=detail)
