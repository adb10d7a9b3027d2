from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from datasets.errors import ShardError
from datasets.exporters.coco import segments
from datasets.exporters.export import export_recording
from datasets.exporters.things import is_thing
from datasets.labels import CARLA_29, CITYSCAPES_19, lookup_table
from tests.unit.datasets.exporters.conftest import HEIGHT, WIDTH, WriteRecording, street

pycocotools_coco = pytest.importorskip("pycocotools.coco")

decodes = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
"""pycocotools reads masks in a way that numpy 2 complains about; writing them is free of it."""

CAR, PERSON = CITYSCAPES_19.class_id("car") + 1, CITYSCAPES_19.class_id("person") + 1


@pytest.fixture(scope="module")
def tree(streets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("coco") / "out"
    export_recording(streets, out, to="coco", label_set=CITYSCAPES_19)
    return out


def panoptic_codes(path: Path) -> np.ndarray:
    blue, green, red = np.moveaxis(cv2.imread(str(path)).astype(np.int64), -1, 0)
    return red + 256 * green + 65536 * blue


@decodes
def test_the_coco_loader_reads_the_instances(tree: Path) -> None:
    coco = pycocotools_coco.COCO(str(tree / "annotations/instances_train.json"))
    assert len(coco.imgs) == 7
    assert {category["name"] for category in coco.loadCats(coco.getCatIds())} == {
        *("person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle")
    }
    for image in coco.loadImgs(coco.getImgIds()):
        assert cv2.imread(str(tree / "images/train" / image["file_name"])).shape == (HEIGHT, WIDTH, 3)
        sample = street(int(image["file_name"].rsplit("_")[-1].removesuffix(".png")))
        assert sample.instance is not None
        objects = {
            (annotation["category_id"], annotation["iscrowd"], coco.annToMask(annotation).tobytes())
            for annotation in coco.loadAnns(coco.getAnnIds(imgIds=image["id"]))
        }
        car = sample.tags == CARLA_29.class_id("Car")
        expected = [(CAR, 0, car & (sample.instance == number)) for number in (7, 300)]
        expected += [(CAR, 1, car & (sample.instance == 0)), (PERSON, 0, sample.tags == 12)]
        assert objects == {(category, crowd, mask.astype(np.uint8).tobytes()) for category, crowd, mask in expected}


def test_ids_of_images_and_annotations_are_unique(tree: Path) -> None:
    content = [json.loads((tree / f"annotations/instances_{split}.json").read_text()) for split in ("train", "val")]
    for kind in ("images", "annotations"):
        ids = [item["id"] for part in content for item in part[kind]]
        assert len(set(ids)) == len(ids) > 0


def test_panoptic_images_and_segments_agree(tree: Path) -> None:
    content = json.loads((tree / "annotations/panoptic_train.json").read_text())
    is_countable = {category["id"]: category["isthing"] for category in content["categories"]}
    assert len(is_countable) == 19
    for image, annotation in zip(content["images"], content["annotations"], strict=True):
        assert annotation["image_id"] == image["id"]
        codes = panoptic_codes(tree / "panoptic_train" / annotation["file_name"])
        assert codes.shape == (image["height"], image["width"])
        described = {segment["id"]: segment for segment in annotation["segments_info"]}
        assert set(np.unique(codes)) == {0, *described}
        for number, segment in described.items():
            rows, columns = np.nonzero(codes == number)
            assert segment["area"] == len(rows)
            x, y, width, height = segment["bbox"]
            assert (x, y, x + width, y + height) == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
            assert number % 256 == segment["category_id"]
            assert is_countable[segment["category_id"]] or number < 256


def test_panoptic_classes_are_the_labels(tree: Path) -> None:
    ids = lookup_table(CARLA_29, CITYSCAPES_19)[street(1).tags].astype(int)
    codes = panoptic_codes(tree / "panoptic_val/hill_000000_000001.png")
    assert np.array_equal(codes % 256, np.where(ids == 255, 0, ids + 1))


@decodes
@settings(max_examples=30)
@given(
    ids=arrays.arrays(np.uint8, (5, 4), elements=st.sampled_from([0, 11, 12, 14, 255])),
    instance=arrays.arrays(np.uint16, (5, 4), elements=st.sampled_from([0, 1, 256, 65535])),
)
def test_segments_divide_the_image(ids: Any, instance: Any) -> None:
    from pycocotools import mask

    codes, found = segments(ids, instance, CARLA_29, is_thing(CARLA_29))
    covered = np.zeros(ids.shape, int)
    for segment in found:
        pixels = mask.decode(segment.rle).astype(bool)
        covered += pixels
        assert (codes[pixels] == segment.id).all()
        assert (ids[pixels] == segment.class_id).all()
        assert segment.area == pixels.sum()
        assert segment.is_crowd == (segment.is_thing and (instance[pixels] == 0).all())
        assert segment.id < 2**24
    unlabelled = (ids == 255) | (ids == 0)
    assert np.array_equal(covered, (~unlabelled).astype(int))
    assert np.array_equal(codes == 0, unlabelled)


def test_recordings_without_objects_are_refused(write_recording: WriteRecording, tmp_path: Path) -> None:
    recording = write_recording(("a", "train", range(1)), ("b", "train", range(1)), planes=())
    with pytest.raises(ShardError, match=r"no instance plane.*--planes instance"):
        export_recording(recording, tmp_path / "out", to="coco")
    assert list(tmp_path.iterdir()) == []
