"""From the pixels of a mask to class ids. A colour or value that is not in the table is an error, never class 0."""

# numba has no type information: its decorator hides the annotations below from mypy.
# mypy: disable-error-code="untyped-decorator, no-any-return"

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from numba import njit

from datasets.importers.image_file import read_indices, read_rgb
from datasets.importers.source import SourceError
from datasets.labels import LabelClass, LabelSet

Color = tuple[int, int, int]

_UNKNOWN = 255
"""No class has this id: a label set has at most 255."""
_SHOWN = 8
_SMOOTHED = 64
"""More unknown colours than this come from resampling or a lossy file, not from a class that the table lacks."""


class UnknownLabelsError(SourceError):
    """A mask with colours or values that its table does not have."""

    def __init__(self, path: Path, counts: Mapping[str, int], what: str, *, total: int | None = None) -> None:
        """`counts` are of the most frequent values; there are `total` values, as many as `counts` if omitted."""
        total = total or len(counts)
        shown = ", ".join(f"{value} ({pixels} px)" for value, pixels in list(counts.items())[:_SHOWN])
        more = f" and {total - _SHOWN} more" if total > _SHOWN else ""
        hint = "; so many come from a mask that was resampled or saved as JPEG" if total > _SMOOTHED else ""
        super().__init__(f"{path.name} holds unknown {what}: {shown}{more}{hint}")
        self.counts = dict(list(counts.items())[:_SMOOTHED])
        """Colour or id -> pixels, most frequent first, the first 64."""


class ColorMasks:
    """Reads masks that show each class in a colour of its own. A call gives (H, W) uint8 class ids."""

    def __init__(self, ids: Mapping[Color, int]) -> None:
        self._ids_of_codes = np.full(1 << 24, _UNKNOWN, np.uint8)
        for (red, green, blue), class_id in ids.items():
            self._ids_of_codes[red << 16 | green << 8 | blue] = class_id

    @classmethod
    def of(cls, label_set: LabelSet) -> ColorMasks:
        """By the colours of `label_set`; ValueError when two of its classes share one."""
        ids = {label.color: class_id for class_id, label in enumerate(label_set.classes)}
        if len(ids) != label_set.num_classes:
            raise ValueError(f"classes of label set {label_set.name!r} share a colour, which cannot be decoded")
        return cls(ids)

    def __call__(self, path: Path) -> npt.NDArray[np.uint8]:
        """Class ids of the mask at `path`; SourceError when it cannot be read, UnknownLabelsError for its colours."""
        rgb = read_rgb(path)
        tags, is_known = self.decode(rgb)
        if not is_known:
            raise _unknown_colors(path, rgb[tags == _UNKNOWN])
        return tags

    def decode(self, rgb: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.uint8], bool]:
        """(H, W) uint8 ids of `rgb` ((H, W, 3) uint8), 255 for unknown colours, and whether there are none."""
        tags = np.empty(rgb.shape[:2], np.uint8)
        unknown = _look_up(np.ascontiguousarray(rgb).reshape(-1, 3), self._ids_of_codes, tags.reshape(-1))
        return tags, unknown == 0


class IndexMasks:
    """Reads masks whose one channel holds numbers. A call gives (H, W) uint8 class ids."""

    def __init__(self, ids: Mapping[int, int]) -> None:
        self._lookup = np.full(256, _UNKNOWN, np.uint8)
        for value, class_id in ids.items():
            self._lookup[value] = class_id

    @classmethod
    def of(cls, label_set: LabelSet) -> IndexMasks:
        """Numbers are ids of `label_set`; 255 is its first ignored class, where it has one."""
        void = {255: min(label_set.ignored)} if label_set.ignored else {}
        return cls({class_id: class_id for class_id in range(label_set.num_classes)} | void)

    def __call__(self, path: Path) -> npt.NDArray[np.uint8]:
        """Class ids of the mask at `path`; SourceError when it cannot be read, UnknownLabelsError for its numbers."""
        return self.decode(read_indices(path), path)

    def decode(self, values: npt.NDArray[np.uint8], path: Path) -> npt.NDArray[np.uint8]:
        """(H, W) uint8 ids of `values` ((H, W) uint8), which `path` held; UnknownLabelsError names what is unknown."""
        tags = self._lookup[values]
        if (tags == _UNKNOWN).any():
            present, counts = np.unique(values[tags == _UNKNOWN], return_counts=True)
            by_count = np.argsort(-counts, kind="stable")
            raise UnknownLabelsError(path, {str(present[i]): int(counts[i]) for i in by_count}, "ids")
        return tags


def with_void(label_set: LabelSet) -> LabelSet:
    """`label_set` itself when some class of it means "unlabelled", else with a class "void" added at the end."""
    if label_set.ignored:
        return label_set
    return LabelSet(
        name=f"{label_set.name}-void",
        classes=(*label_set.classes, LabelClass(name="void", color=(0, 0, 0))),
        ignored=frozenset({label_set.num_classes}),
    )


def _unknown_colors(path: Path, pixels: npt.NDArray[np.uint8]) -> UnknownLabelsError:
    """The error for a mask with `pixels` ((N, 3) uint8) of unknown colours."""
    # As numbers: numpy takes many times as long to sort rows.
    codes, counts = np.unique(pixels.astype(np.uint32) @ (1 << 16, 1 << 8, 1), return_counts=True)
    by_count = np.argsort(-counts, kind="stable")[:_SMOOTHED]
    shown = {f"({codes[i] >> 16}, {codes[i] >> 8 & 255}, {codes[i] & 255})": int(counts[i]) for i in by_count}
    return UnknownLabelsError(path, shown, "colours", total=len(codes))


@njit(cache=True, nogil=True)
def _look_up(rgb: npt.NDArray[np.uint8], ids_of_codes: npt.NDArray[np.uint8], tags: npt.NDArray[np.uint8]) -> int:
    """Fill `tags` (N,) from `rgb` (N, 3) and return how many colours were unknown."""
    unknown = 0
    for i in range(tags.size):
        code = (np.uint32(rgb[i, 0]) << np.uint32(16)) | (np.uint32(rgb[i, 1]) << np.uint32(8)) | np.uint32(rgb[i, 2])
        tags[i] = ids_of_codes[code]
        unknown += tags[i] == _UNKNOWN
    return unknown
