"""Reading the ids of one label set as those of another.

The way from one set to another, the first that there is:

1. Equal classes: the ids mean the same. The source may have further classes that mean "unlabelled".
2. A target that a user grouped: to its source set, then by its grouping.
3. A table that compares both directly.
4. Through the 29 tags of CARLA 0.9.14+.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datasets.errors import LabelError
from datasets.labels.groupings import DIRECT, HUB, LABEL_SETS
from datasets.labels.label_set import LabelClass, LabelSet


def _labelled(table: LabelSet) -> tuple[LabelClass, ...]:
    """The classes up to the last one that is not ignored: what tells sets apart, whatever their names.

    An importer adds a class of its own for void pixels, and a set that was read from a file may carry any name.
    """
    count = max((number + 1 for number in range(table.num_classes) if number not in table.ignored), default=0)
    return table.classes[:count]


_NAMES = {_labelled(table): table.name for table in LABEL_SETS.values()}
"""Name of each built-in set by its classes."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Translation:
    """How `source` ids become `target` ids, and what is lost by it."""

    source: LabelSet
    target: LabelSet
    lookup: npt.NDArray[np.uint8]
    """(256,) uint8, read-only: target id for each source id; ``target.ignore_id`` for ignored and unknown ones."""
    merged: dict[str, tuple[str, ...]]
    """Target class -> the two or more source classes that become it."""
    dropped: tuple[str, ...]
    """Source classes that become the ignore id, besides those that mean "unlabelled" in the source."""

    @property
    def warning(self) -> str | None:
        """What is lost, in one line; None when nothing is."""
        parts = [f"{target} = {' + '.join(sources)}" for target, sources in self.merged.items()]
        if self.dropped:
            parts.append(f"ignored: {', '.join(self.dropped)}")
        if not parts:
            return None
        return f"labels {self.source.name} are read as {self.target.name}, which loses classes: {'; '.join(parts)}"


def translation(source: LabelSet, target: LabelSet) -> Translation:
    """How `source` is read as `target`; LabelError when no way is known.

    An id outside the source is a fault of the data, which a table cannot report: call `check_tags` first.
    """
    ids = {old: new for old, new in _ids(source, target).items() if new not in target.ignored}
    lookup = np.full(256, target.ignore_id, np.uint8)
    for old, new in ids.items():
        lookup[old] = new
    lookup.flags.writeable = False
    groups = {name: tuple(source.names[old] for old in ids if ids[old] == new) for new, name in enumerate(target.names)}
    return Translation(
        source=source,
        target=target,
        lookup=lookup,
        merged={name: members for name, members in groups.items() if len(members) > 1},
        dropped=tuple(name for old, name in enumerate(source.names) if old not in ids and old not in source.ignored),
    )


def lookup_table(source: LabelSet, target: LabelSet) -> npt.NDArray[np.uint8]:
    """``translation(source, target).lookup``: (256,) uint8, read-only, class id of `target` for each id of `source`."""
    return translation(source, target).lookup


def _ids(source: LabelSet, target: LabelSet) -> dict[int, int]:
    """Target id of each source id that has a counterpart, in the order of source ids."""
    if _labelled(source) == _labelled(target):
        return {number: number for number in range(len(_labelled(source))) if number not in source.ignored}
    if target.grouping is not None:
        grouping = dict(enumerate(target.grouping.class_ids))
        used = {old: new for old, new in grouping.items() if new != target.ignore_id}
        return _composed(_ids_before_grouping(source, target.grouping.source), used)
    names = _built_in(source, source, target), _built_in(target, source, target)
    if names in DIRECT:
        return _direct(*names)
    return _composed(_direct(names[0], HUB.name), _direct(HUB.name, names[1]))


def _ids_before_grouping(source: LabelSet, grouped: LabelSet) -> dict[int, int]:
    """As `_ids`, with the ids that mean "unlabelled": a grouping says itself what becomes of them."""
    if _labelled(source) == _labelled(grouped):
        return {number: number for number in range(min(source.num_classes, grouped.num_classes))}
    return _ids(source, grouped)


def _composed(first: dict[int, int], second: dict[int, int]) -> dict[int, int]:
    return {old: second[new] for old, new in first.items() if new in second}


def _direct(source: str, target: str) -> dict[int, int]:
    """The ids of a table of names."""
    names = DIRECT[source, target]
    old, new = LABEL_SETS[source], LABEL_SETS[target]
    return {number: new.class_id(names[name]) for number, name in enumerate(old.names) if name in names}


def _built_in(table: LabelSet, source: LabelSet, target: LabelSet) -> str:
    if _labelled(table) not in _NAMES:
        raise LabelError(
            f"no translation of labels {source.name!r} into {target.name!r} is known: {table.name!r} is not one of the "
            "built-in sets. Describe the target in a YAML file that groups the classes of the source"
        )
    return _NAMES[_labelled(table)]
