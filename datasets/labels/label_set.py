"""What a class id means: `LabelSet`, and the check that an image holds no other ids."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from datasets.errors import LabelError

IGNORE_ID = 255
"""Class id of pixels that neither training nor scoring may count."""

_JSON_KEYS = {"name", "ignore_id", "ignored", "classes", "grouping"}


@dataclass(frozen=True, kw_only=True)
class LabelClass:
    """One class: the name and the sRGB colour that its source prints."""

    name: str
    color: tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """How the classes of a user's own set are made of those of another."""

    source: LabelSet
    class_ids: tuple[int, ...]
    """For each id of `source` the id in the user's set, or that set's ignore id."""


@dataclass(frozen=True, kw_only=True)
class LabelSet:
    """An ordered list of classes; a class id is the position in it. LabelError when a part does not fit the others."""

    name: str
    """Short lower-case name, as ``label_set`` and the command line know it."""
    classes: tuple[LabelClass, ...]
    ignore_id: int = IGNORE_ID
    """Id of pixels without a class; outside the range of class ids."""
    ignored: frozenset[int] = frozenset()
    """Class ids that mean "unlabelled": every translation turns them into the target's ignore id. Not in `digest`."""
    grouping: Grouping | None = None
    """Where the classes come from, in a set that a user made by grouping another's. Not in `digest`."""

    def __post_init__(self) -> None:
        if not 1 <= len(self.classes) <= self.ignore_id <= 255:
            raise LabelError(
                f"label set {self.name!r} has {len(self.classes)} classes and ignore id {self.ignore_id}; "
                "expected 1..255 classes and an ignore id above them"
            )
        if not self.ignored <= frozenset(range(len(self.classes))):
            raise LabelError(
                f"label set {self.name!r} ignores the ids {sorted(self.ignored)}, expected ids of its "
                f"{len(self.classes)} classes"
            )
        if self.grouping is not None:
            self._check_grouping(self.grouping)

    def _check_grouping(self, grouping: Grouping) -> None:
        if len(grouping.class_ids) != grouping.source.num_classes:
            raise LabelError(
                f"label set {self.name!r} groups {len(grouping.class_ids)} classes, "
                f"expected the {grouping.source.num_classes} of {grouping.source.name!r}"
            )
        wrong = set(grouping.class_ids) - {*range(self.num_classes), self.ignore_id}
        if wrong:
            raise LabelError(
                f"label set {self.name!r} groups into the ids {sorted(wrong)}, "
                f"expected 0..{self.num_classes - 1} or {self.ignore_id}"
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
            raise LabelError(f"label set {self.name!r} has no class {name!r}.{suggestion(name, self.names)}")
        return self.names.index(name)

    def to_json(self) -> dict[str, Any]:
        """All of the set as JSON values, its grouping too; `from_json` is the way back."""
        grouping = self.grouping
        return {
            "name": self.name,
            "ignore_id": self.ignore_id,
            "ignored": sorted(self.ignored),
            "classes": [[label.name, *label.color] for label in self.classes],
            "grouping": grouping and {"source": grouping.source.to_json(), "class_ids": list(grouping.class_ids)},
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> LabelSet:
        """The set that `to_json` wrote; LabelError when it is of another form."""
        if not isinstance(content, Mapping) or set(content) != _JSON_KEYS:
            raise LabelError(f"label set {str(content)[:200]!r} cannot be read; expected the keys {sorted(_JSON_KEYS)}")
        try:
            grouping = content["grouping"] and Grouping(
                source=cls.from_json(content["grouping"]["source"]), class_ids=tuple(content["grouping"]["class_ids"])
            )
            classes = tuple(
                LabelClass(name=str(name), color=(int(red), int(green), int(blue)))
                for name, red, green, blue in content["classes"]
            )
            return cls(
                name=content["name"],
                classes=classes,
                ignore_id=content["ignore_id"],
                ignored=frozenset(content["ignored"]),
                grouping=grouping,
            )
        except LabelError:
            raise
        except (KeyError, TypeError, ValueError) as error:
            raise LabelError(f"label set {str(content['name'])[:200]!r} cannot be read: {error}") from error


def suggestion(name: str, known: Iterable[str]) -> str:
    """What to add to an error about an unknown `name`: the closest of `known`, or all of them."""
    known = tuple(known)
    close = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean {close[0]!r}?" if close else f" Known: {', '.join(known)}."


def classes_of(*rows: tuple[str, int, int, int]) -> tuple[LabelClass, ...]:
    """Classes from rows of name, red, green, blue."""
    return tuple(LabelClass(name=name, color=(red, green, blue)) for name, red, green, blue in rows)


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
