"""The label set that a user asks for, and what is lost when a recording is read with it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from datasets.labels import LabelError, LabelSet, label_set, translation
from datasets.recording_dir import RecordingDir
from datasets.shard import ShardReader
from harness.errors import UsageError


def choose_label_set(name_or_path: str) -> LabelSet:
    """The built-in set of that name, or the one in that YAML file; UsageError when there is none or it is wrong."""
    try:
        return label_set(name_or_path)
    except LabelError as error:
        raise UsageError(str(error)) from error


def label_warnings(recording: Path, target: LabelSet, splits: Iterable[str] | None = None) -> list[str]:
    """One line for each tag table in `recording` that cannot be read as `target` without loss.

    Args:
        recording: the folder.
        target: the label set that its shards are read with.
        splits: only shards of these; all when None.

    Raises:
        ShardError: no recording there, or a shard of it is missing or damaged.
        LabelError: a tag table cannot be read as `target` at all.
    """
    wanted = None if splits is None else set(splits)
    tables: dict[str, LabelSet] = {}
    for entry in RecordingDir.open(recording).shards():
        if wanted is None or entry.split in wanted:
            with ShardReader(entry.path) as reader:
                tables.setdefault(reader.header.tag_table.digest, reader.header.tag_table)
    warnings = (translation(table, target).warning for table in tables.values())
    return [warning for warning in warnings if warning is not None]
