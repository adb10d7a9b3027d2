"""How long an epoch of steps takes, and how much of that is waiting for frames."""

from __future__ import annotations

import time
from collections.abc import Iterator

from harness.training.data import Batch


class StepClock:
    """Runs from its making on."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._waited_s = 0.0

    def timed(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """Give the batches on and count the time until each is there as waiting."""
        while True:
            asked = time.perf_counter()
            batch = next(batches, None)
            self._waited_s += time.perf_counter() - asked
            if batch is None:
                return
            yield batch

    @property
    def seconds(self) -> float:
        """Time so far [s]."""
        return time.perf_counter() - self._started

    @property
    def wait_share(self) -> float:
        """Share of it that was spent waiting, 0..1."""
        return self._waited_s / self.seconds
