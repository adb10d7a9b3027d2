"""What can go wrong with data on disk.

::

    ShardError                   a shard or recording folder that is missing, cut short, damaged or hostile
    └── RecordingInUseError      another process writes to the recording folder
    LabelError                   a label set, server version or class id that is not known

A message says what was seen, what was expected and what to do.
"""

from __future__ import annotations


class ShardError(Exception):
    """A shard, recording folder or sample that is missing, cut short, damaged, hostile or of another kind."""


class RecordingInUseError(ShardError):
    """Another process, or another part of this one, writes to the recording folder."""


class LabelError(ValueError):
    """A label set, server version or class id that is not known."""
