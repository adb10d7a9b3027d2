"""Recorders killed by SIGKILL, one after the other on the same folder: the last one completes what one alone makes."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.carla_client.endpoint import Endpoint
from harness.recording.recorder import record
from sim_scenarios.scenario import Suite
from sim_scenarios.weather_grid import parse_weather_grid
from tests.integration.killed_recorder import OPTIONS

pytestmark = pytest.mark.integration

CAMERAS = [
    {"name": name, "width": 64, "height": 36, "yaw": yaw, "planes": ["depth", "instance"]}
    for name, yaw in (("front", 0), ("rear", 180))
]
ROOT = Path(__file__).parents[2]


def kill(suite: Suite, out: Path, weathers: str, point: str) -> None:
    command = [sys.executable, "-m", "tests.integration.killed_recorder", suite.model_dump_json(), str(out), weathers]
    ended = subprocess.run([*command, point], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr


@pytest.mark.parametrize(
    ("weathers", "points"),
    [
        pytest.param("", ["frame"], id="a drive"),
        pytest.param("ClearNoon,WetNight", ["unlisted"], id="weathers"),
        pytest.param(
            "",
            ["between shards", "frame", "closing", "unlisted", "closing"],
            id="a drive, often",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "ClearNoon,WetNight,ClearNoon->DenseFog",
            [
                "drive",
                "frame",
                "between shards",
                "closing",
                "unlisted",
                "between weathers",
                "between weathers",
                "frame",
            ],
            id="weathers, often",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_resumed_is_as_uninterrupted(
    simulator: Endpoint,
    suite_of: Callable[..., Suite],
    content_of: Callable[[Path], object],
    tmp_path: Path,
    weathers: str,
    points: list[str],
) -> None:
    suite = suite_of(
        {"name": "one", "split": "train", "seed": 1, "duration_s": 1.2, "ego": {"spawn_point": 3}, "cameras": CAMERAS}
    )
    timelines = tuple(parse_weather_grid(weathers).timelines.values()) if weathers else ()
    whole = record(simulator, suite, tmp_path / "whole", weathers=timelines, options=OPTIONS)
    for point in points:
        kill(suite, tmp_path / "killed", weathers, point)
    resumed = record(simulator, suite, tmp_path / "killed", weathers=timelines, options=OPTIONS, resume=True)

    assert [(row.status, row.frames, row.idle, row.other_labels) for row in resumed.rows] == [
        (row.status, row.frames, row.idle, row.other_labels) for row in whole.rows
    ]
    assert {row.status for row in whole.rows} == {"done"}
    assert content_of(tmp_path / "killed") == content_of(tmp_path / "whole")
    left = [path.name for path in (tmp_path / "killed" / "shards").iterdir() if path.suffix != ".h5"]
    assert left == []
