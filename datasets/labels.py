"""Label sets: what a pixel's class id means, and how one set is read as another.

Decisions:

* Shards hold the *raw* tags of the server. A label set is applied on load, by a 256-entry table.
* The **server** writes the tags, so the server's version picks the table, never the installed client's.
* Sets meet through the 29 tags of 0.9.14+: source -> carla29 -> target. One table for each set, not one for each pair.
  Cityscapes ids are the benchmark's ``trainId``; road lines count as road there.
* Tag 0 (NONE, Unlabeled) says that the simulator does not know: nobody should learn that, so it becomes the ignore id.
* An id that a set does not have is an error that names it, never class 0.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from datasets.errors import LabelError

__all__ = [
    "CARLA_13",
    "CARLA_23",
    "CARLA_29",
    "CITYSCAPES_19",
    "IGNORE_ID",
    "LABEL_SETS",
    "LabelClass",
    "LabelError",
    "LabelSet",
    "check_tags",
    "label_set",
    "lookup_table",
    "tag_table_for_server",
    "unknown_tags",
]

IGNORE_ID = 255
"""Class id of pixels that neither training nor scoring may count."""

_UNKNOWN_TO_SIMULATOR = 0
"""Tag 0 of every CARLA set."""


@dataclass(frozen=True, kw_only=True)
class LabelClass:
    """One class: the name and the sRGB colour that its source prints."""

    name: str
    color: tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class LabelSet:
    """An ordered list of classes; a class id is the position in it."""

    name: str
    """Short lower-case name, as ``label_set`` and the command line know it."""
    classes: tuple[LabelClass, ...]
    ignore_id: int = IGNORE_ID
    """Id of pixels without a class; outside the range of class ids."""

    def __post_init__(self) -> None:
        if not 1 <= len(self.classes) <= self.ignore_id <= 255:
            raise LabelError(
                f"label set {self.name!r} has {len(self.classes)} classes and ignore id {self.ignore_id}; "
                "expected 1..255 classes and an ignore id above them"
            )

    @property
    def num_classes(self) -> int:
        """How many classes there are, K; ids are 0..K-1."""
        return len(self.classes)

    @property
    def names(self) -> tuple[str, ...]:
        """Class names in id order."""
        return tuple(label.name for label in self.classes)

    @cached_property
    def palette(self) -> npt.NDArray[np.uint8]:
        """(256, 3) uint8 sRGB, read-only; ids without a class, the ignore id too, are black."""
        palette = np.zeros((256, 3), np.uint8)
        palette[: self.num_classes] = [label.color for label in self.classes]
        palette.flags.writeable = False
        return palette

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of names and colours in id order: equal digests mean equal meaning of every id."""
        table = [[label.name, *label.color] for label in self.classes]
        return hashlib.sha256(json.dumps(table, separators=(",", ":")).encode()).hexdigest()

    def class_id(self, name: str) -> int:
        """Id of the class called `name`; LabelError with a suggestion when there is none."""
        if name not in self.names:
            raise LabelError(f"label set {self.name!r} has no class {name!r}.{_suggestion(name, self.names)}")
        return self.names.index(name)


def _suggestion(name: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean {close[0]!r}?" if close else f" Known: {', '.join(known)}."


def _classes(*rows: tuple[str, int, int, int]) -> tuple[LabelClass, ...]:
    return tuple(LabelClass(name=name, color=(red, green, blue)) for name, red, green, blue in rows)


# Names are those of carla.CityObjectLabel, colours those of ColorConverter.CityScapesPalette, read out of each wheel.
CARLA_29 = LabelSet(
    name="carla29",
    classes=_classes(
        ("NONE", 0, 0, 0),
        ("Roads", 128, 64, 128),
        ("Sidewalks", 244, 35, 232),
        ("Buildings", 70, 70, 70),
        ("Walls", 102, 102, 156),
        ("Fences", 190, 153, 153),
        ("Poles", 153, 153, 153),
        ("TrafficLight", 250, 170, 30),
        ("TrafficSigns", 220, 220, 0),
        ("Vegetation", 107, 142, 35),
        ("Terrain", 152, 251, 152),
        ("Sky", 70, 130, 180),
        ("Pedestrians", 220, 20, 60),
        ("Rider", 255, 0, 0),
        ("Car", 0, 0, 142),
        ("Truck", 0, 0, 70),
        ("Bus", 0, 60, 100),
        ("Train", 0, 80, 100),
        ("Motorcycle", 0, 0, 230),
        ("Bicycle", 119, 11, 32),
        ("Static", 110, 190, 160),
        ("Dynamic", 170, 120, 50),
        ("Other", 55, 90, 80),
        ("Water", 45, 60, 150),
        ("RoadLines", 157, 234, 50),
        ("Ground", 81, 0, 81),
        ("Bridge", 150, 100, 100),
        ("RailTrack", 230, 150, 140),
        ("GuardRail", 180, 165, 180),
    ),
)
"""Servers 0.9.14 - 0.9.16 and 0.10.x."""

CARLA_23 = LabelSet(
    name="carla23",
    classes=_classes(
        ("NONE", 0, 0, 0),
        ("Buildings", 70, 70, 70),
        ("Fences", 100, 40, 40),
        ("Other", 55, 90, 80),
        ("Pedestrians", 220, 20, 60),
        ("Poles", 153, 153, 153),
        ("RoadLines", 157, 234, 50),
        ("Roads", 128, 64, 128),
        ("Sidewalks", 244, 35, 232),
        ("Vegetation", 107, 142, 35),
        ("Vehicles", 0, 0, 142),
        ("Walls", 102, 102, 156),
        ("TrafficSigns", 220, 220, 0),
        ("Sky", 70, 130, 180),
        ("Ground", 81, 0, 81),
        ("Bridge", 150, 100, 100),
        ("RailTrack", 230, 150, 140),
        ("GuardRail", 180, 165, 180),
        ("TrafficLight", 250, 170, 30),
        ("Static", 110, 190, 160),
        ("Dynamic", 170, 120, 50),
        ("Water", 45, 60, 150),
        ("Terrain", 145, 170, 100),
    ),
)
"""Servers 0.9.10 - 0.9.13."""

CARLA_13 = LabelSet(
    name="carla13",
    classes=_classes(
        ("None", 0, 0, 0),
        ("Buildings", 70, 70, 70),
        ("Fences", 190, 153, 153),
        ("Other", 250, 170, 160),
        ("Pedestrians", 220, 20, 60),
        ("Poles", 153, 153, 153),
        ("RoadLines", 157, 234, 50),
        ("Roads", 128, 64, 128),
        ("Sidewalks", 244, 35, 232),
        ("Vegetation", 107, 142, 35),
        ("Vehicles", 0, 0, 142),
        ("Walls", 102, 102, 156),
        ("TrafficSigns", 220, 220, 0),
    ),
)
"""Servers 0.8.x - 0.9.9: sky is None, traffic lights are TrafficSigns."""

CITYSCAPES_19 = LabelSet(
    name="cityscapes19",
    classes=_classes(
        ("road", 128, 64, 128),
        ("sidewalk", 244, 35, 232),
        ("building", 70, 70, 70),
        ("wall", 102, 102, 156),
        ("fence", 190, 153, 153),
        ("pole", 153, 153, 153),
        ("traffic light", 250, 170, 30),
        ("traffic sign", 220, 220, 0),
        ("vegetation", 107, 142, 35),
        ("terrain", 152, 251, 152),
        ("sky", 70, 130, 180),
        ("person", 220, 20, 60),
        ("rider", 255, 0, 0),
        ("car", 0, 0, 142),
        ("truck", 0, 0, 70),
        ("bus", 0, 60, 100),
        ("train", 0, 80, 100),
        ("motorcycle", 0, 0, 230),
        ("bicycle", 119, 11, 32),
    ),
)
"""Cityscapes' 19 evaluated classes in ``trainId`` order."""

LABEL_SETS: dict[str, LabelSet] = {table.name: table for table in (CARLA_29, CARLA_23, CARLA_13, CITYSCAPES_19)}

_X = IGNORE_ID

# Id of each class -> the carla29 tag of the same meaning; where an older set's class is wider: the usual content.
_TO_CARLA_29: dict[str, tuple[int, ...]] = {
    "carla29": tuple(range(29)),
    "carla23": (0, 3, 5, 22, 12, 6, 24, 1, 2, 9, 14, 4, 8, 11, 25, 26, 27, 28, 7, 20, 21, 23, 10),
    "carla13": (0, 3, 5, 22, 12, 6, 24, 1, 2, 9, 14, 4, 8),
    "cityscapes19": tuple(range(1, 20)),
}

# carla29 tag -> id in the target set; 13-tag column: the Lyft-Udacity grouping (sky is None there, hence ignored).
_FROM_CARLA_29: dict[str, tuple[int, ...]] = {
    "carla29": tuple(range(29)),
    "carla23": (
        *(0, 7, 8, 1, 11, 2, 5, 18, 12, 9, 22, 13, 4, 4),
        *(10, 10, 10, 10, 10, 10),
        *(19, 20, 3, 21, 6, 14, 15, 16, 17),
    ),
    "carla13": (
        *(0, 7, 8, 1, 11, 2, 5, 12, 12, 9, 9, 0, 4, 4),
        *(10, 10, 10, 10, 10, 10),
        *(3, 3, 3, 3, 6, 3, 3, 3, 2),
    ),
    "cityscapes19": (_X, *range(19), _X, _X, _X, _X, 0, _X, _X, _X, _X),
}


def label_set(name: str) -> LabelSet:
    """The label set called `name`: carla29, carla23, carla13 or cityscapes19; LabelError otherwise."""
    if name not in LABEL_SETS:
        raise LabelError(f"unknown label set {name!r}.{_suggestion(name, tuple(LABEL_SETS))}")
    return LABEL_SETS[name]


def tag_table_for_server(version: str) -> LabelSet:
    """The tag set that a server of `version` ("0.9.16", suffixes allowed) writes; LabelError when no table is known."""
    match = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", version)
    if match:
        major, minor, patch = (int(part or 0) for part in match.groups())
        if (major, minor) == (0, 8):
            return CARLA_13
        if (major, minor) == (0, 9) and patch <= 16:
            return CARLA_29 if patch >= 14 else CARLA_23 if patch >= 10 else CARLA_13
        if (major, minor) == (0, 10):
            return CARLA_29
    raise LabelError(
        f"server version {version!r} has no known tag table; expected 0.8.x - 0.9.9 (13 tags), 0.9.10 - 0.9.13 (23), "
        "0.9.14 - 0.9.16 or 0.10.x (29). Check the server's tags before adding a table"
    )


def lookup_table(source: LabelSet, target: LabelSet) -> npt.NDArray[np.uint8]:
    """(256,) uint8, read-only: class id of `target` for each id of `source`.

    Tags the target lacks, tag 0 of the CARLA sets and ids outside the source become ``target.ignore_id``. An id outside
    the source is a fault of the data, which a table cannot report: call `check_tags` first. LabelError when no way from
    source to target is known.
    """
    for table, ways in ((source, _TO_CARLA_29), (target, _FROM_CARLA_29)):
        if table.name not in ways or LABEL_SETS[table.name].digest != table.digest:
            raise LabelError(
                f"no translation of labels {source.name!r} into {target.name!r} is known: "
                f"{table.name!r} is not one of the built-in sets"
            )
    lookup = np.full(256, target.ignore_id, np.uint8)
    for source_id, tag in enumerate(_TO_CARLA_29[source.name]):
        target_id = _FROM_CARLA_29[target.name][tag]
        is_void = target.name != CITYSCAPES_19.name and target_id == _UNKNOWN_TO_SIMULATOR
        lookup[source_id] = target.ignore_id if is_void or target_id == IGNORE_ID else target_id
    lookup.flags.writeable = False
    return lookup


def unknown_tags(tags: npt.NDArray[np.uint8], table: LabelSet) -> list[int]:
    """Sorted ids in `tags` ((H, W) uint8) that `table` does not have; empty when all are known."""
    if tags.size == 0 or int(tags.max()) < table.num_classes:  # the usual case needs no sorting
        return []
    present = np.unique(tags)
    return [int(tag) for tag in present[present >= table.num_classes]]


def check_tags(tags: npt.NDArray[np.uint8], table: LabelSet) -> None:
    """LabelError that names every id of `tags` ((H, W) uint8) that `table` does not have."""
    unknown = unknown_tags(tags, table)
    if unknown:
        raise LabelError(
            f"the image holds tag ids {unknown}, expected 0..{table.num_classes - 1} of label set {table.name!r}; "
            "the server's version and its tag table do not fit, or the image is damaged"
        )
