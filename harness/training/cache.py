"""Where decoded frames are kept between epochs: a decision from sizes alone, so that it can be tested anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

CacheSetting = Literal["auto", "gpu", "ram", "none"]
Place = Literal["gpu", "ram", "none"]

SHARE = 0.5
"""Of the memory that is free, what frames may take: nets, activations and other programs need the rest."""

_FILE_PAGES = ("inactive_file ", "active_file ")
"""Lines of a control group's ``memory.stat``: bytes of files that are kept in memory and can be dropped."""


@dataclass(frozen=True, kw_only=True)
class CacheChoice:
    """Where frames are kept, and what the user should be told about it."""

    place: Place
    """``"gpu"``, ``"ram"`` or ``"none"``: read from disk each epoch."""

    note: str | None
    """Why it is not the place that was asked for; None when it is."""


def choose_cache(
    setting: CacheSetting, num_bytes: int, *, free_gpu_bytes: int | None, free_ram_bytes: int
) -> CacheChoice:
    """Return the first of GPU memory, memory and disk, from the one asked for on, that the frames fit in.

    Args:
        setting: what was asked for; ``"auto"`` asks for the GPU's memory if there is one, else for the computer's.
        num_bytes: of all decoded frames.
        free_gpu_bytes: free memory of the GPU that trains; None when the CPU does.
        free_ram_bytes: free memory of the computer.
    """
    if setting == "none":
        return CacheChoice(place="none", note=None)
    reasons = []
    if setting == "gpu" and free_gpu_bytes is None:
        reasons.append("there is no GPU in use")
    if setting != "ram" and free_gpu_bytes is not None:
        if num_bytes <= SHARE * free_gpu_bytes:
            return CacheChoice(place="gpu", note=None)
        reasons.append(_too_large(num_bytes, free_gpu_bytes, "the GPU's free memory"))
    if num_bytes <= SHARE * free_ram_bytes:
        return CacheChoice(place="ram", note=_note(reasons, "they are kept in the computer's memory"))
    reasons.append(_too_large(num_bytes, free_ram_bytes, "the computer's free memory"))
    return CacheChoice(place="none", note=_note(reasons, "they are read from disk each epoch"))


def free_ram_bytes(root: Path = Path("/")) -> int:
    """Return what this process may still take: free memory, or what its control group (a container's) leaves of it.

    The system counts the files that it keeps in memory as used by the group, shards that were read among them, and
    drops them when memory is wanted. So they are free, as they are in ``MemAvailable``.

    Args:
        root: where ``proc`` and ``sys`` are.
    """
    lines = (root / "proc/meminfo").read_text().splitlines()
    available = next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")) * 1024
    group = root / "sys/fs/cgroup"
    try:
        limit, used, details = ((group / f"memory.{name}").read_text().strip() for name in ("max", "current", "stat"))
    except OSError:
        return available
    if limit == "max":
        return available
    kept_files = sum(int(line.split()[1]) for line in details.splitlines() if line.startswith(_FILE_PAGES))
    return min(available, max(0, int(limit) - int(used) + kept_files))


def _too_large(num_bytes: int, free: int, what: str) -> str:
    return f"{num_bytes / 1e9:.1f} GB are more than {SHARE:.0%} of the {free / 1e9:.1f} GB of {what}"


def _note(reasons: list[str], outcome: str) -> str | None:
    return f"{'; '.join(reasons)}, so {outcome}" if reasons else None
