"""How every kernel of the renderer is compiled, and how work is shared between threads.

Decisions:

* No ``fastmath`` and no ``parallel=True``: the same bytes come out of every machine and of every number of threads.
  A kernel takes ``(worker, workers, ...)`` and does the rows or slices that fall to it; what it computes for a row
  never depends on ``workers``. The GIL is released, so plain threads run kernels side by side.
* Kernels are cached on disk, next to the sources. numba notices a change in the file of a kernel but not in the files
  of the functions that it calls, so ``drop_stale_cache`` throws the whole cache away when any source has changed.
* Everything inside a kernel is float32: write constants as ``F(0.5)``, since a bare ``0.5`` would promote to float64.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, cast

import numba
import numpy as np

F = np.float32
"""The one float type of the kernels; short because every constant in them wears it."""

Real: TypeAlias = Any
"""A float32 in a register. What numba makes of arithmetic has no name that a static checker knows."""
Records: TypeAlias = Any
"""A structured numpy array, whose rows kernels read by attribute (``objects[i].seed``)."""
Record: TypeAlias = Any
"""One row of such an array."""

_Function = TypeVar("_Function", bound=Callable[..., Any])
_STAMP_NAME = "kernel_sources.sha256"


def kernel(function: _Function) -> _Function:
    """Compile a function for the pipeline: cached, without the GIL, IEEE arithmetic."""
    compiled = numba.njit(cache=True, nogil=True, fastmath=False, error_model="numpy")(function)
    return cast(_Function, compiled)


def bare_kernel(function: _Function) -> _Function:
    """Compile a kernel that makes no arrays of its own, without numba's runtime: no references are counted in it.

    numba takes most counts of inlined functions out again, but not where they return early or loop; an atomic count
    for each array at each pixel was a fifth of the lighting's time.
    """
    compiled = numba.njit(cache=True, nogil=True, fastmath=False, error_model="numpy", _nrt=False)(function)
    return cast(_Function, compiled)


def inlined(function: _Function) -> _Function:
    """Have LLVM put a function into each kernel that calls it.

    It makes no arrays and counts no references, see ``bare_kernel``. numba's own ``inline="always"`` gives the same
    machine code, but infers the types of each copy again: the lighting took twice as long to compile.
    """
    compiled = numba.njit(forceinline=True, nogil=True, fastmath=False, error_model="numpy", _nrt=False)(function)
    return cast(_Function, compiled)


def is_cached(function: Callable[..., Any]) -> bool:
    """Whether an earlier process has left a kernel's code on disk."""
    folder = Path(cast(Any, function).stats.cache_path)
    return any(folder.glob(f"*.{function.__name__}-*.nbi"))


def drop_stale_cache(folder: Path) -> None:
    """Delete numba's cache files of ``folder`` unless they were made from exactly its present kernel sources.

    A folder that cannot be written is left alone: numba then caches elsewhere, under a name that holds the file's path.
    """
    digest = hashlib.sha256()
    for source in sorted(folder.glob("*.py")):
        text = source.read_bytes()
        if b"njit" in text or b"render.jit import" in text:
            digest.update(source.name.encode() + b"\0" + text)
    cache = folder / "__pycache__"
    stamp = cache / _STAMP_NAME
    with contextlib.suppress(OSError):
        if stamp.exists() and stamp.read_text() == digest.hexdigest():
            return
        cache.mkdir(exist_ok=True)
        for stale in (*cache.glob("*.nbi"), *cache.glob("*.nbc")):
            stale.unlink(missing_ok=True)
        stamp.write_text(digest.hexdigest())


class Workers:
    """Runs a kernel once for each worker, and returns when all are done."""

    def __init__(self, threads: int) -> None:
        if threads < 1:
            raise ValueError(f"threads is {threads}, expected at least 1")
        self.count = threads
        self._pool = ThreadPoolExecutor(threads - 1, thread_name_prefix="render") if threads > 1 else None

    def run(self, work: Callable[..., None], *arguments: Any) -> None:
        """Call ``work(worker, workers, *arguments)`` for every worker; the calling thread is the last of them."""
        if self._pool is None:
            work(0, 1, *arguments)
            return
        others = [self._pool.submit(work, worker, self.count, *arguments) for worker in range(self.count - 1)]
        work(self.count - 1, self.count, *arguments)
        for other in others:
            other.result()


drop_stale_cache(Path(__file__).parent)
