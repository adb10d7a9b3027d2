from __future__ import annotations

import numpy as np
import pytest

from datasets.labels import (
    CARLA_13,
    CARLA_23,
    CARLA_29,
    CITYSCAPES_19,
    LabelClass,
    LabelError,
    LabelSet,
    check_tags,
    label_set,
    lookup_table,
    tag_table_for_server,
    unknown_tags,
)


def _by_name(source: LabelSet, target: LabelSet) -> dict[str, str | None]:
    table = lookup_table(source, target)
    return {
        name: None if table[number] == target.ignore_id else target.names[table[number]]
        for number, name in enumerate(source.names)
    }


@pytest.mark.parametrize(
    ("table", "digest"),
    [
        # Digests of names and colours as read out of the wheels: a changed byte in a table is a changed meaning.
        (CARLA_29, "fe9b966b92c2d642ce6e5fcf5a9cfd089773fe81de8bc27ff4947c682cdcae5d"),
        (CARLA_23, "2744c431c92e2a87b2c458b94d00c3985f09ce27b62b29659530abec9fd02f92"),
        (CARLA_13, "58847c8390ee958e9a1f02bf6dd646b1eacfd1bceb4948e53bc95b7cf2368b1b"),
        (CITYSCAPES_19, "2b1b71cb4508a9c44e987c057a1e9035e4c5b7f2b4b5d2d72790e64a329310bf"),
    ],
)
def test_tables_never_change(table: LabelSet, digest: str) -> None:
    assert table.digest == digest


@pytest.mark.parametrize(
    ("table", "number", "name", "color"),
    [
        (CARLA_29, 1, "Roads", (128, 64, 128)),
        (CARLA_29, 5, "Fences", (190, 153, 153)),
        (CARLA_29, 10, "Terrain", (152, 251, 152)),
        (CARLA_29, 24, "RoadLines", (157, 234, 50)),
        (CARLA_29, 28, "GuardRail", (180, 165, 180)),
        (CARLA_23, 2, "Fences", (100, 40, 40)),
        (CARLA_23, 12, "TrafficSigns", (220, 220, 0)),
        (CARLA_23, 22, "Terrain", (145, 170, 100)),
        (CARLA_13, 10, "Vehicles", (0, 0, 142)),
        (CITYSCAPES_19, 0, "road", (128, 64, 128)),
        (CITYSCAPES_19, 18, "bicycle", (119, 11, 32)),
    ],
)
def test_known_entries(table: LabelSet, number: int, name: str, color: tuple[int, int, int]) -> None:
    assert table.names[number] == name
    assert table.class_id(name) == number
    assert tuple(table.palette[number]) == color


def test_sizes() -> None:
    assert [table.num_classes for table in (CARLA_29, CARLA_23, CARLA_13, CITYSCAPES_19)] == [29, 23, 13, 19]


def test_palette_is_black_beyond_the_classes_and_cannot_be_written() -> None:
    assert CARLA_29.palette.shape == (256, 3)
    assert not CARLA_29.palette[29:].any()
    with pytest.raises(ValueError, match="read-only"):
        CARLA_29.palette[0] = 1


@pytest.mark.parametrize(
    ("version", "table"),
    [
        ("0.8.4", CARLA_13),
        ("0.9.9", CARLA_13),
        ("0.9.9.4", CARLA_13),
        ("0.9.10", CARLA_23),
        ("0.9.13", CARLA_23),
        ("0.9.14", CARLA_29),
        ("0.9.15-dirty", CARLA_29),
        ("0.9.16", CARLA_29),
        ("0.10.0", CARLA_29),
    ],
)
def test_server_version_picks_the_table(version: str, table: LabelSet) -> None:
    assert tag_table_for_server(version) is table


@pytest.mark.parametrize("version", ["", "carla", "0.7.1", "0.9.17", "1.0.0"])
def test_unknown_server_version_is_named(version: str) -> None:
    with pytest.raises(LabelError, match=r"no known tag table.*0\.9\.14"):
        tag_table_for_server(version)


def test_label_set_by_name_suggests() -> None:
    assert label_set("cityscapes19") is CITYSCAPES_19
    with pytest.raises(LabelError, match="Did you mean 'cityscapes19'"):
        label_set("cityscape19")


def test_unknown_class_suggests() -> None:
    with pytest.raises(LabelError, match="Did you mean 'Roads'"):
        CARLA_29.class_id("Road")


def test_carla29_to_cityscapes() -> None:
    table = lookup_table(CARLA_29, CITYSCAPES_19)
    assert table[1:20].tolist() == list(range(19))
    assert table[CARLA_29.class_id("RoadLines")] == CITYSCAPES_19.class_id("road")
    ignored = [name for name, target in _by_name(CARLA_29, CITYSCAPES_19).items() if target is None]
    assert ignored == ["NONE", "Static", "Dynamic", "Other", "Water", "Ground", "Bridge", "RailTrack", "GuardRail"]


def test_carla29_to_itself_ignores_only_none() -> None:
    table = lookup_table(CARLA_29, CARLA_29)
    assert table[0] == 255
    assert table[1:29].tolist() == list(range(1, 29))
    assert (table[29:] == 255).all()


def test_carla29_to_carla13() -> None:
    named = _by_name(CARLA_29, CARLA_13)
    expected = {"Sky": None, "Terrain": "Vegetation", "TrafficLight": "TrafficSigns", "Bicycle": "Vehicles"}
    expected |= {"Rider": "Pedestrians", "GuardRail": "Fences", "Ground": "Other", "RoadLines": "RoadLines"}
    assert {name: named[name] for name in expected} == expected


def test_carla23_keeps_every_meaning_in_carla29_and_back() -> None:
    there = lookup_table(CARLA_23, CARLA_29)
    back = lookup_table(CARLA_29, CARLA_23)
    assert there[0] == 255
    assert [back[there[tag]] for tag in range(1, 23)] == list(range(1, 23))
    named = _by_name(CARLA_23, CARLA_29)
    assert all(target == name for name, target in named.items() if name not in ("NONE", "Vehicles"))
    assert named["Vehicles"] == "Car"


def test_carla13_to_cityscapes() -> None:
    named = _by_name(CARLA_13, CITYSCAPES_19)
    assert named["Vehicles"] == "car"
    assert named["RoadLines"] == "road"
    assert named["None"] is None


def test_cityscapes_road_is_class_zero_and_is_kept() -> None:
    assert lookup_table(CITYSCAPES_19, CITYSCAPES_19)[:19].tolist() == list(range(19))


def test_foreign_set_has_no_translation() -> None:
    mine = LabelSet(name="carla29", classes=(LabelClass(name="road", color=(1, 2, 3)),))
    with pytest.raises(LabelError, match="no translation"):
        lookup_table(mine, CARLA_29)


def test_too_many_classes_are_refused() -> None:
    with pytest.raises(LabelError, match=r"expected 1\.\.255"):
        LabelSet(name="big", classes=tuple(LabelClass(name=str(i), color=(0, 0, 0)) for i in range(256)))


def test_unknown_tags_are_named() -> None:
    tags = np.array([[0, 28, 29], [255, 29, 1]], np.uint8)
    assert unknown_tags(tags, CARLA_29) == [29, 255]
    assert unknown_tags(tags[:1, :2], CARLA_29) == []
    with pytest.raises(LabelError, match=r"\[29, 255\].*expected 0\.\.28"):
        check_tags(tags, CARLA_29)
