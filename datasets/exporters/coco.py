"""COCO panoptic and instance annotations, out of the tags and the instance plane.

::

    images/<split>/<key>.png
    panoptic_<split>/<key>.png                  segment ids, R + 256 G + 65536 B; 0 is no segment
    annotations/panoptic_<split>.json           what each segment is
    annotations/instances_<split>.json          the countable objects alone, as run-length masks

A category's id is its class id + 1. A segment's id is the category's id + 256 times the id of its object, so that an
object keeps its number through a drive. Pixels of a countable class without an object are one crowd.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from datasets.errors import ShardError
from datasets.exporters.png import codes_png, rgb_png
from datasets.exporters.source import ExportFrame, ExportSource, Relabelling
from datasets.exporters.things import is_thing
from datasets.labels import LabelSet

_OBJECT_STEP = 256
"""Segment id = category id + this times the object's id."""


@dataclass(frozen=True, kw_only=True)
class Segment:
    """All pixels of one object, or of one class that has no objects."""

    id: int
    class_id: int
    is_thing: bool
    is_crowd: bool
    area: int
    """[px]"""
    bbox: tuple[int, int, int, int]
    """x, y of the top left pixel, width, height [px]."""
    rle: dict[str, Any]
    """Run-length mask: ``size`` [height, width] and ``counts`` in COCO's compressed text."""


def write_coco(source: ExportSource, relabelling: Relabelling, folder: Path) -> None:
    """Write all frames of `source` below `folder`.

    Raises:
        ShardError: a shard without the instance plane, or a damaged frame.
        ImportError: pycocotools is not installed.
    """
    if "instance" not in source.planes:
        raise ShardError("a shard has no instance plane, which COCO needs; record with --planes instance")
    things = is_thing(relabelling.labels)
    image_ids, annotation_ids = count(1), count(1)

    def made(frame: ExportFrame) -> tuple[ExportFrame, bytes, bytes, list[Segment]]:
        codes, found = segments(relabelling.ids(frame), _instance(frame), relabelling.labels, things)
        return frame, rgb_png(frame.sample.rgb), codes_png(codes), found

    for split in source.num_frames:
        for name in (f"images/{split}", f"panoptic_{split}", "annotations"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        places = [folder / "annotations" / f"{kind}_{split}.json" for kind in ("panoptic", "instances")]
        with (
            _annotations(places[0], _head(relabelling.labels, things, only_things=False)) as panoptic,
            _annotations(places[1], _head(relabelling.labels, things, only_things=True)) as instances,
        ):
            for frame, rgb, codes, found in source.made(split, made):
                image = _image(frame, next(image_ids))
                (folder / "images" / split / image["file_name"]).write_bytes(rgb)
                (folder / f"panoptic_{split}" / image["file_name"]).write_bytes(codes)
                panoptic.add(image, [_panoptic(image, found)])
                objects = (segment for segment in found if segment.is_thing)
                instances.add(image, [_object(image, segment, next(annotation_ids)) for segment in objects])


def segments(
    ids: npt.NDArray[np.uint8], instance: npt.NDArray[np.uint16], labels: LabelSet, things: tuple[bool, ...]
) -> tuple[npt.NDArray[np.uint32], list[Segment]]:
    """Divide an image into segments.

    Args:
        ids: (H, W) class ids of `labels`, or its ignore id.
        instance: (H, W) ids of objects, 0 where there is none.
        labels: meaning of the ids.
        things: for each class whether it is countable.

    Returns:
        (H, W) uint32 segment ids, 0 for ignored pixels, and the segments by rising id.
    """
    from pycocotools import mask

    is_countable = np.zeros(256, bool)
    is_countable[: labels.num_classes] = things
    codes = ids.astype(np.uint32) + 1
    codes += np.where(is_countable[ids], instance, 0).astype(np.uint32) * _OBJECT_STEP
    ignored = np.array([labels.ignore_id, *labels.ignored], np.uint8)
    codes[np.isin(ids, ignored)] = 0
    by_column = np.asfortranarray(codes)  # the order in which COCO's runs go
    found = []
    for code in np.unique(codes[codes > 0]).tolist():
        rle = mask.encode((by_column == code).view(np.uint8))
        class_id = code % _OBJECT_STEP - 1
        x, y, width, height = (int(side) for side in mask.toBbox(rle))
        found.append(
            Segment(
                id=code,
                class_id=class_id,
                is_thing=things[class_id],
                is_crowd=things[class_id] and code < _OBJECT_STEP,
                area=int(mask.area(rle)),
                bbox=(x, y, width, height),
                rle={"size": list(rle["size"]), "counts": rle["counts"].decode("ascii")},
            )
        )
    return codes, found


class _AnnotationFile:
    """A COCO file to which images are added one by one; annotations wait in a file beside it, not in memory."""

    def __init__(self, path: Path, head: dict[str, Any]) -> None:
        self._waiting = path.with_suffix(".annotations")
        self._images = path.open("w", encoding="utf-8")
        self._annotations = self._waiting.open("w+", encoding="utf-8")
        self._images.write(json.dumps(head)[:-1] + ', "images": [')
        self._num_images = self._num_annotations = 0

    def add(self, image: dict[str, Any], annotations: list[dict[str, Any]]) -> None:
        self._images.write((",\n" if self._num_images else "\n") + json.dumps(image))
        self._num_images += 1
        for annotation in annotations:
            self._annotations.write((",\n" if self._num_annotations else "\n") + json.dumps(annotation))
            self._num_annotations += 1

    def finish(self) -> None:
        self._images.write('\n], "annotations": [')
        self._annotations.seek(0)
        shutil.copyfileobj(self._annotations, self._images)
        self._images.write("\n]}\n")

    def close(self) -> None:
        self._images.close()
        self._annotations.close()
        self._waiting.unlink(missing_ok=True)


@contextmanager
def _annotations(path: Path, head: dict[str, Any]) -> Iterator[_AnnotationFile]:
    file = _AnnotationFile(path, head)
    try:
        yield file
        file.finish()
    finally:
        file.close()


def _instance(frame: ExportFrame) -> npt.NDArray[np.uint16]:
    assert frame.sample.instance is not None, "every shard has the plane"
    return frame.sample.instance


def _head(labels: LabelSet, things: tuple[bool, ...], *, only_things: bool) -> dict[str, Any]:
    categories = [
        {
            "id": number + 1,
            "name": label.name,
            "isthing": int(things[number]),
            "color": label.color,
        }
        for number, label in enumerate(labels.classes)
        if number not in labels.ignored and (things[number] or not only_things)
    ]
    info = {"description": f"exported from a recording; labels {labels.name}, SHA-256 {labels.digest}"}
    return {"info": info, "licenses": [], "categories": categories}


def _image(frame: ExportFrame, number: int) -> dict[str, Any]:
    height, width = frame.sample.tags.shape
    return {"id": number, "file_name": f"{frame.key}.png", "height": height, "width": width}


def _described(segment: Segment) -> dict[str, Any]:
    return {
        "id": segment.id,
        "category_id": segment.class_id + 1,
        "iscrowd": int(segment.is_crowd),
        "area": segment.area,
        "bbox": list(segment.bbox),
    }


def _panoptic(image: dict[str, Any], found: list[Segment]) -> dict[str, Any]:
    described = [_described(segment) for segment in found]
    return {"image_id": image["id"], "file_name": image["file_name"], "segments_info": described}


def _object(image: dict[str, Any], segment: Segment, number: int) -> dict[str, Any]:
    return {**_described(segment), "id": number, "image_id": image["id"], "segmentation": segment.rle}
