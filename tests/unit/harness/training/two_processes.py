"""Two processes that join as those of ``torchrun`` do, to run a function of a test in both of them."""

from __future__ import annotations

import multiprocessing
import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

import torch

from harness.training.distributed import Ranks, joined

SIZE = 2


class TwoProcesses:
    """Both stay for many calls, since importing torch takes longer than all that they do."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def outcomes(self, function: Callable[..., Any], *arguments: Any) -> list[Any]:
        """What ``function(ranks, *arguments)`` returned or raised in process 0 and 1; it must be importable."""
        port = free_port()
        calls = [self._pool.submit(_joined_call, rank, port, function, arguments) for rank in range(SIZE)]
        return [call.exception(timeout=300) or call.result() for call in calls]

    def results(self, function: Callable[..., Any], *arguments: Any) -> list[Any]:
        """What it returned; an error is raised here."""
        outcomes = self.outcomes(function, *arguments)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        return outcomes


@contextmanager
def two_processes() -> Iterator[TwoProcesses]:
    """Start them with the first call, and end them with the block."""
    with ProcessPoolExecutor(SIZE, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield TwoProcesses(pool)


def _joined_call(rank: int, port: int, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    os.environ.update(torchrun_environment(rank, port))
    torch.set_num_threads(1)  # as torchrun does
    with joined("cpu") as ranks:
        return function(ranks, *arguments)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def torchrun_environment(rank: int, port: int) -> dict[str, str]:
    """What torchrun tells process ``rank`` of two on this computer."""
    return {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(SIZE),
        "LOCAL_WORLD_SIZE": str(SIZE),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }


def numbers(ranks: Ranks) -> tuple[int, int]:
    """Who a process is, for the simplest of tests."""
    return ranks.rank, ranks.size
