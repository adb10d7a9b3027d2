"""A process that ends with the one that started it."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
"""Of <linux/prctl.h>."""


def die_with_parent() -> None:
    """Has Linux kill this process when its parent ends, because one that is stopped cannot read the end of stdin."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def terminate_with_stdin() -> None:
    """Turns the end of stdin into SIGTERM; on a thread, so that it is noticed while kernels compile, too."""
    # os.read and not sys.stdin: a daemon thread inside sys.stdin makes the interpreter's exit fail.
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
