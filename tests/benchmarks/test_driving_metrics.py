"""What judging episodes costs: all tables of an episode from its log, and the two tables over all episodes.

Prints its figures (``pytest -m benchmark -s``) and fails on wrong results only, never on time. Times are processor
time in one thread; reading the logs from a disk is printed apart.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.closed_loop.drive_summary import drive_summary
from harness.closed_loop.episode_log import EpisodeLog
from harness.closed_loop.iou_link import iou_vs_driving
from harness.closed_loop.metrics.tables import episode_tables
from tests.unit.harness.closed_loop.made_episodes import make_episodes
from tests.unit.harness.closed_loop.made_logs import make_log

pytestmark = pytest.mark.benchmark

EPISODES = 1000
TICKS = 600
ACTORS = 20


@pytest.fixture(scope="module")
def log() -> EpisodeLog:
    """30 s around a bend with 20 others near and far, decisions at every second tick."""
    rng = np.random.default_rng(0)
    others: list[dict[str, Any]] = []
    for number in range(ACTORS):
        x, y, yaw = (float(rng.uniform(-reach, reach)) for reach in (60, 60, 180))
        move = {"ticks": TICKS, "speed": float(rng.uniform(0, 8)), "turn_deg": float(rng.uniform(-5, 5))}
        others.append({"actor": ("car", "walker")[number % 2], "start": (x, y, yaw), "moves": [move]})
    line = {"kind": "light", "x": 20.0, "y": 5.0, "yaw_deg": 30.0, "width_m": 3.5}
    return make_log(
        start=(0.0, 0.3, 0.0), moves=[{"ticks": TICKS, "speed": 8.0, "turn_deg": 8.0 / 60 * 57.3}],
        bend_radius_m=60.0, length_m=260.0, others=others,
        lights=[[[0, 0]]] * 4, stop_lines=[line | {"light": number} for number in range(4)],
        decisions=[{"tick": tick} for tick in range(0, TICKS, 2)],
        counts=rng.integers(0, 5000, (TICKS // 2, 19, 3)),
    )  # fmt: skip


def test_the_tables_of_a_thousand_episodes(log: EpisodeLog, tmp_path: Path, is_full: bool) -> None:
    log.save(tmp_path / "episode.npz")
    rounds = EPISODES if is_full else 20
    first = episode_tables(log)
    started = time.process_time()
    for _ in range(rounds):
        found = episode_tables(log)
    judging = (time.process_time() - started) / rounds * EPISODES
    started = time.process_time()
    for _ in range(rounds):
        EpisodeLog.load(tmp_path / "episode.npz")
    reading = (time.process_time() - started) / rounds * EPISODES
    assert repr(found.row) == repr(first.row)
    print(
        f"\ntables of {EPISODES} episodes of {TICKS} ticks with {ACTORS} others: {judging:.1f} s (target: under 30 s); "
        f"reading their logs: {reading:.1f} s"
    )


def test_the_tables_over_a_thousand_episodes() -> None:
    rng = np.random.default_rng(0)
    rows: list[dict[str, Any]] = [
        {"policy": policy, "weather": f"w{weather}", "scenario": f"s{scenario}", "group": f"g{scenario % 5}",
         "iou_road_lines": rng.uniform() if policy == "mask" else np.nan, "completion": rng.uniform(0, 100)}
        for policy in ("mask", "truth") for weather in range(10) for scenario in range(50)
    ]  # fmt: skip
    episodes = make_episodes(rows)
    started = time.process_time()
    summary, link = drive_summary(episodes), iou_vs_driving(episodes)
    print(f"\nsummary and link of {len(episodes)} episodes: {time.process_time() - started:.1f} s")
    assert (summary["planned"].sum(), link["episodes"].sum()) == (2 * EPISODES, EPISODES // 2)
