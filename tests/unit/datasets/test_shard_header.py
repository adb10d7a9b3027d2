from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from datasets.errors import ShardError
from datasets.labels import CARLA_23, CARLA_29, LabelClass, LabelSet
from datasets.shard_header import WEATHER_FIELDS, ShardHeader, is_plain_name

MakeHeader = Callable[..., ShardHeader]


def _changed(header: ShardHeader, change: Callable[[dict[str, Any]], None]) -> str:
    content = json.loads(header.to_json())
    change(content)
    return json.dumps(content)


def test_text_and_back(make_header: MakeHeader) -> None:
    header = make_header(extra={"rig": ["front", {"n": 1}]}, town="Straße")
    assert ShardHeader.from_json(header.to_json()) == header
    assert ShardHeader.from_json(header.to_json()).digest == header.digest


def _weather(at_s: float) -> dict[str, float]:
    return {"at_s": at_s, **dict.fromkeys(WEATHER_FIELDS, 1.0)}


def test_a_weather_that_changes(make_header: MakeHeader) -> None:
    header = make_header(weather_timeline=(_weather(0), _weather(2.5)), sequence=3)
    again = ShardHeader.from_json(header.to_json())
    assert again == header
    assert (again.sequence, again.weather_timeline[1]["at_s"]) == (3, 2.5)
    assert header.digest != make_header(sequence=3).digest


def test_names_of_weather_and_camera(make_header: MakeHeader) -> None:
    header = make_header(weather={"name": "ClearNoon", "cloudiness": 5.0})
    assert (header.weather_name, header.camera_name) == ("ClearNoon", "front")
    assert make_header(weather={}, camera={}).weather_name == ""


def test_imported_images_have_no_town_and_no_server(make_header: MakeHeader) -> None:
    header = make_header(town="", server_version="")
    assert ShardHeader.from_json(header.to_json()) == header


def test_ignored_ids_are_kept(make_header: MakeHeader) -> None:
    classes = tuple(LabelClass(name=name, color=(0, 0, 0)) for name in ("way", "void"))
    table = LabelSet(name="mine", classes=classes, ignored=frozenset({1}))
    assert ShardHeader.from_json(make_header(tag_table=table).to_json()).tag_table.ignored == {1}


def _as_version_1(header: ShardHeader) -> str:
    def change(content: dict[str, Any]) -> None:
        for key in ("sequence", "weather_timeline"):
            del content[key]
        del content["tag_table"]["ignored"]

    return _changed(header, change)


def test_headers_of_version_1(make_header: MakeHeader) -> None:
    text = _as_version_1(make_header())
    assert ShardHeader.from_json(text, version=1) == make_header()
    with pytest.raises(ShardError, match="has the keys"):
        ShardHeader.from_json(text)
    with pytest.raises(ShardError, match="has the keys"):
        ShardHeader.from_json(make_header().to_json(), version=1)


def test_ignored_ids_of_version_1_are_those_of_the_known_table(make_header: MakeHeader) -> None:
    assert ShardHeader.from_json(_as_version_1(make_header()), version=1).tag_table.ignored == CARLA_29.ignored
    mine = LabelSet(name="carla29", classes=(LabelClass(name="way", color=(1, 2, 3)),))
    assert ShardHeader.from_json(_as_version_1(make_header(tag_table=mine)), version=1).tag_table == mine


@pytest.mark.parametrize("name", ["noon_01", "Noon 1", "für immer", "", "a.b"])
def test_plain_names(name: str) -> None:
    assert is_plain_name(name)


@pytest.mark.parametrize("name", ["a/b", "../x", ".x", "a\\b", "a\nb", "\0", "\ud800"])
def test_names_that_could_be_paths(make_header: MakeHeader, name: str) -> None:
    assert not is_plain_name(name)
    for changes in ({"scenario": name}, {"weather": {"name": name}}, {"camera": {"name": name}}):
        with pytest.raises(ShardError, match="name of the"):
            make_header(**changes)


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
        ({"sequence": -1}, "sequence"),
        ({"sequence": 10**6}, "sequence"),
        ({"sequence": True}, "sequence"),
        ({"weather_timeline": [{"at_s": 0.0}]}, "weather_timeline"),
        ({"weather_timeline": [_weather(1), _weather(1)]}, r"times that rise"),
        ({"weather_timeline": {"at_s": 0}}, "weather_timeline"),
        ({"weather_timeline": "x"}, "weather_timeline"),
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
        (lambda content: content["tag_table"].update(ignored=[29]), "cannot be used"),
        (lambda content: content["tag_table"].update(ignored=[True]), "tag_table.ignored"),
        (lambda content: content["tag_table"].update(ignored=0), "tag_table.ignored"),
        (lambda content: content["tag_table"].pop("ignored"), "tag table"),
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
