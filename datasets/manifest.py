"""The manifest of a recording folder: which shards count, and what they are. JSON to entries and back.

Decisions:

* Paths in a manifest are believed only inside the folder: it may come from someone else.
* Entries of version 1 are read; what they lack gets its plain value. What is written is version 2.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datasets import strict_json
from datasets.durable_file import replace_text
from datasets.errors import ShardError, storage_error
from datasets.shard_header import MAX_SEQUENCE, SPLITS, is_plain_name
from datasets.shard_layout import SUFFIX

FORMAT_NAME = "carla-loop-harness/recording"
FORMAT_VERSION = 2
"""What is written."""

MANIFEST_NAME = "manifest.json"
SHARDS_FOLDER = "shards"

_MAX_BYTES = 64 << 20
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+=-]{0,150}")
"""What a scenario may be called, being part of file names: no separator, no leading dot or dash."""

_KINDS: dict[int, dict[str, tuple[type, ...]]] = {
    1: {"file": (str,), "scenario": (str,), "split": (str,), "num_frames": (int,), "header_sha256": (str,)}
}
_KINDS[2] = _KINDS[1] | {
    "weather": (str,),
    "camera": (str,),
    "sequence": (int,),
    "is_last": (bool,),
    "index_sha256": (str,),
    "statistics": (dict, type(None)),
}


@dataclass(frozen=True, kw_only=True)
class ShardEntry:
    """One finished shard of a recording."""

    path: Path
    """Of the shard; inside the folder."""
    scenario: str
    split: str
    num_frames: int
    header_digest: str
    """SHA-256 (hex) of the header's text; equal for shards recorded under equal conditions."""
    weather: str = ""
    """Name of the weather; empty in entries of version 1."""
    camera: str = ""
    """Name of the camera; empty in entries of version 1."""
    sequence: int = 0
    """Position in its stream: the shards of one scenario, weather and camera."""
    is_last: bool = True
    """Whether its stream ends with this shard."""
    index_digest: str = ""
    """`frame_index.index_digest` of its rows: ties the shard's content to the manifest. Empty in version 1."""
    statistics: Mapping[str, Any] | None = field(default=None, hash=False)
    """What was counted over its frames once (JSON); None where nobody has."""


def checked_name(name: str) -> str:
    """`name`; ShardError when it cannot be part of a file name."""
    if not _NAME.fullmatch(name):
        raise ShardError(
            f"scenario name {name[:200]!r} cannot be a file name; expected letters, digits and _ . + = - only"
        )
    return name


def read_manifest(root: Path) -> tuple[ShardEntry, ...]:
    """All entries of the recording in `root`, whether their files are there or not.

    Raises:
        ShardError: there is no manifest, or it is damaged, hostile or of another version.
    """
    path = root / MANIFEST_NAME
    if not path.is_file():
        raise ShardError(f"{root} is not a recording: it has no {MANIFEST_NAME}. Record one, or mend the path")
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ValueError(f"it has {path.stat().st_size} bytes")
        content = strict_json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ShardError(f"{path} is not a manifest: {error}") from error
    except OSError as error:
        raise storage_error(f"{path} cannot be read", error) from error
    if not isinstance(content, dict) or set(content) != {"format", "format_version", "shards"}:
        raise ShardError(f"{path} is not a manifest: expected the keys format, format_version and shards")
    version = content["format_version"]
    if content["format"] != FORMAT_NAME or type(version) is not int or version not in _KINDS:
        raise ShardError(
            f"{path} is {content['format']!r} version {version!r}, expected {FORMAT_NAME!r} version "
            f"{' or '.join(map(str, _KINDS))}"
        )
    if not isinstance(content["shards"], list):
        raise ShardError(f"{path}: shards is a {type(content['shards']).__name__}, expected a list")
    entries = tuple(_entry(root, item, version) for item in content["shards"])
    if len({entry.path for entry in entries}) != len(entries):
        raise ShardError(f"{path} lists a shard twice")
    return entries


def write_manifest(root: Path, entries: Iterable[ShardEntry]) -> None:
    """Put a manifest with `entries` in the place of the one in `root`; DiskError when the disk refuses."""
    shards = [
        {
            "file": f"{SHARDS_FOLDER}/{entry.path.name}",
            "scenario": entry.scenario,
            "split": entry.split,
            "num_frames": entry.num_frames,
            "header_sha256": entry.header_digest,
            "weather": entry.weather,
            "camera": entry.camera,
            "sequence": entry.sequence,
            "is_last": entry.is_last,
            "index_sha256": entry.index_digest,
            "statistics": None if entry.statistics is None else dict(entry.statistics),
        }
        for entry in entries
    ]
    try:
        text = strict_json.dumps({"format": FORMAT_NAME, "format_version": FORMAT_VERSION, "shards": shards}, indent=1)
    except (TypeError, ValueError) as error:
        raise ShardError(f"the statistics of a shard are not JSON: {error}") from error
    try:
        replace_text(root / MANIFEST_NAME, text + "\n")
    except OSError as error:
        raise storage_error(f"{root / MANIFEST_NAME} cannot be written; the old one is intact", error) from error


def _entry(root: Path, item: Any, version: int) -> ShardEntry:
    """The manifest's `item`, believed only when typed as expected and inside `root`."""
    kinds = _KINDS[version]
    is_entry = (
        isinstance(item, dict)
        and item.keys() == kinds.keys()
        and all(type(item[name]) in allowed for name, allowed in kinds.items())
    )
    if not is_entry:
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
    names = [item[key] for key in ("scenario", "weather", "camera") if key in item]
    if not all(map(is_plain_name, names)):
        raise ShardError(f"{root / MANIFEST_NAME}: {name} has the names {str(names)[:300]}, expected no separators")
    if item["num_frames"] < 1 or not 0 <= item.get("sequence", 0) <= MAX_SEQUENCE:
        raise ShardError(f"{root / MANIFEST_NAME}: {name} has impossible numbers {str(item)[:300]}")
    facts = {key: value for key, value in item.items() if key not in ("file", "header_sha256", "index_sha256")}
    return ShardEntry(
        path=path, header_digest=item["header_sha256"], index_digest=item.get("index_sha256", ""), **facts
    )
