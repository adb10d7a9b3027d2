"""Writing a frame log (`frame_log`): appending whole records, and nothing else.

Decisions:

* One record is one call of the kernel. When it returns, the frame is acknowledged: it survives this process.
* A record that could not be written whole is cut off again, so that what was acknowledged is all there is.
* The log is locked while it is open, so that nobody finishes it under the hands of its writer.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Sequence
from pathlib import Path

from datasets.errors import RecordingInUseError
from datasets.frame_log import LogHead, log_row


class FrameLog:
    """A log being written by one thread. Errors of the operating system pass, after the file was cut back."""

    def __init__(self, path: Path, descriptor: int, *, end: int) -> None:
        """Take over an open and locked file whose content up to `end` is to stay."""
        self.path = path
        self._descriptor = descriptor
        self._end = end

    @classmethod
    def create(cls, path: Path) -> FrameLog:
        """A new, empty log; FileExistsError when the name is taken."""
        return cls(path, _locked(path, os.O_RDWR | os.O_CREAT | os.O_EXCL), end=0)

    @classmethod
    def reopen(cls, path: Path) -> FrameLog:
        """An existing log, locked before anybody looks at its content; RecordingInUseError when it has a writer."""
        descriptor = _locked(path, os.O_RDWR)
        return cls(path, descriptor, end=os.fstat(descriptor).st_size)

    @property
    def is_open(self) -> bool:
        """Whether `close` is still to come."""
        return self._descriptor >= 0

    @property
    def is_empty(self) -> bool:
        """Whether the head has not been written yet."""
        return self._end == 0

    def cut(self, end: int) -> None:
        """Go on behind `end`; what follows it is no whole record."""
        self._end = end
        self._cut_back()

    def append(self, head: LogHead, index_row: bytes, chunks: Sequence[bytes]) -> None:
        """One record, behind the head if it is the first; `chunks` are those of the planes of `head`."""
        sizes = dict(zip(head.planes, map(len, chunks), strict=True))
        row = log_row(index_row, sizes)
        parts = [*([head.to_bytes()] if self.is_empty else []), row, *chunks]
        num_bytes = sum(map(len, parts))
        try:
            written = os.writev(self._descriptor, parts)
            if written != num_bytes:
                raise OSError(errno.ENOSPC, f"only {written} of {num_bytes} bytes could be written")
        except OSError:
            self._cut_back()
            raise
        self._end += num_bytes

    def sync(self) -> None:
        """Bring all records to the disk."""
        os.fdatasync(self._descriptor)

    def close(self) -> None:
        """Give the file back, and its lock."""
        if self.is_open:
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)

    def _cut_back(self) -> None:
        """Forget what is behind the last whole record; where even that fails, readers see by the row's hash or size."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, self._end)
        os.lseek(self._descriptor, self._end, os.SEEK_SET)


def _locked(path: Path, flags: int) -> int:
    descriptor = os.open(path, flags | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise RecordingInUseError(f"{path} is being written by another process; wait until it has ended") from error
    except OSError:  # a file system without locks: the recording folder's own lock has said so already
        pass
    return descriptor
