"""What a drive left: read whole, or refused with the name of the file and what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.errors import DataError
from harness.reporting.driving.report import drive_report
from harness.reporting.driving.source import read_drive
from tests.unit.harness.reporting.driving.conftest import KEY, Plan, write_drive_folder

Rewrite = Callable[[str, Callable[[str], str]], None]


def test_a_whole_folder_is_read(whole_drive: Path) -> None:
    data = read_drive(whole_drive)
    assert data.policies == ("mask", "truth", "route")
    assert len(data.episodes) == len(Plan().keys)
    assert set(data.episodes["success"].dropna()) == {0.0, 1.0}
    assert len(data.driven) == (data.episodes["status"].isin(["done", "failed"])).sum()
    assert set(data.infractions["what"]) == {"=made up"}, "the apostrophe of the spreadsheet is gone"
    log = data.log_of("bend")
    assert log is not None
    assert log.key.scenario == "bend"


TABLES = ["episodes.csv", "infractions.csv", "drive_summary.csv", "iou_vs_driving.csv"]


@pytest.mark.parametrize("name", ["drive.json", "ticks.parquet", *TABLES])
def test_a_missing_or_cut_file_is_named(drive_folder: Path, name: str) -> None:
    path = drive_folder / name
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match=name.replace(".", r"\.")):
        drive_report(drive_folder)
    path.unlink()
    with pytest.raises(DataError, match=rf"{name} is missing.*harness drive RUN SUITE -o"):
        drive_report(drive_folder)
    assert not (drive_folder / "report.html").exists()


@pytest.mark.parametrize("name", TABLES)
def test_a_table_without_a_column_is_refused(drive_folder: Path, name: str) -> None:
    table = pd.read_csv(drive_folder / name).drop(columns=["policy"])
    table.to_csv(drive_folder / name, index=False)
    with pytest.raises(DataError, match=f"{name} has no column policy"):
        read_drive(drive_folder)


def test_ticks_without_a_column_are_refused(drive_folder: Path) -> None:
    path = drive_folder / "ticks.parquet"
    pd.read_parquet(path).drop(columns=["lateral_error_m"]).to_parquet(path, index=False)
    with pytest.raises(DataError, match=r"ticks\.parquet has no column lateral_error_m"):
        read_drive(drive_folder)


def test_every_planned_episode_has_one_row(drive_folder: Path, rewrite: Rewrite) -> None:
    whole = (drive_folder / "episodes.csv").read_text()
    lines = whole.splitlines(keepends=True)
    rewrite("episodes.csv", lambda text: text.replace(lines[5], "", 1))
    with pytest.raises(DataError, match=r"episodes\.csv has no row for bend_ClearNoon"):
        read_drive(drive_folder)
    rewrite("episodes.csv", lambda _: whole + lines[5])
    with pytest.raises(DataError, match=r"episodes\.csv has rows that appear twice"):
        read_drive(drive_folder)
    rewrite("episodes.csv", lambda _: whole + lines[5].replace("bend", "elsewhere"))
    with pytest.raises(DataError, match=r"episodes\.csv has a row that drive\.json did not plan: elsewhere"):
        read_drive(drive_folder)


@pytest.mark.parametrize("name", ["infractions.csv", "ticks.parquet"])
def test_rows_of_unknown_episodes_are_refused(drive_folder: Path, name: str) -> None:
    path = drive_folder / name
    is_csv = name.endswith("csv")
    table = (pd.read_csv(path) if is_csv else pd.read_parquet(path)).astype({"scenario": str})
    table.loc[table.index[-1], "scenario"] = "elsewhere"
    (table.to_csv if is_csv else table.to_parquet)(path, index=False)
    with pytest.raises(DataError, match=rf"{name} has rows of elsewhere_.*which episodes\.csv does not list"):
        read_drive(drive_folder)


def test_a_summary_of_another_policy_is_refused(drive_folder: Path, rewrite: Rewrite) -> None:
    rewrite("drive_summary.csv", lambda text: text.replace("truth,", "other,", 1))
    with pytest.raises(DataError, match=r"drive_summary\.csv has rows of policy 'other'"):
        read_drive(drive_folder)


def test_an_episode_with_metrics_has_ticks(drive_folder: Path) -> None:
    path = drive_folder / "ticks.parquet"
    ticks = pd.read_parquet(path)
    first = ticks[KEY].iloc[0]
    ticks[~(ticks[KEY] == first).all(axis=1)].to_parquet(path, index=False)
    with pytest.raises(DataError, match=r"ticks\.parquet has no tick of bend_ClearNoon"):
        read_drive(drive_folder)


def test_words_in_place_of_numbers_are_refused(drive_folder: Path, rewrite: Rewrite) -> None:
    rewrite("episodes.csv", lambda text: text.replace(",done,", ",fine,", 1))
    with pytest.raises(DataError, match="status 'fine'; known are: done"):
        read_drive(drive_folder)
    rewrite(
        "episodes.csv",
        lambda text: text.replace(",fine,", ",done,").replace("bend,ClearNoon,320", "bend,ClearNoon,wide"),
    )
    with pytest.raises(DataError, match=r"episodes\.csv has something else than whole numbers in column width"):
        read_drive(drive_folder)


def test_answers_are_yes_or_no_however_they_are_written(drive_folder: Path) -> None:
    path = drive_folder / "episodes.csv"
    expected = read_drive(drive_folder).episodes["success"].to_numpy()
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table["success"] = table["success"].map({"1.0": "True", "0.0": "False", "": ""})
    table.to_csv(path, index=False)
    np.testing.assert_array_equal(read_drive(drive_folder).episodes["success"], expected)
    table["success"] = "perhaps"
    table.to_csv(path, index=False)
    with pytest.raises(DataError, match="'perhaps' in column success, expected yes or no"):
        read_drive(drive_folder)


def test_another_version_is_refused(drive_folder: Path, rewrite: Rewrite) -> None:
    rewrite("drive.json", lambda text: text.replace('"schema_version": 1', '"schema_version": 7'))
    with pytest.raises(DataError, match="schema version 7, this program reads 1"):
        read_drive(drive_folder)
    rewrite("drive.json", lambda _: json.dumps({"schema_version": 1}))
    with pytest.raises(DataError, match=r"drive\.json has no usable list of episodes"):
        read_drive(drive_folder)


@pytest.mark.parametrize("name", ["definitions", "policies", "models", "labels"])
def test_a_part_of_the_description_that_is_no_object_is_refused(drive_folder: Path, name: str) -> None:
    path = drive_folder / "drive.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {name: ["a"]}))
    with pytest.raises(DataError, match=rf"drive\.json has {name} that are no JSON object"):
        drive_report(drive_folder)
    path.write_text(json.dumps({each: value for each, value in content.items() if each != name}))
    assert drive_report(drive_folder).page.exists(), "it may be missing"


def test_a_damaged_log_is_named(drive_folder: Path) -> None:
    for path in (drive_folder / "logs").glob("bend_*.npz"):
        path.write_bytes(b"no log")
    with pytest.raises(DataError, match=r"logs/bend_.*cannot be read"):
        drive_report(drive_folder)


def test_nothing_driven_is_no_error(tmp_path: Path) -> None:
    keys = {("bend", "ClearNoon", policy, 1): ("not run", "", "") for policy in ("mask", "truth")}
    folder = write_drive_folder(
        tmp_path / "out", scenarios=("bend",), weathers=("ClearNoon",), policies=("mask", "truth"), incomplete=keys
    )
    ticks = pd.DataFrame({name: [] for name in KEY})
    ticks.to_parquet(folder / "ticks.parquet", index=False)
    summary = drive_report(folder)
    assert summary.worst is None
    assert summary.incomplete == 4
    assert "Nothing was driven yet." in summary.page.read_text()
