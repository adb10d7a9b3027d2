"""Replay logged drives and write what the cameras see: as frames, as videos, or as a recording.

A pass that fails is a row with its reason, and the next one is replayed. A lost server or a disk that fails ends the
run, because nothing after it could succeed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, get_args

from datasets.errors import DiskError
from harness.carla_client.endpoint import Endpoint
from harness.errors import ServerLostError
from harness.recording.passes import Progress
from harness.recording.recorder import rows_after
from harness.recording.rows import RecordRow, RecordSummary
from harness.replaying.drives import LoggedDrive
from harness.replaying.pictures import replay_pictures
from harness.replaying.shards import replay_shards

OutputKind = Literal["frames", "video", "shards"]
OUTPUT_KINDS: tuple[OutputKind, ...] = get_args(OutputKind)


def replay_drives(
    endpoint: Endpoint,
    drives: Sequence[LoggedDrive],
    out: Path,
    *,
    kind: OutputKind,
    progress: Progress | None = None,
    on_row: Callable[[RecordRow], None] | None = None,
) -> RecordSummary:
    """Write what is missing in ``out``, a prepared folder; one row for each weather of each drive.

    Args:
        endpoint: The server.
        drives: What to replay, how.
        out: Empty, or left by an earlier call for the same drives, cameras and weathers.
        kind: What becomes of the pictures.
        progress: Called with the name of the pass, its recorded ticks so far and in all.
        on_row: Called with each row as it is known.

    Raises:
        OutputInUseError: the folder was begun in another way.
        ShardError: the folder cannot be used.
    """
    rows: list[RecordRow] = []
    ended_by: ServerLostError | DiskError | None = None

    def keep(row: RecordRow) -> None:
        rows.append(row)
        if on_row is not None:
            on_row(row)

    try:
        if kind == "shards":
            replay_shards(endpoint, drives, out, progress=progress, on_row=keep)
        else:
            replay_pictures(endpoint, drives, out, kind=kind, progress=progress, on_row=keep)
    except (ServerLostError, DiskError) as error:
        rows += rows_not_ended(error, drives, rows)
        ended_by = error
    return RecordSummary(rows=tuple(rows), ended_by=ended_by)


def rows_not_ended(error: Exception, drives: Sequence[LoggedDrive], ended: Sequence[RecordRow]) -> list[RecordRow]:
    """Rows of the passes that have none in ``ended``, because ``error`` came."""
    rows: list[RecordRow] = []
    for drive in drives:
        rows += rows_after(error, [drive.scenario], drive.weathers, [*ended, *rows])
    return rows
