"""The importers by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from datasets.importers import camvid, carvana, cityscapes, folder, ipl_carla, lyft_udacity
from datasets.importers.options import ImportOptions
from datasets.importers.source import Source

_OWN_SPLIT = frozenset({"seed", "val_fraction", "test_fraction"})


@dataclass(frozen=True, kw_only=True)
class Importer:
    """One kind of data set."""

    name: str
    find: Callable[[Path, ImportOptions], Source]
    """Looks through a folder; SourceError when it is of another layout."""
    options: frozenset[str]
    """Fields of `ImportOptions` that it listens to."""


IMPORTERS: dict[str, Importer] = {
    importer.name: importer
    for importer in (
        Importer(name=camvid.NAME, find=camvid.find, options=frozenset({"split_files"})),
        Importer(name=cityscapes.NAME, find=cityscapes.find, options=frozenset()),
        Importer(name=carvana.NAME, find=carvana.find, options=_OWN_SPLIT),
        Importer(name=lyft_udacity.NAME, find=lyft_udacity.find, options=_OWN_SPLIT | {"ego_bonnet"}),
        Importer(name=ipl_carla.NAME, find=ipl_carla.find, options=_OWN_SPLIT | {"label_set"}),
        Importer(name=folder.NAME, find=folder.find, options=_OWN_SPLIT | {"images", "masks", "label_set"}),
    )
}
