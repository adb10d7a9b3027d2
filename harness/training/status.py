"""What can be said of a training run at each of its steps, for a progress bar: figures of the moment, kept nowhere.

The host learns the loss only when it looks at the device, which the loop does rarely, so several statuses in a row may
show the same one.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import torch

if sys.platform != "win32":
    import resource

_PROCESS_STATUS = Path("/proc/self/status")


@dataclass(frozen=True, kw_only=True)
class StepStatus:
    """A run as it is after one optimiser step."""

    epoch: int
    """The running one; 1 is the first."""

    step: int
    """Optimiser steps made since the run began."""

    total_steps: int
    """Optimiser steps of the whole run."""

    loss: float
    """Mean over the steps between the last two looks at the device; NaN before the first."""

    miou: float
    """Of the last validation, 0..1; NaN before the first."""

    images_per_s: float
    """Training frames a second, over all processes."""

    data_wait_share: float
    """Share of the training time spent waiting for frames, 0..1."""

    memory_bytes: float
    """See ``peak_memory_bytes``."""


def peak_memory_bytes(device: torch.device) -> float:
    """Return the most memory held at once so far: GPU memory on a GPU, otherwise the process's resident set [bytes].

    NaN where the system does not tell (Windows).
    """
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    highest = resident_bytes("VmHWM")
    if highest is not None:
        # Not getrusage: on Linux a process inherits the peak of the one that started it.
        return highest
    if sys.platform == "darwin":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float("nan")


def resident_bytes(field_name: str) -> int | None:
    """Return a figure of this process's resident set [bytes]: ``"VmRSS"`` now, ``"VmHWM"`` at most; None off Linux."""
    if not _PROCESS_STATUS.is_file():
        return None
    lines = _PROCESS_STATUS.read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(f"{field_name}:")).split()[1])
