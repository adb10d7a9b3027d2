from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import DataError
from harness.reporting.source import read_score

Rewrite = Callable[[str, Callable[[str], str]], None]


def test_a_whole_score_is_read(score_folder: Path) -> None:
    data = read_score(score_folder)
    assert [label.name for label in data.labels] == ["road", "car", "=train"]
    assert data.weathers == ["ClearNoon", "HardRain"]
    assert data.sizes == [(8, 4), (4, 2)], "the largest first"
    assert len(data.counts) == 18
    assert len(data.scenarios) == 8
    assert data.environment == {}


@pytest.mark.parametrize("name", ["score.json", "counts.csv", "scenarios.csv", "worst.csv"])
def test_a_missing_file_is_named_with_what_to_do(score_folder: Path, name: str) -> None:
    (score_folder / name).unlink()
    with pytest.raises(DataError, match=rf"{name} is missing.*harness score RUN SUITE -o"):
        read_score(score_folder)


@pytest.mark.parametrize("name", ["score.json", "counts.csv", "scenarios.csv", "worst.csv"])
def test_an_empty_file_is_an_error(score_folder: Path, rewrite: Rewrite, name: str) -> None:
    rewrite(name, lambda text: "")
    with pytest.raises(DataError, match=name):
        read_score(score_folder)


def test_a_table_that_was_cut_short_is_an_error(score_folder: Path, rewrite: Rewrite) -> None:
    rewrite("counts.csv", lambda text: "\n".join(text.splitlines()[:-2]))
    with pytest.raises(DataError, match=r"counts\.csv has 1 rows for .*'HardRain'.*, expected 3"):
        read_score(score_folder)


def test_counts_of_a_cell_that_was_not_scored_are_an_error(score_folder: Path, rewrite: Rewrite) -> None:
    rewrite(
        "scenarios.csv", lambda text: text.replace("east,HardRain,4,2,Town10HD,done,1", "east,HardRain,4,2,T,failed,0")
    )
    with pytest.raises(DataError, match=r"has 3 rows for .*, expected 0"):
        read_score(score_folder)


def test_a_missing_column_is_an_error(score_folder: Path, rewrite: Rewrite) -> None:
    rewrite("counts.csv", lambda text: text.replace(",fn\n", ",false_negatives\n", 1))
    with pytest.raises(DataError, match=r"counts\.csv has no column fn"):
        read_score(score_folder)


def test_rows_that_appear_twice_are_an_error(score_folder: Path, rewrite: Rewrite) -> None:
    rewrite("scenarios.csv", lambda text: text + text.splitlines()[1] + "\n")
    with pytest.raises(DataError, match=r"rows that appear twice, such as .*'east'"):
        read_score(score_folder)


@pytest.mark.parametrize(("old", "new"), [(",20,0,2", ",20.5,0,2"), (",20,0,2", ",,0,2"), (",20,0,2", ",-20,0,2")])
def test_counts_must_be_whole_and_not_negative(score_folder: Path, rewrite: Rewrite, old: str, new: str) -> None:
    rewrite("counts.csv", lambda text: text.replace(old, new))
    with pytest.raises(DataError, match=r"counts\.csv has (something else than whole|negative)"):
        read_score(score_folder)


def test_classes_of_another_label_set_are_an_error(score_folder: Path, rewrite: Rewrite) -> None:
    rewrite("counts.csv", lambda text: text.replace(",car,", ",tram,"))
    with pytest.raises(DataError, match=r"classes that score\.json does not list: tram"):
        read_score(score_folder)


def test_another_schema_version_is_refused(score_folder: Path, rewrite: Rewrite) -> None:
    rewrite("score.json", lambda text: json.dumps({**json.loads(text), "schema_version": 2}))
    with pytest.raises(DataError, match="schema version 2, this program reads 1"):
        read_score(score_folder)


@pytest.mark.parametrize("labels", [None, {}, {"classes": []}, {"classes": [{"name": "road", "color": [1, 2]}]}])
def test_a_description_without_classes_is_refused(score_folder: Path, rewrite: Rewrite, labels: object) -> None:
    rewrite("score.json", lambda text: json.dumps({**json.loads(text), "labels": labels}))
    with pytest.raises(DataError, match="classes"):
        read_score(score_folder)


def test_a_class_called_none_is_a_class(score_folder: Path, rewrite: Rewrite) -> None:
    rewrite("counts.csv", lambda text: text.replace(",car,", ",None,"))
    rewrite("score.json", lambda text: text.replace('"car"', '"None"'))
    assert set(read_score(score_folder).counts["class"]) == {"road", "None", "=train"}


def test_a_plan_of_which_nothing_was_scored_yet_is_read(score_folder: Path, rewrite: Rewrite) -> None:
    rewrite("counts.csv", lambda text: text.splitlines()[0] + "\n")
    rewrite("worst.csv", lambda text: text.splitlines()[0] + "\n")
    rewrite("scenarios.csv", lambda text: text.replace(",done,1,", ",not run,0,"))
    data = read_score(score_folder)
    assert set(data.scenarios["status"]) == {"not run", "failed"}
