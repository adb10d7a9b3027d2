"""What an importer finds in a data set: pairs of image and mask, where each belongs, and what does not fit.

Decisions:

* An importer only lists files and says how a mask is read; it opens no image that it does not need for that.
* Nothing outside the folder that the user named is read: a link that leads out of it is a problem, not an image.
* A file that does not fit is a `Problem`, never a guess. A layout that does not fit is a `SourceError`.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from datasets.errors import ShardError
from datasets.labels import LabelSet

ProblemKind = Literal["no image", "no mask", "unreadable", "unknown labels", "sizes differ", "misnamed"]

ReadTags = Callable[[Path], npt.NDArray[np.uint8]]
"""Path of a mask -> (H, W) uint8 ids of the source's label set; SourceError when it cannot be read as that."""


class SourceError(ShardError):
    """A data set to import, or a file of it, that is missing, damaged, or of another layout."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """An image and its mask."""

    split: str
    """"train", "val" or "test"."""
    scenario: str
    """Frames that belong together: a drive, a city; belongs to one split."""
    image: Path
    mask: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """A file that cannot be imported."""

    kind: ProblemKind
    split: str
    scenario: str
    file: str
    """Relative to the source's folder."""
    detail: str
    unknown: Mapping[str, int] = field(default_factory=dict)
    """Of "unknown labels": the colour or id -> its pixels."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Skipped:
    """Frames that are left out on purpose."""

    split: str
    scenario: str
    frames: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Source:
    """All that an importer found in a folder."""

    importer: str
    root: Path
    label_set: LabelSet
    read_tags: ReadTags
    pairs: tuple[Found, ...]
    """In the order of recording."""
    problems: tuple[Problem, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()
    """What a user should know: where a split comes from, what was relabelled."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What the result depends on besides the files; JSON."""


def stem(name: str) -> str:
    """The file name without its last suffix."""
    return name.rpartition(".")[0] or name


def natural_order(text: str) -> list[tuple[int, str]]:
    """A key that sorts numbers by value: frame_9 before frame_10."""
    parts = re.split(r"([0-9]+)", text)  # every second is a number
    return [(int(part), "") if place % 2 else (-1, part) for place, part in enumerate(parts)]


class Listing:
    """Collects pairs and problems while an importer walks through its folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._real_root = root.resolve()
        self.pairs: list[Found] = []
        self.problems: list[Problem] = []
        self.skipped: list[Skipped] = []

    def files(
        self,
        folder: Path,
        *patterns: str,
        key: Callable[[str], Hashable | None] = stem,
        split: str = "",
        scenario: str = "",
    ) -> dict[Any, Path]:
        """Files in `folder` whose name fits one of `patterns` (small letters), by what `key` makes of the name.

        A name of which `key` makes None or the same as of another, and a link that leads out of the source, is a
        problem of `split` and `scenario`.
        """
        found: dict[Any, Path] = {}
        for path in sorted(folder.iterdir() if folder.is_dir() else (), key=lambda path: natural_order(path.name)):
            if not any(fnmatch.fnmatchcase(path.name.lower(), pattern) for pattern in patterns):
                continue
            if not self.is_usable(path, split, scenario):
                continue
            if (name := key(path.name)) is None:
                self.problem("misnamed", split, scenario, path, f"its name is not of the form {' or '.join(patterns)}")
            elif name in found:
                self.problem("misnamed", split, scenario, path, f"it stands for the same frame as {found[name].name}")
            else:
                found[name] = path
        return found

    def pair(
        self,
        images: Mapping[Any, Path],
        masks: Mapping[Any, Path],
        place: tuple[str, str] | Callable[[Any], tuple[str, str]],
        *,
        order: Callable[[Any], Any] | None = None,
    ) -> None:
        """Add the pairs of `images` and `masks`, which have equal keys, and a problem for each that has no partner.

        `place` is the split and scenario of all, or gives those of a key. Frames come in
        the `order` of their keys, as listed if omitted.
        """
        place_of = place if callable(place) else lambda _: place
        for name in sorted(images, key=order) if order else images:
            split, scenario = place_of(name)
            if name in masks:
                self.pairs.append(Found(split=split, scenario=scenario, image=images[name], mask=masks[name]))
            else:
                self.problem("no mask", split, scenario, images[name], "no mask belongs to it")
        for name in masks:
            if name not in images:
                self.problem("no image", *place_of(name), masks[name], "no image belongs to it")

    def problem(self, kind: ProblemKind, split: str, scenario: str, file: Path, detail: str) -> None:
        """Note a file that cannot be imported."""
        # A name that is no UTF-8 can be told, but not stored.
        name = file.relative_to(self.root).as_posix().encode(errors="backslashreplace").decode()
        self.problems.append(Problem(kind=kind, split=split, scenario=scenario, file=name, detail=detail))

    def skip(self, split: str, scenario: str, frames: int, reason: str) -> None:
        """Note frames that are left out on purpose; nothing for none."""
        if frames:
            self.skipped.append(Skipped(split=split, scenario=scenario, frames=frames, reason=reason))

    def is_usable(self, path: Path, split: str = "", scenario: str = "") -> bool:
        """Whether `path` is a file in the source's folder, links followed, with a name in UTF-8; else a problem."""
        if not (path.resolve().is_relative_to(self._real_root) and path.is_file()):
            self.problem("unreadable", split, scenario, path, "it is a link that leads out of the folder to import")
        elif re.search("[\ud800-\udfff]", path.relative_to(self.root).as_posix()):
            self.problem("misnamed", split, scenario, path, "its name is no UTF-8; rename it")
        else:
            return True
        return False

    def source(self, importer: str, label_set: LabelSet, read_tags: ReadTags, **more: Any) -> Source:
        """What was collected; SourceError when there is not one pair and nothing to tell."""
        if not (self.pairs or self.problems or self.skipped):
            raise SourceError(f"{self.root} holds no image in the places where {importer} has them; mend the path")
        return Source(
            importer=importer,
            root=self.root,
            label_set=label_set,
            read_tags=read_tags,
            pairs=tuple(self.pairs),
            problems=tuple(self.problems),
            skipped=tuple(self.skipped),
            **more,
        )


def scenario_name(split: str, *parts: str) -> str:
    """A scenario's name from its split, which makes it unique, and its place; other signs than of words become "-"."""
    return "_".join([split, *(re.sub(r"[^A-Za-z0-9_+=-]+", "-", part)[:60] for part in parts if part)])


def first_folder(root: Path, candidates: Iterable[tuple[str, str]], *, layout: str) -> tuple[Path, Path]:
    """The first of `candidates` (folder of images, folder of masks) that exists in `root`.

    Raises:
        SourceError: none does; `layout` is the expected form for the message.
    """
    if not root.is_dir():
        raise SourceError(f"{root} is not a folder; give the one that holds the unpacked data set")
    for images, masks in candidates:
        if (root / images).is_dir() and (root / masks).is_dir():
            return root / images, root / masks
    held = ", ".join(sorted(path.name for path in root.iterdir())[:8]) or "nothing"
    raise SourceError(f"{root} holds {held}; expected {layout}. Give the folder that holds these")
