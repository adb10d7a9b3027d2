"""A folder of images and index masks of anybody's making.

Plain layouts, a mask having the name of its image::

    images/<name>.jpg            masks/<name>.png
    images/train/<name>.jpg      masks/train/<name>.png      and so for val and test
    train/images/<name>.jpg      train/masks/<name>.png

or any other by two globs: ``--images 'town*/rgb/*.png' --masks 'town*/seg/*_mask.png'``. An image and a mask belong
together when the wildcards stand for the same. A mask has one channel; its numbers are ids of the label set that the
user names, and 255 means void.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from datasets.importers.mask_decoding import IndexMasks, with_void
from datasets.importers.options import ImportOptions
from datasets.importers.source import Listing, Source, SourceError, first_folder, natural_order, scenario_name
from datasets.importers.splitting import BLOCK, split_groups
from datasets.labels import label_set
from datasets.shard_header import SPLITS

NAME = "folder"
_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif")
_LAYOUT = "images/ and masks/, or train/images/ and train/masks/. Other layouts need --images and --masks"

Key = tuple[str, ...]
"""What the wildcards stand for; the last without an image's suffix."""


def find(root: Path, options: ImportOptions) -> Source:
    """The pairs of the folder `root`.

    Raises:
        SourceError: no label set was named, or the layout is another.
        LabelError: there is no such label set.
    """
    if not options.label_set:
        raise SourceError("the numbers in the masks have no meaning yet; give --label-set with a name or a YAML file")
    if bool(options.images) != bool(options.masks):
        raise SourceError("--images and --masks belong together; give both or none")
    labels = with_void(label_set(options.label_set))
    listing = Listing(root)
    patterns = (options.images, options.masks) if options.images else _plain_layout(root)
    images, masks = (_matching(listing, pattern) for pattern in patterns)
    split_of, note = _splits(images, masks, options)
    outside = [key for key in images if key not in split_of]
    listing.skip("", "", len(outside), "in none of the folders train, val and test")
    listing.pair(
        {key: path for key, path in images.items() if key in split_of},
        {key: path for key, path in masks.items() if key in split_of},
        lambda key: (split_of[key], _scenario(key, split_of[key])),
        order=lambda key: [natural_order(part) for part in key],
    )
    settings = {"seed": options.seed, "images": patterns[0], "masks": patterns[1]}
    return listing.source(NAME, labels, IndexMasks.of(labels), notes=(note,), settings=settings)


def _plain_layout(root: Path) -> tuple[str, str]:
    if any((root / split / "images").is_dir() for split in SPLITS):
        return "*/images/*", "*/masks/*"
    first_folder(root, [("images", "masks")], layout=_LAYOUT)
    if any((root / "images" / split).is_dir() for split in SPLITS):
        return "images/*/*", "masks/*/*"
    return "images/*", "masks/*"


def _matching(listing: Listing, pattern: str) -> dict[Key, Path]:
    """Image files in the source that fit the glob `pattern`, by what its wildcards stand for."""
    if PurePosixPath(pattern).is_absolute() or ".." in PurePosixPath(pattern).parts or "[" in pattern:
        raise SourceError(f"the glob {pattern!r} cannot be used; expected a path inside the source with *, ** and ?")
    fits = re.compile(_as_regex(pattern))
    found: dict[Key, Path] = {}
    for path in sorted(listing.root.glob(pattern), key=lambda path: natural_order(path.as_posix())):
        match = fits.fullmatch(path.relative_to(listing.root).as_posix())
        if match is None or path.suffix.lower() not in _SUFFIXES or path.is_dir():
            continue
        key = _without_suffix(match.groups())
        if not listing.is_usable(path):
            continue
        if key in found:
            listing.problem("misnamed", "", "", path, f"it stands for the same frame as {found[key].name}")
        else:
            found[key] = path
    return found


def _as_regex(pattern: str) -> str:
    parts = {"**/": r"((?:[^/]+/)*)", "*": r"([^/]*)", "?": r"([^/])"}
    return "".join(parts.get(part, re.escape(part)) for part in re.split(r"(\*\*/|\*|\?)", pattern))


def _without_suffix(key: Key) -> Key:
    last = key[-1] if key else ""
    suffix = PurePosixPath(last).suffix
    return (*key[:-1], last.removesuffix(suffix)) if suffix.lower() in _SUFFIXES else key


def _splits(images: dict[Key, Path], masks: dict[Key, Path], options: ImportOptions) -> tuple[dict[Key, str], str]:
    """The split of each key that has one, and a note that says where it comes from."""
    keys = sorted({*images, *masks}, key=lambda key: [natural_order(part) for part in key])
    by_folder = {key: split for key in keys if (split := _split_folder(key))}
    if by_folder:
        return by_folder, "split by the folders train, val and test"
    val, test = options.fractions(val=0.0, test=0.0)
    block_of = {key: f"block {number // BLOCK}" for number, key in enumerate(keys)}
    split_of = split_groups(block_of.values(), seed=options.seed, val=val, test=test)
    note = (
        f"no folders train, val and test: blocks of {BLOCK} consecutive names divided by seed {options.seed}, {val:g} "
        f"of the blocks for val, {test:g} for test"
    )
    return {key: split_of[block] for key, block in block_of.items()}, note


def _split_folder(key: Key) -> str:
    folders = [folder for part in key[:-1] for folder in part.split("/")]
    return next((folder for folder in folders if folder in SPLITS), "")


def _scenario(key: Key, split: str) -> str:
    folders = [folder for part in key[:-1] for folder in part.split("/") if folder and folder != split]
    return scenario_name(split, "-".join(folders) or "images")
