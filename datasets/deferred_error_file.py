"""A file for HDF5 to write to that keeps errors of the disk from it.

libhdf5 2.0 ends the process with a segmentation fault when the disk is full as it closes a file. So it writes through
this object (h5py's driver ``fileobj``), which notes the first error and goes on as if nothing had happened. Whoever
gave it to HDF5 asks afterwards.
"""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path
from types import TracebackType


class DeferredErrorFile:
    """A new or emptied file, read and written by position; a context manager that closes it."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        self._at = 0
        self._error: OSError | None = None

    def __enter__(self) -> DeferredErrorFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def raise_error(self) -> None:
        """Raise the first OSError there was, if any; after it nothing has been written."""
        if self._error is not None:
            raise self._error

    def sync(self) -> None:
        """Bring the content to the disk; OSError when that, or anything before, has failed."""
        self.raise_error()
        os.fsync(self._descriptor)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As of any file."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: os.fstat(self._descriptor).st_size}[whence]
        self._at = start + offset
        return self._at

    def tell(self) -> int:
        """As of any file."""
        return self._at

    def read(self, size: int) -> bytes:
        """As of any file; h5py knows a file by it."""
        return os.pread(self._descriptor, size, self._at)

    def readinto(self, buffer: memoryview) -> int:
        """As of any file; what was never written reads as zeros."""
        count = os.preadv(self._descriptor, [buffer], self._at)
        buffer[count:] = bytes(len(buffer) - count)
        return len(buffer)

    def write(self, content: memoryview) -> int:
        """Write all of `content`, or note why not."""
        try:
            if self._error is None and (count := os.pwrite(self._descriptor, content, self._at)) != len(content):
                raise OSError(errno.ENOSPC, f"only {count} of {len(content)} bytes could be written")
        except OSError as error:
            self._error = error
        return len(content)

    def truncate(self, size: int) -> int:
        """As of any file."""
        try:
            os.ftruncate(self._descriptor, size)
        except OSError as error:
            self._error = self._error or error
        return size

    def flush(self) -> None:
        """Nothing is held back."""
