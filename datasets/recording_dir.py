"""A recording folder: the shards of many scenarios, their drive logs, and a manifest that says which of them count.

::

    manifest.json              the list of finished shards
    shards/<scenario>.h5       one shard a scenario (``.part`` while it is written: never listed)
    shards/*.set-aside         a shard that could not be used and was recorded again: never listed
    drives/<scenario>.npz      what every actor did, to render the drive again; nothing in here reads it
    .lock                      held by the process that records

Decisions:

* A shard counts when the manifest lists it. The manifest is replaced whole, after the shard has its final name.
* Paths in a manifest are believed only inside the folder: it may come from someone else.
* One recorder a folder. The lock is the kernel's (``flock``): it goes with the process, however that ends.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets import strict_json
from datasets.durable_file import replace_text
from datasets.errors import RecordingInUseError, ShardError
from datasets.shard_header import SPLITS
from datasets.shard_layout import PART_SUFFIX, SUFFIX
from datasets.shard_reader import ShardReader

FORMAT_NAME = "carla-loop-harness/recording"
FORMAT_VERSION = 1

MANIFEST_NAME = "manifest.json"
SHARDS_FOLDER = "shards"
DRIVES_FOLDER = "drives"
LOCK_NAME = ".lock"
ASIDE_SUFFIX = ".set-aside"
"""Of a shard that could not be read when it was to be recorded again: nothing is deleted."""

_MAX_MANIFEST_BYTES = 64 << 20
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+=-]{0,150}")
"""What a scenario may be called, being part of file names: no separator, no leading dot or dash."""


@dataclass(frozen=True, kw_only=True)
class ShardEntry:
    """One finished shard of a recording."""

    path: Path
    """Of the shard; inside the folder and present when the recording was opened."""
    scenario: str
    split: str
    num_frames: int
    header_digest: str
    """`ShardHeader.digest`; equal for shards recorded under equal conditions."""


class RecordingDir:
    """A recording folder on disk; made by `create` or `open`."""

    def __init__(self, root: Path, entries: tuple[ShardEntry, ...]) -> None:
        self.root = root
        self._entries = entries
        self._is_locked = False

    @classmethod
    def create(cls, root: Path) -> RecordingDir:
        """A new, empty recording in `root`, which is made when missing; ShardError when it holds one already."""
        for folder in (root / SHARDS_FOLDER, root / DRIVES_FOLDER):
            folder.mkdir(parents=True, exist_ok=True)
        recording = cls(root, ())
        with recording._flock():
            if (root / MANIFEST_NAME).exists():
                raise ShardError(f"{root} already holds a recording; open it to go on, or choose another folder")
            recording._write_manifest()
        return recording

    @classmethod
    def open(cls, root: Path, *, allow_missing: bool = False) -> RecordingDir:
        """The recording in `root`; ShardError when the manifest is missing or damaged, or lists what is not there.

        With `allow_missing`, for who records again what is gone, shards that are not there are left out.
        """
        path = root / MANIFEST_NAME
        if not path.is_file():
            raise ShardError(f"{root} is not a recording: it has no {MANIFEST_NAME}. Record one, or mend the path")
        try:
            if path.stat().st_size > _MAX_MANIFEST_BYTES:
                raise ValueError(f"it has {path.stat().st_size} bytes")
            content = strict_json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ShardError(f"{path} is not a manifest: {error}") from error
        if not isinstance(content, dict) or set(content) != {"format", "format_version", "shards"}:
            raise ShardError(f"{path} is not a manifest: expected the keys format, format_version and shards")
        version = content["format_version"]
        if content["format"] != FORMAT_NAME or type(version) is not int or version != FORMAT_VERSION:
            raise ShardError(
                f"{path} is {content['format']!r} version {version!r}, "
                f"expected {FORMAT_NAME!r} version {FORMAT_VERSION}"
            )
        if not isinstance(content["shards"], list):
            raise ShardError(f"{path}: shards is a {type(content['shards']).__name__}, expected a list")
        entries = tuple(_entry(root, item) for item in content["shards"])
        if len({entry.path for entry in entries}) != len(entries):
            raise ShardError(f"{path} lists a shard twice")
        missing = [entry.path for entry in entries if not entry.path.is_file()]
        if missing and not allow_missing:
            raise ShardError(f"{missing[0]} is missing, but {path} lists it; restore it or record it again")
        entries = tuple(entry for entry in entries if entry.path not in missing)
        return cls(root, entries)

    def shards(self, split: str | None = None) -> tuple[ShardEntry, ...]:
        """Finished shards in the order of recording, of one split or of all."""
        if split is not None and split not in SPLITS:
            raise ShardError(f"split is {split!r}, expected one of {', '.join(SPLITS)}")
        return tuple(entry for entry in self._entries if split is None or entry.split == split)

    def shard_path(self, scenario: str) -> Path:
        """Where the shard of `scenario` belongs; ShardError when the name cannot be a file name."""
        return self.root / SHARDS_FOLDER / f"{_checked_name(scenario)}{SUFFIX}"

    def drive_log_path(self, scenario: str) -> Path:
        """Where the drive log of `scenario` belongs; ShardError when the name cannot be a file name."""
        return self.root / DRIVES_FOLDER / f"{_checked_name(scenario)}.npz"

    def add_shard(self, path: Path) -> ShardEntry:
        """List the finished shard at `path` (one of `shard_path`), after examining it; needs `lock`."""
        assert self._is_locked, "add_shard belongs inside `with recording.lock():`"
        if path.parent != self.root / SHARDS_FOLDER:
            raise ShardError(f"{path} lies outside {self.root / SHARDS_FOLDER}")
        if any(entry.path == path for entry in self._entries):
            raise ShardError(f"{path} is already listed in {self.root / MANIFEST_NAME}")
        with ShardReader(path) as reader:
            entry = ShardEntry(
                path=path,
                scenario=reader.header.scenario,
                split=reader.header.split,
                num_frames=len(reader),
                header_digest=reader.header.digest,
            )
        self._entries = (*self._entries, entry)
        self._write_manifest()
        return entry

    def set_aside(self, path: Path) -> Path | None:
        """List the shard at `path` no more and rename it, so that it can be recorded again; needs `lock`.

        Returns:
            Where it is now; None when there was no file.
        """
        assert self._is_locked, "set_aside belongs inside `with recording.lock():`"
        if any(entry.path == path for entry in self._entries):
            self._entries = tuple(entry for entry in self._entries if entry.path != path)
            self._write_manifest()
        return path.replace(path.with_name(path.name + ASIDE_SUFFIX)) if path.exists() else None

    def unlisted(self) -> tuple[Path, ...]:
        """Shards with a final name that the manifest lacks: a recorder died between the two. `add_shard` takes them."""
        listed = {entry.path for entry in self._entries}
        return tuple(path for path in sorted((self.root / SHARDS_FOLDER).glob(f"*{SUFFIX}")) if path not in listed)

    def parts(self) -> tuple[Path, ...]:
        """Unfinished shards; their acknowledged frames can be read with ``ShardReader(part, allow_part=True)``."""
        return tuple(sorted((self.root / SHARDS_FOLDER).glob(f"*{SUFFIX}{PART_SUFFIX}")))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Be the only one who records here, from the manifest as it now is; RecordingInUseError when another does."""
        with self._flock():
            self._entries = RecordingDir.open(self.root, allow_missing=True)._entries
            self._is_locked = True
            try:
                yield
            finally:
                self._is_locked = False

    @contextmanager
    def _flock(self) -> Iterator[None]:
        path = self.root / LOCK_NAME
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
                raise RecordingInUseError(
                    f"{self.root} is being recorded into by process {holder}; wait for it or choose another folder"
                ) from error
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            yield
        finally:
            os.close(descriptor)

    def _write_manifest(self) -> None:
        content = {
            "format": FORMAT_NAME,
            "format_version": FORMAT_VERSION,
            "shards": [
                {
                    "file": f"{SHARDS_FOLDER}/{entry.path.name}",
                    "scenario": entry.scenario,
                    "split": entry.split,
                    "num_frames": entry.num_frames,
                    "header_sha256": entry.header_digest,
                }
                for entry in self._entries
            ],
        }
        replace_text(self.root / MANIFEST_NAME, strict_json.dumps(content, indent=1) + "\n")


def _checked_name(scenario: str) -> str:
    if not _NAME.fullmatch(scenario):
        raise ShardError(
            f"scenario name {scenario[:200]!r} cannot be a file name; expected letters, digits and _ . + = - only"
        )
    return scenario


def _entry(root: Path, item: Any) -> ShardEntry:
    """The manifest's `item`, believed only when typed as expected and inside `root`."""
    kinds = {"file": str, "scenario": str, "split": str, "num_frames": int, "header_sha256": str}
    if not isinstance(item, dict) or {key: type(value) for key, value in item.items()} != kinds:
        raise ShardError(f"{root / MANIFEST_NAME}: entry {str(item)[:300]} is not of the form {list(kinds)}")
    folder, _, name = item["file"].partition("/")
    path = root / SHARDS_FOLDER / name
    is_inside = folder == SHARDS_FOLDER and name.endswith(SUFFIX) and _NAME.fullmatch(name)
    if not is_inside or path.resolve().parent != (root / SHARDS_FOLDER).resolve():
        raise ShardError(
            f"{root / MANIFEST_NAME} lists {item['file'][:300]!r}, expected {SHARDS_FOLDER}/<name>{SUFFIX}"
        )
    if item["split"] not in SPLITS:
        raise ShardError(
            f"{root / MANIFEST_NAME}: split is {item['split'][:200]!r}, expected one of {', '.join(SPLITS)}"
        )
    return ShardEntry(
        path=path,
        scenario=item["scenario"],
        split=item["split"],
        num_frames=item["num_frames"],
        header_digest=item["header_sha256"],
    )
