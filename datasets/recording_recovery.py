"""What a recorder that died has left in a folder, brought into order: nothing acknowledged is lost, nothing repeated.

Decisions:

* A shard finished here is listed as not the last of its stream: ``harness record --resume`` goes on after it.
* What cannot be recovered stays where it is, with its reason; nothing that holds a frame is deleted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from datasets.errors import DiskError, NoFrameError, ShardError, storage_error
from datasets.recording_dir import MANIFEST_NAME, SHARDS_FOLDER, RecordingDir
from datasets.shard_layout import CLOSING_SUFFIX
from datasets.shard_recovery import Recovered, recover


@dataclass(frozen=True, kw_only=True)
class RecoveredRecording:
    """What `recover_recording` did."""

    shards: tuple[Recovered, ...]
    """Finished from their ``.part``."""
    listed: tuple[Path, ...]
    """Shards that were finished, but not in the manifest."""
    removed: tuple[Path, ...]
    """Files that hold no frame: a ``.part`` before its first one, a copy of a ``.part`` that is still there."""
    problems: tuple[tuple[Path, str], ...]
    """What stays as it is, and why."""


def recording_of(part: Path) -> Path | None:
    """Folder of the recording that the unfinished shard `part` belongs to; None for one that lies alone."""
    root = part.resolve().parent.parent
    is_inside = part.resolve().parent.name == SHARDS_FOLDER and (root / MANIFEST_NAME).is_file()
    return root if is_inside else None


def recover_recording(root: Path) -> RecoveredRecording:
    """Finish and list every shard in `root` that is unfinished or unlisted.

    Raises:
        RecordingInUseError: it is still being recorded into.
        DiskError: the disk fails or is full; what was written is intact, and the command can be repeated.
        ShardError: `root` holds no recording, or its manifest is damaged.
    """
    recording = RecordingDir.open(root, allow_missing=True)
    with recording.lock():
        copies = tuple(sorted((recording.root / SHARDS_FOLDER).glob(f"*{CLOSING_SUFFIX}")))
        shards, empty, problems = _finished(recording)
        _remove((*copies, *empty))
        listed, unlisted = _listed(recording, finished={shard.path for shard in shards})
    return RecoveredRecording(shards=shards, listed=listed, removed=(*copies, *empty), problems=(*problems, *unlisted))


def _finished(
    recording: RecordingDir,
) -> tuple[tuple[Recovered, ...], tuple[Path, ...], tuple[tuple[Path, str], ...]]:
    """Shards finished, parts without a frame, parts that cannot be finished."""
    shards, empty, problems = [], [], []
    for part in recording.parts():
        try:
            shards.append(recover(part))
        except NoFrameError:
            empty.append(part)
        except DiskError:
            raise
        except ShardError as problem:
            problems.append((part, str(problem)))
    return tuple(shards), tuple(empty), tuple(problems)


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as problem:
            raise storage_error(f"{path} cannot be removed", problem) from problem


def _listed(recording: RecordingDir, *, finished: set[Path]) -> tuple[tuple[Path, ...], tuple[tuple[Path, str], ...]]:
    """List what the manifest lacks: all that was just finished, and what a recorder finished right before it died."""
    listed, problems = [], []
    for path in recording.unlisted():
        try:
            recording.add_shard(path, is_last=False)
        except DiskError:
            raise
        except ShardError as problem:
            problems.append((path, str(problem)))
        else:
            listed += [path] if path not in finished else []
    return tuple(listed), tuple(problems)
