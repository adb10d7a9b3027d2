"""The Lyft-Udacity perception challenge: 800x600 frames of CARLA 0.8, 13 tags.

::

    dataA/CameraRGB/<name>.png   dataA/CameraSeg/<name>.png      A to E; as unpacked also dataA/dataA/CameraRGB/...
    CameraRGB/<name>.png         CameraMask/<name>.png           of the Coursera exercise; also inside data/

The tag is the red channel of ``CameraSeg``, and the largest channel of ``CameraMask``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from datasets.importers.image_file import read_rgb
from datasets.importers.mask_decoding import IndexMasks
from datasets.importers.options import ImportOptions
from datasets.importers.source import Listing, Source, SourceError, first_folder, scenario_name
from datasets.importers.splitting import BLOCK, split_groups
from datasets.labels import LYFT_13

NAME = "lyft-udacity"
_SPLIT_OF_FOLDER = {"dataA": "train", "dataB": "train", "dataC": "train", "dataD": "val", "dataE": "test"}
_CAMERAS = (("CameraRGB", "CameraSeg"), ("CameraRGB", "CameraMask"))
_BONNET_FROM_ROW = 496
"""Of 600: what the challenge's own preparation of labels took for the ego vehicle."""
_HEIGHT = 600


def find(root: Path, options: ImportOptions) -> Source:
    """The pairs of the challenge's folder `root`; SourceError when it is of no known layout."""
    listing = Listing(root)
    folders = {name: folder for name in _SPLIT_OF_FOLDER if (folder := _unpacked(root / name)).is_dir()}
    if folders:
        notes, mask_folders = _find_folders(listing, folders)
        settings: dict[str, object] = {}
    else:
        notes, mask_folders, settings = _find_single(listing, options)
    kinds = {folder.name for folder in mask_folders}
    if len(kinds) > 1:
        raise SourceError(f"{root} mixes CameraSeg and CameraMask; import the two apart")
    tags_of = _largest if kinds == {"CameraMask"} else _red
    if options.ego_bonnet:
        notes += (f"--ego-bonnet: Vehicles from row {_BONNET_FROM_ROW} of {_HEIGHT} on are relabelled None",)
    else:
        notes += ("the ego vehicle's bonnet is labelled Vehicles; --ego-bonnet relabels it None as the challenge did",)
    read_tags = partial(_read_tags, IndexMasks.of(LYFT_13), tags_of, options.ego_bonnet)
    settings = {"ego_bonnet": options.ego_bonnet, **settings}
    return listing.source(NAME, LYFT_13, read_tags, notes=notes, settings=settings)


def _find_folders(listing: Listing, folders: dict[str, Path]) -> tuple[tuple[str, ...], list[Path]]:
    mask_folders = []
    for name, folder in folders.items():
        image_folder, mask_folder = first_folder(folder, _CAMERAS, layout="CameraRGB/ and CameraSeg/")
        place = _SPLIT_OF_FOLDER[name], scenario_name(_SPLIT_OF_FOLDER[name], name)
        images = listing.files(image_folder, "*.png", split=place[0], scenario=place[1])
        masks = listing.files(mask_folder, "*.png", split=place[0], scenario=place[1])
        listing.pair(images, masks, place)
        mask_folders.append(mask_folder)
    return ("no official split: dataA, dataB and dataC are train, dataD is val, dataE is test",), mask_folders


def _find_single(listing: Listing, options: ImportOptions) -> tuple[tuple[str, ...], list[Path], dict[str, object]]:
    """One folder of all frames: blocks of neighbours are divided by the seed."""
    candidates = [(prefix + images, prefix + masks) for prefix in ("", "data/", "Train/") for images, masks in _CAMERAS]
    layout = "dataA/ to dataE/, or CameraRGB/ with CameraSeg/ or CameraMask/"
    image_folder, mask_folder = first_folder(listing.root, candidates, layout=layout)
    images, masks = (listing.files(folder, "*.png") for folder in (image_folder, mask_folder))
    block_of = {name: f"block {number // BLOCK}" for number, name in enumerate(images)}
    val, test = options.fractions(val=0.1, test=0.1)
    split_of = split_groups(block_of.values(), seed=options.seed, val=val, test=test)
    split_of_frame = {name: split_of[block] for name, block in block_of.items()}

    def place(name: str) -> tuple[str, str]:
        split = split_of_frame.get(name, "train")
        return split, scenario_name(split, "frames")

    listing.pair(images, masks, place)
    note = (
        f"no official split: blocks of {BLOCK} neighbouring frames divided by seed {options.seed}, {val:g} of the "
        f"blocks for val, {test:g} for test"
    )
    return (note,), [mask_folder], {"seed": options.seed, "val_fraction": val, "test_fraction": test}


def _unpacked(folder: Path) -> Path:
    """`folder`, or the folder of the same name in it, which unpacking the archive makes."""
    return folder / folder.name if (folder / folder.name).is_dir() else folder


def _red(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return rgb[:, :, 0]


def _largest(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return np.asarray(rgb.max(axis=2), np.uint8)


def _read_tags(
    masks: IndexMasks,
    tags_of: Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.uint8]],
    ego_bonnet: bool,
    path: Path,
) -> npt.NDArray[np.uint8]:
    tags = masks.decode(tags_of(read_rgb(path)), path)
    if ego_bonnet:
        if tags.shape[0] != _HEIGHT:
            raise SourceError(f"{path.name} has {tags.shape[0]} rows; --ego-bonnet is known for {_HEIGHT} only")
        bonnet = tags[_BONNET_FROM_ROW:]
        bonnet[bonnet == LYFT_13.class_id("Vehicles")] = LYFT_13.class_id("None")
    return tags
