"""CamVid: 701 street frames of 960x720 with 32 classes shown as colours.

Two layouts:

* The folders that Kaggle distributes, which are the split::

      train/0001TP_006690.png   train_labels/0001TP_006690_L.png   val/ ... test/ ... class_dict.csv

* The original, which has no split::

      701_StillsRaw_full/0001TP_006690.png   LabeledApproved_full/0001TP_006690_L.png

  It is split as by Badrinarayanan et al. (SegNet, arXiv 1511.00561): 367 train, 101 val and 233 test frames, which is
  what papers report. Their lists follow from the sequence and the number of a frame, see `_segnet_split`; other lists
  can be given instead.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from datasets.importers.class_file import read_classes
from datasets.importers.mask_decoding import ColorMasks
from datasets.importers.options import ImportOptions
from datasets.importers.source import Listing, Source, SourceError, first_folder, scenario_name, stem
from datasets.labels import CAMVID_32
from datasets.shard_header import SPLITS

NAME = "camvid"
_RAW = ("701_StillsRaw_full", "LabeledApproved_full")
_CLASS_FILES = ("class_dict.csv", "label_colors.txt")
_SEGNET_SIZES = {"train": 367, "val": 101, "test": 233}


def find(root: Path, options: ImportOptions) -> Source:
    """The pairs of the CamVid folder `root`; SourceError when it is of no known layout."""
    root = root / "CamVid" if (root / "CamVid").is_dir() else root  # the archive of Kaggle holds one folder
    for name in _CLASS_FILES:
        _check_classes(root / name)
    listing = Listing(root)
    notes = _find_raw(listing, options) if (root / _RAW[0]).is_dir() else _find_folders(listing, options)
    settings = {"split_files": {split: path.name for split, path in options.split_files.items()}}
    return listing.source(NAME, CAMVID_32, ColorMasks.of(CAMVID_32), notes=notes, settings=settings)


def _find_folders(listing: Listing, options: ImportOptions) -> tuple[str, ...]:
    if options.split_files:
        raise SourceError("--split-file is for the original CamVid; this one is split by its folders already")
    layout = f"train/ and train_labels/, or {_RAW[0]}/ and {_RAW[1]}/"
    first_folder(listing.root, [(split, f"{split}_labels") for split in SPLITS], layout=layout)
    for split in SPLITS:
        images = listing.files(listing.root / split, "*.png", split=split)
        masks = listing.files(listing.root / f"{split}_labels", "*.png", key=_frame_of_label, split=split)
        listing.pair(images, masks, partial(_place, split))
    return ("split by the folders train, val and test",)


def _find_raw(listing: Listing, options: ImportOptions) -> tuple[str, ...]:
    image_folder, mask_folder = first_folder(listing.root, [_RAW], layout=" and ".join(_RAW))
    images = listing.files(image_folder, "*.png")
    masks = listing.files(mask_folder, "*.png", key=_frame_of_label)
    if options.split_files:
        split_of = _read_split_files(options)
        chosen = {frame: path for frame, path in images.items() if frame in split_of}
        listing.skip("", "", len(images) - len(chosen), "in none of the split files")
        absent = [frame for frame in split_of if frame not in images and frame not in masks]
        for frame in absent:
            split, path = split_of[frame], image_folder / f"{frame}.png"
            listing.problem("no image", *_place(split, frame), path, "a split file lists it")
        images, masks = chosen, {frame: path for frame, path in masks.items() if frame in split_of}
        notes = [f"split by {', '.join(str(path) for path in options.split_files.values())}"]
    else:
        split_of = {frame: _segnet_split(frame) for frame in (*images, *masks)}
        notes = ["split as SegNet's lists: 367 train, 101 val and 233 test frames when complete"]
        counts = {split: sum(split_of[frame] == split for frame in images) for split in SPLITS}
        if counts != _SEGNET_SIZES:
            notes.append(f"this copy has {counts['train']} train, {counts['val']} val and {counts['test']} test frames")
    listing.pair(images, masks, lambda frame: _place(split_of[frame], frame))
    return tuple(notes)


def _segnet_split(frame: str) -> str:
    """Where SegNet's lists have a frame such as 0016E5_07959; SourceError for other sequences than the four.

    The daylight sequence 0016E5 gives its one stretch at 15 Hz to val; the dusk sequence 0001TP is cut in two.
    """
    sequence, _, number = frame.rpartition("_")
    position = int(number.lstrip("f")) if number.lstrip("f").isdecimal() else -1
    if sequence == "0006R0":
        return "train"
    if sequence == "Seq05VD":
        return "test"
    if sequence == "0016E5" and position >= 0:
        return "val" if 7959 <= position <= 8159 else "train"
    if sequence == "0001TP" and position >= 0:
        return "train" if position <= 8520 else "test"
    raise SourceError(
        f"frame {frame!r} is of none of CamVid's sequences 0001TP, 0006R0, 0016E5 and Seq05VD, so no split is known "
        "for it; give --split-file train=FILE, val=FILE and test=FILE, or move it away"
    )


def _read_split_files(options: ImportOptions) -> dict[str, str]:
    """Frame -> split. A line names the frame by any path; a second path on it, the label's, is passed over."""
    split_of: dict[str, str] = {}
    for split, path in options.split_files.items():
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise SourceError(f"split file {path} cannot be read: {error}") from error
        for line in filter(str.strip, lines):
            frame = Path(line.split()[0]).stem
            if split_of.setdefault(frame, split) != split:
                raise SourceError(f"split file {path} lists {frame}, which is in {split_of[frame]!r} already")
    return split_of


def _check_classes(path: Path) -> None:
    """SourceError when the list of classes that came with the data differs from the table used here."""
    if not path.is_file():
        return
    ours = {label.color: label.name for label in CAMVID_32.classes}
    for listed in read_classes(path):
        if listed.color is None or ours.get(listed.color) != listed.name:
            expected = next((label.color for label in CAMVID_32.classes if label.name == listed.name), "no such class")
            raise SourceError(f"{path} lists {listed.name} as {listed.color}, expected CamVid's table: {expected}")


def _frame_of_label(name: str) -> str | None:
    return stem(name).removesuffix("_L") if stem(name).endswith("_L") else None


def _place(split: str, frame: str) -> tuple[str, str]:
    sequence = frame.rpartition("_")[0] or frame
    return split, scenario_name(split, sequence)
