from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datasets.recording_dir import RecordingDir
from harness.errors import UsageError
from harness.inspection.outputs import inspect_recording


def test_files_are_written_and_written_the_same_again(new_recording: Callable[..., Any], tmp_path: Path) -> None:
    made = new_recording()
    made.drive("one")
    first = inspect_recording(made.root, out=tmp_path / "first")
    second = inspect_recording(made.root, out=tmp_path / "second")
    assert {path.name for path in first.files.values()} == {"contact_sheet.png", "data_card.md", "data_card.png"}
    assert [path.read_bytes() for path in first.files.values()] == [path.read_bytes() for path in second.files.values()]
    assert first.decoded_frames == 3 + 6


def test_without_a_folder_nothing_is_written(new_recording: Callable[..., Any]) -> None:
    made = new_recording()
    made.drive("one")
    before = {path for path in made.root.rglob("*") if path.is_file()}
    found = inspect_recording(made.root, out=None)
    assert (found.files, found.decoded_frames) == ({}, 0)
    assert {path for path in made.root.rglob("*") if path.is_file()} == before


def test_everything_is_json(new_recording: Callable[..., Any]) -> None:
    made = new_recording()
    made.drive("one", frames=range(1))
    made.drive("two", frames=range(4), seed=2, weather="DenseFog", split="test")
    content = json.loads(json.dumps(inspect_recording(made.root, out=None).to_json(), allow_nan=False))
    assert content["frames"] == 5
    assert content["streams"][0]["motion"]["still_share"] is None
    assert content["duplicates"]["is_leaking"] is False
    assert sum(content["classes"][0]["by_weather"]["DenseFog"]["labelled"].values()) == pytest.approx(1.0)


def test_a_file_in_the_place_of_the_folder(new_recording: Callable[..., Any], tmp_path: Path) -> None:
    made = new_recording()
    made.drive("one", frames=range(1))
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"cannot write into .* --no-card"):
        inspect_recording(made.root, out=tmp_path / "file")


def test_a_folder_that_cannot_be_written_is_told_before_pictures_are_counted(
    new_recording: Callable[..., Any], tmp_path: Path
) -> None:
    made = new_recording()
    made.drive("one", frames=range(1))
    (tmp_path / "file").touch()
    with pytest.raises(UsageError):
        inspect_recording(made.root, out=tmp_path / "file" / "card")
    assert [entry.statistics for entry in RecordingDir.open(made.root).shards()] == [None]
