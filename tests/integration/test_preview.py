"""``harness preview`` through the real client and the embedded simulator."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from datasets.labels import CARLA_29
from datasets.recording_dir import RecordingDir
from harness.carla_client.endpoint import Endpoint
from harness.cli import harness
from harness.inspection.contact_sheet import contact_sheet
from harness.recording import preview as previewing
from harness.recording.preview import shortened
from harness.recording.recorder import record
from harness.streams import read_streams
from sim_scenarios.scenario import Suite
from sim_scenarios.weather_grid import parse_weather_grid

pytestmark = pytest.mark.integration


def test_the_sheet_is_that_of_a_recording_of_the_same_seconds(
    simulator: Endpoint, suite_of: Callable[..., Suite], tmp_path: Path
) -> None:
    suite = suite_of({"name": "one", "split": "test", "seed": 1, "duration_s": 9.0, "ego": {"spawn_point": 3}})
    weathers = tuple(parse_weather_grid("ClearNoon,DenseFog").timelines.values())
    summary, sheet = previewing.preview(simulator, suite, weathers=weathers, seconds=0.2)
    assert [(row.status, row.frames) for row in summary.rows] == [("done", 2)] * 2
    short = suite.model_copy(update={"scenarios": tuple(shortened(one, seconds=0.2) for one in suite.scenarios)})
    record(simulator, short, tmp_path, weathers=weathers)
    assert sheet == contact_sheet(read_streams(RecordingDir.open(tmp_path)))[0]


def test_the_command_writes_a_picture_with_the_tags_in_their_colours(
    simulator: Endpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "smoke.png"
    address = ["--host", simulator.host, "--port", str(simulator.port)]
    arguments = ["preview", "smoke", "--split", "test", "--seconds", "0.1", "-o", str(output), *address]
    with pytest.raises(SystemExit) as ended:
        harness(arguments)
    assert ended.value.code == 0
    assert f"picture: {output}" in capsys.readouterr().out
    picture = cv2.imread(str(output))[..., ::-1]
    road = CARLA_29.classes[CARLA_29.class_id("Roads")].color
    assert np.count_nonzero((picture == road).all(axis=-1)) > 500
