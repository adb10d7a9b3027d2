"""A tree of PNG files laid out and named as Cityscapes, for the tools that read Cityscapes.

::

    leftImg8bit/<split>/<city>/<city>_<seq>_<frame>_leftImg8bit.png      RGB
    gtFine/<split>/<city>/<city>_<seq>_<frame>_gtFine_labelIds.png       the 34 ids of Cityscapes
    gtFine/.../..._gtFine_labelTrainIds.png                              what to learn; 255 is not counted
    gtFine/.../..._gtFine_color.png                                      the ids' colours
    gtFine/.../..._gtFine_instanceIds.png                                16 bits: id, or id * 1000 + k for object k

A scenario is a city, its name without underscores, since tools split file names at them. ``labelTrainIds`` are
Cityscapes' own unless another label set is asked for, which is what Cityscapes means them for.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from datasets.exporters.png import ids_png, rgb_png
from datasets.exporters.source import ExportFrame, ExportSource, Relabelling
from datasets.exporters.things import is_thing
from datasets.labels import CITYSCAPES_34

_MAX_INSTANCES = 1000
"""Objects of one class that an instance id has room for."""

_THING_IDS = tuple(number for number, thing in enumerate(is_thing(CITYSCAPES_34)) if thing)


def write_cityscapes(source: ExportSource, train_ids: Relabelling, folder: Path) -> None:
    """Write all frames of `source` below `folder`; ShardError at the first damaged one."""
    ids = Relabelling(source.tag_tables, CITYSCAPES_34)
    for split in source.num_frames:
        for files in source.made(split, lambda frame: _files(frame, _label_ids(frame, ids), train_ids.ids(frame))):
            for path, content in files.items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(content)


def _files(frame: ExportFrame, label_ids: npt.NDArray[np.uint8], train_ids: npt.NDArray[np.uint8]) -> dict[str, bytes]:
    """Content of each file of a frame."""
    images = {
        "leftImg8bit": {"leftImg8bit": rgb_png(frame.sample.rgb)},
        "gtFine": {
            "gtFine_labelIds": ids_png(label_ids),
            "gtFine_labelTrainIds": ids_png(train_ids),
            "gtFine_color": rgb_png(CITYSCAPES_34.palette[label_ids]),
            "gtFine_instanceIds": ids_png(instance_ids(label_ids, frame.sample.instance)),
        },
    }
    return {
        f"{tree}/{frame.entry.split}/{frame.city}/{frame.key}_{suffix}.png": content
        for tree, files in images.items()
        for suffix, content in files.items()
    }


def _label_ids(frame: ExportFrame, relabelling: Relabelling) -> npt.NDArray[np.uint8]:
    """(H, W) uint8 ids of Cityscapes, 0 (unlabeled) for what it has no id for; its own data keep all of theirs."""
    ids = relabelling.ids(frame)
    if frame.header.tag_table.digest == CITYSCAPES_34.digest:
        return frame.sample.tags
    ids[ids == CITYSCAPES_34.ignore_id] = 0
    return ids


def instance_ids(label_ids: npt.NDArray[np.uint8], instance: npt.NDArray[np.uint16] | None) -> npt.NDArray[np.uint16]:
    """(H, W) uint16 as Cityscapes writes them: ``id * 1000 + k`` for the k-th object of a countable class, else ``id``.

    Args:
        label_ids: (H, W) ids of Cityscapes.
        instance: (H, W) ids of objects, 0 where there is none. Without it, as for pixels of no object, a countable
            class has its plain id, which tools take for a group.
    """
    result = label_ids.astype(np.uint16)
    if instance is None:
        return result
    for label_id in _THING_IDS:
        is_object = (label_ids == label_id) & (instance > 0)
        objects, order = np.unique(instance[is_object], return_inverse=True)
        numbered = label_id * _MAX_INSTANCES + np.arange(len(objects))
        numbered[_MAX_INSTANCES:] = label_id
        result[is_object] = numbered[order]
    return result
