"""One training run in several processes, as ``torchrun`` starts them: who they are, how they add up, how they end.

Decisions:

* **Data parallel.** Each process has the whole net and works through its part of each batch. What a batch is, and all
  that is drawn at random for it, is the same for any number of processes, and so is the result, up to rounding.
* **torchrun's environment and nothing else** (``RANK``, ``WORLD_SIZE``, ``LOCAL_RANK``, ``LOCAL_WORLD_SIZE``,
  ``MASTER_ADDR``, ``MASTER_PORT``). Without it, or with one process, nothing is started and nothing is exchanged.
* **They end together, and one speaks.** Who fails (or is told to end) first says so in the store that all share,
  before it leaves; the others, which then fail because it is gone, or fail in the same way, end without a message.
  That a process died without a word is said by one of those that miss it.
* **CPU tensors travel by gloo, also when the net is on GPUs**, whose tensors NCCL sums: counts and barriers then need
  no copy to a GPU.

This module must not know what is trained.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed.nn.functional  # loaded later, its default arguments would keep a group for ever
from torch import Tensor, distributed, nn
from torch.distributed.rendezvous import rendezvous
from torch.nn.parallel import DistributedDataParallel

from harness.errors import TrainingError, UsageError
from harness.training.device import choose_device

MEETING_TIME = timedelta(minutes=5)
"""How long the processes wait for each other at the start."""

EXCHANGE_TIME = timedelta(minutes=30)
"""How long one waits for the others in an exchange: they may decode a large recording, or write to a slow disk."""

FAILED = 1
"""Exit code of a process that ends because another one failed; torchrun shows that of the one that failed first."""

_FIRST_FAILURE = "failures"


@dataclass(frozen=True, kw_only=True)
class Ranks:
    """The processes of a run, seen from one of them. The default is a run of one process."""

    rank: int = 0
    """Number of this process, from 0 on."""

    size: int = 1
    """Processes of the run."""

    local_size: int = 1
    """Processes of the run on this computer, which share its memory."""

    @property
    def is_first(self) -> bool:
        """Whether this is the one that writes and prints."""
        return self.rank == 0

    def part_of(self, batch_size: int) -> slice:
        """Return this process's rows of a batch of ``batch_size`` frames: as many as any other's, or one more or less.

        Raises:
            UsageError: there are fewer frames than processes.
        """
        if batch_size < self.size:
            raise UsageError(
                f"A batch of {batch_size} frames cannot be divided among {self.size} processes. "
                "Give a larger --batch-size, or fewer processes."
            )
        return slice(batch_size * self.rank // self.size, batch_size * (self.rank + 1) // self.size)

    def sum_(self, tensor: Tensor) -> Tensor:
        """Replace ``tensor`` by its sum over all processes, which must all call this, and return it.

        The same shape and dtype everywhere. A tensor on the CPU makes the process wait for the others; one on a GPU
        is summed there, in the order of its stream, and the process goes on.
        """
        if self.size > 1:
            distributed.all_reduce(tensor)
        return tensor

    def barrier(self) -> None:
        """Wait until all processes are here."""
        self.sum_(torch.zeros(1))


@contextmanager
def joined(device: str) -> Iterator[Ranks]:
    """Join the processes that torchrun started with this one, and leave them at the end, also after an error.

    Args:
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``, as the user gave it; see ``local_device_name``.

    Raises:
        UsageError: the environment is not one that torchrun makes, ``device`` names one GPU for all, or there are more
            processes than GPUs.
        TrainingError: the other processes did not come, or one died.
        SystemExit: another process failed before this one did, and reports it.
    """
    size = _environment_number("WORLD_SIZE", default=1)
    if size == 1:
        yield Ranks()
        return
    ranks = Ranks(
        rank=_environment_number("RANK"), size=size, local_size=_environment_number("LOCAL_WORLD_SIZE", default=1)
    )
    own_device = choose_device(local_device_name(device))
    on_gpu = own_device.type == "cuda"
    if on_gpu:
        torch.cuda.set_device(own_device)
    try:
        store, *_ = next(rendezvous("env://", timeout=MEETING_TIME))
        distributed.init_process_group(
            "cpu:gloo,cuda:nccl" if on_gpu else "gloo",
            store=store,
            rank=ranks.rank,
            world_size=ranks.size,
            timeout=EXCHANGE_TIME,
        )
    except (ValueError, RuntimeError) as error:
        raise TrainingError(
            f"Process {ranks.rank} of {ranks.size} did not find the others ({error}). Start them with torchrun."
        ) from error
    try:
        yield ranks
        ranks.barrier()
    except (Exception, KeyboardInterrupt, SystemExit) as error:
        # The frames that failed hold the wrapped net, and that holds the group: its threads would outlive it.
        traceback.clear_frames(error.__traceback__)
        if not _is_first_failure(store):
            raise SystemExit(FAILED) from None
        if _is_lost_connection(error):
            raise TrainingError(
                "Another process of this run died without a message; it may have run out of memory. "
                "What was finished before is kept: --resume goes on."
            ) from error
        raise
    finally:
        distributed.destroy_process_group()


def local_device_name(name: str) -> str:
    """Return the device of this process for the one that was asked for: with several processes, its own GPU.

    Args:
        name: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.

    Raises:
        UsageError: ``cuda:N`` with several processes, which would all use that one.
    """
    if _environment_number("WORLD_SIZE", default=1) == 1:
        return name
    if name.startswith("cuda:"):
        raise UsageError(f"--device {name} is one GPU for several processes. Give cuda, and each takes one of its own.")
    if name == "cuda" or (name == "auto" and torch.cuda.is_available()):
        return f"cuda:{_environment_number('LOCAL_RANK')}"
    return name


def data_parallel(net: nn.Module, ranks: Ranks) -> nn.Module:
    """Return ``net``, wrapped so that gradients are averaged over all processes while they are computed.

    An average, so a loss whose parts add up to that of the batch is to be multiplied by ``ranks.size`` first.
    Wrap after ``batch_norm.synchronised``, and keep what is returned: without it nothing is exchanged. The parameters
    stay the same objects. With one process, ``net`` itself.
    """
    if ranks.size == 1:
        return net
    return DistributedDataParallel(net, gradient_as_bucket_view=True)


def without_exchange(net: nn.Module) -> AbstractContextManager[object]:
    """Return a context in which gradients are only added up here: for all parts of a step but its last.

    Args:
        net: what ``data_parallel`` returned, not compiled.
    """
    return net.no_sync() if isinstance(net, DistributedDataParallel) else nullcontext()


def _environment_number(name: str, *, default: int | None = None) -> int:
    text = os.environ.get(name)
    if text is None and default is not None:
        return default
    if text is None or not text.isdecimal():
        raise UsageError(
            f"WORLD_SIZE is set, so this is one of several processes, but {name} is {text!r}; expected a number. "
            "Start the processes with torchrun, or unset WORLD_SIZE."
        )
    return int(text)


def _is_first_failure(store: distributed.Store) -> bool:  # type: ignore[name-defined]  # missing in the stubs
    """Whether no other process has failed; says that this one has."""
    try:
        return bool(store.add(_FIRST_FAILURE, 1) == 1)
    except RuntimeError:
        # The store lives in torchrun, or in process 0: when it is gone, that has ended and has said why.
        return False


def _is_lost_connection(error: BaseException) -> bool:
    """Whether an exchange failed because another process is gone: gloo says so in plain RuntimeErrors."""
    return isinstance(error, distributed.DistError) or (isinstance(error, RuntimeError) and "gloo" in str(error))
