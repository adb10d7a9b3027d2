from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import DataError
from harness.reporting.frames import FrameTable
from harness.reporting.limits import LIMIT_COLUMNS, Limit, limit_table, walk
from harness.reporting.source import ScoreData, read_score

NAN = math.nan


@pytest.fixture(scope="module")
def data(whole_score: Path) -> ScoreData:
    return read_score(whole_score)


def limits(data: ScoreData, *, target: float | None = None, model: str | None = "small") -> pd.DataFrame:
    return limit_table(data, FrameTable(data), reference_weather="ClearNoon", reference_model=model, target=target)


def only(table: pd.DataFrame, **where: object) -> dict[str, float]:
    for column, value in where.items():
        table = table[table[column] == value]
    assert len(table) == 1, table
    return {str(name): value for name, value in table.iloc[0].items()}


@pytest.mark.parametrize(
    ("ious", "start", "step", "limit"),
    [
        ([0.8, 0.8, 0.4], 0, 1, (15.0, "no")),
        ([0.8, 0.7, 0.6], 0, 1, (NAN, "yes")),
        ([0.8, 0.6, 0.6], 2, 1, (NAN, "yes")),  # nothing lies beyond the last value
        ([0.2, 0.8, 0.4], 1, -1, (10 - 10 / 3, "no")),
        ([0.5, 0.8, 0.9], 0, 1, (NAN, "no")),  # missed from the start
        ([0.8, 0.4, 0.9], 0, 1, (5.0, "no")),  # what comes back is not asked
        ([0.8, NAN, 0.4], 0, 1, (NAN, "unknown")),
        ([0.8, 0.4, NAN], 0, 1, (5.0, "no")),
        ([NAN, 0.8, 0.8], 0, 1, (NAN, "unknown")),  # the sweep's own weather was not scored
        ([NAN, NAN, NAN], 0, 1, (NAN, "")),
        ([0.8, 0.6, 0.4], 0, 1, (10.0, "no")),  # 0.6 at 10 is just enough
    ],
)
def test_a_walk_ends_where_the_target_is_first_missed(
    ious: list[float], start: int, step: int, limit: tuple[float, str]
) -> None:
    found = walk([0.0, 10.0, 20.0], ious, start=start, step=step, target=0.6)  # type: ignore[arg-type]
    assert found.value == pytest.approx(limit[0], nan_ok=True)
    assert found.holds == limit[1]


def test_without_a_target_there_is_no_limit() -> None:
    found = walk([0.0, 1.0], [0.5, 0.5], start=0, step=1, target=NAN)
    assert math.isnan(found.value)
    assert found.holds == ""


@given(st.lists(st.floats(0, 1), min_size=2, max_size=8), st.data())
def test_walking_up_a_mirrored_sweep_is_walking_down(ious: list[float], draw: st.DataObject) -> None:
    values = [float(index) for index in range(len(ious))]
    start = draw.draw(st.integers(0, len(ious) - 1))
    target = draw.draw(st.floats(0, 1))
    up = walk(values, ious, start=start, step=1, target=target)
    mirrored = [-value for value in reversed(values)]
    down = walk(mirrored, ious[::-1], start=len(ious) - 1 - start, step=-1, target=target)
    assert down.holds == up.holds
    assert down == Limit(value=-up.value, holds=up.holds) or math.isnan(up.value)
    if not math.isnan(up.value):
        assert values[start] <= up.value <= values[-1]


def test_by_default_the_target_is_nine_tenths_of_the_reference(data: ScoreData) -> None:
    table = limits(data)
    assert list(table.columns) == list(LIMIT_COLUMNS)
    assert len(table) == 2 * 2 * 5, "nets, sizes, mean and classes"
    # Complete under all three values and in clear weather: of the small net east alone (west partial, south not run).
    row = only(table, **{"model": "small", "width": 32, "class": "car"})
    counts = data.counts[(data.counts["scenario"] == "east") & (data.counts["model"] == "small")]
    counts = counts[(counts["width"] == 32) & (counts["class"] == "car")]
    sums = counts.groupby("weather")[["tp", "fp", "fn"]].sum()
    ious = sums["tp"] / sums.sum(axis=1)
    clear, thin, thick = (ious[name] for name in ("ClearNoon", *(f"ClearNoon:fog_density={d}" for d in (0, 50))))
    assert row["target_iou"] == pytest.approx(0.9 * clear)
    assert row["high_limit"] == pytest.approx(50 * (thin - 0.9 * clear) / (thin - thick))
    assert (row["high_holds"], row["low_holds"]) == ("no", "yes")
    assert math.isnan(row["low_limit"])
    assert (row["best_value"], row["best_iou"]) == (0, pytest.approx(thin))
    assert (row["scenarios"], row["frames"]) == (1, 4), "east alone is complete under each value"


def test_a_target_of_ones_own(data: ScoreData) -> None:
    easy, hard = (limits(data, target=target) for target in (0.05, 0.99))
    means = easy[easy["class"] == "(mean)"]
    assert set(means["target_iou"]) == {0.05}
    assert set(means["high_holds"]) == {"yes"}
    assert means["high_limit"].isna().all()
    assert set(hard[hard["class"] == "(mean)"]["high_holds"]) == {"no"}


def test_a_class_that_is_nowhere_has_no_limit(data: ScoreData) -> None:
    rows = limits(data, target=0.5)
    rows = rows[rows["class"] == "=train"]
    assert rows[["target_iou", "low_limit", "high_limit", "best_value", "best_iou"]].isna().all(axis=None)
    assert set(rows["high_holds"]) == {""}


def test_ratios_are_over_all_values(data: ScoreData) -> None:
    table = limits(data)
    own = only(table, **{"model": "small", "width": 32, "class": "(mean)"})
    assert (own["cd"], own["rcd"]) == (1, 1)
    assert only(table, **{"model": "large", "width": 32, "class": "(mean)"})["cd"] < 1, "the large net is better"
    assert limits(data, model=None)[["cd", "rcd"]].isna().all(axis=None)


def test_a_value_that_nobody_reached_is_unknown(score_folder: Path) -> None:
    path = score_folder / "scenarios.csv"
    cells = pd.read_csv(path)
    cells.loc[(cells["weather"] == "ClearNoon:fog_density=50") & (cells["frames"] > 0), "status"] = "partial"
    cells.to_csv(path, index=False)
    rows = limits(read_score(score_folder))
    rows = rows[rows["class"] == "(mean)"]
    assert set(rows["high_holds"]) == {"unknown"}
    assert rows["best_iou"].notna().all()


def test_a_sweep_that_cannot_be_read_is_an_error(
    score_folder: Path, rewrite: Callable[[str, Callable[[str], str]], None]
) -> None:
    rewrite("score.json", lambda text: json.dumps({**json.loads(text), "sweeps": [{"name": "fog"}]}))
    with pytest.raises(DataError, match="a sweep without usable name, field, base, values and weathers"):
        limits(read_score(score_folder))


def test_without_a_sweep_the_table_is_empty(
    score_folder: Path, rewrite: Callable[[str, Callable[[str], str]], None]
) -> None:
    rewrite("score.json", lambda text: json.dumps({**json.loads(text), "sweeps": []}))
    table = limits(read_score(score_folder))
    assert table.empty
    assert list(table.columns) == list(LIMIT_COLUMNS)
