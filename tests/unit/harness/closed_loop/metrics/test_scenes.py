"""Small scenes with known answers: what each measures stands in the scene's own words."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from harness.closed_loop.metrics.infractions import infractions
from harness.closed_loop.metrics.tables import episode_row
from tests.unit.harness.closed_loop.made_logs import make_log

SCENES = sorted((Path(__file__).parent / "scenes").glob("*.json"))
TOLERANCE = 1e-4


@pytest.fixture(params=SCENES, ids=lambda path: path.stem)
def scene(request: pytest.FixtureRequest) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(request.param.read_text())
    return content


def test_a_scene_measures_what_it_says(scene: dict[str, Any]) -> None:
    row = episode_row(make_log(**scene["scene"]))
    for name, expected in scene["expected"].items():
        found = row[name]
        if expected is None:
            assert math.isnan(float(found)), f"{name} is {found}, not NaN: {scene['about']}"
        elif isinstance(expected, str | bool):
            assert found == expected, f"{name}: {scene['about']}"
        else:
            close = pytest.approx(
                expected, rel=scene.get("tolerance", TOLERANCE), abs=scene.get("tolerance", TOLERANCE)
            )
            assert found == close, f"{name}: {scene['about']}"


def test_the_infractions_of_a_scene_are_listed_in_order(scene: dict[str, Any]) -> None:
    found = [[each.tick, each.kind] for each in infractions(make_log(**scene["scene"]))]
    assert found == sorted(found, key=lambda each: each[0])
    if "infractions" in scene:
        assert found == scene["infractions"]


def test_the_scenes_are_there() -> None:
    assert len(SCENES) >= 20
