from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from datasets.exporters.cityscapes import instance_ids
from datasets.exporters.export import export_recording
from datasets.labels import CARLA_29, CARVANA_2, CITYSCAPES_19, CITYSCAPES_34, lookup_table
from datasets.sample import Sample
from tests.unit.datasets.exporters.conftest import WriteRecording, street

# What the scripts of Cityscapes, and the data sets modelled on it, take a file name apart with.
NAME = re.compile(r"^(?P<city>[^_]+)_(?P<sequence>[0-9]+)_(?P<frame>[0-9]+)_(?P<type>.+)\.png$")


def read(path: Path) -> np.ndarray:
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert image is not None
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


@pytest.fixture(scope="module")
def tree(streets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("cityscapes") / "out"
    export_recording(streets, out, to="cityscapes")
    return out


def test_files_lie_and_are_named_as_in_cityscapes(tree: Path) -> None:
    images = sorted(tree.glob("leftImg8bit/*/*/*.png"))
    assert len(images) == 9
    for image in images:
        match = NAME.match(image.name)
        assert match is not None
        assert match["type"] == "leftImg8bit"
        assert match["city"] == image.parent.name
        split = image.parent.parent.name
        for kind in ("labelIds", "labelTrainIds", "color", "instanceIds"):
            label = image.name.replace("leftImg8bit", f"gtFine_{kind}")
            assert (tree / "gtFine" / split / match["city"] / label).is_file()
    assert len(list(tree.glob("gtFine/*/*/*.png"))) == 36


def test_pixels(tree: Path) -> None:
    sample = street(1)
    place = tree / "gtFine/val/hill/hill_000000_000001_gtFine_"
    assert np.array_equal(read(tree / "leftImg8bit/val/hill/hill_000000_000001_leftImg8bit.png"), sample.rgb)
    label_ids = read(Path(f"{place}labelIds.png"))
    expected = lookup_table(CARLA_29, CITYSCAPES_34)[sample.tags]
    assert np.array_equal(label_ids, np.where(expected == 255, 0, expected))
    assert np.array_equal(read(Path(f"{place}labelTrainIds.png")), lookup_table(CARLA_29, CITYSCAPES_19)[sample.tags])
    assert np.array_equal(read(Path(f"{place}color.png")), CITYSCAPES_34.palette[label_ids])


def test_instance_ids_number_the_objects_of_a_class(tree: Path) -> None:
    found = read(tree / "gtFine/val/hill/hill_000000_000000_gtFine_instanceIds.png")
    assert found.dtype == np.uint16
    sample = street(0)
    assert sample.instance is not None
    car, person = CITYSCAPES_34.class_id("car"), CITYSCAPES_34.class_id("person")
    assert (found[(sample.tags == 14) & (sample.instance == 7)] == car * 1000).all()
    assert (found[(sample.tags == 14) & (sample.instance == 300)] == car * 1000 + 1).all()
    assert (found[(sample.tags == 14) & (sample.instance == 0)] == car).all()
    assert (found[sample.tags == 12] == person * 1000).all()
    assert set(np.unique(found)) == {0, 7, 23, car, car * 1000, car * 1000 + 1, person * 1000}


def test_without_objects_a_countable_class_is_a_group() -> None:
    ids = np.array([[26, 7]], np.uint8)
    assert instance_ids(ids, None).tolist() == [[26, 7]]


def test_more_than_a_thousand_objects_become_a_group() -> None:
    ids = np.full((1, 1001), 26, np.uint8)
    numbers = np.arange(1, 1002, dtype=np.uint16)[None]
    found = instance_ids(ids, numbers)[0].tolist()
    assert found[:1000] == list(range(26_000, 27_000))
    assert found[1000] == 26


def test_train_ids_of_another_label_set(streets: Path, tmp_path: Path) -> None:
    export_recording(streets, tmp_path / "out", to="cityscapes", splits=("val",), label_set=CARVANA_2)
    found = read(tmp_path / "out/gtFine/val/hill/hill_000000_000000_gtFine_labelTrainIds.png")
    assert np.array_equal(found, lookup_table(CARLA_29, CARVANA_2)[street(0).tags])
    ids = read(tmp_path / "out/gtFine/val/hill/hill_000000_000000_gtFine_labelIds.png")
    assert set(np.unique(ids)) == {0, 7, 23, 24, 26}


def test_cityscapes_own_ids_are_kept_all(write_recording: WriteRecording, tmp_path: Path) -> None:
    def all_ids(frame: int) -> Sample:
        tags = np.arange(34, dtype=np.uint8)[None].repeat(4, 0)
        return Sample(
            frame=frame, timestamp_s=0.0, rgb=np.zeros((4, 34, 3), np.uint8), tags=tags, camera_transform=(0.0,) * 6
        )

    recording = write_recording(
        ("bonn", "val", range(1)), headers={"bonn": {"tag_table": CITYSCAPES_34, "town": ""}}, sample=all_ids
    )
    export_recording(recording, tmp_path / "out", to="cityscapes")
    found = read(tmp_path / "out/gtFine/val/bonn/bonn_000000_000000_gtFine_labelIds.png")
    assert found[0].tolist() == list(range(34))
