"""The tables of a drive folder: every planned episode has its row, and the logs alone decide what stands in it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pandas as pd
import pytest

from harness.closed_loop.episode_log import KEY_COLUMNS
from harness.closed_loop.metrics.tables import episode_row
from harness.closed_loop.tables import ABOUT_COLUMNS, EPISODE_COLUMNS, METRIC_COLUMNS, TABLE_NAMES, write_drive_tables
from harness.errors import DataError
from tests.unit.harness.closed_loop.drive_folder import DriveFolder
from tests.unit.harness.closed_loop.made_logs import make_log


@pytest.fixture
def folder(tmp_path: Path) -> DriveFolder:
    return DriveFolder(tmp_path)


def test_the_columns_are_those_of_the_metrics() -> None:
    assert (*KEY_COLUMNS, *ABOUT_COLUMNS, *METRIC_COLUMNS) == tuple(episode_row(make_log()))


def test_every_planned_episode_has_a_row_with_its_status(folder: DriveFolder) -> None:
    first, second, third, _ = folder.jobs
    folder.finish(third, retries=1, reason="collision")
    folder.finish(first, reason="policy raised", message="policy raised: no road\nseen")
    folder.give_up(second, "timed out", "it hung")
    episodes = write_drive_tables(folder.path).episodes
    assert tuple(episodes.columns) == EPISODE_COLUMNS
    assert list(episodes["status"]) == ["failed", "timed out", "done", "not run"]
    assert list(episodes["retries"]) == [0, 1, 1, 0]
    assert list(episodes["message"]) == ["policy raised: no road seen", "it hung", "", ""]
    assert list(episodes["reason"]) == ["policy raised", "", "collision", ""]
    assert list(episodes["seed"]) == [7, 1007, 7, 1007], "also of those that were not driven"
    assert list(episodes["completion"].notna()) == [True, False, True, False], "what was driven has its metrics"


def test_counts_are_whole_numbers_and_what_is_missing_is_empty(folder: DriveFolder) -> None:
    folder.finish(folder.jobs[0])
    write_drive_tables(folder.path)
    header, driven, missing, *_ = (folder.path / "episodes.csv").read_text().splitlines()
    columns = header.split(",")
    assert tuple(columns) == EPISODE_COLUMNS
    values = dict(zip(columns, driven.split(","), strict=True))
    assert (values["decisions"], values["red_lights"], values["completed"]) == ("0", "0", "True")
    assert dict(zip(columns, missing.split(","), strict=True))["red_lights"] == ""


def test_the_same_logs_give_the_same_bytes_whatever_came_first(tmp_path: Path) -> None:
    contents = []
    for number, order in enumerate(([0, 1, 2, 3], [3, 1, 0, 2])):
        path = tmp_path / str(number)
        path.mkdir()
        folder = DriveFolder(path)
        jobs = folder.jobs
        for index in order:
            folder.finish(jobs[index], moves=[{"ticks": 50 + index, "speed": 8.0}])
        write_drive_tables(path)
        contents.append({name: (path / name).read_bytes() for name in TABLE_NAMES})
        write_drive_tables(path)
        assert {name: (path / name).read_bytes() for name in TABLE_NAMES} == contents[-1], "made again"
    assert contents[0] == contents[1]


def test_ticks_of_all_episodes_stand_in_one_table(folder: DriveFolder) -> None:
    jobs = folder.jobs
    for index in (0, 3):
        folder.finish(jobs[index], moves=[{"ticks": 30 + index, "speed": 8.0}])
    write_drive_tables(folder.path)
    ticks = pd.read_parquet(folder.path / "ticks.parquet")
    assert ticks.groupby(["policy", "repeat"], observed=True).size().to_dict() == {("truth", 1): 30, ("route", 2): 33}
    assert list(ticks["tick"][:3]) == [0, 1, 2]


def test_a_log_that_is_missing_or_damaged_was_not_run(folder: DriveFolder) -> None:
    first, second, *_ = folder.jobs
    for job in (first, second):
        folder.finish(job)
    (folder.path / first.file).unlink()
    (folder.path / second.file).write_bytes(b"damaged")
    episodes = write_drive_tables(folder.path).episodes
    assert list(episodes["status"]) == ["not run"] * 4
    assert list(episodes["message"][:2]) == [f"{job.file} is missing or damaged" for job in (first, second)]


def test_a_run_without_an_episode_has_tables_too(folder: DriveFolder) -> None:
    tables = write_drive_tables(folder.path)
    assert list(tables.episodes["status"]) == ["not run"] * 4
    assert all(path.is_file() for path in tables.paths)
    assert tuple(pd.read_csv(folder.path / "episodes.csv").columns) == EPISODE_COLUMNS


def test_timings_that_were_deleted_are_left_out(folder: DriveFolder) -> None:
    first, second, *_ = folder.jobs
    folder.finish(first, seconds=0.25)
    folder.finish(second, seconds=0.75)
    write_drive_tables(folder.path)
    assert pd.read_csv(folder.path / "timing.csv")["act_ms_mean"].tolist() == [500.0]
    for path in (folder.path / "timing").iterdir():
        path.unlink()
    write_drive_tables(folder.path)
    assert len(pd.read_csv(folder.path / "timing.csv")) == 0


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"schema_version": 99}'])
def test_a_folder_that_is_no_drive_is_refused(folder: DriveFolder, content: str) -> None:
    (folder.path / "drive.json").write_text(content)
    with pytest.raises(DataError, match=r"drive\.json"):
        write_drive_tables(folder.path)


def test_the_log_of_another_episode_stands_for_nothing(folder: DriveFolder) -> None:
    first, second, *_ = folder.jobs
    folder.finish(first)
    folder.finish(second, key=first.key)
    episodes = write_drive_tables(folder.path).episodes
    assert [key for key in episodes[list(KEY_COLUMNS)].itertuples(index=False, name=None)] == [
        tuple(asdict(key).values()) for key in folder.plan.episodes()
    ], "each planned episode once"
    assert list(episodes["status"]) == ["done", "not run", "not run", "not run"]
    assert episodes["message"][1].endswith("is the log of another episode")
