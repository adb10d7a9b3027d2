"""IPL-CARLA (``isp-uv-es/IPL-CARLA-dataset`` on the Hugging Face Hub): frames of CARLA with colour masks.

::

    images/rgb_<n>.png     labels/seg_<n>.png
    images_2/rgb_<n>.png   labels_2/seg_<n>.png
    dataset_classes.txt

The classes are read from ``dataset_classes.txt``; where they are those of a CARLA version, its tag table is used, so
that the frames can be trained on together with recorded ones. Masks whose values are all small hold tags in the red
channel instead of colours. There is no official split, and neighbouring numbers are neighbours in a drive: blocks of
consecutive numbers are divided by a seed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from datasets.importers.class_file import ListedClass, read_classes
from datasets.importers.image_file import read_rgb
from datasets.importers.mask_decoding import Color, ColorMasks, IndexMasks
from datasets.importers.options import ImportOptions
from datasets.importers.source import Listing, ReadTags, Source, SourceError, first_folder, scenario_name
from datasets.importers.splitting import BLOCK, split_groups
from datasets.labels import CARLA_13, CARLA_23, CARLA_29, LabelClass, LabelSet, label_set

NAME = "ipl-carla"
CLASS_FILE = "dataset_classes.txt"
_LARGEST_TAG = CARLA_29.num_classes - 1
_SAMPLED_MASKS = 8
_VOID_NAMES = {"none", "void", "unlabeled", "unlabelled"}

Frame = tuple[str, int]
"""Folder of images and the frame's number."""


def find(root: Path, options: ImportOptions) -> Source:
    """The pairs of the IPL-CARLA folder `root`.

    Raises:
        SourceError: another layout, or classes that are not clear.
    """
    first_folder(root, [("images", "labels")], layout="images/ and labels/, perhaps images_2/ and labels_2/, too")
    listing = Listing(root)
    images: dict[Frame, Path] = {}
    masks: dict[Frame, Path] = {}
    for folder in sorted(path.name for path in root.iterdir() if re.fullmatch(r"images(_[0-9]+)?", path.name)):
        images |= listing.files(root / folder, "rgb_*.png", key=_frame_in(folder, "rgb"))
        masks |= listing.files(root / folder.replace("images", "labels"), "seg_*.png", key=_frame_in(folder, "seg"))
    val, test = options.fractions(val=0.1, test=0.1)
    split_of = split_groups(map(_block, (*images, *masks)), seed=options.seed, val=val, test=test)
    listing.pair(
        images,
        masks,
        lambda frame: (split_of[_block(frame)], scenario_name(split_of[_block(frame)], frame[0])),
        order=lambda frame: frame,
    )
    labels, read_tags, note = _reading(root, list(masks.values()), options)
    split_note = (
        f"no official split: {len(split_of)} blocks of {BLOCK} consecutive numbers divided by seed {options.seed}, "
        f"{val:g} of them for val, {test:g} for test"
    )
    settings = {"seed": options.seed, "val_fraction": val, "test_fraction": test}
    return listing.source(NAME, labels, read_tags, notes=(split_note, note), settings=settings)


def _frame_in(folder: str, prefix: str) -> Callable[[str], Frame | None]:
    def frame(name: str) -> Frame | None:
        match = re.fullmatch(rf"{prefix}_([0-9]+)\.png", name)
        return (folder, int(match.group(1))) if match else None

    return frame


def _block(frame: Frame) -> str:
    folder, number = frame
    return f"{folder} {number // BLOCK}"


def _reading(root: Path, masks: Sequence[Path], options: ImportOptions) -> tuple[LabelSet, ReadTags, str]:
    """The label set, how masks are read, and a note that says so."""
    listed = read_classes(root / CLASS_FILE) if (root / CLASS_FILE).is_file() else ()
    if options.label_set:
        labels = label_set(options.label_set)
        origin = "--label-set"
    elif listed:
        labels = _carla_table(listed) or _own_table(listed)
        origin = CLASS_FILE
    else:
        raise SourceError(f"{root} has no {CLASS_FILE}; add it, or give --label-set with the classes of the masks")
    if _hold_numbers(masks):
        numbers = IndexMasks(_numbers(labels, () if options.label_set else listed))
        return labels, lambda path: numbers.decode(_red(path), path), f"tags of {labels.name} ({origin}), red channel"
    colors = _colors(labels, () if options.label_set else listed, root)
    return labels, ColorMasks(colors), f"classes of {labels.name} ({origin}), read from colours"


def _hold_numbers(masks: Sequence[Path]) -> bool:
    """Whether masks spread over the data set hold nothing but numbers that tags have; colours reach higher."""
    largest = 0
    for path in masks[:: max(1, len(masks) // _SAMPLED_MASKS)]:
        try:
            largest = max(largest, int(read_rgb(path).max()))
        except SourceError:
            continue  # reported when it is imported
    return largest <= _LARGEST_TAG


def _red(path: Path) -> npt.NDArray[np.uint8]:
    return read_rgb(path)[:, :, 0]


def _carla_table(listed: Sequence[ListedClass]) -> LabelSet | None:
    """The one CARLA table that agrees with every listed class."""
    agreeing = [table for table in (CARLA_29, CARLA_23, CARLA_13) if _agree(listed, table)]
    whole = [table for table in agreeing if table.num_classes == len(listed)]
    return (whole or agreeing)[0] if len(whole or agreeing) == 1 else None


def _agree(listed: Sequence[ListedClass], table: LabelSet) -> bool:
    colors = [label.color for label in table.classes]
    for each in listed:
        if each.class_id is not None and each.class_id >= table.num_classes:
            return False
        if each.color is None:
            if _plain(table.names[each.class_id or 0]) != _plain(each.name):
                return False
        elif each.color not in colors or each.class_id not in (None, colors.index(each.color)):
            return False
    return True


def _plain(name: str) -> str:
    """Without case, separators and plural: "Traffic signs" is TrafficSigns."""
    return re.sub(r"[^a-z]", "", name.lower()).removesuffix("s")


def _own_table(listed: Sequence[ListedClass]) -> LabelSet:
    """A set of the listed classes, in the order of their ids or else of the file."""
    ordered = _ordered(listed)
    return LabelSet(
        name=NAME,
        classes=tuple(
            LabelClass(name=each.name, color=each.color or (number, number, number))
            for number, each in enumerate(ordered)
        ),
        ignored=frozenset(number for number, each in enumerate(ordered) if _plain(each.name) in _VOID_NAMES),
    )


def _ordered(listed: Sequence[ListedClass]) -> list[ListedClass]:
    return sorted(listed, key=lambda each: each.class_id if each.class_id is not None else 0)  # stable without ids


def _numbers(labels: LabelSet, listed: Sequence[ListedClass]) -> dict[int, int]:
    """Value in a mask -> class id."""
    if not listed or labels.name != NAME:
        return {number: number for number in range(labels.num_classes)}
    return {
        each.class_id if each.class_id is not None else number: number for number, each in enumerate(_ordered(listed))
    }


def _colors(labels: LabelSet, listed: Sequence[ListedClass], root: Path) -> dict[Color, int]:
    """Colour in a mask -> class id."""
    if listed and labels.name == NAME and any(each.color is None for each in listed):
        raise SourceError(
            f"the masks of {root} are in colours, but {CLASS_FILE} lists none and its names are not those of a CARLA "
            "version; add the colours, or give --label-set"
        )
    ids = {label.color: number for number, label in enumerate(labels.classes)}
    wanted = {each.color for each in listed if each.color is not None}
    return {color: number for color, number in ids.items() if not wanted or color in wanted}
