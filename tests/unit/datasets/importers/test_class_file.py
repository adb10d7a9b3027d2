from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.importers.class_file import ListedClass, read_classes
from datasets.importers.source import SourceError

ROAD = ListedClass(name="Road lines", class_id=None, color=(157, 234, 50))
SKY = ListedClass(name="Sky", class_id=None, color=(70, 130, 180))


def numbered(*classes: ListedClass) -> tuple[ListedClass, ...]:
    return tuple(ListedClass(name=each.name, class_id=i, color=each.color) for i, each in enumerate(classes))


@pytest.mark.parametrize(
    "text",
    [
        "name,r,g,b\nRoad lines,157,234,50\nSky,70,130,180\n",
        "157 234 50\tRoad lines\n70 130 180\tSky\n",
        "\ufeffRoad lines = (157, 234, 50)\r\n\r\nSky = (70, 130, 180)\r\n",
        "# classes\nRoad lines: [157; 234; 50]\nSky: [70; 130; 180]",
        "Road lines|#9DEA32\nSky|#4682b4",
        "'Road lines': (157, 234, 50),\n'Sky': (70, 130, 180),",
    ],
)
def test_names_with_colours(tmp_path: Path, text: str) -> None:
    path = tmp_path / "classes.txt"
    path.write_text(text, encoding="utf-8", newline="")
    assert read_classes(path) == (ROAD, SKY)


@pytest.mark.parametrize(
    "text",
    [
        "0: Road lines (157, 234, 50)\n1: Sky (70, 130, 180)",
        "id,name,r,g,b\n0,Road lines,157,234,50\n1,Sky,70,130,180",
        "Road lines 157 234 50 0\nSky 70 130 180 1",
        "157,234,50,Road lines,0\n70,130,180,Sky,1",
    ],
)
def test_names_with_colours_and_ids(tmp_path: Path, text: str) -> None:
    path = tmp_path / "classes.txt"
    path.write_text(text)
    assert read_classes(path) == numbered(ROAD, SKY)


def test_names_with_ids(tmp_path: Path) -> None:
    path = tmp_path / "classes.txt"
    path.write_text("7 - road\n8 - sidewalk\n")
    assert [(each.class_id, each.name, each.color) for each in read_classes(path)] == [
        (7, "road", None),
        (8, "sidewalk", None),
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "lists no class"),
        ("heading only\n", "lists no class"),
        ("road 1 2 3\nsky 4 5\n", ":2: 'sky 4 5'"),
        ("road 1 2 3\nsky 4 5 6 7\n", "same form on every line"),
        ("1 2 3\n", "the name ''"),
        ("road 1 2 3\nroad 4 5 6\n", "name road twice"),
        ("road 1 2 3\nlane 1 2 3\n", r"color \(1, 2, 3\) twice"),
        ("road 1\nlane 1\n", "class id 1 twice"),
        ("road 1 2 300\n", "the number 300"),
        ("road 5 9 1 7\nsky 3 4 4 9\n", "unclear which is the id"),
        ("road 0 9 1 0\nsky 1 4 4 1\n", "unclear which is the id"),
    ],
)
def test_what_is_unclear_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "classes.txt"
    path.write_text(text)
    with pytest.raises(SourceError, match=reason):
        read_classes(path)


def test_a_missing_or_binary_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        read_classes(tmp_path / "none.txt")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(SourceError, match="cannot be read"):
        read_classes(tmp_path / "binary")


@given(st.text(max_size=200))
def test_any_text_gives_classes_or_a_source_error(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("classes") / "classes.txt"
    path.write_text(text, encoding="utf-8", errors="replace")
    try:
        classes = read_classes(path)
    except SourceError:
        return
    assert classes
    assert all(each.name for each in classes)
