"""``journal.jsonl``: the passes of a score or the episodes of a drive that are over, one line each, never changed.

Decisions:

* **A line is written when its result is on the disk, and flushed to the disk itself.** So a line that is there means a
  result that is there, whatever was killed when. The file of the result stands in its line with its checksum, and what
  has lost its file, or has a damaged one, is not finished.
* **The last line of a key counts.** What failed and was tried again has two lines. Only where there was a result of it
  before, if only in part, and none at all now, that result stays.
* **A last line without its end is ignored,** and cut off by the next line that is written: it is what a writer leaves
  that was killed. Any other line that cannot be read is an error.
* Only what is "done" is finished; all else is tried again by the next run.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from harness.closed_loop.json_records import checked, hints_of, record_of
from harness.errors import DataError
from harness.run_dir import digest_input
from harness.workers.status import Status

FILE_NAME = "journal.jsonl"

Key = TypeVar("Key")
"""What a line is about: a frozen dataclass of JSON values."""


@dataclass(frozen=True, kw_only=True)
class JournalEntry(Generic[Key]):
    """What became of one pass or episode."""

    of: Key
    status: Status
    """Of the worst cell of a pass."""
    message: str = ""
    """Why, where the status is not "done"."""
    retries: int = 0
    """How often it was started again because a server or a worker was lost."""
    seconds: float = 0.0
    """Wall clock of the last try, without the start of the server."""
    file: str = ""
    """Its result, relative to the folder of the journal; empty where there is none."""
    sha256: str = ""
    """Of that file."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Of a pass: SHA-256 of the labels of each complete view, by ``width x height @ field of view``."""


_FACTS = {name: hint for name, hint in hints_of(JournalEntry).items() if name != "of"}


class Journal(Generic[Key]):
    """The journal of one output folder."""

    def __init__(self, folder: Path, key_type: type[Key]) -> None:
        """Name the folder; nothing is read yet.

        Args:
            folder: the output folder.
            key_type: class of the keys.
        """
        self._folder = folder
        self._key_type = key_type
        self.path = folder / FILE_NAME

    def append(self, entry: JournalEntry[Key]) -> None:
        """Write one line, and return when it is on the disk."""
        line = json.dumps(asdict(entry), allow_nan=False, ensure_ascii=False).encode() + b"\n"
        self.path.touch()
        with self.path.open("r+b") as file:
            file.truncate(file.seek(len(_whole_lines(file.read()))))
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def entries(self) -> dict[Key, JournalEntry[Key]]:
        """The entry that counts of every key that has one; none where there is no journal yet.

        Raises:
            DataError: a line in the middle cannot be read.
        """
        content = _whole_lines(self.path.read_bytes()) if self.path.exists() else b""
        counting: dict[Key, JournalEntry[Key]] = {}
        for number, line in enumerate(content.splitlines(), start=1):
            entry = self._parse(number, line)
            before = counting.get(entry.of)
            if entry.file or before is None or not self.holds(before):
                counting[entry.of] = entry
        return counting

    def finished(self) -> dict[Key, JournalEntry[Key]]:
        """What need not be run again: "done", with their file as it was written."""
        return {each: entry for each, entry in self.entries().items() if entry.status == "done" and self.holds(entry)}

    def holds(self, entry: JournalEntry[Key]) -> bool:
        """Whether the file of an entry is there and undamaged."""
        path = self._folder / entry.file
        return bool(entry.file) and path.is_file() and digest_input(path) == entry.sha256

    def _parse(self, number: int, line: bytes) -> JournalEntry[Key]:
        try:
            content: Any = json.loads(line)
            facts = {name: checked(name, content[name], hint) for name, hint in _FACTS.items()}
            return JournalEntry(of=record_of(self._key_type, content["of"]), **facts)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise DataError(
                f"{self.path}: line {number} cannot be read ({error}). Restore the file from a copy, or start anew "
                "with --overwrite"
            ) from error


def _whole_lines(content: bytes) -> bytes:
    return content[: content.rfind(b"\n") + 1]
