from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    Grouping,
    LabelClass,
    LabelError,
    LabelSet,
    lookup_table,
    translation,
)

PAIRS = list(itertools.product(LABEL_SETS.values(), repeat=2))

# trainId of each id, as Cityscapes' own scripts print it; 255 is not evaluated.
CITYSCAPES_TRAIN_IDS = [
    *[255] * 7, 0, 1, 255, 255, 2, 3, 4, 255, 255, 255, 5, 255, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 255, 255, 16, 17, 18
]  # fmt: skip

# The 11 classes of CamVid's 32, as published with SegNet; None is not counted.
CAMVID_GROUPS = {
    "Animal": "Pedestrian", "Archway": "Building", "Bicyclist": "Bicyclist", "Bridge": "Building",
    "Building": "Building", "Car": "Car", "CartLuggagePram": "Pedestrian", "Child": "Pedestrian",
    "Column_Pole": "Pole", "Fence": "Fence", "LaneMkgsDriv": "Road", "LaneMkgsNonDriv": "Road",
    "Misc_Text": "SignSymbol", "MotorcycleScooter": "Bicyclist", "OtherMoving": "Car", "ParkingBlock": "Pavement",
    "Pedestrian": "Pedestrian", "Road": "Road", "RoadShoulder": "Pavement", "Sidewalk": "Pavement",
    "SignSymbol": "SignSymbol", "Sky": "Sky", "SUVPickupTruck": "Car", "TrafficCone": "Pole",
    "TrafficLight": "SignSymbol", "Train": "Car", "Tree": "Tree", "Truck_Bus": "Car", "Tunnel": "Building",
    "VegetationMisc": "Tree", "Void": None, "Wall": "Building",
}  # fmt: skip


def by_name(source: LabelSet, target: LabelSet) -> dict[str, str | None]:
    table = lookup_table(source, target)
    return {
        name: None if table[number] == target.ignore_id else target.names[table[number]]
        for number, name in enumerate(source.names)
    }


@pytest.mark.parametrize(("source", "target"), PAIRS, ids=lambda table: table.name)
def test_every_id_becomes_a_class_or_is_ignored(source: LabelSet, target: LabelSet) -> None:
    found = translation(source, target)
    assert found.lookup.shape == (256,)
    assert found.lookup.dtype == np.uint8
    assert not found.lookup.flags.writeable
    allowed = {*range(target.num_classes), target.ignore_id} - target.ignored
    assert set(found.lookup.tolist()) <= allowed
    outside = [*range(source.num_classes, 256), *source.ignored]
    assert (found.lookup[outside] == target.ignore_id).all()


@pytest.mark.parametrize(("source", "target"), PAIRS, ids=lambda table: table.name)
def test_what_is_lost_is_what_the_table_loses(source: LabelSet, target: LabelSet) -> None:
    found = translation(source, target)
    names = by_name(source, target)
    labelled = [name for number, name in enumerate(source.names) if number not in source.ignored]
    assert list(found.dropped) == [name for name in labelled if names[name] is None]
    for target_name in target.names:
        members = tuple(name for name in labelled if names[name] == target_name)
        assert found.merged.get(target_name, members) == members
        assert (target_name in found.merged) == (len(members) > 1)
    assert (found.warning is None) == (not found.merged and not found.dropped)


@pytest.mark.parametrize("table", LABEL_SETS.values(), ids=lambda table: table.name)
def test_a_set_is_read_as_itself_without_loss(table: LabelSet) -> None:
    found = translation(table, table)
    assert found.warning is None
    kept = [number for number in range(table.num_classes) if number not in table.ignored]
    assert found.lookup[kept].tolist() == kept


def test_a_warning_names_what_is_merged_and_ignored() -> None:
    assert translation(CARLA_29, CITYSCAPES_19).warning == (
        "labels carla29 are read as cityscapes19, which loses classes: road = Roads + RoadLines; "
        "ignored: Static, Dynamic, Other, Water, Ground, Bridge, RailTrack, GuardRail"
    )


def test_carla29_to_cityscapes19_is_tag_minus_one_and_road_lines_are_road() -> None:
    table = lookup_table(CARLA_29, CITYSCAPES_19)
    expected = [255, *range(19), *[255] * 9]
    expected[CARLA_29.class_id("RoadLines")] = 0
    assert table[:29].tolist() == expected


def test_carla29_to_cityscapes34_keeps_the_finer_ids() -> None:
    expected = [255, 7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33]
    expected += [4, 5, 255, 255, 7, 6, 15, 10, 14]
    assert lookup_table(CARLA_29, CITYSCAPES_34)[:29].tolist() == expected


def test_carla29_to_camvid11() -> None:
    # As suggested where the sets are described: building 1, pole 2, road 3, pavement 4, ...
    expected = [255, 3, 4, 1, 1, 7, 2, 6, 6, 5, 5, 0, 9, 10, 8, 8, 8, 8, 10, 10]
    expected += [255, 255, 255, 255, 3, 4, 1, 255, 7]
    assert lookup_table(CARLA_29, CAMVID_11)[:29].tolist() == expected


@pytest.mark.parametrize("target", [CARLA_13, LYFT_13], ids=lambda table: table.name)
def test_carla29_to_the_13_tags(target: LabelSet) -> None:
    expected = [255, 7, 8, 1, 11, 2, 5, 12, 12, 9, 9, 255, 4, 4, *[10] * 6, 3, 3, 3, 3, 6, 3, 3, 3, 2]
    assert lookup_table(CARLA_29, target)[:29].tolist() == expected


def test_cityscapes34_to_cityscapes19_is_the_train_id() -> None:
    assert lookup_table(CITYSCAPES_34, CITYSCAPES_19)[:34].tolist() == CITYSCAPES_TRAIN_IDS


def test_camvid32_to_camvid11_is_the_published_grouping() -> None:
    assert by_name(CAMVID_32, CAMVID_11) == CAMVID_GROUPS


def test_carla13_is_read_as_lyft13_id_for_id() -> None:
    assert lookup_table(CARLA_13, LYFT_13)[:13].tolist() == [255, *range(1, 13)]


def test_what_a_car_is_for_carvana() -> None:
    named = by_name(CARLA_29, CARVANA_2)
    assert [name for name, target in named.items() if target == "car"] == ["Car"]
    assert [name for name, target in named.items() if target is None] == ["NONE"]
    assert by_name(CARVANA_2, CARLA_29) == {"background": None, "car": "Car"}


def test_older_tags_are_read_through_the_29() -> None:
    named = by_name(CARLA_13, CITYSCAPES_19)
    assert (named["Vehicles"], named["RoadLines"], named["None"]) == ("car", "road", None)


@pytest.mark.parametrize(
    ("source", "between"),
    [
        (CARLA_23, CARLA_29),
        (CARLA_13, CARLA_29),
        (LYFT_13, CARLA_29),
        (CITYSCAPES_19, CARLA_29),
        (CITYSCAPES_19, CITYSCAPES_34),
        (CAMVID_11, CARLA_29),
        (CARLA_13, LYFT_13),
    ],
    ids=lambda table: table.name,
)
def test_there_and_back_where_nothing_is_lost(source: LabelSet, between: LabelSet) -> None:
    back = lookup_table(between, source)[lookup_table(source, between)]
    assert (back == lookup_table(source, source)).all()


@pytest.mark.parametrize(
    ("wide", "fine", "coarse"),
    [(CARLA_29, CITYSCAPES_34, CITYSCAPES_19), (CARLA_29, CAMVID_32, CAMVID_11)],
    ids=lambda table: table.name,
)
def test_both_ways_to_the_coarser_set_agree(wide: LabelSet, fine: LabelSet, coarse: LabelSet) -> None:
    stepwise = lookup_table(fine, coarse)[lookup_table(wide, fine)]
    assert (stepwise == lookup_table(wide, coarse)).all()


def test_a_set_with_a_known_name_and_other_classes_has_no_translation() -> None:
    mine = LabelSet(name="carla29", classes=(LabelClass(name="road", color=(1, 2, 3)),))
    with pytest.raises(LabelError, match=r"no translation.*groups the classes"):
        lookup_table(mine, CARLA_29)
    assert lookup_table(mine, mine)[:2].tolist() == [0, 255]


def test_void_ids_that_only_the_data_knows_are_ignored() -> None:
    recorded = LabelSet(name="masks", classes=CAMVID_11.classes, ignored=frozenset({3}))
    table = lookup_table(recorded, CAMVID_11)
    assert table[:11].tolist() == [0, 1, 2, 255, 4, 5, 6, 7, 8, 9, 10]


def test_a_class_for_void_at_the_end_changes_nothing_else() -> None:
    """As the importers write 255 of a mask whose set has no class for it."""
    recorded = LabelSet(
        name="camvid11-void",
        classes=(*CAMVID_11.classes, LabelClass(name="void", color=(0, 0, 0))),
        ignored=frozenset({11}),
    )
    for target in LABEL_SETS.values():
        assert (lookup_table(recorded, target) == lookup_table(CAMVID_11, target)).all()
        assert translation(recorded, target).dropped == translation(CAMVID_11, target).dropped


groupings = st.lists(st.sampled_from([0, 1, 2, 255]), min_size=29, max_size=29)


@given(class_ids=groupings, source=st.sampled_from([CARLA_29, CARLA_23, CARLA_13, CITYSCAPES_34, CAMVID_32]))
def test_a_grouping_of_ones_own_is_applied_after_the_way_to_its_source(class_ids: list[int], source: LabelSet) -> None:
    mine = LabelSet(
        name="mine",
        classes=tuple(LabelClass(name=name, color=(0, 0, 0)) for name in "abc"),
        grouping=Grouping(source=CARLA_29, class_ids=tuple(class_ids)),
    )
    to_tags = lookup_table(source, CARLA_29)
    group = np.array([*class_ids, *[255] * 227], np.uint8)
    table = lookup_table(source, mine)
    for number in range(source.num_classes):
        if to_tags[number] != 255:
            assert table[number] == group[to_tags[number]]
    assert (table[source.num_classes :] == 255).all()


def test_a_grouping_may_give_the_unlabelled_a_class() -> None:
    """None of the 13 tags is also the sky: who wants a background class says so, and gets it through carla29, too."""
    mine = LabelSet(
        name="mine",
        classes=(LabelClass(name="background", color=(0, 0, 0)),),
        grouping=Grouping(source=CARLA_29, class_ids=(0, *[255] * 28)),
    )
    assert lookup_table(CARLA_29, mine)[0] == 0
    assert lookup_table(CARLA_13, mine)[0] == 0


def test_a_grouping_of_a_grouping() -> None:
    inner = LabelSet(
        name="inner",
        classes=tuple(LabelClass(name=name, color=(0, 0, 0)) for name in "ab"),
        grouping=Grouping(source=CARLA_29, class_ids=(255, 0, *[1] * 27)),
    )
    outer = LabelSet(
        name="outer",
        classes=(LabelClass(name="c", color=(0, 0, 0)),),
        grouping=Grouping(source=inner, class_ids=(255, 0)),
    )
    assert lookup_table(CARLA_29, outer)[:4].tolist() == [255, 255, 0, 0]
    assert lookup_table(inner, outer)[:2].tolist() == [255, 0]
