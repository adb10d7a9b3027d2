"""Logged drives as a recording: the recorder replays a scenario whose drive log lies in its folder.

So replayed shards are judged, resumed and listed as recorded ones, and every reader takes them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from datasets.errors import storage_error
from datasets.recording_dir import MANIFEST_NAME, RecordingDir
from harness.carla_client.drive_log import DriveLog
from harness.carla_client.endpoint import Endpoint
from harness.errors import OutputInUseError
from harness.recording.passes import Progress
from harness.recording.plan import RecordingOptions
from harness.recording.recorder import record
from harness.recording.rows import RecordRow
from harness.recording.scenario_recorder import drive_sha256
from harness.replaying.drives import LoggedDrive, as_suite
from harness.replaying.pictures import DESCRIPTION_NAME


def replay_shards(
    endpoint: Endpoint,
    drives: Sequence[LoggedDrive],
    out: Path,
    *,
    progress: Progress | None = None,
    on_row: Callable[[RecordRow], None],
) -> None:
    """Write the shards that are missing in ``out``, a new or unfinished recording.

    Args:
        endpoint: The server.
        drives: What to replay, how.
        out: Empty, or left by an earlier call.
        progress: Called with the name of the pass, its recorded ticks so far and in all.
        on_row: Called for each weather of each drive; a pass that failed is a row with its reason.

    Raises:
        OutputInUseError: the folder holds other drives of these scenarios, or was recorded in another way.
        ServerLostError: the server stopped answering.
        ShardError: a shard or the folder cannot be used; DiskError where the disk is at fault.
    """
    _copy_logs(drives, out)
    for drive in drives:
        summary = record(
            endpoint,
            as_suite([drive]),
            out,
            weathers=drive.weathers,
            options=RecordingOptions(ticks=drive.ticks),
            resume=True,
            progress=progress,
            on_row=on_row,
        )
        if summary.ended_by is not None:
            raise summary.ended_by


def _copy_logs(drives: Sequence[LoggedDrive], out: Path) -> None:
    """Put the logs where the recorder looks for them, each with the cameras that look this time."""
    if (out / DESCRIPTION_NAME).exists():
        raise OutputInUseError(
            f"{out} holds frames or videos of a replay ({DESCRIPTION_NAME}): choose another folder for the shards"
        )
    is_new = not (out / MANIFEST_NAME).exists()
    recording = RecordingDir.create(out) if is_new else RecordingDir.open(out, allow_missing=True)
    with recording.lock():
        for drive in drives:
            path = recording.drive_log_path(drive.scenario.name)
            if not path.exists():
                _save(replace(drive.log, scenario=drive.scenario.definition), path)
            elif drive_sha256(DriveLog.load(path)) != drive_sha256(drive.log):
                raise OutputInUseError(
                    f"{path} is of another drive than {drive.path}: choose another folder, or start anew with "
                    "--overwrite"
                )


def _save(log: DriveLog, path: Path) -> None:
    try:
        log.save(path)
    except OSError as error:
        raise storage_error(f"{path} cannot be written", error) from error
