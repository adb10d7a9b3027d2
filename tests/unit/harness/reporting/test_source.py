from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.errors import DataError
from harness.reporting.source import Condition, read_score

Rewrite = Callable[[str, Callable[[str], str]], None]
TABLES = ["scenarios.csv", "counts.csv", "bands.csv", "worst.csv", "timing.csv"]
FILES = ["score.json", *TABLES, "ticks.parquet", "confusion.npz"]


def test_a_whole_score_is_read(whole_score: Path) -> None:
    data = read_score(whole_score)
    assert data.class_names == ["road", "car", "pedestrian", "=train"]
    assert data.scenario_names == ["east", "west", "south"]
    assert data.models == ["large", "small"]
    assert data.weathers[:3] == ["ClearNoon", "HardRainNoon", "ClearNoon:fog_density=0"]
    assert data.sizes == [(32, 18), (16, 9)], "the largest first"
    assert data.fovs == [90.0]
    assert data.label_sizes == {(32, 18, 90.0): (32, 18), (16, 9, 90.0): (32, 18)}
    assert len(data.scenarios) == 120
    assert len(data.counts) == 4 * (120 - 14)
    assert data.environment["python"] == "3.11"
    assert set(data.counts["class"]) == set(data.class_names), "the apostrophe of the file is gone"


def test_conditions_are_ordered_by_net_size_and_weather(whole_score: Path) -> None:
    conditions = read_score(whole_score).conditions
    assert len(conditions) == 20
    assert conditions[0] == Condition("large", "ClearNoon", 32, 18, 90.0)
    assert conditions[1] == Condition("large", "HardRainNoon", 32, 18, 90.0)
    assert conditions[5].size == (16, 9)
    assert conditions[10].model == "small"


def test_confusions_are_of_the_counted_cells(whole_score: Path) -> None:
    data = read_score(whole_score)
    cells, counts = data.confusion
    assert counts.shape == (len(cells), 4, 4)
    truth = data.counts.groupby("class_id")[["tp", "fn"]].sum().sum(axis=1)
    assert counts.sum(axis=(0, 2)).tolist() == truth.tolist()


def test_ticks_are_read_when_asked_and_only_what_is_asked(whole_score: Path) -> None:
    ticks = read_score(whole_score).ticks(("weather", "frame", "tp"))
    assert list(ticks.columns) == ["weather", "frame", "tp"]
    assert isinstance(ticks["weather"].dtype, pd.CategoricalDtype)
    assert ticks["tp"].dtype == "int32"


def test_a_missing_file_is_named_with_what_to_do(score_folder: Path) -> None:
    for name in FILES:
        path = score_folder / name
        content = path.read_bytes()
        path.unlink()
        with pytest.raises(DataError, match=rf"{name} is missing.*harness score RUN SUITE -o"):
            read_score(score_folder)
        path.write_bytes(content)


@pytest.mark.parametrize("kept", [0, 0.5])
def test_a_file_that_was_cut_short_is_an_error(score_folder: Path, kept: float) -> None:
    for name in FILES:
        path = score_folder / name
        content = path.read_bytes()
        path.write_bytes(content[: int(kept * len(content))])
        with pytest.raises(DataError, match=rf"{name} (cannot be read|ends in the middle of a row)"):
            read_score(score_folder)
        path.write_bytes(content)


def test_ticks_that_are_damaged_inside_are_an_error(score_folder: Path) -> None:
    path = score_folder / "ticks.parquet"
    content = bytearray(path.read_bytes())
    content[4:4000] = bytes(3996)
    path.write_bytes(content)
    data = read_score(score_folder)
    with pytest.raises(DataError, match=r"ticks\.parquet cannot be read"):
        data.ticks()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("scenarios.csv", r"counts\.csv has 4 rows for .*'south'.*, expected 0"),
        ("counts.csv", r"counts\.csv has 2 rows for .*'south'.*, expected 4"),
        ("bands.csv", r"bands\.csv does not add up to counts\.csv for .*'south'"),
    ],
)
def test_a_table_without_its_last_rows_is_an_error(
    score_folder: Path, rewrite: Rewrite, name: str, message: str
) -> None:
    rewrite(name, lambda text: "".join(text.splitlines(keepends=True)[:-2]))
    with pytest.raises(DataError, match=message):
        read_score(score_folder)


def test_counts_of_a_cell_that_was_not_scored_are_an_error(score_folder: Path) -> None:
    path = score_folder / "scenarios.csv"
    table = pd.read_csv(path)
    table.loc[0, ["status", "frames"]] = ["failed", 0]
    table.to_csv(path, index=False)
    with pytest.raises(DataError, match=r"has 4 rows for .*'east'.*, expected 0"):
        read_score(score_folder)


@pytest.mark.parametrize("name", TABLES)
def test_rows_that_appear_twice_are_an_error(score_folder: Path, rewrite: Rewrite, name: str) -> None:
    rewrite(name, lambda text: text + text.splitlines()[1] + "\n")
    with pytest.raises(DataError, match=rf"{name} has rows that appear twice, such as .*'east'"):
        read_score(score_folder)


@pytest.mark.parametrize(("name", "column"), [("counts.csv", "boundary_fn"), ("worst.csv", "rank")])
def test_a_missing_column_is_an_error(score_folder: Path, rewrite: Rewrite, name: str, column: str) -> None:
    rewrite(name, lambda text: text.replace(f",{column},", ",other,", 1))
    with pytest.raises(DataError, match=rf"{name} has no column {column}"):
        read_score(score_folder)


def test_a_column_that_ticks_lack_is_an_error(score_folder: Path) -> None:
    path = score_folder / "ticks.parquet"
    pd.read_parquet(path).drop(columns="fp").to_parquet(path)
    with pytest.raises(DataError, match=r"ticks\.parquet has no column fp"):
        read_score(score_folder)


@pytest.mark.parametrize(("value", "message"), [("1.5", "something else"), ("", "something else"), ("-3", "negative")])
def test_counts_must_be_whole_and_not_negative(score_folder: Path, value: str, message: str) -> None:
    path = score_folder / "counts.csv"
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table.loc[3, "input_fp"] = value
    table.to_csv(path, index=False)
    with pytest.raises(DataError, match=rf"counts\.csv has {message}.* in column input_fp"):
        read_score(score_folder)


@pytest.mark.parametrize("name", ["counts.csv", "bands.csv", "worst.csv"])
def test_classes_of_another_label_set_are_an_error(score_folder: Path, rewrite: Rewrite, name: str) -> None:
    rewrite(name, lambda text: text.replace(",car,", ",tram,"))
    with pytest.raises(DataError, match=rf"{name} has classes that score\.json does not list: tram"):
        read_score(score_folder)


@pytest.mark.parametrize("name", ["bands.csv", "worst.csv", "timing.csv"])
def test_rows_of_another_run_are_an_error(score_folder: Path, rewrite: Rewrite, name: str) -> None:
    rewrite(name, lambda text: text.replace("east,ClearNoon,", "north,ClearNoon,"))
    with pytest.raises(DataError, match=rf"{name} has rows of .*'north'.*from another run"):
        read_score(score_folder)


def test_a_confusion_of_another_run_is_an_error(score_folder: Path) -> None:
    path = score_folder / "confusion.npz"
    with np.load(path) as file:
        content = dict(file)
    content["confusion"][0, 0, 1] += 1
    np.savez_compressed(path, **content)
    with pytest.raises(DataError, match=r"confusion\.npz does not add up to counts\.csv"):
        read_score(score_folder)
    np.savez_compressed(path, **{name: each if name == "classes" else each[1:] for name, each in content.items()})
    with pytest.raises(DataError, match=r"confusion\.npz does not add up to counts\.csv"):
        read_score(score_folder)


def test_an_unknown_status_is_an_error(score_folder: Path, rewrite: Rewrite) -> None:
    rewrite("scenarios.csv", lambda text: text.replace(",crashed,", ",sunk,"))
    with pytest.raises(DataError, match="status 'sunk'; known are: done, partial"):
        read_score(score_folder)


@pytest.mark.parametrize("version", [1, 3, None])
def test_another_schema_version_is_refused(score_folder: Path, rewrite: Rewrite, version: object) -> None:
    rewrite("score.json", lambda text: json.dumps({**json.loads(text), "schema_version": version}))
    with pytest.raises(DataError, match=f"schema version {version}, this program reads 2"):
        read_score(score_folder)


@pytest.mark.parametrize("labels", [None, {}, {"classes": []}, {"classes": [{"name": "road", "color": [1, 2]}]}])
def test_a_description_without_classes_is_refused(score_folder: Path, rewrite: Rewrite, labels: object) -> None:
    rewrite("score.json", lambda text: json.dumps({**json.loads(text), "labels": labels}))
    with pytest.raises(DataError, match="classes"):
        read_score(score_folder)


def test_a_class_called_none_is_a_class(score_folder: Path, rewrite: Rewrite) -> None:
    for name in ("counts.csv", "bands.csv", "worst.csv"):
        rewrite(name, lambda text: text.replace(",car,", ",None,"))
    rewrite("score.json", lambda text: text.replace('"car"', '"None"'))
    assert set(read_score(score_folder).counts["class"]) == {"road", "None", "pedestrian", "=train"}
