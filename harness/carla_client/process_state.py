"""Things about this process that the carla client needs."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_STDERR = 2
_TerminateHandler = ctypes.CFUNCTYPE(None)
_in_use: list[object] = []
"""Terminate handlers that C++ may call at any time: they must not be collected."""


@contextmanager
def undisturbed_by_interrupts() -> Iterator[None]:
    """Ignore Ctrl-C while the block runs, so that a clean-up is not cut short. Only the main thread can do that."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def without_lines_on_stderr(text: str) -> Iterator[None]:
    """Leave out the lines with ``text`` in them that native code writes to stderr while the block runs.

    The carla client prints warnings straight to the file descriptor, in the middle of a progress bar. Everything else
    that arrives meanwhile is passed on when the block ends. Keep the block short.
    """
    sys.stderr.flush()
    with tempfile.TemporaryFile() as captured:
        kept = os.dup(_STDERR)
        try:
            os.dup2(captured.fileno(), _STDERR)
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, _STDERR)
            os.close(kept)
            captured.seek(0)
            for line in captured:
                if text.encode() not in line:
                    os.write(_STDERR, line)


@contextmanager
def holding_failing_threads(when: Callable[[], bool]) -> Iterator[None]:
    """In the block an uncaught C++ exception holds its thread, while ``when()``, and does not end the process.

    The TrafficManager's thread calls the server and does not expect it to fail; it would end the process before the
    main thread, which waits for the same server, can say what was done. Any other such exception ends it as ever. If
    ``when()`` is still true at the end of the block, threads are held from then on: the process is about to leave.
    """
    set_terminate = _std_set_terminate()
    if set_terminate is None:
        yield
        return

    def handler() -> None:
        if when():
            threading.Event().wait()
        before()

    in_c = _TerminateHandler(handler)
    _in_use.append(in_c)
    before = _TerminateHandler(set_terminate(in_c))
    try:
        yield
    finally:
        if not when():
            set_terminate(before)
            _in_use.remove(in_c)


def _std_set_terminate() -> Callable[[Any], Any] | None:
    """C++'s ``std::set_terminate``; None where the runtime is another: such a thread then ends the process."""
    if sys.platform != "linux":
        return None
    try:
        set_terminate = ctypes.CDLL("libstdc++.so.6")._ZSt13set_terminatePFvvE
    except OSError:
        return None
    set_terminate.restype = ctypes.c_void_p
    set_terminate.argtypes = (_TerminateHandler,)
    return set_terminate
