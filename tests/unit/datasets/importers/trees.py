"""Small data sets in the exact public layouts, and what an import of each must hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from datasets.importers.options import ImportOptions
from datasets.labels import CAMVID_32, CARLA_29, LabelSet

Pixels = npt.NDArray[np.uint8]
Truth = dict[tuple[str, str], list[tuple[Pixels, Pixels]]]
"""(split, scenario) -> RGB and class ids of its frames, in order."""

HEIGHT, WIDTH = 15, 22


def rgb_of(number: int, *, height: int = HEIGHT, width: int = WIDTH) -> Pixels:
    return np.random.default_rng([1, number]).integers(0, 256, (height, width, 3), dtype=np.uint8)


def tags_of(number: int, num_classes: int, *, height: int = HEIGHT, width: int = WIDTH) -> Pixels:
    return np.random.default_rng([2, number]).integers(0, num_classes, (height, width), dtype=np.uint8)


def save(path: Path, pixels: Pixels, *, palette: Pixels | None = None, **options: Any) -> Path:
    """Write an image by its suffix; with `palette` ((K, 3)) the pixels are indices of mode P."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels)
    if palette is not None:
        image.putpalette(palette.tobytes())
    image.save(path, **options)
    return path


def colored(tags: Pixels, label_set: LabelSet) -> Pixels:
    return np.array([label.color for label in label_set.classes], np.uint8)[tags]


def class_dict(label_set: LabelSet) -> str:
    rows = [f"{label.name},{','.join(map(str, label.color))}" for label in label_set.classes]
    return "\n".join(["name,r,g,b", *rows]) + "\n"


CAMVID_FRAMES = {
    "train": ["0001TP_006690", "0001TP_006720", "0006R0_f00930"],
    "val": ["0016E5_07959", "0016E5_07961"],
    "test": ["Seq05VD_f00000"],
}


def camvid_folders(root: Path) -> Truth:
    """As on Kaggle, with its class list."""
    truth: Truth = {}
    for split, names in CAMVID_FRAMES.items():
        for number, name in enumerate(names):
            rgb, tags = rgb_of(number), tags_of(number, 32)
            save(root / split / f"{name}.png", rgb)
            save(root / f"{split}_labels" / f"{name}_L.png", colored(tags, CAMVID_32))
            truth.setdefault((split, f"{split}_{name.rpartition('_')[0]}"), []).append((rgb, tags))
    (root / "class_dict.csv").write_text(class_dict(CAMVID_32))
    return truth


def camvid_raw(root: Path) -> Truth:
    """The original, split as SegNet did."""
    truth: Truth = {}
    split_of = {
        "0001TP_006690": "train",
        "0001TP_008520": "train",
        "0001TP_008550": "test",
        "0006R0_f03930": "train",
        "0016E5_00390": "train",
        "0016E5_07920": "train",
        "0016E5_07959": "val",
        "0016E5_08159": "val",
        "0016E5_08190": "train",
        "Seq05VD_f05100": "test",
    }
    for number, (name, split) in enumerate(split_of.items()):
        rgb, tags = rgb_of(number), tags_of(number, 32)
        save(root / "701_StillsRaw_full" / f"{name}.png", rgb)
        save(root / "LabeledApproved_full" / f"{name}_L.png", colored(tags, CAMVID_32))
        truth.setdefault((split, f"{split}_{name.rpartition('_')[0]}"), []).append((rgb, tags))
    return truth


def cityscapes(root: Path) -> Truth:
    """Two cities for training, one for validation, and one of the test split, whose labels are dummies."""
    truth: Truth = {}
    places = [("train", "aachen", 2), ("train", "zurich", 1), ("val", "lindau", 2), ("test", "bonn", 2)]
    for city_number, (split, city, count) in enumerate(places):
        for number in range(count):
            name = f"{city}_{number:06d}_000019"
            rgb, ids = rgb_of(10 * city_number + number), tags_of(10 * city_number + number, 34)
            stored = ids.copy()
            stored[0, :3], ids[0, :3] = 255, 0  # id -1, as a byte
            save(root / "leftImg8bit" / split / city / f"{name}_leftImg8bit.png", rgb)
            labels = root / "gtFine" / split / city
            save(labels / f"{name}_gtFine_labelIds.png", stored)
            save(labels / f"{name}_gtFine_color.png", rgb)
            save(labels / f"{name}_gtFine_instanceIds.png", stored)
            (labels / f"{name}_gtFine_polygons.json").write_text("{}")
            if split != "test":
                truth.setdefault((split, f"{split}_{city}"), []).append((rgb, ids))
    return truth


CARVANA_CARS = [f"{number:012x}" for number in range(5)]


def carvana(root: Path, *, images: str = "train", masks: str = "train_masks") -> Truth:
    """Five cars, two views each; masks are GIFs, of black and white or of 0 and 1. All are for training."""
    truth: Truth = {("train", "train_cars"): []}
    for car in CARVANA_CARS:
        for view in (1, 2):
            number = 2 * int(car, 16) + view
            tags = tags_of(number, 2)
            white = 255 if view == 1 else 1
            photo = root / images / f"{car}_{view:02d}.jpg"
            save(photo, rgb_of(number), quality=95)
            palette = np.array([[0] * 3, [white] * 3], np.uint8)
            save(root / masks / f"{car}_{view:02d}_mask.gif", tags, palette=palette)
            truth["train", "train_cars"].append((cv2.imread(str(photo))[:, :, ::-1], tags))
    (root / "train_masks.csv").write_text("img,rle_mask\n")
    return truth


def lyft_udacity(root: Path) -> Truth:
    """Five folders as the archive unpacks, tags in the red channel; rows and columns of the odd kind, too."""
    truth: Truth = {}
    split_of = {"A": "train", "B": "train", "C": "train", "D": "val", "E": "test"}
    for place, (letter, split) in enumerate(split_of.items()):
        folder = root / f"data{letter}" / f"data{letter}"
        for number in range(2):
            rgb, tags = rgb_of(10 * place + number), tags_of(10 * place + number, 13)
            mask = np.zeros_like(rgb)
            mask[:, :, 0] = tags
            save(folder / "CameraRGB" / f"02_00_{number:03d}.png", rgb)
            save(folder / "CameraSeg" / f"02_00_{number:03d}.png", mask)
            truth.setdefault((split, f"{split}_data{letter}"), []).append((rgb, tags))
    return truth


def ipl_carla(root: Path, *, label_set: LabelSet = CARLA_29) -> Truth:
    """Both folders, 40 frames of them, numbers without leading zeros; all fall into two blocks, hence training."""
    truth: Truth = {}
    lines = [f"{number}: {label.name} {label.color}" for number, label in enumerate(label_set.classes)]
    root.mkdir(exist_ok=True)
    (root / "dataset_classes.txt").write_text("\n".join(lines) + "\n")
    for suffix, numbers in (("", range(5, 15)), ("_2", range(10026, 10030))):
        for number in numbers:
            rgb, tags = rgb_of(number), tags_of(number, label_set.num_classes)
            save(root / f"images{suffix}" / f"rgb_{number}.png", rgb)
            save(root / f"labels{suffix}" / f"seg_{number}.png", colored(tags, label_set))
            truth.setdefault(("train", f"train_images{suffix}"), []).append((rgb, tags))
    return truth


def folder(root: Path) -> Truth:
    """Images and index masks of carla29 by split, of two sizes, masks with a palette, grey, and with void."""
    truth: Truth = {}
    for split in ("train", "val"):
        for number in range(3):
            height = HEIGHT + (number == 2)
            rgb, tags = rgb_of(number, height=height), tags_of(number, 29, height=height)
            save(root / "images" / split / f"frame_{number + 9}.png", rgb)
            stored = tags.copy()
            stored[-1], tags[-1] = 255, 0
            palette = CARLA_29.palette if number == 1 else None
            save(root / "masks" / split / f"frame_{number + 9}.png", stored, palette=palette)
            truth.setdefault((split, f"{split}_images"), []).append((rgb, tags))
    return truth


@dataclass(frozen=True, kw_only=True)
class Tree:
    """How one importer's data set is made and imported."""

    importer: str
    build: Callable[[Path], Truth]
    options: ImportOptions = field(default_factory=ImportOptions)
    label_set: str


TREES = {
    "camvid folders": Tree(importer="camvid", build=camvid_folders, label_set="camvid32"),
    "camvid original": Tree(importer="camvid", build=camvid_raw, label_set="camvid32"),
    "cityscapes": Tree(importer="cityscapes", build=cityscapes, label_set="cityscapes34"),
    "carvana": Tree(
        importer="carvana",
        build=carvana,
        options=ImportOptions(val_fraction=0.0, test_fraction=0.0),
        label_set="carvana2",
    ),
    "lyft-udacity": Tree(importer="lyft-udacity", build=lyft_udacity, label_set="lyft13"),
    "ipl-carla": Tree(importer="ipl-carla", build=ipl_carla, label_set="carla29"),
    "folder": Tree(importer="folder", build=folder, options=ImportOptions(label_set="carla29"), label_set="carla29"),
}
