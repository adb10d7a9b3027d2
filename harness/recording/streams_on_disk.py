"""What an earlier, unfinished recording has left of each stream, and where it would go on.

Shards are found by what their headers say, not by their names. Nothing that holds a frame is deleted here: what cannot
be gone on with is set aside under another name.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from datasets.errors import DiskError, RecordingInUseError, ShardError
from datasets.frame_log import examined_log
from datasets.recording_dir import RecordingDir, ShardEntry
from datasets.sample import Sample
from datasets.shard_header import ShardHeader, StreamName
from datasets.shard_layout import PART_SUFFIX
from datasets.shard_reader import ShardReader
from datasets.shard_recovery import check_undamaged, recover


@dataclass(frozen=True, kw_only=True, eq=False)
class Piece:
    """One shard of a stream, finished or not."""

    path: Path
    """Of the file as it is now."""
    header: ShardHeader
    index: npt.NDArray[np.void]
    """(N,) rows of its frames, N >= 1."""
    is_part: bool
    is_last: bool = False
    """Whether its stream ends with it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class StreamOnDisk:
    """The pieces of a stream in the order of their frames; the last one may be a ``.part``."""

    pieces: tuple[Piece, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing."""
        return bool(self.pieces) and self.pieces[-1].is_last

    @property
    def num_frames(self) -> int:
        """Frames in all pieces."""
        return sum(len(piece.index) for piece in self.pieces)

    @property
    def last_frame(self) -> int:
        """The last frame that is there; -1 if there is none."""
        return int(self.pieces[-1].index["frame"][-1]) if self.pieces else -1

    def last_sample(self) -> Sample:
        """The last frame; there must be one."""
        piece = self.pieces[-1]
        with ShardReader(piece.path, allow_part=piece.is_part) as reader:
            return reader[len(piece.index) - 1]

    @property
    def index(self) -> npt.NDArray[np.void]:
        """(N,) rows of all frames; there must be some."""
        return np.concatenate([piece.index for piece in self.pieces])


class StreamsOnDisk:
    """All streams of a recording folder, which is locked by this process."""

    def __init__(self, recording: RecordingDir) -> None:
        """Look at everything; list finished shards that a recorder had no more time to list.

        Raises:
            DiskError: the manifest cannot be written.
        """
        self._recording = recording
        self._notes: list[str] = []
        self._opened_before: dict[Path, Piece] = {}
        for path in recording.unlisted():
            try:
                recording.add_shard(path, is_last=False)
            except DiskError:
                raise
            except ShardError as error:
                self._set_aside(path, f"unreadable ({error})")
        self._parts: dict[StreamName, Piece] = {}
        self.look_again()

    def look_again(self) -> None:
        """Take note of what unfinished shards hold now: after a pass that did not end well."""
        self._parts.clear()
        for path in self._recording.parts():
            self._take_part(path)

    def find(self, key: StreamName) -> StreamOnDisk:
        """The stream ``key``, up to the first shard that is missing or damaged; what lies behind that is set aside.

        Raises:
            DiskError: the manifest cannot be written.
        """
        pieces: list[Piece] = []
        waiting = sorted(self._entries(key), key=lambda entry: entry.sequence)
        while waiting and waiting[0].sequence == len(pieces) and (piece := self._opened(waiting[0])) is not None:
            pieces.append(piece)
            del waiting[0]
        for entry in waiting:
            self._set_aside(entry.path, "damaged, or behind a shard that is missing or damaged")
        part = self._parts.get(key)
        if part is not None and part.path.exists():
            if part.header.sequence == len(pieces) and not (pieces and pieces[-1].is_last):
                pieces.append(part)
            else:
                del self._parts[key]
                self._set_aside(part.path, "behind a shard that is missing or damaged")
        return StreamOnDisk(pieces=tuple(pieces))

    def set_aside(self, key: StreamName, why: str) -> None:
        """Take all pieces of the stream ``key`` out of the way, so that it can be recorded anew."""
        part = self._parts.pop(key, None)
        for path in (*(entry.path for entry in self._entries(key)), *((part.path,) if part is not None else ())):
            self._set_aside(path, why)

    def take_notes(self) -> list[str]:
        """What was set aside since the last call, a sentence each."""
        notes, self._notes = self._notes, []
        return notes

    def _entries(self, key: StreamName) -> list[ShardEntry]:
        return [each for each in self._recording.shards() if (each.scenario, each.weather, each.camera) == key]

    def _opened(self, entry: ShardEntry) -> Piece | None:
        """The finished shard of ``entry``, which does not change any more; None if it is damaged."""
        try:
            piece = self._opened_before.get(entry.path) or _piece(entry.path)
            self._opened_before[entry.path] = piece
            return replace(piece, is_last=entry.is_last)
        except DiskError:
            raise
        except ShardError:
            return None

    def _take_part(self, path: Path) -> None:
        try:
            if path.stat().st_size == 0:
                path.unlink()  # its recorder died before the first frame
                return
            if path.with_name(path.name.removesuffix(PART_SUFFIX)).exists():
                recover(path)  # its recorder died between naming the finished shard and removing this
                return
            check_undamaged(path, examined_log(path))
            piece = _piece(path, is_part=True)
        except (DiskError, RecordingInUseError):
            raise
        except ShardError as error:
            self._set_aside(path, f"unreadable ({error})")
            return
        self._parts[piece.header.stream_name] = piece

    def _set_aside(self, path: Path, why: str) -> None:
        self._opened_before.pop(path, None)
        kept = self._recording.set_aside(path)
        if kept is not None:
            self._notes.append(f"{path.name} is kept as {kept.name}: {why}")


def _piece(path: Path, *, is_part: bool = False) -> Piece:
    with ShardReader(path, allow_part=is_part) as reader:
        if not len(reader):
            raise ShardError(f"{path} holds no frame")
        return Piece(path=path, header=reader.header, index=reader.index, is_part=is_part)
