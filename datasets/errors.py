"""What can go wrong with data on disk.

::

    ShardError                   a shard or recording folder that is missing, cut short, damaged or hostile
    ├── DiskError                the disk is full, fails or cannot be written; what was acknowledged is intact
    ├── NoFrameError             an unfinished shard whose recorder died before its first frame
    └── RecordingInUseError      another process writes to the recording folder
    LabelError                   a label set, server version or class id that is not known

A message says what was seen, what was expected and what to do.
"""

from __future__ import annotations

import errno
import re


class ShardError(Exception):
    """A shard, recording folder or sample that is missing, cut short, damaged, hostile or of another kind."""


class DiskError(ShardError):
    """The disk is full, fails, or cannot be written to. What was acknowledged before is intact."""


class NoFrameError(ShardError):
    """An unfinished shard in which no frame was acknowledged: nothing is lost when it is deleted."""


class RecordingInUseError(ShardError):
    """Another process, or another part of this one, writes to the recording folder."""


class LabelError(ValueError):
    """A label set, server version or class id that is not known."""


_OF_THE_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EFBIG, errno.ESTALE})
_IN_HDF5_TEXT = re.compile(r"errno = (\d+), error message = '([^']*)'")


def storage_error(what: str, error: Exception) -> ShardError:
    """What to raise for an `error` of the operating system or of HDF5: a DiskError where the disk is at fault.

    HDF5 gives the system's error number in an attribute or, deeper down, in its text only.
    """
    in_text = _IN_HDF5_TEXT.search(str(error))
    number, reason = (int(in_text[1]), in_text[2]) if in_text else (getattr(error, "errno", None), str(error))
    kind = DiskError if number in _OF_THE_DISK else ShardError
    return kind(f"{what}: {reason}")
