"""Work on one item while the next is being made: inference overlaps with the simulator's rendering.

The source is read in the calling thread, because it owns the simulator's session and is where Ctrl-C arrives. The work
runs in one other thread, in the source's order. Between them wait at most ``depth`` items, so that a slow net holds the
simulator back instead of filling the memory with frames.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def overlap(items: Iterable[Item], work: Callable[[Item], None], *, depth: int = 2) -> None:
    """Call ``work`` with every item, one after the other, in a thread beside the one that makes the items.

    An exception of either side ends both and is raised here; items that wait then are not worked on.

    Args:
        items: the source; read in the calling thread.
        work: called with each item, never twice at a time.
        depth: items that may wait for ``work``, besides the one that it has.
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="score") as worker:
        waiting: deque[Future[None]] = deque()
        try:
            for item in items:
                waiting.append(worker.submit(work, item))
                while len(waiting) > depth:
                    waiting.popleft().result()
            while waiting:
                waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
