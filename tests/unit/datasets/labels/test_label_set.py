from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from datasets.labels import (
    CARLA_29,
    LABEL_SETS,
    Grouping,
    LabelClass,
    LabelError,
    LabelSet,
    check_tags,
    unknown_tags,
)

DRIVABLE = LabelSet(
    name="drivable",
    classes=(LabelClass(name="road", color=(128, 64, 128)), LabelClass(name="rest", color=(1, 2, 3))),
    grouping=Grouping(source=CARLA_29, class_ids=(255, 0, *[1] * 22, 0, *[1] * 4)),
)


def test_palette_is_black_beyond_the_classes_and_cannot_be_written() -> None:
    assert CARLA_29.palette.shape == (256, 3)
    assert not CARLA_29.palette[29:].any()
    with pytest.raises(ValueError, match="read-only"):
        CARLA_29.palette[0] = 1


def test_unknown_class_suggests() -> None:
    with pytest.raises(LabelError, match="Did you mean 'Roads'"):
        CARLA_29.class_id("Road")


def test_too_many_classes_are_refused() -> None:
    with pytest.raises(LabelError, match=r"expected 1\.\.255"):
        LabelSet(name="big", classes=tuple(LabelClass(name=str(i), color=(0, 0, 0)) for i in range(256)))


def test_ignored_ids_are_ids_of_the_set() -> None:
    with pytest.raises(LabelError, match=r"ignores the ids \[2\]"):
        LabelSet(name="x", classes=DRIVABLE.classes, ignored=frozenset({2}))


@pytest.mark.parametrize(("class_ids", "message"), [((0,) * 28, "groups 28 classes"), ((0,) * 28 + (2,), r"ids \[2\]")])
def test_a_grouping_covers_its_source(class_ids: tuple[int, ...], message: str) -> None:
    with pytest.raises(LabelError, match=message):
        LabelSet(name="x", classes=DRIVABLE.classes, grouping=Grouping(source=CARLA_29, class_ids=class_ids))


def test_the_digest_is_of_names_and_colors_only() -> None:
    plain = LabelSet(name="y", classes=CARLA_29.classes)
    assert plain != CARLA_29
    assert plain.digest == CARLA_29.digest


@pytest.mark.parametrize("labels", [*LABEL_SETS.values(), DRIVABLE], ids=lambda labels: labels.name)
def test_json_keeps_all_of_a_set(labels: LabelSet) -> None:
    assert LabelSet.from_json(json.loads(json.dumps(labels.to_json()))) == labels


@pytest.mark.parametrize(
    "change",
    [
        {"classes": [["road", 1, 2]]},
        {"classes": None},
        {"ignored": [40]},
        {"ignore_id": "255"},
        {"grouping": {"source": {}, "class_ids": []}},
        {"grouping": {"class_ids": []}},
        {"more": 1},
    ],
)
def test_json_of_another_form_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(LabelError):
        LabelSet.from_json({**DRIVABLE.to_json(), **change})


def test_unknown_tags_are_named() -> None:
    tags = np.array([[0, 28, 29], [255, 29, 1]], np.uint8)
    assert unknown_tags(tags, CARLA_29) == [29, 255]
    assert unknown_tags(tags[:1, :2], CARLA_29) == []
    with pytest.raises(LabelError, match=r"\[29, 255\].*expected 0\.\.28"):
        check_tags(tags, CARLA_29)
