"""What is true of every frame of a shard: where it was recorded, with what, and what its tags mean.

Decisions:

* The header is one JSON text, strict both ways: no missing key, no key that its version does not know, no NaN, no
  second value for a key. A user's own facts go into ``extra``.
* Headers are written as version 2 has them. Those of version 1 are read; what they lack gets its plain value.
* The tag table is written out, not only named, so that a shard still explains itself when tables have moved on.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, TypeAlias

from datasets import strict_json
from datasets.errors import LabelError, ShardError
from datasets.labels import LABEL_SETS, LabelClass, LabelSet

StreamName: TypeAlias = tuple[str, str, str]
"""Scenario, weather and camera by name: what the shards of one stream share."""

MAX_HEADER_BYTES = 60_000
"""HDF5 keeps an attribute in the object header, and so under its checksum, only below 64 KiB."""

MAX_SEQUENCE = 999_999

SPLITS = ("train", "val", "test")

WEATHER_FIELDS = (
    "cloudiness",
    "precipitation",
    "precipitation_deposits",
    "wind_intensity",
    "sun_azimuth_angle",
    "sun_altitude_angle",
    "fog_density",
    "fog_distance",
    "fog_falloff",
    "wetness",
    "scattering_intensity",
    "mie_scattering_scale",
    "rayleigh_scattering_scale",
    "dust_storm",
)
"""Of ``carla.WeatherParameters``."""

_SINCE_VERSION_2 = frozenset({"sequence", "weather_timeline"})


@dataclass(frozen=True, kw_only=True)
class ShardHeader:
    """Provenance of a shard; ShardError when a part is of the wrong type."""

    scenario: str
    split: str
    """"train", "val" or "test"; a scenario belongs to one of them as a whole."""
    town: str
    """Empty for images that come from no town of a simulator."""
    seed: int
    weather: Mapping[str, float | str]
    """CARLA's weather fields, and the preset's name where there is one."""
    camera: Mapping[str, float | str]
    """Name, size [px], field of view [deg] and mounting pose [m, deg] of the camera."""
    server_version: str
    """Empty for images that come from no server."""
    tag_table: LabelSet
    """Meaning of the raw tags in this shard."""
    harness_version: str
    sequence: int = 0
    """Position of this shard in its stream: the frames of one drive, weather and camera, in the order of time."""
    weather_timeline: Sequence[Mapping[str, float]] = ()
    """Weather that changes: the fourteen fields of `WEATHER_FIELDS` at ``at_s`` [s of simulated time], rising; linear
    between two entries, held before the first and after the last. Empty: `weather` holds all the time."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Anything else that JSON can hold."""

    def __post_init__(self) -> None:
        for name in ("scenario", "split", "town", "server_version", "harness_version"):
            text, may_be_empty = getattr(self, name), name in ("town", "server_version")
            _require(isinstance(text, str) and (text or may_be_empty), name, text, "a text")
        _require(self.split in SPLITS, "split", self.split, f"one of {', '.join(SPLITS)}")
        _require(type(self.seed) is int, "seed", self.seed, "an integer")
        is_sequence = type(self.sequence) is int and 0 <= self.sequence <= MAX_SEQUENCE
        _require(is_sequence, "sequence", self.sequence, f"an integer from 0 to {MAX_SEQUENCE}")
        for name in ("weather", "camera"):
            facts = getattr(self, name)
            is_flat = isinstance(facts, Mapping) and all(
                isinstance(key, str) and type(fact) in (int, float, str) for key, fact in facts.items()
            )
            _require(is_flat, name, facts, "names with a number or text each")
        for what, name in (("scenario", self.scenario), ("weather", self.weather_name), ("camera", self.camera_name)):
            _require(is_plain_name(name), f"name of the {what}", name, "no separators, no leading dot")
        _require(isinstance(self.extra, Mapping), "extra", self.extra, "a mapping")
        _check_timeline(self.weather_timeline)

    @property
    def weather_name(self) -> str:
        """Name of the weather; empty where none was given."""
        return str(self.weather.get("name", ""))

    @property
    def camera_name(self) -> str:
        """Name of the camera; empty where none was given."""
        return str(self.camera.get("name", ""))

    @property
    def stream_name(self) -> StreamName:
        """Of the stream that the shard belongs to; equal for all its shards."""
        return self.scenario, self.weather_name, self.camera_name

    @property
    def digest(self) -> str:
        """`header_digest` of the JSON text: two shards of equal digest were recorded under equal conditions."""
        return header_digest(self.to_json())

    def to_json(self) -> str:
        """The canonical text: sorted keys, no spaces; ShardError when a value is not JSON or the text is too long."""
        content = {item.name: getattr(self, item.name) for item in fields(self)}
        content |= {name: dict(content[name]) for name in ("weather", "camera", "extra")}
        content["weather_timeline"] = [dict(entry) for entry in self.weather_timeline]
        content["tag_table"] = {
            "name": self.tag_table.name,
            "ignore_id": self.tag_table.ignore_id,
            "ignored": sorted(self.tag_table.ignored),
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
    def from_json(cls, text: str, *, version: int = 2) -> ShardHeader:
        """The header that `to_json` of the format's `version` wrote.

        Raises:
            ShardError: names what is missing, unknown or of the wrong type.
        """
        try:
            content = strict_json.loads(text)
        except ValueError as error:
            raise ShardError(f"the shard header is not JSON: {error}") from error
        known = {item.name for item in fields(cls)} - (_SINCE_VERSION_2 if version == 1 else set())
        if not isinstance(content, dict) or set(content) != known:
            found = sorted(content) if isinstance(content, dict) else type(content).__name__
            raise ShardError(f"the shard header has the keys {found}, expected {sorted(known)}")
        timeline = content.get("weather_timeline", [])
        content["weather_timeline"] = tuple(timeline) if isinstance(timeline, list) else timeline
        return cls(**{**content, "tag_table": _tag_table(content["tag_table"], version)})


def is_plain_name(name: str) -> bool:
    """Whether `name`, perhaps empty, may become part of a file name: no separator or control character, no leading dot.

    Names of scenarios, weathers and cameras come with the data, and others build paths from them.
    """
    return name.isprintable() and not name.startswith(".") and not set(name) & set("/\\")


def header_digest(text: str) -> str:
    """SHA-256 (hex) of a header's text as it is stored."""
    return hashlib.sha256(text.encode()).hexdigest()


def _check_timeline(timeline: object) -> None:
    keys = {"at_s", *WEATHER_FIELDS}
    is_timeline = isinstance(timeline, Sequence) and all(
        isinstance(entry, Mapping) and set(entry) == keys and all(type(entry[key]) in (int, float) for key in keys)
        for entry in timeline
    )
    _require(is_timeline, "weather_timeline", timeline, "entries of at_s and the fourteen fields of the weather")
    assert isinstance(timeline, Sequence)
    times = [entry["at_s"] for entry in timeline]
    is_rising = all(before < after for before, after in itertools.pairwise(times))
    _require(is_rising, "weather_timeline", times, "times that rise from entry to entry")


def _tag_table(content: object, version: int) -> LabelSet:
    keys = {"name", "ignore_id", "classes", "digest"} | (set() if version == 1 else {"ignored"})
    if not isinstance(content, dict) or set(content) != keys:
        raise ShardError(f"the shard's tag table is {str(content)[:300]!r}, expected {sorted(keys)}")
    classes, ignored = content["classes"], content.get("ignored", [])
    is_table = isinstance(classes, list) and all(
        isinstance(row, list)
        and [type(item) for item in row] == [str, int, int, int]
        and all(0 <= level <= 255 for level in row[1:])
        for row in classes
    )
    _require(is_table, "tag_table.classes", classes, "rows of name, red, green, blue")
    _require(isinstance(content["name"], str), "tag_table.name", content["name"], "a text")
    _require(type(content["ignore_id"]) is int, "tag_table.ignore_id", content["ignore_id"], "an integer")
    is_ids = isinstance(ignored, list) and all(type(item) is int for item in ignored)
    _require(is_ids, "tag_table.ignored", ignored, "a list of class ids")
    known = LABEL_SETS.get(content["name"])
    if version == 1 and known is not None and known.digest == content["digest"]:
        ignored = known.ignored
    try:
        table = LabelSet(
            name=content["name"],
            classes=tuple(LabelClass(name=row[0], color=(row[1], row[2], row[3])) for row in classes),
            ignore_id=content["ignore_id"],
            ignored=frozenset(ignored),
        )
    except LabelError as error:
        raise ShardError(f"the shard's tag table cannot be used: {error}") from error
    _require(table.digest == content["digest"], "tag_table.digest", content["digest"], table.digest)
    return table


def _require(is_met: object, name: str, seen: object, expected: str) -> None:
    if not is_met:
        raise ShardError(f"shard header: {name} is {str(seen)[:200]!r}, expected {expected}")
