"""Doing something right before the n-th call by which the program changes, or asks about, the disk.

The interpreter's profiling hook sees every call of a C function, whoever makes it and however it was imported, and an
exception raised in it takes the place of the call. What HDF5 does by itself is not seen: see ``faulty_recorder.py``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

WRITES = frozenset(
    {
        *("write", "writev", "pwrite", "pwritev", "flush", "copy_file_range", "sendfile"),
        *("fsync", "fdatasync", "ftruncate", "truncate", "mkdir", "rename", "replace", "link", "unlink", "remove"),
    }
)
DISK_CALLS = WRITES | {"open", "close", "flock", "read", "readinto", "pread", "preadv"}
CALLS_THAT_FAIL = DISK_CALLS - {"close"}
"""A close that fails has closed all the same, which an exception in its place has not."""
_MODULES = ("posix", "io", "_io", "fcntl")
_FILES = ("FileIO", "BufferedWriter", "BufferedReader", "TextIOWrapper")
_TESTS = str(Path(__file__).parents[1])


@contextmanager
def before_call(at: int, action: Callable[[str], None], *, calls: frozenset[str] = DISK_CALLS) -> Iterator[list[str]]:
    """Call ``action(name)`` before number `at` (from 0) of the `calls` of the code under test; yields the names."""
    names: list[str] = []

    def watch(frame: FrameType, event: str, call: Any) -> None:
        if event != "c_call" or call.__name__ not in calls or frame.f_code.co_filename.startswith(_TESTS):
            return
        owner = getattr(call, "__self__", None)
        if getattr(call, "__module__", None) in _MODULES or type(owner).__name__ in _FILES:
            names.append(call.__name__)
            if len(names) == at + 1:
                action(call.__name__)

    sys.setprofile(watch)
    try:
        yield names
    finally:
        sys.setprofile(None)
