"""Notices a loss or a gradient that is no number without making the host wait for the device at each step."""

from __future__ import annotations

import torch
from torch import Tensor


class LossWatch:
    """Sums losses and remembers the first step of an epoch that went wrong, all on the device.

    A step goes wrong when its loss is NaN or infinite, or when its gradient is, more than ``allowed_skips`` steps in a
    row: with float16, gradients that overflow now and then are how the scale of the loss is found, and those steps are
    skipped. The count of such steps goes on from epoch to epoch.

    Args:
        device: of the losses.
        allowed_skips: steps in a row whose gradient may be no number; 0 except with float16.
    """

    def __init__(self, device: torch.device, *, allowed_skips: int = 0) -> None:
        self._allowed_skips = allowed_skips
        self._skips = torch.zeros((), dtype=torch.int64, device=device)
        self._first_bad = torch.zeros_like(self._skips)
        self._sum = torch.zeros((), device=device)
        self.begin_epoch()

    def begin_epoch(self) -> None:
        """Forget the losses so far."""
        self._steps = self._seen_steps = 0
        self._seen_sum = 0.0
        self._sum.zero_()
        self._first_bad.fill_(-1)

    def add(self, loss: Tensor, gradient_norm: Tensor) -> None:
        """Take in the scalars of a step, on the device; does not wait for it."""
        self._skips = (self._skips + 1) * ~torch.isfinite(gradient_norm)
        is_bad = ~torch.isfinite(loss) | (self._skips > self._allowed_skips)
        self._first_bad = torch.where(is_bad & (self._first_bad < 0), self._steps, self._first_bad)
        self._sum += loss
        self._steps += 1

    def first_bad_step(self) -> int | None:
        """Return the first step of the epoch, from 0, that went wrong, or None; waits for the device."""
        step = int(self._first_bad)
        return step if step >= 0 else None

    def mean(self) -> float:
        """Return the mean loss of the epoch's steps so far; waits for the device."""
        return float(self._sum) / max(1, self._steps)

    def recent_mean(self) -> float:
        """Return the mean loss of the steps since this was last asked for; waits for the device."""
        total = float(self._sum)
        recent = (total - self._seen_sum) / max(1, self._steps - self._seen_steps)
        self._seen_sum, self._seen_steps = total, self._steps
        return recent
