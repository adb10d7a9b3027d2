"""Notices a loss that is no number without making the host wait for the device at each step."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


class LossWatch:
    """Sums the losses of an epoch and remembers the first that is NaN or infinite, all on the device."""

    def __init__(self, device: torch.device) -> None:
        self._sum = torch.zeros((), device=device)
        self._first_bad = torch.full((), -1, dtype=torch.int64, device=device)
        self._indices: list[Sequence[int]] = []

    def add(self, loss: Tensor, indices: Sequence[int]) -> None:
        """Take in the scalar loss of a step and the indices of its frames; does not wait for the device."""
        is_first_bad = ~torch.isfinite(loss) & (self._first_bad < 0)
        self._first_bad = torch.where(is_first_bad, len(self._indices), self._first_bad)
        self._sum += loss
        self._indices.append(indices)

    def first_bad_step(self) -> int | None:
        """Return the first step, from 0, whose loss was no number, or None; waits for the device."""
        step = int(self._first_bad)
        return step if step >= 0 else None

    def frames_of(self, step: int) -> Sequence[int]:
        """Return the indices of the frames of a step."""
        return self._indices[step]

    def mean(self) -> float:
        """Return the mean loss of the steps so far; waits for the device."""
        return float(self._sum) / max(1, len(self._indices))
