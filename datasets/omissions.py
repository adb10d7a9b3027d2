"""Lists of frames that a recording lacks, with the reason of each: ``gaps.jsonl`` and ``quarantine.jsonl``.

One JSON object a line, appended whole as it happens, so that a crash loses none; a last line without its end is void.
Lines of a stream behind its last written frame are void, too, once it is resumed: those frames are tried again.
They may come from strangers: a line that does not end costs no memory.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from datasets.durable_file import replace_text
from datasets.errors import storage_error

GAPS_NAME = "gaps.jsonl"
QUARANTINE_NAME = "quarantine.jsonl"
QUARANTINE_FOLDER = "quarantine"
"""Images of the first quarantined frames of each stream, to be looked at."""
GAP = "gap"
"""The one kind in ``gaps.jsonl``; those of ``quarantine.jsonl`` are the recorder's to name."""

_MAX_LINE = 10_000
"""Characters; a longer line is void."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Omission:
    """A frame that is not in its shard."""

    scenario: str
    weather: str
    camera: str
    frame: int
    """Tick, counted from 0 after the warm-up, as in shards."""
    kind: str
    detail: str

    def is_of(self, scenario: str, weather: str, camera: str | None = None) -> bool:
        """Whether it is of this scenario and weather, and of this camera if one is named."""
        return (self.scenario, self.weather) == (scenario, weather) and camera in (None, self.camera)


def load_omissions(path: Path) -> tuple[Omission, ...]:
    """The lines of a list, in the order of writing; none where there is no file. Lines of another kind are left out."""
    try:
        with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
            lines = iter(lambda: file.readline(_MAX_LINE), "")
            found = [_parsed(line) for line in lines if line.endswith("\n")]
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise storage_error(f"{path} cannot be read", error) from error
    return tuple(omission for omission in found if omission is not None)


class OmissionLog:
    """A list on disk, kept by the one process that records. DiskError when the disk fails."""

    def __init__(self, path: Path, *, is_durable: bool = False) -> None:
        """Open the list at ``path``; with ``is_durable`` each line reaches the disk before it counts."""
        self.path = path
        self._is_durable = is_durable
        self._omissions = list(load_omissions(path))
        self._ends_whole = not path.exists() or path.stat().st_size == 0 or _ends_with_newline(path)

    def append(self, omission: Omission) -> None:
        """Add a line."""
        line = json.dumps(asdict(omission), ensure_ascii=False).encode() + b"\n"
        try:
            # A torn line of a recorder that died is ended first: it stays void, and this one is whole.
            with self.path.open("ab", buffering=0) as file:
                if file.write(line if self._ends_whole else b"\n" + line) == 0:
                    raise OSError("nothing was written")
                if self._is_durable:
                    os.fsync(file.fileno())
        except OSError as error:
            raise storage_error(f"{self.path} cannot be written", error) from error
        self._ends_whole = True
        self._omissions.append(omission)

    def select(self, scenario: str, weather: str, camera: str | None = None) -> tuple[Omission, ...]:
        """The lines of a scenario and weather, of one camera or of all."""
        return tuple(each for each in self._omissions if each.is_of(scenario, weather, camera))

    def forget(self, scenario: str, weather: str, camera: str, *, after_frame: int = -1) -> None:
        """Take out the lines of a stream about frames after ``after_frame``; they will be decided anew."""
        self._keep(lambda each: each.frame <= after_frame or not each.is_of(scenario, weather, camera))

    def _keep(self, condition: Callable[[Omission], bool]) -> None:
        kept = [each for each in self._omissions if condition(each)]
        if len(kept) == len(self._omissions):
            return
        lines = [json.dumps(asdict(each), ensure_ascii=False) + "\n" for each in kept]
        try:
            replace_text(self.path, "".join(lines))
        except OSError as error:
            raise storage_error(f"{self.path} cannot be written", error) from error
        self._omissions, self._ends_whole = kept, True


def _parsed(line: str) -> Omission | None:
    try:
        content = json.loads(line)
        omission = Omission(**content)
    except (ValueError, TypeError, RecursionError):
        return None
    texts = (omission.scenario, omission.weather, omission.camera, omission.kind, omission.detail)
    is_typed = all(isinstance(text, str) for text in texts) and type(omission.frame) is int
    return omission if is_typed else None


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"
