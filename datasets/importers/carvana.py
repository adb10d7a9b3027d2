"""Carvana: cars on a turntable, 16 views each, 1918x1280, with a mask of the car.

::

    train/<car>_<01..16>.jpg      train_masks/<car>_<01..16>_mask.gif       (train_hq/ has the same names)
    data/imgs/<car>_<01..16>.jpg  data/masks/<car>_<01..16>_mask.gif

There is no official split (the labels of the challenge's test images were never published), so cars are divided by a
seed: the views of one car are never in two splits.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from datasets.importers.image_file import read_rgb
from datasets.importers.mask_decoding import UnknownLabelsError
from datasets.importers.options import ImportOptions
from datasets.importers.source import Listing, Source, first_folder, scenario_name, stem
from datasets.importers.splitting import split_groups
from datasets.labels import CARVANA_2

NAME = "carvana"
_LAYOUTS = (
    ("train", "train_masks"),
    ("train_hq", "train_masks"),
    ("train_hq", "train_masks_hq"),
    ("data/imgs", "data/masks"),
    ("imgs", "masks"),
)


def find(root: Path, options: ImportOptions) -> Source:
    """The pairs of the Carvana folder `root`; SourceError when it is of no known layout."""
    image_folder, mask_folder = first_folder(
        root, _LAYOUTS, layout="train/ and train_masks/, or data/imgs/ and data/masks/"
    )
    listing = Listing(root)
    images = listing.files(image_folder, "*.jpg", "*.jpeg", "*.png", key=lambda name: _view(stem(name)))
    masks = listing.files(mask_folder, "*_mask.gif", "*_mask.png", key=_view_of_mask)
    val, test = options.fractions(val=0.1, test=0.1)
    split_of = split_groups({car for car, _ in (*images, *masks)}, seed=options.seed, val=val, test=test)
    listing.pair(images, masks, lambda view: (split_of[view[0]], scenario_name(split_of[view[0]], "cars")))
    note = (
        f"no official split: {len(split_of)} cars divided by seed {options.seed}, {val:g} of them for val, "
        f"{test:g} for test; images from {image_folder.name}/"
    )
    settings = {"seed": options.seed, "val_fraction": val, "test_fraction": test}
    return listing.source(NAME, CARVANA_2, read_mask, notes=(note,), settings=settings)


def read_mask(path: Path) -> npt.NDArray[np.uint8]:
    """(H, W) uint8 of the mask at `path`, 1 on the car.

    The colour counts, not the palette's index: black is background; what is not is the car, written as 1 or 255.
    """
    rgb = read_rgb(path)
    grey = rgb[:, :, 0]
    present = set(np.unique(rgb).tolist())
    if not (present <= {0, 1} or present <= {0, 255}):
        values, counts = np.unique(grey, return_counts=True)
        odd = {str(value): int(count) for value, count in zip(values, counts, strict=True) if value not in (0, 255)}
        raise UnknownLabelsError(path, odd or {"a colour": grey.size}, "values (expected 0 and 1, or 0 and 255)")
    return np.asarray(grey != 0, np.uint8)


def _view(name: str) -> tuple[str, str] | None:
    """Car and view of a file's name; None when it is not of the form <car>_<view>."""
    car, _, view = name.rpartition("_")
    return (car, view) if car and view.isdigit() else None


def _view_of_mask(name: str) -> tuple[str, str] | None:
    return _view(stem(name).removesuffix("_mask"))
