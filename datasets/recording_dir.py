"""A recording folder: the shards of many scenarios, their drive logs, and a manifest that says which of them count.

::

    manifest.json              the list of finished shards
    shards/<name>.h5           shards (``.part`` while they are written: never listed)
    shards/*.set-aside         a shard that could not be used and was recorded again: never listed
    drives/<scenario>.npz      what every actor did, to render the drive again; nothing in here reads it
    .lock                      held by the process that records

Decisions:

* A shard counts when the manifest lists it. The manifest is replaced whole, after the shard has its final name.
* One recorder a folder. The lock is the kernel's (``flock``): it goes with the process, however that ends.
"""

from __future__ import annotations

import dataclasses
import fcntl
import itertools
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from datasets.errors import DiskError, RecordingInUseError, ShardError, storage_error
from datasets.frame_index import index_digest
from datasets.manifest import MANIFEST_NAME, SHARDS_FOLDER, ShardEntry, checked_name, read_manifest, write_manifest
from datasets.shard_header import SPLITS
from datasets.shard_layout import PART_SUFFIX, SUFFIX
from datasets.shard_reader import ShardReader

__all__ = ["MANIFEST_NAME", "SHARDS_FOLDER", "RecordingDir", "ShardEntry", "read_manifest"]

DRIVES_FOLDER = "drives"
LOCK_NAME = ".lock"
ASIDE_SUFFIX = ".set-aside"
"""Of a shard that could not be read when it was to be recorded again: nothing is deleted."""


class RecordingDir:
    """A recording folder on disk; made by `create` or `open`."""

    def __init__(self, root: Path, entries: tuple[ShardEntry, ...], *, missing: frozenset[Path] = frozenset()) -> None:
        self.root = root
        self._entries = entries
        self._missing = missing
        """Shards that are listed and not there: kept in the manifest until another takes their name."""
        self._is_locked = False

    @classmethod
    def create(cls, root: Path) -> RecordingDir:
        """A new, empty recording in `root`, which is made when missing; ShardError when it holds one already."""
        try:
            for folder in (root / SHARDS_FOLDER, root / DRIVES_FOLDER):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(f"{root} cannot be made a recording", error) from error
        recording = cls(root, ())
        with recording._flock():
            if (root / MANIFEST_NAME).exists():
                raise ShardError(f"{root} already holds a recording; open it to go on, or choose another folder")
            write_manifest(root, ())
        return recording

    @classmethod
    def open(cls, root: Path, *, allow_missing: bool = False) -> RecordingDir:
        """The recording in `root`; ShardError when the manifest is missing or damaged, or lists what is not there.

        With `allow_missing`, for who records again what is gone, `shards` leaves out what is not there.
        """
        entries = read_manifest(root)
        missing = [entry.path for entry in entries if not entry.path.is_file()]
        if missing and not allow_missing:
            raise ShardError(
                f"{missing[0]} is missing, but {root / MANIFEST_NAME} lists it; restore it or record it again"
            )
        return cls(root, entries, missing=frozenset(missing))

    def shards(self, split: str | None = None) -> tuple[ShardEntry, ...]:
        """Finished shards in the order of recording, of one split or of all."""
        if split is not None and split not in SPLITS:
            raise ShardError(f"split is {split!r}, expected one of {', '.join(SPLITS)}")
        there = (entry for entry in self._entries if entry.path not in self._missing)
        return tuple(entry for entry in there if split is None or entry.split == split)

    def shard_path(self, name: str) -> Path:
        """Where the shard called `name` belongs; ShardError when it cannot be a file name."""
        return self.root / SHARDS_FOLDER / f"{checked_name(name)}{SUFFIX}"

    def drive_log_path(self, scenario: str) -> Path:
        """Where the drive log of `scenario` belongs; ShardError when the name cannot be a file name."""
        return self.root / DRIVES_FOLDER / f"{checked_name(scenario)}.npz"

    def add_shard(self, path: Path, *, is_last: bool = True) -> ShardEntry:
        """List the finished shard at `path` (one of `shard_path`), after examining it; needs `lock`.

        Args:
            path: Of the shard.
            is_last: Whether its stream ends with it; `mark_last` says so later.
        """
        self._require_lock("add_shard")
        if path.parent != self.root / SHARDS_FOLDER:
            raise ShardError(f"{path} lies outside {self.root / SHARDS_FOLDER}")
        if any(entry.path == path for entry in self.shards()):
            raise ShardError(f"{path} is already listed in {self.root / MANIFEST_NAME}")
        with ShardReader(path) as reader:
            entry = ShardEntry(
                path=path,
                scenario=reader.header.scenario,
                split=reader.header.split,
                num_frames=len(reader),
                header_digest=reader.header_digest,
                weather=reader.header.weather_name,
                camera=reader.header.camera_name,
                sequence=reader.header.sequence,
                is_last=is_last,
                index_digest=index_digest(reader.index),
            )
        self._replace_entries((*(other for other in self._entries if other.path != path), entry))
        return entry

    def mark_last(self, path: Path) -> ShardEntry:
        """Say of the listed shard at `path` that its stream ends with it; needs `lock`."""
        self._require_lock("mark_last")
        self._change({path: {"is_last": True}})
        return next(entry for entry in self._entries if entry.path == path)

    def set_statistics(self, statistics: Mapping[Path, Mapping[str, Any] | None]) -> None:
        """Note what was counted over listed shards, by path: any JSON object, None to forget; needs `lock`."""
        self._require_lock("set_statistics")
        self._change({path: {"statistics": content} for path, content in statistics.items()})

    def set_aside(self, path: Path) -> Path | None:
        """List the shard at `path` no more and rename it, so that it can be recorded again; needs `lock`.

        Args:
            path: Of a finished shard or of a ``.part``.

        Returns:
            Where it is now, a name that was free; None when there was no file.
        """
        self._require_lock("set_aside")
        if any(entry.path == path for entry in self._entries):
            self._replace_entries(tuple(entry for entry in self._entries if entry.path != path))
        if not path.exists():
            return None
        names = itertools.chain(("",), (f"-{number}" for number in itertools.count(2)))
        aside = next(
            place for name in names if not (place := path.with_name(f"{path.name}{ASIDE_SUFFIX}{name}")).exists()
        )
        try:
            return path.rename(aside)
        except OSError as error:
            raise storage_error(f"{path} cannot be set aside", error) from error

    def unlisted(self) -> tuple[Path, ...]:
        """Shards with a final name that the manifest lacks: a recorder died between the two. `add_shard` takes them."""
        listed = {entry.path for entry in self._entries}
        return tuple(path for path in sorted((self.root / SHARDS_FOLDER).glob(f"*{SUFFIX}")) if path not in listed)

    def parts(self) -> tuple[Path, ...]:
        """Unfinished shards; their acknowledged frames can be read with ``ShardReader(part, allow_part=True)``."""
        return tuple(sorted((self.root / SHARDS_FOLDER).glob(f"*{SUFFIX}{PART_SUFFIX}")))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Be the only one who records here, from the manifest as it now is.

        Raises:
            RecordingInUseError: another process or another `RecordingDir` has the lock.
            DiskError: nothing can be written here.
        """
        with self._flock():
            now = RecordingDir.open(self.root, allow_missing=True)
            self._entries, self._missing = now._entries, now._missing
            self._is_locked = True
            try:
                yield
            finally:
                self._is_locked = False

    @contextmanager
    def _flock(self) -> Iterator[None]:
        path = self.root / LOCK_NAME
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise DiskError(
                f"{self.root} cannot be recorded into: {error}. Is it mounted read-only, or someone else's?"
            ) from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            except BlockingIOError as error:
                holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
                raise RecordingInUseError(
                    f"{self.root} is being recorded into by process {holder}; wait for it or choose another folder"
                ) from error
            except OSError as error:
                raise DiskError(f"{path} cannot be locked ({error}); record to a local disk") from error
            yield
        finally:
            os.close(descriptor)

    def _require_lock(self, what: str) -> None:
        assert self._is_locked, f"{what} belongs inside `with recording.lock():`"

    def _change(self, changes: Mapping[Path, Mapping[str, Any]]) -> None:
        """Give entries, by path, other values of the fields named."""
        unknown = changes.keys() - {entry.path for entry in self._entries}
        if unknown:
            raise ShardError(f"{min(unknown)} is not listed in {self.root / MANIFEST_NAME}")
        self._replace_entries(
            tuple(dataclasses.replace(entry, **changes.get(entry.path, {})) for entry in self._entries)
        )

    def _replace_entries(self, entries: tuple[ShardEntry, ...]) -> None:
        """On disk first: what cannot be written is not believed here either."""
        write_manifest(self.root, entries)
        self._entries = entries
        self._missing = frozenset(path for path in self._missing if not path.is_file())
