"""What a replay will write: counts from the log, bytes from what was measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.cli.replay import OUTPUT_KINDS as OFFERED
from harness.cli.replay import WHERE_GAPS_ARE
from harness.replaying.drives import load_drives
from harness.replaying.estimate import BITS_PER_PIXEL, estimate
from harness.replaying.replay import OUTPUT_KINDS
from sim_scenarios.weather_grid import parse_weather_grid


def test_the_command_line_knows_every_kind() -> None:
    assert OFFERED == OUTPUT_KINDS == tuple(WHERE_GAPS_ARE)
    assert {*BITS_PER_PIXEL, "shards"} == set(OUTPUT_KINDS)


@pytest.mark.parametrize(("kind", "files"), [("frames", 2 * 4 * 3), ("video", 2), ("shards", 2)])
def test_counts_are_those_of_the_log(save_log: Callable[..., Path], kind: str, files: int) -> None:
    weathers = tuple(parse_weather_grid("ClearNoon,DenseFog").timelines.values())
    (drive,) = load_drives(save_log("one.npz", ticks=10))
    (row,) = estimate([replace(drive, weathers=weathers)], kind)
    assert (row.streams, row.frames, row.files) == (2, 2 * 4, files)  # ticks 0, 3, 6 and 9
    assert row.num_bytes == 2 * estimate([drive], kind)[0].num_bytes > 0
