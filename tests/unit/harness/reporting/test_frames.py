from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import DataError
from harness.reporting.frames import Frames, FrameTable, aligned
from harness.reporting.source import Condition, read_score

COUNTS = ["tp", "fp", "fn"]


def frames_of(keys: list[int]) -> Frames:
    """The count of a frame is its key, so that one sees where it went."""
    numbers = np.array(sorted(set(keys)), dtype=np.int64)
    return Frames(keys=numbers, counts=np.broadcast_to(numbers[:, None, None], (len(numbers), 2, 3)))


def test_they_are_the_rows_of_the_file_added_one_by_one(whole_score: Path) -> None:
    data = read_score(whole_score)
    table = FrameTable(data)
    dense: dict[tuple[Condition, str, int], np.ndarray] = {}
    for row in pd.read_parquet(whole_score / "ticks.parquet").to_dict("records"):
        condition = Condition(row["model"], row["weather"], row["width"], row["height"], row["fov"])
        frame = dense.setdefault((condition, row["scenario"], row["frame"]), np.zeros((4, 3), dtype=np.int64))
        frame[row["class_id"]] += [row[name] for name in COUNTS]
    found = {
        (condition, data.scenario_names[key >> 32], key & 0xFFFFFFFF): counts
        for condition in data.conditions
        for key, counts in zip(table.counted(condition).keys.tolist(), table.counted(condition).counts, strict=True)
    }
    assert found.keys() == dense.keys()
    assert all(np.array_equal(found[key], dense[key]) for key in dense)


def test_only_scenarios_of_which_each_repeat_is_done_are_complete(whole_score: Path) -> None:
    table = FrameTable(read_score(whole_score))
    rain = Condition("large", "HardRainNoon", 32, 18, 90.0)
    assert set(table.counted(rain).scenarios.tolist()) == {0, 1, 2}
    assert set(table.complete(rain).scenarios.tolist()) == {0}, "west crashed and south timed out in one of two repeats"
    fog = Condition("small", "ClearNoon:fog_density=50", 32, 18, 90.0)
    assert set(table.complete(fog).scenarios.tolist()) == {0, 2}, "only the large net failed in the south"
    unknown = fog._replace(weather="Snow")
    assert len(table.counted(unknown).keys) == len(table.complete(unknown).keys) == 0


@settings(max_examples=40)
@given(*(st.lists(st.integers(0, 30)),) * 3)
def test_aligned_frames_are_those_that_all_sides_have(a: list[int], b: list[int], c: list[int]) -> None:
    common = sorted(set(a) & set(b) & set(c))
    for side in aligned(frames_of(a), frames_of(b), frames_of(c)):
        assert side.keys.tolist() == common
        assert side.counts[:, 1, 2].tolist() == common


def change(folder: Path, how: str) -> None:
    table = pd.read_parquet(folder / "ticks.parquet")
    if how == "twice":
        table = pd.concat([table, table.iloc[5:6]])
    elif how == "missing":
        table = table.drop(index=5)
    elif how == "other":
        table.loc[5, "tp"] += 1
    elif how == "unknown class":
        table.loc[5, "class_id"] = 4
    elif how == "unknown cell":
        table.loc[5, "repeat"] = 7
    table.to_parquet(folder / "ticks.parquet", index=False)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("twice", "rows that appear twice"),
        ("missing", r"does not add up to counts\.csv for .*'east'.*'class_id': "),
        ("other", r"does not add up to counts\.csv"),
        ("unknown class", "class ids that"),
        ("unknown cell", r"does not add up to counts\.csv for .*'repeat': "),
    ],
)
def test_ticks_that_are_not_those_of_the_counts_are_an_error(score_folder: Path, how: str, message: str) -> None:
    change(score_folder, how)
    with pytest.raises(DataError, match=message):
        FrameTable(read_score(score_folder))


def test_rows_may_be_in_any_order(score_folder: Path) -> None:
    data = read_score(score_folder)
    ordered = FrameTable(data)
    table = pd.read_parquet(score_folder / "ticks.parquet").sample(frac=1, random_state=0)
    table.to_parquet(score_folder / "ticks.parquet", index=False)
    shuffled = FrameTable(data)
    for condition in data.conditions:
        np.testing.assert_array_equal(shuffled.counted(condition).keys, ordered.counted(condition).keys)
        np.testing.assert_array_equal(shuffled.counted(condition).counts, ordered.counted(condition).counts)
