"""What is true of every frame of a shard: where it was recorded, with what, and what its tags mean.

Decisions:

* The header is one JSON text, strict both ways: no missing key, no key that this version does not know, no NaN, no
  second value for a key. A user's own facts go into ``extra``.
* The tag table is written out, not only named, so that a shard still explains itself when tables have moved on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from datasets import strict_json
from datasets.errors import LabelError, ShardError
from datasets.labels import LabelClass, LabelSet

MAX_HEADER_BYTES = 60_000
"""HDF5 keeps an attribute in the object header, and so under its checksum, only below 64 KiB."""

SPLITS = ("train", "val", "test")


@dataclass(frozen=True, kw_only=True)
class ShardHeader:
    """Provenance of a shard; ShardError when a part is of the wrong type."""

    scenario: str
    split: str
    """"train", "val" or "test"; a scenario belongs to one of them as a whole."""
    town: str
    seed: int
    weather: Mapping[str, float | str]
    """CARLA's weather fields, and the preset's name where there is one."""
    camera: Mapping[str, float | str]
    """Name, size [px], field of view [deg] and mounting pose [m, deg] of the camera."""
    server_version: str
    tag_table: LabelSet
    """Meaning of the raw tags in this shard."""
    harness_version: str
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Anything else that JSON can hold."""

    def __post_init__(self) -> None:
        for name in ("scenario", "split", "town", "server_version", "harness_version"):
            _require(isinstance(getattr(self, name), str) and getattr(self, name), name, getattr(self, name), "a text")
        _require(self.split in SPLITS, "split", self.split, f"one of {', '.join(SPLITS)}")
        _require(type(self.seed) is int, "seed", self.seed, "an integer")
        for name in ("weather", "camera"):
            facts = getattr(self, name)
            is_flat = isinstance(facts, Mapping) and all(
                isinstance(key, str) and type(fact) in (int, float, str) for key, fact in facts.items()
            )
            _require(is_flat, name, facts, "names with a number or text each")
        _require(isinstance(self.extra, Mapping), "extra", self.extra, "a mapping")

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the JSON text: two shards of equal digest were recorded under equal conditions."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_json(self) -> str:
        """The canonical text: sorted keys, no spaces; ShardError when a value is not JSON or the text is too long."""
        content = {item.name: getattr(self, item.name) for item in fields(self)}
        content |= {name: dict(content[name]) for name in ("weather", "camera", "extra")}
        content["tag_table"] = {
            "name": self.tag_table.name,
            "ignore_id": self.tag_table.ignore_id,
            "classes": [[label.name, *label.color] for label in self.tag_table.classes],
            "digest": self.tag_table.digest,
        }
        try:
            text = strict_json.dumps(content)
        except (TypeError, ValueError) as error:
            raise ShardError(f"the shard header is not JSON: {error}") from error
        if len(text.encode()) > MAX_HEADER_BYTES:
            raise ShardError(
                f"the shard header has {len(text.encode())} bytes, expected at most {MAX_HEADER_BYTES}; shorten `extra`"
            )
        return text

    @classmethod
    def from_json(cls, text: str) -> ShardHeader:
        """The header that `to_json` wrote; ShardError that names what is missing, unknown or of the wrong type."""
        try:
            content = strict_json.loads(text)
        except ValueError as error:
            raise ShardError(f"the shard header is not JSON: {error}") from error
        known = {item.name for item in fields(cls)}
        if not isinstance(content, dict) or set(content) != known:
            found = sorted(content) if isinstance(content, dict) else type(content).__name__
            raise ShardError(f"the shard header has the keys {found}, expected {sorted(known)}")
        return cls(**{**content, "tag_table": _tag_table(content["tag_table"])})


def _tag_table(content: object) -> LabelSet:
    if not isinstance(content, dict) or set(content) != {"name", "ignore_id", "classes", "digest"}:
        raise ShardError(f"the shard's tag table is {content!r}, expected name, ignore_id, classes and digest")
    classes = content["classes"]
    is_table = isinstance(classes, list) and all(
        isinstance(row, list)
        and [type(item) for item in row] == [str, int, int, int]
        and all(0 <= level <= 255 for level in row[1:])
        for row in classes
    )
    _require(is_table, "tag_table.classes", classes, "rows of name, red, green, blue")
    _require(isinstance(content["name"], str), "tag_table.name", content["name"], "a text")
    _require(type(content["ignore_id"]) is int, "tag_table.ignore_id", content["ignore_id"], "an integer")
    try:
        table = LabelSet(
            name=content["name"],
            classes=tuple(LabelClass(name=row[0], color=(row[1], row[2], row[3])) for row in classes),
            ignore_id=content["ignore_id"],
        )
    except LabelError as error:
        raise ShardError(f"the shard's tag table cannot be used: {error}") from error
    _require(table.digest == content["digest"], "tag_table.digest", content["digest"], table.digest)
    return table


def _require(is_met: object, name: str, seen: object, expected: str) -> None:
    if not is_met:
        raise ShardError(f"shard header: {name} is {str(seen)[:200]!r}, expected {expected}")
