"""Where the work is done: servers that are there, or embedded simulators that the workers start."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.workers.supervisor import Patience


@dataclass(frozen=True, kw_only=True)
class ServerPlace:
    """Where one worker finds its server."""

    host: str | None
    """None, as the port: the embedded simulator."""
    port: int | None
    threads: int
    """With which the embedded simulator renders; 0: one for each core."""


@dataclass(frozen=True, kw_only=True)
class Servers:
    """Where jobs are done, and with how much patience."""

    named: tuple[tuple[str, int], ...] = ()
    """Host and port of each server that is there; none: embedded simulators."""
    num_embedded: int = 1
    """How many embedded simulators to start, where none is named."""
    seed: int = 0
    """Of the embedded simulators."""
    tick_timeout_s: float = 60.0
    """How long a server may take for one tick [s of wall clock]."""
    patience: Patience = field(default_factory=Patience)

    @property
    def number(self) -> int:
        """How many jobs are done at a time."""
        return len(self.named) or self.num_embedded

    def places(self) -> list[ServerPlace]:
        """One for each server; embedded simulators share the cores."""
        num_simulators = 1 if self.named else self.num_embedded
        threads = max(1, len(os.sched_getaffinity(0)) // num_simulators) if num_simulators > 1 else 0
        addresses: Sequence[tuple[str | None, int | None]] = self.named or [(None, None)] * num_simulators
        return [ServerPlace(host=host, port=port, threads=threads) for host, port in addresses]
