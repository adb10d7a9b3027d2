"""Cityscapes, fine annotations: 2048x1024 frames of 50 cities.

::

    leftImg8bit/{train,val,test}/<city>/<city>_<seq>_<frame>_leftImg8bit.png
    gtFine/{train,val,test}/<city>/<city>_<seq>_<frame>_gtFine_labelIds.png

Labels are read from ``labelIds``, never from ``color``: several classes share a colour. The labels of the official test
split are dummies (the true ones are kept by the benchmark), so it is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from datasets.importers.mask_decoding import IndexMasks
from datasets.importers.options import ImportOptions
from datasets.importers.source import Listing, Source, first_folder, scenario_name
from datasets.labels import CITYSCAPES_34

NAME = "cityscapes"
_IMAGES, _LABELS = "leftImg8bit", "gtFine"
_IMAGE_ENDING, _LABEL_ENDING = "_leftImg8bit.png", "_gtFine_labelIds.png"


def find(root: Path, options: ImportOptions) -> Source:
    """The pairs of the Cityscapes folder `root`, a scenario for each city; SourceError when it is something else."""
    image_folder, label_folder = first_folder(root, [(_IMAGES, _LABELS)], layout=f"{_IMAGES}/ and {_LABELS}/")
    listing = Listing(root)
    for split in ("train", "val"):
        for city in _cities(image_folder / split, label_folder / split):
            scenario = scenario_name(split, city)
            files = partial(listing.files, split=split, scenario=scenario)
            images = files(image_folder / split / city, f"*{_IMAGE_ENDING.lower()}", key=_without(_IMAGE_ENDING))
            labels = files(label_folder / split / city, f"*{_LABEL_ENDING.lower()}", key=_without(_LABEL_ENDING))
            listing.pair(images, labels, (split, scenario))
    for city in _cities(image_folder / "test"):
        count = sum(1 for _ in (image_folder / "test" / city).glob(f"*{_IMAGE_ENDING}"))
        listing.skip("test", scenario_name("test", city), count, "its labels are dummies")
    notes = ("official split; test is left out because its published labels are dummies",)
    return listing.source(NAME, CITYSCAPES_34, IndexMasks.of(CITYSCAPES_34), notes=notes)


def _cities(*folders: Path) -> list[str]:
    return sorted({path.name for folder in folders if folder.is_dir() for path in folder.iterdir() if path.is_dir()})


def _without(ending: str) -> Callable[[str], str | None]:
    return lambda name: name.removesuffix(ending) if name.endswith(ending) else None
