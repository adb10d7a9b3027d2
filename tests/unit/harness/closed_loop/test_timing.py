"""The table of what deciding took, and the files that it is made from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.closed_loop.episode_files import load_timing, save_timing
from harness.closed_loop.timing import COLUMNS, EpisodeTiming, timing_table
from harness.errors import DataError


def timing(policy: str, act_s: list[float], *, interval_s: float = 0.05) -> EpisodeTiming:
    return EpisodeTiming(
        policy=policy, width=32, height=18, interval_s=interval_s, act_s=np.array(act_s), tick_s=np.full(4, 0.02)
    )


def test_decisions_of_all_episodes_count_alike() -> None:
    table = timing_table([timing("mask", [0.01, 0.03]), timing("truth", [0.001]), timing("mask", [0.05] * 2)])
    assert list(table["policy"]) == ["mask", "truth"]
    row = table.iloc[0]
    assert (row["episodes"], row["decisions"]) == (2, 4)
    assert row["act_ms_mean"] == pytest.approx(35.0)
    assert row["act_ms_p95"] == pytest.approx(50.0)
    assert row["tick_ms_mean"] == pytest.approx(20.0)
    assert row["interval_ms"] == pytest.approx(50.0)
    assert row["share_of_interval"] == pytest.approx(0.7)


def test_each_decision_is_held_against_its_own_interval() -> None:
    row = timing_table([timing("mask", [0.1]), timing("mask", [0.1], interval_s=0.1)]).iloc[0]
    assert row["share_of_interval"] == pytest.approx((2.0 + 1.0) / 2)


def test_without_an_episode_there_are_columns_and_without_a_decision_no_figures() -> None:
    assert list(timing_table([]).columns) == list(COLUMNS)
    row = timing_table([timing("mask", [])]).iloc[0]
    assert np.isnan(row["act_ms_mean"])
    assert np.isnan(row["act_ms_p95"])


def test_a_timing_file_is_read_back_and_a_damaged_one_refused(tmp_path: Path) -> None:
    path = tmp_path / "timing" / "a.npz"
    save_timing(path, {"act_s": [0.25, 0.5], "tick_s": np.zeros(0)})
    read = load_timing(path)
    assert read["act_s"].tolist() == [0.25, 0.5]
    assert read["tick_s"].shape == (0,)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match=r"a\.npz is damaged: delete it"):
        load_timing(path)
