"""``drive.json``: what is written is read back, and what is forged or cut short is refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.closed_loop.description import FILE_NAME, load_description, planned_keys
from harness.errors import DataError
from tests.unit.harness.closed_loop.drive_folder import DriveFolder

Change = Callable[[dict[str, Any]], Any]


@pytest.fixture
def folder(tmp_path: Path) -> DriveFolder:
    return DriveFolder(tmp_path)


def test_the_planned_episodes_are_read_back(folder: DriveFolder) -> None:
    assert planned_keys(load_description(folder.path)) == list(folder.plan.episodes())


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.pop("episodes"),
        lambda content: content.update(episodes=None),
        lambda content: content.update(episodes=[3]),
        lambda content: content["episodes"][0].update(scenario="elsewhere"),
        lambda content: content["episodes"][0].update(scenario=["lane"]),
        lambda content: content["episodes"][0].update(repeat="1"),
        lambda content: content["episodes"][0].pop("fov"),
        lambda content: content["episodes"][0].update(mood="good"),
        lambda content: content.pop("scenarios"),
        lambda content: content.update(scenarios=[]),
        lambda content: content["scenarios"][0].pop("split"),
        lambda content: content["scenarios"][0].update(seed=None),
        lambda content: content.pop("policies"),
        lambda content: content.pop("rules"),
        lambda content: content["rules"].update(decide_every=0),
        lambda content: content["rules"].update(decide_every="2"),
    ],
)
def test_a_description_that_tables_cannot_be_made_from_is_refused(folder: DriveFolder, change: Change) -> None:
    path = folder.path / FILE_NAME
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match=r"drive\.json is damaged"):
        load_description(folder.path)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000])
def test_what_is_no_description_is_refused(folder: DriveFolder, text: str) -> None:
    (folder.path / FILE_NAME).write_text(text)
    with pytest.raises(DataError, match=r"drive\.json cannot be read"):
        load_description(folder.path)


def test_a_folder_without_one_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"is missing: expected a folder that `harness drive` wrote"):
        load_description(tmp_path)
