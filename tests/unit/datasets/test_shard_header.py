from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from datasets.errors import ShardError
from datasets.labels import CARLA_23, LabelClass, LabelSet
from datasets.shard_header import ShardHeader

MakeHeader = Callable[..., ShardHeader]


def _changed(header: ShardHeader, change: Callable[[dict[str, Any]], None]) -> str:
    content = json.loads(header.to_json())
    change(content)
    return json.dumps(content)


def test_text_and_back(make_header: MakeHeader) -> None:
    header = make_header(extra={"rig": ["front", {"n": 1}]}, town="Straße")
    assert ShardHeader.from_json(header.to_json()) == header
    assert ShardHeader.from_json(header.to_json()).digest == header.digest


def test_digest_tells_conditions_apart(make_header: MakeHeader) -> None:
    assert make_header().digest == make_header().digest
    assert make_header().digest != make_header(seed=8).digest
    assert make_header().digest != make_header(tag_table=CARLA_23).digest


def test_a_label_set_of_ones_own_is_kept(make_header: MakeHeader) -> None:
    mine = LabelSet(name="mine", classes=(LabelClass(name="way", color=(1, 2, 3)),), ignore_id=200)
    assert ShardHeader.from_json(make_header(tag_table=mine).to_json()).tag_table == mine


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scenario": ""}, "scenario is '', expected a text"),
        ({"split": "training"}, "split is 'training', expected one of train, val, test"),
        ({"seed": 1.5}, "seed"),
        ({"seed": True}, "seed"),
        ({"weather": {"fog": [1]}}, "weather"),
        ({"camera": {"fov": None}}, "camera"),
        ({"camera": []}, "camera"),
        ({"extra": 3}, "extra"),
    ],
)
def test_wrong_types_are_named(make_header: MakeHeader, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ShardError, match=message):
        make_header(**changes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content.pop("town"), "has the keys"),
        (lambda content: content.update(more=1), "has the keys"),
        (lambda content: content.update(tag_table="carla29"), "tag table is 'carla29'"),
        (lambda content: content["tag_table"].update(digest="0" * 64), "tag_table.digest"),
        (lambda content: content["tag_table"]["classes"][1].__setitem__(1, 99), "tag_table.digest"),
        (lambda content: content["tag_table"]["classes"][1].__setitem__(1, 256), "tag_table.classes"),
        (lambda content: content["tag_table"].update(classes=[]), "cannot be used"),
        (lambda content: content["tag_table"].update(ignore_id=3), "cannot be used"),
        (lambda content: content.update(seed="7"), "seed"),
    ],
)
def test_changed_text_is_refused(
    make_header: MakeHeader, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    with pytest.raises(ShardError, match=message):
        ShardHeader.from_json(_changed(make_header(), change))


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '{"a":1,"a":1}', '{"a":NaN}'])
def test_what_is_not_a_header_is_refused(text: str) -> None:
    with pytest.raises(ShardError, match="shard header"):
        ShardHeader.from_json(text)


def test_what_json_cannot_hold_is_refused(make_header: MakeHeader) -> None:
    with pytest.raises(ShardError, match="not JSON"):
        make_header(extra={"a": {1, 2}}).to_json()
    with pytest.raises(ShardError, match="not JSON"):
        make_header(weather={"fog": float("nan")}).to_json()


def test_too_long_a_header_is_refused(make_header: MakeHeader) -> None:
    with pytest.raises(ShardError, match="shorten `extra`"):
        make_header(extra={"a": "x" * 70_000}).to_json()
