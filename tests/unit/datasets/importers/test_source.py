from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.importers.source import Listing, SourceError, natural_order, scenario_name
from datasets.labels import CARVANA_2
from datasets.recording_dir import RecordingDir


def test_numbers_are_sorted_by_value() -> None:
    names = ["frame_10.png", "frame_9.png", "frame_9b.png", "a2", "a10", "", "10", "9"]
    assert sorted(names, key=natural_order) == [
        *("", "9", "10", "a2", "a10", "frame_9.png", "frame_9b.png", "frame_10.png"),
    ]


@given(st.lists(st.text(max_size=12)))
def test_any_names_can_be_sorted(names: list[str]) -> None:
    assert sorted(sorted(names, key=natural_order), key=natural_order) == sorted(names, key=natural_order)


@given(st.sampled_from(["train", "val", "test"]), st.lists(st.text(max_size=200), max_size=3))
def test_any_folder_names_give_a_file_name(split: str, parts: list[str]) -> None:
    name = scenario_name(split, *parts)
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_+=-]{0,150}", name[:150])
    assert name.startswith(split)


def test_a_scenario_name_may_be_that_of_a_shard(tmp_path: Path) -> None:
    recording = RecordingDir.create(tmp_path / "recording")
    name = scenario_name("train", "../../etc/passwd", "town 1", "")
    assert recording.shard_path(name).name == "train_-etc-passwd_town-1.h5"


def test_nothing_at_all_is_an_error(source: Path) -> None:
    listing = Listing(source)
    listing.skip("train", "x", 0, "nothing to skip")
    with pytest.raises(SourceError, match="holds no image"):
        listing.source("camvid", CARVANA_2, lambda path: None)


def test_folders_and_links_to_nothing_are_no_images(source: Path) -> None:
    (source / "a.png").mkdir()
    (source / "b.png").symlink_to(source / "nowhere.png")
    (source / "c.PNG").touch()
    listing = Listing(source)
    assert list(listing.files(source, "*.png")) == ["c"]
    assert [problem.file for problem in listing.problems] == ["a.png", "b.png"]


def test_a_name_that_is_no_utf8_is_a_problem_that_can_be_stored(source: Path) -> None:
    (source / "a.png").touch()
    Path(os.fsdecode(os.fsencode(source) + b"/b\xff.png")).touch()
    listing = Listing(source)
    assert list(listing.files(source, "*.png")) == ["a"]
    (problem,) = listing.problems
    assert (problem.kind, problem.file) == ("misnamed", "b\\udcff.png")
    problem.file.encode()
