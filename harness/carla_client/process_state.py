"""Two things about this process that the carla client needs and that are put back afterwards."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2


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
