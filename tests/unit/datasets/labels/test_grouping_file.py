from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from datasets.labels import CARLA_29, CITYSCAPES_19, LabelError, label_set, load_grouping, lookup_table

REST = [name for name in CARLA_29.names if name not in ("NONE", "Sky", "Roads", "RoadLines")]

DRIVABLE = f"""\
name: drivable
source: carla29
classes:
  - {{name: road, color: [128, 64, 128], from: [Roads, RoadLines]}}
  - {{name: rest, color: [70, 70, 70], from: [{", ".join(REST)}]}}
ignore: [NONE, Sky]
"""

WriteFile = Callable[[str], Path]


@pytest.fixture
def write_file(tmp_path: Path) -> WriteFile:
    def write(text: str) -> Path:
        path = tmp_path / "labels.yaml"
        path.write_text(text)
        return path

    return write


def test_built_in_sets_go_by_name() -> None:
    assert label_set("cityscapes19") is CITYSCAPES_19
    with pytest.raises(LabelError, match="Did you mean 'cityscapes19'"):
        label_set("cityscape19")


def test_a_grouping_from_a_file(write_file: WriteFile) -> None:
    path = write_file(DRIVABLE)
    drivable = label_set(str(path))
    assert drivable == load_grouping(path) == label_set(path)
    assert (drivable.name, drivable.names) == ("drivable", ("road", "rest"))
    assert drivable.classes[0].color == (128, 64, 128)
    table = lookup_table(CARLA_29, drivable)
    assert [name for number, name in enumerate(CARLA_29.names) if table[number] == 0] == ["Roads", "RoadLines"]
    assert [name for number, name in enumerate(CARLA_29.names) if table[number] == 255] == ["NONE", "Sky"]


def test_a_set_that_stands_for_itself(write_file: WriteFile) -> None:
    path = write_file(
        "name: masks\nclasses:\n  - {name: void, color: [0, 0, 0]}\n  - {name: 1, color: [9, 9, 9]}\nignore: [void]\n"
    )
    masks = label_set(path)
    assert (masks.names, masks.ignored, masks.grouping) == (("void", "1"), frozenset({0}), None)


def test_a_grouping_of_a_set_from_another_file(tmp_path: Path, write_file: WriteFile) -> None:
    write_file("name: masks\nclasses:\n  - {name: void, color: [0, 0, 0]}\n  - {name: way, color: [9, 9, 9]}\n")
    path = tmp_path / "grouped.yaml"
    path.write_text(
        "name: grouped\nsource: labels.yaml\nclasses: [{name: road, color: [1, 1, 1], from: [way]}]\nignore: [void]\n"
    )
    grouping = label_set(path).grouping
    assert grouping is not None
    assert (grouping.source.name, grouping.class_ids) == ("masks", (255, 0))


def test_a_file_that_is_its_own_source(write_file: WriteFile) -> None:
    path = write_file(DRIVABLE.replace("source: carla29", "source: labels.yaml"))
    with pytest.raises(LabelError, match="is its own source"):
        label_set(path)


@pytest.mark.parametrize(
    ("seen", "put", "message"),
    [
        ("source: carla29", "source: carla28", r"labels\.yaml:2: unknown label set 'carla28'. Did you mean 'carla29'"),
        ("source: carla29", "sauce: carla29", r":2: unknown key 'sauce'. Did you mean 'source'"),
        ("name: drivable", "name: carla29", r":1: name is 'carla29'"),
        ("name: drivable\n", "", "name is missing"),
        ("[Roads, RoadLines]", "[Roads, RoadLine]", r":4: .*no class 'RoadLine'. Did you mean 'RoadLines'"),
        ("[Roads, RoadLines]", "[Roads]", r":4: carla29 has RoadLines, too: put each into a class or into ignore"),
        ("ignore: [NONE, Sky]", "", "carla29 has NONE, Sky, too"),
        ("ignore: [NONE, Sky]", "ignore: [NONE, Sky, Roads]", r":6: 'Roads' is given twice"),
        ("ignore: [NONE, Sky]", "ignore: NONE", r":6: expected a list"),
        ("name: rest", "name: road", r":5: class 'road' is described twice"),
        ("[70, 70, 70]", "[70, 70, 256]", r":5: color is \[70, 70, 256\], expected"),
        ("[70, 70, 70]", "[70, 70]", r":5: color is \[70, 70\], expected"),
        ("[70, 70, 70]", "[70, 70, -1]", r":5: color is"),
        ("[70, 70, 70]", "gray", r":5: expected a list"),
        (", from: [Roads, RoadLines]", "", r":4: from is missing"),
        ("ignore:", "name:", r":6: 'name' is given twice"),
        ("ignore: [NONE, Sky]", "ignore: [NONE, Sky", "is not YAML"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(write_file: WriteFile, seen: str, put: str, message: str) -> None:
    assert seen in DRIVABLE
    with pytest.raises(LabelError, match=message):
        label_set(write_file(DRIVABLE.replace(seen, put, 1)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("- a", "expected a mapping"),
        ("name: x\nclasses: []", "found 0 classes"),
        ("name: x\nclasses: [a]", "expected a mapping"),
        ("name: x\nclasses: [{name: a, color: [0, 0, 0]}]\nignore: [b]", "no class 'b'"),
        ("!!python/object:os.system x", "expected a mapping"),
    ],
)
def test_files_that_are_no_label_set(write_file: WriteFile, text: str, message: str) -> None:
    with pytest.raises(LabelError, match=message):
        label_set(write_file(text))


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="cannot be read: No such file"):
        label_set(tmp_path / "none.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(LabelError, match="is not YAML"):
        label_set(tmp_path / "binary.yaml")
    (tmp_path / "big.yaml").write_bytes(b" " * (2 << 20))
    with pytest.raises(LabelError, match="larger than 1 MiB"):
        label_set(tmp_path / "big.yaml")


@given(class_ids=st.lists(st.integers(0, 3), min_size=29, max_size=29))
def test_every_complete_grouping_is_read_as_it_is_written(
    tmp_path_factory: pytest.TempPathFactory, class_ids: list[int]
) -> None:
    path = tmp_path_factory.mktemp("labels") / "labels.yaml"
    groups = [[name for name, group in zip(CARLA_29.names, class_ids, strict=True) if group == k] for k in range(4)]
    content = {
        "name": "mine",
        "source": "carla29",
        "classes": [{"name": f"class {k}", "color": [k, k, k], "from": groups[k]} for k in range(3)],
        "ignore": groups[3],
    }
    path.write_text(yaml.safe_dump(content))
    grouping = label_set(path).grouping
    assert grouping is not None
    assert grouping.class_ids == tuple(255 if k == 3 else k for k in class_ids)
