"""The built-in tables: their names, colours and sizes, and which one a server writes."""

from __future__ import annotations

import pytest

from datasets.labels import (
    CAMVID_11,
    CAMVID_32,
    CARLA_13,
    CARLA_23,
    CARLA_29,
    CARVANA_2,
    CITYSCAPES_19,
    CITYSCAPES_34,
    LABEL_SETS,
    LYFT_13,
    LabelError,
    LabelSet,
    tag_table_for_server,
)


@pytest.mark.parametrize(
    ("table", "digest"),
    [
        # Digests of names and colours as read out of the wheels: a changed byte in a table is a changed meaning.
        (CARLA_29, "fe9b966b92c2d642ce6e5fcf5a9cfd089773fe81de8bc27ff4947c682cdcae5d"),
        (CARLA_23, "2744c431c92e2a87b2c458b94d00c3985f09ce27b62b29659530abec9fd02f92"),
        (CARLA_13, "58847c8390ee958e9a1f02bf6dd646b1eacfd1bceb4948e53bc95b7cf2368b1b"),
        (CITYSCAPES_19, "2b1b71cb4508a9c44e987c057a1e9035e4c5b7f2b4b5d2d72790e64a329310bf"),
        # These as compared with the data sets' own scripts and class lists.
        (CITYSCAPES_34, "936023350a235c4ad514660e8966b58f8b380fdb4950adefc28e0485430a302e"),
        (CAMVID_32, "e9a7b2469d0b83480219b465269a02e5418dffa6fa818d30fc5faf8354a46e9f"),
        (CAMVID_11, "c2c37686bd8ccdabaa4d59064a5db3f1aa98f1765d21e8d7fa6885720b3384a2"),
        (LYFT_13, "5018da261d761853cba5b0e02ba168fc4b4099817b8d18b1fb76caa69db74b5a"),
        (CARVANA_2, "8b64491a76fbe888549f84b4ae3403ebf558df05aa5a12d1c4a366d23f3f7c1a"),
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
        (CITYSCAPES_34, 7, "road", (128, 64, 128)),
        (CITYSCAPES_34, 16, "tunnel", (150, 120, 90)),
        (CITYSCAPES_34, 26, "car", (0, 0, 142)),
        (CITYSCAPES_34, 33, "bicycle", (119, 11, 32)),
        (CAMVID_32, 17, "Road", (128, 64, 128)),
        (CAMVID_32, 22, "SUVPickupTruck", (64, 128, 192)),
        (CAMVID_32, 30, "Void", (0, 0, 0)),
        (CAMVID_11, 0, "Sky", (128, 128, 128)),
        (CAMVID_11, 10, "Bicyclist", (0, 128, 192)),
        (LYFT_13, 3, "Other", (72, 0, 90)),
        (LYFT_13, 10, "Vehicles", (0, 0, 255)),
        (CARVANA_2, 1, "car", (255, 255, 255)),
    ],
)
def test_known_entries(table: LabelSet, number: int, name: str, color: tuple[int, int, int]) -> None:
    assert table.names[number] == name
    assert table.class_id(name) == number
    assert tuple(table.palette[number]) == color


def test_sizes_are_those_in_the_names() -> None:
    assert len(LABEL_SETS) == 9
    assert all(name.endswith(str(table.num_classes)) for name, table in LABEL_SETS.items())


def test_names_are_unique_in_each_table() -> None:
    assert all(len(set(table.names)) == table.num_classes for table in LABEL_SETS.values())


def test_camvid_is_in_the_order_of_its_class_list_and_every_color_is_one_class() -> None:
    assert list(CAMVID_32.names) == sorted(CAMVID_32.names, key=str.lower)
    assert len({label.color for label in CAMVID_32.classes}) == 32


def test_ids_that_mean_unlabelled() -> None:
    named = {name: [table.names[i] for i in sorted(table.ignored)] for name, table in LABEL_SETS.items()}
    assert named["carla29"] == named["carla23"] == ["NONE"]
    assert named["carla13"] == named["lyft13"] == ["None"]
    assert named["cityscapes34"] == ["unlabeled", "ego vehicle", "rectification border", "out of roi"]
    assert named["camvid32"] == ["Void"]


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
